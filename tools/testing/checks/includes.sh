#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who may include and call what: the rules that keep the pure parts testable
# and each outside interface in one file.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

# Compiled into the KUnit kernel, which has neither Xen nor a network.
PURE="netback/ring netback/pool netback/nego netback/txrule netback/hash netback/mcast
 netback/ivf netback/ivf_desc netback/ivf_ids netback/ivf_mbx netback/ivf_ring netback/igbvf
 netback/ixgbevf netback/rxq
 netfront/ring netfront/pool netfront/nego netfront/txrule netfront/mclist netfront/ctrlmsg"

# rule TEXT PATTERN FILES...: no line of the files may match; comments count as
# lines only where the pattern lets them.
rule() {
	local text=$1 pattern=$2 hits

	shift 2
	[ $# -gt 0 ] || return 0
	cd "$TREE"
	if hits=$(grep -nHE -- "$pattern" "$@"); then
		finding "$hits"$'\n'"	^ $text"
	fi
}

check() {
	local wire back front code pure others name ext

	mapfile -t wire < <(sources | grep '^include/xen/interface/')
	mapfile -t back < <(sources | grep '^netback/')
	mapfile -t front < <(sources | grep '^netfront/')
	code=("${back[@]}" "${front[@]}")
	pure=()
	for name in $PURE; do
		for ext in c h; do
			[ ! -e "$TREE/$name.$ext" ] || pure+=("$name.$ext")
		done
	done

	rule "the wire contract includes nothing but other wire contracts" \
		'#[[:space:]]*include[[:space:]]+("|<([^x]|x[^e]|xen/([^i]|i[^n])))' \
		"${wire[@]}"
	rule "netback never includes netfront" '#[[:space:]]*include.*netfront' "${back[@]}"
	rule "netfront never includes netback" '#[[:space:]]*include.*netback' "${front[@]}"
	rule "nothing includes from tools/" '#[[:space:]]*include.*tools/' "${code[@]}" "${wire[@]}"
	rule "a pure file includes nothing of Xen but the wire contract" \
		'#[[:space:]]*include[[:space:]]+<xen/([^i]|i[^n]|interface/([^i]|i[^o]|io/([^n]|n[^e]|net[^c])))' "${pure[@]}"
	rule "a pure file knows no netdev" \
		'#[[:space:]]*include[[:space:]]+<linux/(netdevice|etherdevice|skbuff)\.h>' "${pure[@]}"
	mapfile -t others < <(printf '%s\n' "${code[@]}" | grep -v '/grant\.[ch]$')
	rule "gnttab_*() is called in grant.c only" '\bgnttab_[a-z_]+\(' "${others[@]}"
	mapfile -t others < <(printf '%s\n' "${code[@]}" | grep -v '/compat\.h$')
	rule "the kernel's version is asked in compat.h only" \
		'LINUX_VERSION_CODE|linux/version\.h' "${others[@]}"
	rule "no BUG(): a host must survive our faults" '(^|[^A-Z_])(BUG|BUG_ON|panic)\(' "${code[@]}"
	rule "WARN_ON_ONCE() only: a fault that repeats must not fill the log" \
		'(^|[^A-Z_])(WARN|WARN_ON)\(' "${code[@]}"

	while read -r name; do
		finding "$name: there is no catch-all header here"
	done < <(files common.h)
	return "$bad"
}

inc() {
	put "$1" '// SPDX-License-Identifier: GPL-2.0' "${@:2}"
}

plants() {
	local io='#include <xen/interface/io/netchannel2.h>'

	clean good inc netback/ring.c '#include "ring.h"' '#include <linux/string.h>' "$io"
	plant wire-linux 'nothing but other' inc include/xen/interface/io/x.h '#include <linux/types.h>'
	plant wire-own 'nothing but other' inc include/xen/interface/io/x.h '#include "types.h"'
	plant wire-other 'nothing but other' inc include/xen/interface/io/x.h '#include <stdint.h>'
	plant back-front 'netback never' inc netback/a.c '#include "../netfront/ring.h"'
	plant front-back 'netfront never' inc netfront/a.c '#include "netback/ring.h"'
	plant tools 'includes from tools' inc netback/a.c '#include "tools/x.h"'
	plant pure-xen 'pure file includes nothing' inc netback/pool.c '#include <xen/grant_table.h>'
	plant pure-page 'pure file includes nothing' inc netfront/ring.h '#include <xen/page.h>'
	plant pure-netif 'pure file includes nothing' inc netfront/nego.c '#include <xen/interface/io/netif.h>'
	plant pure-xenif 'pure file includes nothing' inc netfront/nego.c '#include <xen/interface/xen.h>'
	plant pure-net 'knows no netdev' inc netback/ivf_desc.c '#include <linux/netdevice.h>'
	plant gnttab 'grant.c only' inc netback/vif.c '	gnttab_unmap_refs(a, b, c, d);'
	plant version 'compat.h only' inc netback/vif.c '#if LINUX_VERSION_CODE >= 1'
	plant bug 'no BUG' inc netfront/rx.c '	BUG_ON(x);'
	plant warn 'WARN_ON_ONCE' inc netfront/rx.c '	if (WARN_ON(x))'
	plant common 'catch-all' inc netback/common.h '#define X'
}

main "$@"
