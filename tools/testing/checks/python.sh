#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Python: it parses, and pyflakes finds nothing.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

scripts() {
	files '*' | while read -r file; do
		case $file in
		*.py) echo "$file" ;;
		*.*) ;;
		*)
			if head -c 64 "$TREE/$file" | head -n 1 | tr -d '\0' | grep -q '^#!.*python'; then
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
	cd "$TREE" || return 1
	# Parsed in memory: py_compile would leave its results in the tree.
	in_root python3 -c 'import ast, sys
for name in sys.argv[1:]:
    ast.parse(open(name, encoding="utf-8").read(), name)' "${list[@]}" || bad=1
	in_root pyflakes3 "${list[@]}" || bad=1
	return "$bad"
}

plants() {
	clean good put a.py 'import sys' 'print(sys.argv)'
	plant syntax SyntaxError put a.py 'def f(:' '    pass'
	plant unused 'imported but unused' put dir/tool '#!/usr/bin/env python3' 'import os'
	plant undefined 'undefined name' put a.py 'print(nothing)'
}

main "$@"
