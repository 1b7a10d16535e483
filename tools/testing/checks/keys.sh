#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Labs that are the first of a tree, side by side, agree about its ssh keys.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

LAB=tools/testing/lab

# A root.sh whose ssh-keygen is slow and writes down that it was run.
slow_keygen() {
	put "$1" '#!/bin/sh' \
		'for last; do :; done' \
		"echo made >>\"\$NC2_BUILD/log\"" \
		'sleep 1' \
		"echo \$\$ >\"\$last\"" \
		"echo \$\$ >\"\$last.pub\""
	chmod +x "$1"
}

check() {
	local work made seen i

	mkdir -p "$BUILD/check"
	work=$(mktemp -d "$BUILD/check/keys.XXXXXX")
	mkdir -p "$work/$LAB"
	cp -r "$TREE/$LAB/nc2lab" "$work/$LAB/"
	slow_keygen "$work/tools/testing/root.sh"
	for i in 1 2 3; do
		(cd "$work/$LAB/nc2lab" && NC2_BUILD=$work python3 -B -c \
			'import initrd; print(open(initrd.keys() + "/id.pub").read().strip())' \
			>"$work/seen.$i") &
	done
	wait
	made=$(wc -l <"$work/log")
	seen=$(sort -u "$work"/seen.*)
	# One for the host and one for who connects.
	[ "$made" = 2 ] || finding "three labs made $made keys, want 2"
	[ "$(wc -w <<<"$seen")" = 1 ] || finding "three labs saw different keys:" "$seen"
	rm -rf "$work"
	return "$bad"
}

unlocked() {
	mkdir -p "$LAB"
	cp -r "$REPO/$LAB/nc2lab" "$LAB/"
	sed -i '/flock(/d' "$LAB/nc2lab/initrd.py"
}

plants() {
	plant unlocked 'want 2' unlocked
}

main "$@"
