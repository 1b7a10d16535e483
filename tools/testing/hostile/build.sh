#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Build nc2-hostile.ko for one of Debian's kernels: build.sh [6.12|7.3]
#
# It looks into xen-nc2-front from inside, so it is built against the sources
# that tools/testing/build-modules.sh built that from.  Prints where it is.
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
cp -u "$here/Kbuild" "$here/hostile.c" "$out/hostile/"
"$root" run -- make -s -C "$("$root" kdir "$kernel")" M="$out/hostile" \
	FRONT="$out/src" W=1 modules >&2
"$root" run -- strip -g "$out/hostile/nc2-hostile.ko"
cp "$out/hostile/nc2-hostile.ko" "$out/nc2-hostile.ko"
echo "$out/nc2-hostile.ko"
