#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Files and functions stay small enough to be read at once.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

MAX_FILE=650
MAX_FUNC=60

# Kernel style puts a function's braces alone in the first column.
check() {
	local list

	mapfile -t list < <(sources)
	[ ${#list[@]} -gt 0 ] || { finding "no sources"; return 1; }
	(cd "$TREE" && awk -v max_file=$MAX_FILE -v max_func=$MAX_FUNC '
		FNR == 1 { if (NR > 1) file_end(); name = FILENAME; start = 0 }
		/^{/ { start = FNR; title = before }
		/^}/ && start {
			if (FNR - start - 1 > max_func) {
				printf "%s:%d: a function of %d lines, at most %d: %s\n",
					FILENAME, start, FNR - start - 1, max_func, title
				bad = 1
			}
			start = 0
		}
		{ lines = FNR }
		/^[a-zA-Z_].*\(/ { before = $0 }
		function file_end() {
			if (lines > max_file) {
				printf "%s: %d lines, at most %d\n", name, lines, max_file
				bad = 1
			}
		}
		END { file_end(); exit bad }' "${list[@]}")
}

long_function() {
	{
		echo 'int f(void)'
		echo '{'
		seq 61 | sed 's/.*/	g();/'
		echo '}'
	} >f.c
}

long_file() {
	seq 651 | sed 's,.*,/* & */,' >f.h
}

plants() {
	clean good put f.c 'int f(void)' '{' '	return 0;' '}'
	plant function 'function of 61 lines' long_function
	plant file '651 lines' long_file
	plant empty 'no sources' true
}

main "$@"
