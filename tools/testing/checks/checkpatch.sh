#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's coding style, as checkpatch --strict sees it: errors, warnings
# and checks all count.  One copy of checkpatch (6.12's) judges for all kernels.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

# FILE_PATH_CHANGES: about patches, not files.
# UNCOMMENTED_DEFINITION: a lock is described in the kernel-doc of its struct.
IGNORE=FILE_PATH_CHANGES,UNCOMMENTED_DEFINITION
# The wire contract is for other kernels as well: uint32_t is right there, and
# BIT() is not to be had.
IGNORE_WIRE=$IGNORE,PREFER_KERNEL_TYPES,BIT_MACRO
# compat.h is where the version is asked.  The comparison in it has its constant
# on the right side: checkpatch takes the macro for a constant.
IGNORE_COMPAT=$IGNORE,LINUX_VERSION_CODE,CONSTANT_COMPARISON
# Names of the kernel, and static_assert(A_CONSTANT >= ...).
FALSE_ALARMS='CAMELCASE: Avoid CamelCase: <Xenbus|CONSTANT_COMPARISON: .*static_assert'

# judge IGNORED FILES...
judge() {
	local ignore=$1 where text line

	shift
	[ $# -gt 0 ] || return 0
	while IFS= read -r text; do
		# Some alarms can be judged only with the line that they are about.
		where=${text%%: *}
		line=$(sed -n "${where##*:}p" "$TREE/${where%:*}" 2>/dev/null || :)
		grep -qE "$FALSE_ALARMS" <<<"$text $line" || finding "$text"
	done < <(cd "$TREE" && in_root perl "$SRC/scripts/checkpatch.pl" --no-tree --strict \
		--show-types --terse --no-summary --ignore "$ignore" -f "$@" 2>&1)
}

check() {
	local list wire compat code

	SRC=$("$REPO/tools/testing/kernel-source.sh" 6.12)
	mapfile -t list < <(sources)
	[ ${#list[@]} -gt 0 ] || { finding "no sources"; return 1; }
	mapfile -t wire < <(printf '%s\n' "${list[@]}" | grep '^include/')
	mapfile -t compat < <(printf '%s\n' "${list[@]}" | grep '/compat\.h$')
	mapfile -t code < <(printf '%s\n' "${list[@]}" | grep -vE '^include/|/compat\.h$')
	judge "$IGNORE_WIRE" "${wire[@]}"
	judge "$IGNORE_COMPAT" "${compat[@]}"
	judge "$IGNORE" "${code[@]}"
	return "$bad"
}

plants() {
	local spdx='// SPDX-License-Identifier: GPL-2.0'

	clean good put a.c "$spdx" 'int f(int a)' '{' '	return a;' '}'
	plant error 'ERROR:' put a.c "$spdx" 'int f(int a)' '{' '	return a; ' '}'
	plant warning 'WARNING:LINE_SPACING' put a.c "$spdx" 'int f(void)' '{' '	int a = 0;' '	g();' \
		'	return a;' '}'
	plant check 'CHECK:' put a.c "$spdx" 'int f(struct a *a)' '{' '	return a == NULL;' '}'
	plant licence 'SPDX' put a.c 'int a;'
}

main "$@"
