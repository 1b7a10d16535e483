#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel-doc comments say what the code says: names, members, return values.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

check() {
	local list src

	src=$("$REPO/tools/testing/kernel-source.sh" 6.12)
	mapfile -t list < <(sources)
	[ ${#list[@]} -gt 0 ] || { finding "no sources"; return 1; }
	# Needs to find its own helpers next to it, hence the full path.
	(cd "$TREE" && in_root perl "$src/scripts/kernel-doc" -none -Wall -Werror "${list[@]}" 2>&1)
}

plants() {
	clean good put a.c '/**' ' * f - do it' ' * @a: how' ' *' ' * Return: 0.' ' */' \
		'int f(int a)' '{' '	return 0;' '}'
	plant parameter "'b' not described" put a.c '/**' ' * f - do it' ' * @a: how' ' *' \
		' * Return: 0.' ' */' 'int f(int a, int b)' '{' '	return 0;' '}'
	plant return 'No description found for return value' put a.c '/**' ' * f - do it' \
		' * @a: how' ' */' 'int f(int a)' '{' '	return 0;' '}'
	plant member "'y' not described" put a.h '/**' ' * struct s - it' ' * @x: this' ' */' \
		'struct s {' '	int x;' '	int y;' '};'
}

main "$@"
