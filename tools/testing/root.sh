#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The toolchain root: a Debian trixie tree under build/roots/trixie that holds
# every tool the project needs (compiler, kernel headers, checkers, QEMU).
#
# Why a root and not the machine's own packages: Debian's kernel header packages
# want the compiler that built them (gcc 14), the lab wants QEMU 10.0.13, and
# neither is in Debian 12.  The machine itself needs nothing but apt.

set -eu

PROG=${0##*/}
HERE=$(cd "$(dirname "$0")" && pwd -P)
REPO=$(cd "$HERE/../.." && pwd -P)
BUILD=${NC2_BUILD:-$REPO/build}
ROOTS=$BUILD/roots
ROOT=$ROOTS/trixie
CACHE=$BUILD/cache/debs
LOG=$BUILD/root.log
SUITE=trixie
# The series that modules are built for and that the lab boots.
SERIES="6.12 7.3"

PKGS="gcc make sparse bc bison flex libelf-dev libssl-dev libc6-dev kmod cpio
 xz-utils zstd bzip2 file perl python3 codespell shellcheck git patch diffutils
 ca-certificates dpkg-dev qemu-system-x86 qemu-utils seabios ipxe-qemu
 iproute2 iputils-ping iperf3 ethtool tcpdump e2fsprogs openssh-client
 busybox-static procps util-linux pahole rsync pyflakes3 python3-docutils
 python3-yaml socat"

usage() {
	cat <<END
usage: $PROG ensure              make the root (does nothing when it is there)
       $PROG run -- CMD...       run CMD in it; the repository keeps its path,
                                 the working directory and exit status are kept
       $PROG kdir 6.12|7.3       path, inside the root, of the kernel headers
       $PROG kver 6.12|7.3       the kernel release (uname -r) of that series
       $PROG source 6.12|7.3     install linux-source; print the tarball's path
                                 inside the root
       $PROG bpf                 install a compiler for BPF, bpf-gcc
       $PROG image 6.1 DIR       unpack the kernel image of an earlier Debian into
                                 DIR (vmlinuz, modules); print its release
       $PROG path                where the root is

The root is kept in build/ (or \$NC2_BUILD); packages are cached there as well.
Nothing outside of it changes, except that mmdebstrap (and iproute2, python3,
when missing) are installed on the machine with apt-get.
END
}

die() {
	echo "$PROG: $*" >&2
	exit 1
}

T0=$(date +%s)
say() {
	printf '[%3ds] root: %s\n' $(($(date +%s) - T0)) "$*" >&2
}

# Names the wanted state: a changed list of packages makes a new root.
key() {
	printf '%s\n' "$SUITE $SERIES" "$PKGS" 2 | sha256sum | cut -c1-16
}

ready() {
	[ "$(cat "$ROOTS/.READY" 2>/dev/null)" = "$(key)" ] && [ -x "$ROOT/usr/bin/gcc" ]
}

# The mirror is the machine's own: whoever set the machine up chose one that
# can be reached from it.
mirrors() {
	# shellcheck disable=SC2016 # the format is apt's
	uris=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | sort -u)
	MIRROR=$(printf '%s\n' "$uris" | grep -E '/debian/?$' | head -n 1)
	SECURITY=$(printf '%s\n' "$uris" | grep -E '/debian-security/?$' | head -n 1)
	[ -n "$MIRROR" ] || die "no Debian mirror in this machine's apt sources: add a line for its suite" \
		"to /etc/apt/sources.list and run 'apt-get update'"
	if [ -z "$SECURITY" ]; then
		say "no debian-security archive in the apt sources: going without it"
	fi
}

sources() {
	echo "deb $MIRROR $SUITE main"
	echo "deb $MIRROR $SUITE-updates main"
	echo "deb $MIRROR $SUITE-backports main"
	[ -z "$SECURITY" ] || echo "deb $SECURITY $SUITE-security main"
}

host_tools() {
	need=
	command -v mmdebstrap >/dev/null || need="$need mmdebstrap"
	command -v ip >/dev/null || need="$need iproute2"
	command -v python3 >/dev/null || need="$need python3"
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || need="$need debian-archive-keyring"
	[ -n "$need" ] || return 0
	say "installing on this machine:$need"
	# shellcheck disable=SC2086 # a list of package names
	{
		apt-get update
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $need
	} >>"$LOG" 2>&1 || die "apt-get could not install:$need (see $LOG)"
}

# A failed step leaves its last words on the terminal.
step() {
	if ! "$@" >>"$LOG" 2>&1; then
		tail -n 20 "$LOG" >&2
		die "failed: $1 (full log: $LOG)"
	fi
}

bootstrap() {
	list=$(printf '%s' "$PKGS" | tr -s ' \n' ',')
	sources >"$ROOTS/.sources.list"
	# The archives are kept outside, so that a second root costs no download.
	mmdebstrap --mode=root --variant=apt --include="$list" \
		--skip=download/empty --skip=essential/unlink --skip=cleanup/apt/lists \
		--aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--setup-hook="mkdir -p \"\$1\"/var/cache/apt/archives" \
		--setup-hook="sync-in \"$CACHE\" /var/cache/apt/archives" \
		--customize-hook="sync-out /var/cache/apt/archives \"$CACHE\"" \
		$SUITE "$1" "$ROOTS/.sources.list"
}

