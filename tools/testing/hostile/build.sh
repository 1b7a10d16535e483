#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Build nc2-hostile.ko (a guest that lies), nc2-hostile-back.ko (a back that does),
# nc2-hostile-dma.ko (one that misdirects the NIC), nc2-hostile-look.ko (one that looks at
# what is in a guest's pages), nc2-hostile-page.ko (a guest's page that shows what was done to
# it), nc2-deaf.ko (a NIC that stops answering) and nc2-slow.ko (a function that takes its
# time) for one of Debian's kernels: build.sh [6.12|7.3]
#
# All but the last two look into our modules from inside, so they are built against the sources
# that tools/testing/build-modules.sh built those from.  Prints the folder that they are in.
set -euo pipefail

kernel=${1:-6.12}
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
out=${NC2_BUILD:-$top/build}/modules/$kernel
root=$top/tools/testing/root.sh

if ! [ -e "$out/xen-nc2-front.ko" ]; then
	echo "$out/xen-nc2-front.ko is not there: make modules-$kernel" >&2
	exit 1
fi
mkdir -p "$out/hostile"
exec 9>"$out/.lock"
flock 9
cp -u "$here/Kbuild" "$here"/*.[ch] "$out/hostile/"
"$root" run -- make -s -C "$("$root" kdir "$kernel")" M="$out/hostile" \
	BUILT="$out/src" W=1 modules >&2
for name in nc2-hostile nc2-hostile-{back,dma,look,page} nc2-deaf nc2-slow; do
	"$root" run -- strip -g "$out/hostile/$name.ko"
	cp "$out/hostile/$name.ko" "$out/"
done
echo "$out"
