#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation is well formed, and files that it names are there.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

# Directives of Sphinx that docutils alone does not know.
KERNEL_DIRECTIVES='^\.\. (kernel-doc|toctree)::'

check() {
	local list file work name literal
	# shellcheck disable=SC2016 # nothing is to be expanded
	literal='``(netback|netfront|include|tools|Documentation)/[A-Za-z0-9_./*-]+``'

	mapfile -t list < <(files '*.rst')
	[ ${#list[@]} -gt 0 ] || { finding "no documentation (*.rst)"; return 1; }
	mkdir -p "$BUILD/check"
	work=$(mktemp -d "$BUILD/check/docs.XXXXXX")
	for file in "${list[@]}"; do
		# A directive of Sphinx becomes a comment, its options with it.
		sed -E "s/$KERNEL_DIRECTIVES/.. \\1/" "$TREE/$file" >"$work/page.rst"
		if ! in_root rst2html --strict --quiet --halt=2 "$work/page.rst" "$work/page.html" \
			>"$work/log" 2>&1; then
			sed "s,$work/page.rst,$file," "$work/log" | grep -vE '^Exiting due' || :
			finding "$file: not well formed"
		fi
	done
	rm -rf "$work"
	# A literal dir/file with a directory of ours is a promise.
	while IFS=: read -r file name; do
		compgen -G "$TREE/$name" >/dev/null || finding "$file: names $name, which is not there"
	done < <(cd "$TREE" && grep -oE "$literal" "${list[@]}" /dev/null | tr -d '\140')
	return "$bad"
}

# shellcheck disable=SC2016 # rst's own marks
plants() {
	clean good put a.rst 'Title' '=====' '' 'Text, ``Documentation``.'
	plant underline 'underline too short' put a.rst 'A long title' '=====' '' 'Text.'
	plant link 'Unknown target' put a.rst 'Text with a `link`_.'
	plant file 'is not there' put a.rst 'See ``netback/nothing.c``.'
}

main "$@"
