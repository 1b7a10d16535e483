#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Makes what the lab boots, under build/images, once (with NC2_LAB_HVM=1 what a lab
# with HVM guests boots, under build/images-hvm):
#   lab.img           root file system of dom0 and of every guest (read only for
#                     the guests), with the modules of both kernels
#   xen               the hypervisor, unpacked (QEMU's -kernel wants plain ELF)
#   <release>/vmlinux the kernels, unpacked: neither Xen nor libxenguest then
#                     spends emulated seconds on decompressing them
#   <release>/initrd-modules/  what the initramfs must load, in order
#
# One image serves both roles: less to download, to build and to keep.  Files
# of this repository are not in it but in the initramfs (see nc2lab/initrd.py),
# so that changing them rebuilds nothing.

set -eu

HERE=$(cd "$(dirname "$0")" && pwd -P)
ROOTSH=$HERE/../root.sh
REPO=$(cd "$HERE/../../.." && pwd -P)
BUILD=${NC2_BUILD:-$REPO/build}
IMAGES=$BUILD/images
NEW=$BUILD/.images.new
CACHE=$BUILD/cache/debs
LOG=$BUILD/images.log
ROOT=$("$ROOTSH" path)

# xen-utils brings libxl, xenstored and xenconsoled; libgcc-s1 is what iperf3
# needs to end its threads (it aborts without).
PKGS="xen-utils-4.20 xen-hypervisor-4.20-amd64 openssh-server iproute2 ethtool
 iperf3 iputils-ping kmod tcpdump procps nftables busybox-static python3-minimal
 python3 util-linux pciutils libgcc-s1 socat netcat-openbsd strace arping
 bpftool"
# HVM guests want QEMU in dom0, and iPXE to boot them.  Few labs have any.
if [ -n "${NC2_LAB_HVM:-}" ]; then
	IMAGES=$BUILD/images-hvm
	NEW=$BUILD/.images-hvm.new
	LOG=$BUILD/images-hvm.log
	PKGS="$PKGS qemu-system-xen ipxe"
fi

T0=$(date +%s)
say() {
	printf '[%3ds] images: %s\n' $(($(date +%s) - T0)) "$*" >&2
}

die() {
	echo "images.sh: $*" >&2
	exit 1
}

step() {
	if ! "$@" >>"$LOG" 2>&1; then
		tail -n 20 "$LOG" >&2
		die "failed: $1 (full log: $LOG)"
	fi
}

key() {
	cat "$HERE/images.sh" "$HERE/nc2lab/kmods.py" "$ROOT/etc/nc2-kernels" | sha256sum | cut -c1-16
}

ready() {
	[ "$(cat "$IMAGES/.READY" 2>/dev/null)" = "$(key)" ]
}

tree() {
	list=$(printf '%s' "$PKGS" | tr -s ' \n' ',')
	cat "$ROOT"/etc/apt/sources.list.d/*.list >"$NEW/.sources.list"
	mkdir -p "$CACHE"
	mmdebstrap --mode=root --variant=apt --include="$list" \
		--skip=download/empty --skip=essential/unlink \
		--aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--setup-hook="mkdir -p \"\$1\"/var/cache/apt/archives" \
		--setup-hook="sync-in \"$CACHE\" /var/cache/apt/archives" \
		--customize-hook="sync-out /var/cache/apt/archives \"$CACHE\"" \
		--customize-hook="rm -rf \"\$1\"/var/cache/apt \"\$1\"/var/lib/apt/lists" \
		trixie "$1" "$NEW/.sources.list"
}

make_images() {
	free=$(df -Pm "$BUILD" | awk 'NR == 2 { print $4 }')
	[ "$free" -gt 4000 ] || die "$BUILD has $free MB free, 4000 are needed"
	rm -rf "$NEW"
	mkdir -p "$NEW"
	say "making the root file system of dom0 and guests (log: $LOG)"
	step tree "$NEW/tree"
	gunzip -c "$NEW"/tree/boot/xen-4.20-amd64.gz >"$NEW/xen"
	rm -rf "$NEW"/tree/boot/*
	# Set by the initramfs of each role.
	rm -f "$NEW"/tree/etc/ssh/ssh_host_* "$NEW"/tree/etc/machine-id
	mkdir -p "$NEW"/tree/lab
	while read -r series rel; do
		say "kernel $series: unpacking $rel"
		step "$ROOTSH" run -- python3 "$HERE/nc2lab/kmods.py" \
			"/opt/kernels/$rel" "$rel" "$NEW"
	done <"$ROOT/etc/nc2-kernels"
	say "writing lab.img"
	size=$(du -sm "$NEW/tree" | cut -f1)
	# Room for what dom0 writes (xl save); the file is sparse.
	# ^has_journal: the guests mount it read only, dom0 throws its changes away.
	step "$ROOTSH" run -- mke2fs -q -t ext4 -O ^has_journal -m 0 -L lab \
		-d "$NEW/tree" "$NEW/lab.img" "$((size * 12 / 10 + 2000))M"
	rm -rf "$NEW/tree"
	key >"$NEW/.READY"
	# Renamed when complete: a lab may be booting from the old ones.
	rm -rf "$IMAGES.old"
	[ ! -e "$IMAGES" ] || mv "$IMAGES" "$IMAGES.old"
	mv "$NEW" "$IMAGES"
	rm -rf "$IMAGES.old"
	say "images are ready"
}

"$ROOTSH" ensure
ready && exit 0
mkdir -p "$BUILD"
exec 9>"$BUILD/.images.lock"
if ! flock -n 9; then
	say "another caller is making the images: waiting for it"
	flock 9
fi
ready && exit 0
: >"$LOG"
make_images