# The newest release of a series whose headers and image are both to be had.
# linux-image-amd64 alone would not do: its version differs between suites.
pick_release() {
	chroot "$1" apt-cache pkgnames "linux-headers-$2." |
		sed -n 's/^linux-headers-\([0-9.]*+deb13[0-9.]*-amd64\)$/\1/p' | sort -rV |
		while read -r rel; do
			if chroot "$1" apt-cache show "linux-image-$rel" >/dev/null 2>&1; then
				echo "$rel"
				break
			fi
		done
}

kernels() {
	tree=$1
	: >"$tree/etc/nc2-kernels"
	for series in $SERIES; do
		rel=$(pick_release "$tree" "$series")
		[ -n "$rel" ] || die "the mirror has no kernel $series for $SUITE"
		echo "$series $rel" >>"$tree/etc/nc2-kernels"
		say "kernel $series: $rel (headers and image)"
		step chroot_net "$tree" apt-get install -y "linux-headers-$rel"
		# 7.3 splits it in packages.
		debs="linux-image-$rel"
		for kind in base binary modules; do
			if chroot "$tree" apt-cache show "linux-$kind-$rel" >/dev/null 2>&1; then
				debs="$debs linux-$kind-$rel"
			fi
		done
		# shellcheck disable=SC2086 # a list
		unpack "$tree" "$rel" $debs
	done
}

# unpack TREE RELEASE PACKAGE...: a kernel image, to /opt/kernels/RELEASE there.  No
# more than that: neither an initramfs nor a boot loader has any business here.
unpack() {
	tree=$1 rel=$2
	shift 2
	# shellcheck disable=SC2016 # expanded inside
	step chroot_net "$tree" sh -euc '
		dir=/opt/kernels/$1; shift
		mkdir -p "$dir/debs"
		chmod 777 "$dir/debs"
		cd "$dir/debs"
		apt-get download "$@"
		for d in *.deb; do dpkg-deb -x "$d" tree; done
		cd tree
		for f in boot/vmlinuz-* usr/lib/modules/*/vmlinuz lib/modules/*/vmlinuz; do
			[ ! -f "$f" ] || mv "$f" ../../vmlinuz
		done
		for f in usr/lib/modules/* lib/modules/*; do
			[ ! -d "$f/kernel" ] || mv "$f" ../../modules
		done
		for f in boot/config-* usr/lib/modules/*/config; do
			[ ! -f "$f" ] || mv "$f" ../../config
		done
		cd ../.. && rm -rf debs' sh "$rel" "$@"
	for f in vmlinuz modules; do
		[ -e "$tree/opt/kernels/$rel/$f" ] || die "no $f in the packages of $rel"
	done
}

# chroot with /proc, /dev and a resolver; the mounts die with the namespace.
# shellcheck disable=SC2016 # expanded by the inner shell
chroot_net() {
	DEBIAN_FRONTEND=noninteractive unshare --mount --propagation private -- sh -euc '
		root=$1; shift
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || :
		exec chroot "$root" "$@"' sh "$@"
}

