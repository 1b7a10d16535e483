#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Unpacks Debian's source of a kernel under build/src/ and prints where.
#
# Debian's own kernel images have KUnit, KASAN and lockdep off and its header
# packages carry neither checkpatch nor (7.3) kernel-doc: both come from here.

set -eu

HERE=$(cd "$(dirname "$0")" && pwd -P)
REPO=$(cd "$HERE/../.." && pwd -P)
BUILD=${NC2_BUILD:-$REPO/build}
ROOT="$HERE/root.sh"

[ $# -eq 1 ] || { echo "usage: ${0##*/} 6.12|7.3" >&2; exit 2; }

tarball=$("$ROOT" source "$1")
src=$BUILD/src/linux-$1
# Another version of the package means another tree.
key=$(stat -c '%s %Y' "$("$ROOT" path)$tarball")
mkdir -p "$BUILD/src"
exec 8>"$BUILD/src/.lock"
flock 8
if [ "$(cat "$src/.nc2-key" 2>/dev/null)" != "$key" ]; then
	echo "${0##*/}: unpacking the source of $1" >&2
	rm -rf "$src" "$src.new"
	mkdir -p "$src.new"
	# The largest driver is a fifth of the tree, and nothing here reads it.
	"$ROOT" run -- nice -n 10 tar -C "$src.new" --strip-components=1 \
		--exclude='*/drivers/gpu/drm/amd/*.[ch]' -xf "$tarball" >&2
	echo "$key" >"$src.new/.nc2-key"
	mv "$src.new" "$src"
fi
echo "$src"
