#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# guest-kernel.sh SERIES: makes what a guest with the kernel of an earlier Debian boots,
# under build/images-SERIES, once, and prints the kernel's release (uname -r):
#   release                   the same
#   RELEASE/vmlinux           the kernel, unpacked
#   RELEASE/initrd-modules/   what the initramfs must load, in order
#   RELEASE/lib/modules/      what else a guest may load: lab.img has the modules of
#                             the lab's own kernels only
#
# Few tests want it, so it is neither in the toolchain root nor in lab.img.

set -eu

HERE=$(cd "$(dirname "$0")" && pwd -P)
ROOTSH=$HERE/../root.sh
REPO=$(cd "$HERE/../../.." && pwd -P)
BUILD=${NC2_BUILD:-$REPO/build}

[ $# -eq 1 ] || { echo "usage: ${0##*/} 6.1" >&2; exit 2; }
SERIES=$1
IMAGES=$BUILD/images-$SERIES
NEW=$BUILD/.images-$SERIES.new
LOG=$BUILD/images-$SERIES.log

# The front end, and what "ss" asks the kernel by.
MODULES="xen-netfront tcp_diag udp_diag"

T0=$(date +%s)
say() {
	printf '[%3ds] guest kernel %s: %s\n' $(($(date +%s) - T0)) "$SERIES" "$*" >&2
}

die() {
	echo "guest-kernel.sh: $*" >&2
	exit 1
}

step() {
	if ! "$@" >>"$LOG" 2>&1; then
		tail -n 20 "$LOG" >&2
		die "failed: $1 (full log: $LOG)"
	fi
}

key() {
	cat "$HERE/guest-kernel.sh" "$HERE/nc2lab/kmods.py" | sha256sum | cut -c1-16
}

ready() {
	[ "$(cat "$IMAGES/.READY" 2>/dev/null)" = "$(key)" ]
}

# With everything that it depends on.
modules() {
	# shellcheck disable=SC2016,SC2086 # expanded inside; a list
	step "$ROOTSH" run -- sh -euc '
		tree=$1/tree rel=$2 to=$1/$2
		shift 2
		for module; do
			modprobe -d "$tree" -S "$rel" --show-depends "$module"
		done >"$tree/insmod"
		cat "$tree/insmod"
		sed -n "s,^insmod $tree/\([^ ]*\).*,\1,p" "$tree/insmod" | sort -u >"$tree/list"
		[ -s "$tree/list" ]
		while read -r file; do
			mkdir -p "$to/${file%/*}"
			cp "$tree/$file" "$to/$file"
		done <"$tree/list"
		for file in builtin builtin.modinfo order; do
			cp "$tree/lib/modules/$rel/modules.$file" "$to/lib/modules/$rel/"
		done
		depmod -b "$to" "$rel"' sh "$NEW" "$1" $MODULES
}

make_images() {
	free=$(df -Pm "$BUILD" | awk 'NR == 2 { print $4 }')
	[ "$free" -gt 2000 ] || die "$BUILD has $free MB free, 2000 are needed"
	rm -rf "$NEW"
	mkdir -p "$NEW"
	say "fetching and unpacking it (log: $LOG)"
	rel=$("$ROOTSH" image "$SERIES" "$NEW/kernel")
	step "$ROOTSH" run -- python3 "$HERE/nc2lab/kmods.py" "$NEW/kernel" "$rel" "$NEW"
	modules "$rel"
	rm -rf "$NEW/kernel" "$NEW/tree"
	echo "$rel" >"$NEW/release"
	key >"$NEW/.READY"
	# Renamed when complete, as images.sh does it.
	rm -rf "$IMAGES.old"
	[ ! -e "$IMAGES" ] || mv "$IMAGES" "$IMAGES.old"
	mv "$NEW" "$IMAGES"
	rm -rf "$IMAGES.old"
	say "$rel is ready"
}

if ! ready; then
	"$ROOTSH" ensure
	mkdir -p "$BUILD"
	exec 9>"$BUILD/.images-$SERIES.lock"
	flock 9
	if ! ready; then
		: >"$LOG"
		make_images
	fi
	exec 9>&-
fi
cat "$IMAGES/release"