make_root() {
	host_tools
	mirrors
	free=$(df -Pm "$BUILD" | awk 'NR == 2 { print $4 }')
	[ "$free" -gt 6000 ] || die "$BUILD has $free MB free, 6000 are needed"
	tree=$ROOTS/.trixie.new
	rm -rf "$tree"
	say "making the Debian $SUITE root (log: $LOG)"
	step bootstrap "$tree"
	kernels "$tree"
	cp "$tree"/var/cache/apt/archives/*.deb "$CACHE/" 2>/dev/null || :
	rm -f "$tree"/var/cache/apt/archives/*.deb
	q=$(chroot "$tree" qemu-system-x86_64 --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
	case "$(printf '%s\n' 10.0.13 "$q" | sort -V | head -n 1)" in
	10.0.13) say "QEMU $q" ;;
	*) die "the mirror gives QEMU $q; the lab needs 10.0.13 or later" ;;
	esac
	rm -f "$ROOTS/.READY"
	rm -rf "$ROOTS/.trixie.old"
	[ ! -e "$ROOT" ] || mv "$ROOT" "$ROOTS/.trixie.old"
	mv "$tree" "$ROOT"
	key >"$ROOTS/.READY.new"
	mv "$ROOTS/.READY.new" "$ROOTS/.READY"
	rm -rf "$ROOTS/.trixie.old"
	say "root is ready"
}

ensure() {
	ready && return 0
	[ "$(id -u)" = 0 ] || die "must run as root (chroot, mount): try sudo"
	mkdir -p "$ROOTS" "$CACHE"
	exec 9>"$ROOTS/.lock"
	if ! flock -n 9; then
		say "another caller is making the root: waiting for it"
		flock 9
	fi
	ready || { : >"$LOG"; make_root; }
	exec 9>&-
}

# shellcheck disable=SC2016 # expanded by the inner shell
run() {
	[ $# -gt 0 ] || die "run: no command"
	[ "$(id -u)" = 0 ] || die "must run as root (chroot, mount): try sudo"
	mkdir -p "$ROOT$REPO" "$ROOT$BUILD"
	exec unshare --mount --propagation private -- sh -euc '
		root=$1 repo=$2 build=$3 cwd=$4
		shift 4
		mount -t proc proc "$root/proc"
		mount --rbind /sys "$root/sys"
		mount --rbind /dev "$root/dev"
		mount --rbind /tmp "$root/tmp"
		mount --bind "$repo" "$root$repo"
		case $build in
		"$repo"/*) ;;
		*) mount --bind "$build" "$root$build" ;;
		esac
		[ -d "$root$cwd" ] || cwd=$repo
		export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
		export HOME=/root LC_ALL=C.UTF-8
		exec chroot "$root" /bin/sh -c "cd \"\$0\" && exec \"\$@\"" "$cwd" "$@"' \
		sh "$ROOT" "$REPO" "$BUILD" "$(pwd -P)" "$@"
}

release() {
	rel=$(sed -n "s/^$1 //p" "$ROOT/etc/nc2-kernels")
	[ -n "$rel" ] || die "no such kernel series: $1 (have: $SERIES)"
	echo "$rel"
}

# later FILE PACKAGE[=VERSION]...: what few callers want, when FILE of it is not there.
# The very version, when it is still on the mirror.
later() {
	file=$1
	shift
	exec 9>"$ROOTS/.lock"
	flock 9
	if [ ! -e "$ROOT$file" ]; then
		say "installing $*"
		: >>"$LOG"
		# shellcheck disable=SC2016 # expanded inside
		step chroot_net "$ROOT" sh -euc '
			apt-get install -y "$@" || {
				apt-get update
				apt-get install -y $(printf "%s\n" "$@" | sed "s/=.*//")
			}
			apt-get clean' sh "$@"
	fi
	exec 9>&-
}

source_tarball() {
	rel=$(release "$1")
	# shellcheck disable=SC2016 # the format is dpkg-query's
	ver=$(chroot "$ROOT" dpkg-query -W -f '${Version}' "linux-headers-$rel")
	later "/usr/src/linux-source-$1.tar.xz" "linux-source-$1=$ver"
	echo "/usr/src/linux-source-$1.tar.xz"
}

# image SERIES DIR: of a series that this Debian has not got any more.  The other one's
# lists are apart from the root's and are gone afterwards: nothing else comes from there.
image() {
	case $1 in
	6.1) suite=bookworm ;;
	*) die "no kernel $1 of an earlier Debian (have: 6.1)" ;;
	esac
	[ ! -e "$2" ] || die "$2 is there already"
	exec 9>"$ROOTS/.lock"
	flock 9
	apt=/var/lib/nc2-$suite
	rm -rf "${ROOT:?}$apt"
	mkdir -p "$ROOT$apt/lists/partial"
	# On the same mirrors as the root's.
	sed -n "/ $SUITE-backports /d; s/ $SUITE\([- ]\)/ $suite\1/p" \
		"$ROOT"/etc/apt/sources.list.d/*.list >"$ROOT$apt/sources.list"
	cat >"$ROOT$apt/apt.conf" <<-END
		Dir::Etc::SourceList "$apt/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::State::Lists "$apt/lists";
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
	END
	export APT_CONFIG="$apt/apt.conf"
	step chroot_net "$ROOT" apt-get update
	rel=$(chroot "$ROOT" apt-cache depends linux-image-amd64 |
		sed -n "s/^ *Depends: linux-image-\($1\.[0-9].*-amd64\)$/\1/p")
	[ -n "$rel" ] || die "the mirror has no kernel $1 for $suite"
	say "kernel $1: $rel (image)"
	# What an interrupted call has left.
	rm -rf "$ROOT/opt/kernels/$rel"
	unpack "$ROOT" "$rel" "linux-image-$rel"
	rm -rf "${ROOT:?}$apt"
	mv "$ROOT/opt/kernels/$rel" "$2"
	exec 9>&-
	echo "$rel"
}

case ${1:-} in
ensure)
	ensure
	;;
run)
	shift
	[ "${1:-}" != -- ] || shift
	ensure
	run "$@"
	;;
kdir | kver | source)
	[ $# -eq 2 ] || die "$1 wants a series: $SERIES"
	ensure
	case $1 in
	kdir) echo "/usr/src/linux-headers-$(release "$2")" ;;
	kver) release "$2" ;;
	source) source_tarball "$2" ;;
	esac
	;;
bpf)
	ensure
	later /usr/bin/bpf-gcc gcc-bpf libbpf-dev
	;;
image)
	[ $# -eq 3 ] || die "image wants a series and a directory"
	ensure
	image "$2" "$3"
	;;
path)
	echo "$ROOT"
	;;
-h | --help | help)
	usage
	;;
*)
	usage >&2
	exit 2
	;;
esac
