#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Build both modules for one of Debian's kernels inside the toolchain root.
#
#   build-modules.sh 6.12|7.3 [MAKE ARGUMENTS...]
#
# The result is build/modules/<kernel>/xen-nc2-{back,front}.ko.  The sources are
# copied there first (only what changed), so that objects of two kernels never
# meet and an unchanged tree builds in a second.
set -euo pipefail

kernel=${1:?which kernel: 6.12 or 7.3}
shift
top=$(cd "$(dirname "$0")/../.." && pwd)
out=${NC2_BUILD:-$top/build}/modules/$kernel
src=$out/src

mkdir -p "$src"
exec 9>"$out/.lock"
flock 9
for dir in netback netfront include; do
	mkdir -p "$src/$dir"
	# Files that the tree no longer has must not go on being built.
	(cd "$src" && find "$dir" -name '*.[ch]' -not -name '*.mod.c') |
	while read -r file; do
		[ -e "$top/$file" ] || rm -f "$src/$file"
	done
	cp -au "$top/$dir/." "$src/$dir/"
done
cp -au "$top/Kbuild" "$src/"

kdir=$("$top/tools/testing/root.sh" kdir "$kernel")
"$top/tools/testing/root.sh" run -- make -s -C "$kdir" M="$src" -j"$(nproc)" \
	W=1 modules "$@"
for module in netback/xen-nc2-back netfront/xen-nc2-front; do
	name=$(basename "$module").ko
	if ! [ -e "$src/$module.ko" ]; then
		echo "$kernel: $name was not built" >&2
		exit 1
	fi
	cp "$src/$module.ko" "$out/$name.tmp"
	mv "$out/$name.tmp" "$out/$name"
	"$top/tools/testing/root.sh" run -- strip -g "$out/$name"
done
