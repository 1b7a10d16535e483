#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Spelling, in everything that people read.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

# Right as they stand here: add more in lower case.
WORDS="sring,statics,inout"

check() {
	local list

	# Texts only: grep -I takes a binary file for one without a match.
	mapfile -t list < <(files '*' | while read -r file; do
		if grep -Iq . "$TREE/$file"; then echo "$file"; fi
	done)
	[ ${#list[@]} -gt 0 ] || { finding "no files"; return 1; }
	(cd "$TREE" && in_root codespell -L "$WORDS" "${list[@]}")
}

plants() {
	# Put together here, or this file would be found wrong itself.
	local word="rec""ieve"

	clean good put a.rst 'Frames that a guest receives.'
	plant word "$word" put a.rst "Frames that a guest ${word}s: $word."
}

main "$@"
