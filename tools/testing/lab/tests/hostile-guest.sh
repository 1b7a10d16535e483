# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
#
# The part of the tests with a lying front that runs in its guest.

front=/sys/bus/xen/drivers/xen-nc2-front
nc2=/sys/bus/xen/devices/vif-0/nc2

die() {
	echo "$*"
	exit 1
}

is_path() {
	[ "$(cat $nc2/path 2>/dev/null)" = "$1" ]
}

wait_path() {
	n=0
	until is_path "$1"; do
		n=$((n + 1))
		[ $n -lt 600 ] || die "the guest is not $1 after 120 s: $(grep . $nc2/*)"
		sleep 0.2
	done
}

wait_address() {
	n=0
	until ip -4 -o addr show dev eth0 2>/dev/null | grep -q 10.99.0.1 &&
		[ "$(cat /sys/class/net/eth0/carrier 2>/dev/null)" = 1 ]; do
		n=$((n + 1))
		[ $n -lt 600 ] || die "eth0 has no link or address after 120 s"
		sleep 0.2
	done
}

network() {
	ping -q -n -i 0.2 -c 2 -w 120 10.99.0.1 || die "no network"
}

# soon_path PATH: within some 20 s.
soon_path() {
	n=0
	until is_path "$1"; do
		n=$((n + 1))
		[ $n -lt 100 ] || return 1
		sleep 0.2
	done
}

rebind() {
	[ ! -e $front/vif-0 ] || echo vif-0 >$front/unbind
	echo vif-0 >$front/bind
	wait_address
}

# act NAME PATH: does it once; PATH is what comes of it: bridged, direct or *,
# or deaf if the guest asked for its own isolation.
act() {
	wait_path direct
	insmod /root/nc2-hostile.ko action="$1" || die "no action $1"
	rmmod nc2_hostile
	# A frame that the driver sends before the back has looked takes the place of
	# the lie.
	tries=3
	while [ "$2" = bridged ] && [ $tries -gt 0 ] && ! soon_path bridged; do
		tries=$((tries - 1))
		echo "$1: not seen, once more"
		insmod /root/nc2-hostile.ko action="$1"
		rmmod nc2_hostile
	done
	case $2 in
	'*') sleep 1; network ;;
	deaf) sleep 1 ;;
	*)
		wait_path "$2"
		# What stays as it is may change its mind.
		[ "$2" = bridged ] || sleep 1
		network
		is_path "$2" || die "the guest is not $2 any more"
		;;
	esac
}

# mend: with a new connection it has its network again, on whichever path.
mend() {
	rebind
	network
	rm -f /run/lied
}

# net NAME: a lie on the rings of the bridged path, after the one before it has been
# put right.
net() {
	[ ! -e /run/lied ] || mend
	touch /run/lied
	insmod /root/nc2-hostile.ko action="$1" || die "no action $1"
	rmmod nc2_hostile
}

# connect NAME [PARAMETER...]: lies while it connects.
connect() {
	name=$1
	shift
	insmod /root/nc2-hostile.ko action="$name" "$@" || die "no action $name"
	rebind
	network
}

# honest: like any other guest again.
honest() {
	rmmod nc2_hostile 2>/dev/null
	rebind
	wait_path direct
	network
	rm -f /run/lied
}

# next act|connect ...: after the lie before it has been put right.
next() {
	[ ! -e /run/lied ] || honest || die "not direct again after the lie before this one"
	touch /run/lied
	"$@"
}

# series PATH NAME...: one lie after the other; the last is not put right.
series() {
	path=$1
	shift
	for name in "$@"; do
		echo "--- $name"
		next act "$name" "$path"
	done
}

# grants NAME..., keys KEY=VALUE...: the same while it connects.
grants() {
	for name in "$@"; do
		echo "--- $name"
		next connect "$name"
	done
}

keys() {
	for pair in "$@"; do
		echo "--- $pair"
		next connect key "key=${pair%%=*}" "value=${pair#*=}"
	done
}

command=$1
shift
"$command" "$@"
