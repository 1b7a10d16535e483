#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sparse: byte order, address spaces, lock contexts.
#
# With 6.12 only: 7.3's build wants to ask a script first whether sparse is new
# enough, Debian's header packages do not carry that script, and the build then
# checks nothing and says it went well.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

FLAGS="-D__CHECK_ENDIAN__ -Wbitwise -Wcontext -Wno-unknown-attribute"
# Finding of its own that is not ours: sparse 0.6.4 cannot fold the string of
# MODULE_* in an array's size.
FALSE_ALARMS='bad constant expression|bad integer constant expression'

check() {
	local dir=$BUILD/check/sparse log hits

	[ "$TREE" = "$REPO" ] || dir=$TREE
	mkdir -p "$dir"
	[ "$TREE" != "$REPO" ] || copy_modules "$dir"
	log=$dir/sparse.log
	# Sparse never fails the build: what it says decides.
	if ! in_root nice -n 10 make -s -C "$("$ROOT" kdir 6.12)" M="$dir" -j2 C=2 CF="$FLAGS" \
		modules >"$log" 2>&1; then
		tail -n 20 "$log"
		finding "build failed"
	fi
	# Headers of the kernel are not ours to judge.
	hits=$(grep -E '(warning|error):' "$log" | grep -vE "^[^:]*/linux-headers-|$FALSE_ALARMS" |
		sed "s,$dir/,," | sort -u || :)
	[ -z "$hits" ] || finding "$hits"
	return "$bad"
}

plants() {
	clean good planted_module . 'static __be32 nc2_a;' \
		'static int __init nc2_planted(void)' '{' \
		'	nc2_a = cpu_to_be32(1);' '	return 0;' '}' 'module_init(nc2_planted);'
	plant endian 'incorrect type in assignment' planted_module . 'static __be32 nc2_a;' \
		'static int __init nc2_planted(void)' '{' \
		'	nc2_a = (u32)jiffies;' '	return 0;' '}' 'module_init(nc2_planted);'
	plant iomem 'different address spaces' planted_module . \
		'u8 *nc2_f(u8 __iomem *p);' 'u8 *nc2_f(u8 __iomem *p)' '{' '	return p;' '}'
	plant null 'plain integer as NULL' planted_module . 'char *nc2_f(void);' \
		'char *nc2_f(void)' '{' '	return 0;' '}'
	plant context 'context imbalance' planted_module . '#include <linux/spinlock.h>' \
		'void nc2_f(spinlock_t *l);' 'void nc2_f(spinlock_t *l)' '{' '	spin_lock(l);' '}'
}

main "$@"
