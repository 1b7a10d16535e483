#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What people set and read is in the pages by its name: module parameters, files in sysfs,
# counters, and what nc2/reason says.  What sysfs pages tell of is there, and so are tests
# that features.rst names.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

DOC=Documentation
PARAMETER='s/^module_param(_named)?\(([a-z_]+),.*/\2/p'
FILE='s/^static DEVICE_ATTR_[A-Z]+\(([a-z_]+)\);.*/\1/p; s/^NUMBER_ATTR\(([a-z_]+),.*/\1/p'
COUNTER='s/^\t\[[A-Z0-9_]+\][\t ]*= "([a-z0-9_]+)",$/\1/p'
# A text of several words that is returned, or kept as the reason, or handed to those who do.
REASON='((reason|why|[a-z_]+\[\]) = |return |\?:? ?|: ?|_(vain|leave|now|verdict|revoke)\([a-z]+, )'
REASON+='"[A-Za-z][^"%\\]* [^"%\\]*"'

# named PATTERN FILES...: what the lines say, each name once.
named() {
	sed -nE "$1" "${@:2}" | sort -u
}

# there NAME FILE...: the pages have it, with a queue's number in front of it or not, or
# a beginning of it that stands for more.
there() {
	local name=$1 begin

	! grep -qE "\`\`(qN_)?$name\`\`" "${@:2}" || return 0
	# shellcheck disable=SC2016 # rst's own marks
	for begin in $(grep -ohE '``[a-z_]+\*``' "${@:2}" | tr -d '`*'); do
		[[ $name != "$begin"* ]] || return 0
	done
	return 1
}

# reasons DIR: rx.c, tx.c and ctrl.c say what the other end has done wrong, for the log.
reasons() {
	find "$1" -name '*.c' ! -name '*.mod.c' ! -name '[rt]x.c' ! -name ctrl.c \
		-exec cat {} + | tr -s '\n\t ' ' ' | grep -oE "$REASON" |
		sed 's/^[^"]*"//; s/"$//' | sort -u
}

# explained DIR: each is in the page, whole, where a line may end in its midst.
explained() {
	local page list text

	page=$(tr -s '\n ' ' ' <$DOC/direct-path.rst)
	list=$(reasons "$1" || :)
	[ -n "$list" ] || finding "$1: no reasons"
	while read -r text; do
		[[ $page == *"\"$text\""* ]] ||
			finding "$DOC/direct-path.rst: nothing of $1's reason \"$text\""
	done <<<"$list"
}

# side BACK|FRONT: of one end.
side() {
	local dir=net$1 abi=$DOC/ABI/testing/sysfs-nc2-$1 list name

	list=$(named "$PARAMETER" "$dir"/*.c)
	[ -n "$list" ] || finding "$dir: no module parameters"
	for name in $list; do
		there "$name" $DOC/install.rst ||
			finding "$DOC/install.rst: nothing of $dir's parameter $name"
	done
	list=$(named "$FILE" "$dir"/sysfs.c)
	[ -n "$list" ] || finding "$dir: no files in sysfs"
	diff <(echo "$list") <(named 's,.*/nc2/([a-z_]+)$,\1,p' "$abi") >/dev/null ||
		finding "$abi: other files than those of $dir/sysfs.c:" \
			"$(diff <(echo "$list") <(named 's,.*/nc2/([a-z_]+)$,\1,p' "$abi") | grep '^[<>]')"
	list=$(named "$COUNTER" "$dir"/ethtool.c)
	[ -n "$list" ] || finding "$dir: no counters"
	for name in $list; do
		there "$name" $DOC/direct-path.rst $DOC/control.rst $DOC/reconfigure.rst ||
			finding "nothing of $dir's counter $name in the pages"
	done
	explained "$dir"
}

# The last column begins where it does in the line of the titles.
cited() {
	awk '/Tested by$/ { at = index($0, "Tested by") }
		/^=/ { next }
		/^$/ { at = 0 }
		at { print substr($0, at) }' $DOC/features.rst |
		sed 's/([^)]*)//g' | grep -oE '\b[0-9]{2}\b|\bnc2[a-z]?_[a-z0-9_]+|[a-z-]+\.sh' | sort -u
}

check() {
	local list name

	cd "$TREE"
	side back
	side front
	list=$(cited)
	[ -n "$list" ] || finding "$DOC/features.rst names no test"
	for name in $list; do
		compgen -G "tools/testing/lab/tests/$name-*.sh" >/dev/null ||
			[ -e "tools/testing/kunit/${name}_kunit.c" ] ||
			[ -e "tools/testing/checks/$name" ] ||
			finding "$DOC/features.rst: names test $name, which is not there"
	done
	return "$bad"
}

# tree: one that has a name of each kind, at both ends.
tree() {
	local end

	for end in back front; do
		put "net$end"/a.c 'module_param(size, uint, 0644);' \
			'return bad ? NULL : "the NIC is down";'
		put "net$end"/sysfs.c 'static DEVICE_ATTR_RO(path);'
		put "net$end"/ethtool.c $'\t[A]\t= "rx_bytes",' $'\t[B]\t= "rx_frames",'
		put "$DOC"/ABI/testing/sysfs-nc2-"$end" 'What: /sys/nc2/path'
	done
	put "$DOC"/install.rst "\`\`size\`\`"
	put "$DOC"/direct-path.rst "\`\`rx_by*\`\`, \`\`qN_rx_frames\`\`" '"the NIC' 'is down"'
	put "$DOC"/control.rst ''
	put "$DOC"/reconfigure.rst ''
	put "$DOC"/features.rst 'Feature  Tested by' '=======  =========' 'This     10 (long), nc2b_a'
	put tools/testing/lab/tests/10-a.sh ''
	put tools/testing/kunit/nc2b_a_kunit.c ''
}

# but FILE LINE...: a tree in which this file is another.
but() {
	tree
	put "$@"
}

plants() {
	clean good tree
	plant parameter "parameter other" but netback/a.c \
		'module_param_named(other, this, uint, 0644);'
	plant sysfs '< more' but netfront/sysfs.c 'static DEVICE_ATTR_RO(path);' \
		'static DEVICE_ATTR_RW(more);'
	plant gone '> more' but "$DOC"/ABI/testing/sysfs-nc2-back 'What: /sys/nc2/path' \
		'What: /sys/nc2/more'
	plant counter 'counter tx_bytes' but netback/ethtool.c $'\t[A] = "tx_bytes",'
	plant reason 'reason "the NIC is up"' but netfront/b.c \
		'return in_vain(d,' '		"the NIC is up");'
	plant reasons 'netback: no reasons' but netback/a.c 'module_param(size, uint, 0644);'
	plant script 'names test 12' but "$DOC"/features.rst 'Feature  Tested by' 'This     12'
	plant suite 'names test nc2b_b' but "$DOC"/features.rst 'Feature  Tested by' 'This     nc2b_b'
}

main "$@"
