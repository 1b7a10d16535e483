# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the static checks have in common.  A check is a script that
#   - defines check(): looks at the tree in $TREE, prints what is wrong with it
#     and returns non-zero then;
#   - defines plants(): calls plant for each kind of fault that it claims to find;
#   - ends with: main "$@".
# Run without an argument it checks the repository and then itself: every
# planted fault must come out red, so that a tool that was skipped, or that has
# changed its ways, is red as well.  Run with a directory it checks only that.

set -euo pipefail

CHECKS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
REPO=$(cd "$CHECKS/../../.." && pwd -P)
BUILD=${NC2_BUILD:-$REPO/build}
SELF=$(readlink -f "$0")
ROOT=$REPO/tools/testing/root.sh
# shellcheck disable=SC2034 # for those that source this
SERIES="6.12 7.3"
export LC_ALL=C.UTF-8
# Of a make above us: its CHECK= would name the checker of the kernel's build.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES CHECK

TREE=$REPO
bad=0

# Runs a tool of the toolchain root.
in_root() {
	"$ROOT" run -- "$@"
}

# One line for each finding.
finding() {
	echo "$*"
	bad=1
}

# files NAME-PATTERN...: files of the tree, relative to it, without build products.
files() {
	local expr=() p

	for p in "$@"; do
		expr+=(-o -name "$p")
	done
	(cd "$TREE" && find . \( -path ./build -o -path ./.git -o -name __pycache__ \) -prune \
		-o -type f ! -name '*.mod.c' ! -name '.*.cmd' \( "${expr[@]:1}" \) -print) |
		sed 's,^\./,,' | sort
}

sources() {
	files '*.c' '*.h'
}

# copy_modules DIR: the sources of both modules, to be built apart from others.
copy_modules() {
	local dir

	for dir in netback netfront include; do
		mkdir -p "$1/$dir"
		# Files that are gone must not go on being built.
		(cd "$1" && find "$dir" -name '*.[ch]' ! -name '*.mod.c') | while read -r file; do
			[ -e "$TREE/$file" ] || rm -f "$1/$file"
		done
		(cd "$TREE" && find "$dir" -type f \( -name '*.[ch]' ! -name '*.mod.c' -o -name Kbuild \) \
			-exec cp -u --parents {} "$1/" \;)
	done
	cp -u "$TREE/Kbuild" "$1/"
}

# planted_module DIR CODE...: a module of one file, for checks that build.
planted_module() {
	mkdir -p "$1/netback" "$1/netfront" "$1/include"
	echo 'obj-m += netback/' >"$1/Kbuild"
	echo 'obj-m := planted.o' >"$1/netback/Kbuild"
	{
		echo '// SPDX-License-Identifier: GPL-2.0'
		echo '#include <linux/module.h>'
		printf '%s\n' "${@:2}"
		echo 'MODULE_DESCRIPTION("planted");'
		echo 'MODULE_LICENSE("GPL");'
	} >"$1/netback/planted.c"
}

# plant NAME PATTERN COMMAND...: COMMAND makes a fault in an empty tree (its
# working directory); the check must refuse the tree and say PATTERN.
plant() {
	local name=$1 pattern=$2 dir out

	shift 2
	dir=$PLANTS/$name
	mkdir -p "$dir"
	(cd "$dir" && "$@")
	if out=$("$SELF" "$dir" 2>&1); then
		finding "self-test: planted fault '$name' was not seen"
		printf '%s\n' "$out" | tail -n 5
	elif ! grep -qE -- "$pattern" <<<"$out"; then
		finding "self-test: planted fault '$name' is red for another reason, want '$pattern':"
		printf '%s\n' "$out" | tail -n 5
	else
		echo "self-test: planted fault '$name' is seen"
	fi
}

# clean NAME COMMAND...: the same with a tree that has no fault.
clean() {
	local name=$1 dir out

	shift
	dir=$PLANTS/$name
	mkdir -p "$dir"
	(cd "$dir" && "$@")
	if ! out=$("$SELF" "$dir" 2>&1); then
		finding "self-test: good tree '$name' is refused:"
		printf '%s\n' "$out" | tail -n 5
	fi
}

# put FILE LINE...: writes a file of a planted tree.
put() {
	mkdir -p "$(dirname "$1")"
	printf '%s\n' "${@:2}" >"$1"
}

main() {
	if [ $# -gt 0 ]; then
		TREE=$(cd "$1" && pwd -P)
		check || bad=1
		exit "$bad"
	fi
	"$ROOT" ensure
	check || bad=1
	mkdir -p "$BUILD/check"
	PLANTS=$(mktemp -d "$BUILD/check/plants.XXXXXX")
	trap 'rm -rf "$PLANTS"' EXIT
	plants
	if [ "$bad" = 0 ]; then echo "good"; else echo "NOT good: see above"; fi
	exit "$bad"
}
