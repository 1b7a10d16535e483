#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every shell script of the tree, whatever its name.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

# SC2015, SC2129: matters of taste.
# SC2317: functions that are called by name from another file.
IGNORE=SC1091,SC2015,SC2129,SC2317,SC2329

scripts() {
	files '*' | while read -r file; do
		case $file in
		*.sh) echo "$file" ;;
		*.*) ;;
		*)
			if head -c 64 "$TREE/$file" | head -n 1 | tr -d '\0' |
				grep -qE '^#!.*/(env )?(ba|da)?sh'; then
				echo "$file"
			fi
			;;
		esac
	done
}

check() {
	local list

	mapfile -t list < <(scripts)
	[ ${#list[@]} -gt 0 ] || { finding "no scripts"; return 1; }
	(cd "$TREE" && in_root shellcheck -x -e "$IGNORE" -f gcc "${list[@]}")
}

plants() {
	# shellcheck disable=SC2016 # the fault is for the planted script
	{
		clean good put a '#!/bin/sh' 'echo "$1"'
		plant unquoted SC2086 put a.sh '#!/bin/sh' 'rm $1'
		plant nameless SC2086 put dir/tool '#!/bin/bash' 'rm $1'
	}
}

main "$@"
