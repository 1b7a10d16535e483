#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Options of the bridged path that the other scripts leave as they are: the MTU from
# the first on, event channels, checksums, long frames, frames in many pieces, segments of
# UDP, where in its page a frame begins, scatter-gather, the rate, announcements.  What
# comes of each is read from counters and from the frames.
# shellcheck disable=SC2016 # expanded in the guest, or in dom0
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

MAC=00:16:3e:99:00:01

prepare() {
	lab push dom0 "$hostile/nc2-hostile-back.ko" /root/nc2-hostile-back.ko
	lab back nc2 max_queues=2
	create g1 --vcpus 2 --path bridged --vif mtu=1400
	lab push g1 "$hostile/nc2-hostile.ko" /root/nc2-hostile.ko
	lab push g1 "$TESTS/frames.py" /run/frames.py
	lab push g1 "$TESTS/netdev.py" /run/netdev.py
}

mtu_is() {
	is "MTU of eth0" "$(on g1 cat /sys/class/net/eth0/mtu)" "$1"
	is "MTU of the vif" "$(dom0 cat "/sys/class/net/$(d0 vif g1)/mtu")" "$1"
}

# The key was there before the guest ran.  Without it, as in the other scripts, it is the
# bridge's, which it is from here on.
first_mtu() {
	mtu_is 1400
	pings g1 10.99.0.1 -M "do" -s 1372
	! on g1 ping -q -M "do" -c 1 -w 2 -s 1373 10.99.0.1 || fail "a frame of MTU 1401"
	dom0 sh -ec 'id=$(xl domid g1)
		xenstore-rm "/local/domain/0/backend/vif/$id/0/mtu"
		xenstore-write "/local/domain/$id/device/vif/0/mtu" 1500'
	everywhere 1500
	mtu_is 1500
}

both_ways() {
	local n

	shot a g1
	n=$(iperf wire "$(address g1)")
	iperf wire "$(address g1)" -R
	shot b g1
	moved back 'q*_rx_bridged_bytes' "$n"
	moved back 'q*_tx_bridged_bytes' 100000
	still back 'q*_rx_drop_*'
	still back 'q*_tx_drop_*'
}

# One frame at a time and none the other way, for nobody answers a broadcast.  A
# back that took events with work for idle ones would have Xen delay them.
no_idle_events() {
	local before after all idle

	mapfile -t before < <(d0 events g1)
	on g1 ping -q -n -b -c 200 -i 0.02 -W 1 10.99.0.255 || true
	mapfile -t after < <(d0 events g1)
	all=$((after[0] - before[0])) idle=$((after[1] - before[1]))
	echo "$all events, $idle of them said to be for nothing"
	[ "$all" -ge 10 ] || fail "only $all events"
	[ $((idle * 2)) -le "$all" ] || fail "$idle of $all events were said to be for nothing"
}

two_channels() {
	is "event channels" "$(d0 interrupts g1)" 'ctrl q0-rx q0-tx q1-rx q1-tx'
	is "kernel threads of the back" "$(dom0 pgrep -c '^vif' || true)" 0
	# As 10-bridged has it.
	if long; then
		both_ways
	fi
	no_idle_events
}

# The back offers two when a front begins, so it must be made to write another word.
one_channel() {
	dom0 insmod /root/nc2-hostile-back.ko action=key key=feature-split-event-channels value=0
	rebind g1
	dom0 rmmod nc2_hostile_back
	is "event channels" "$(d0 interrupts g1)" 'ctrl q0 q1'
	both_ways
	no_idle_events
}

jumbo() {
	everywhere 9000
	pings wire "$(address g1)" -M "do" -s 8972
	pings g1 10.99.0.1 -M "do" -s 8972
	shot a g1
	iperf wire "$(address g1)" -u -b 20M -l 8900
	shot b g1
	average back 'q*_rx_bridged_bytes' 'q*_rx_bridged_frames' 4000
	still front rx_drop_bad
	shot a g1
	iperf wire "$(address g1)" -R -u -b 20M -l 8900
	shot b g1
	average back 'q*_tx_bridged_bytes' 'q*_tx_bridged_frames' 4000
	still front tx_drop_bad
	both_ways
	everywhere 1500
	pings wire "$(address g1)"
}

# Every byte of the stream is looked at, and the pings' frames are copied whole.
offset() {
	local n frames

	dom0 insmod /root/nc2-hostile-back.ko dev="$(d0 vif g1)" action=offset value="$1"
	shot a g1
	pings wire "$(address g1)" -s 100
	stream_start g1
	stream_moves g1
	stream_end g1
	shot b g1
	n=$(dom0 cat /sys/module/nc2_hostile_back/parameters/moved)
	dom0 rmmod nc2_hostile_back
	frames=$(change front rx_bridged_frames)
	echo "pages that began at $1: $n, of $frames frames"
	[ "$frames" -ge 20 ] || fail "only $frames frames"
	# Of a long frame the last page alone has room for that.
	[ $((n * 4)) -ge "$frames" ] || fail "only $n pages began there"
	still front 'rx_drop_*'
}

offsets() {
	local n

	# shellcheck disable=SC2046 # words
	for n in 2 $(also 1 64 255 2000); do
		offset "$n"
	done
}

# sent LEAST: so much has the guest sent since shot "a".
sent() {
	shot b g1
	moved back 'q*_tx_bridged_bytes' "$1"
}

# Some bytes for more than an hour: what has gone then is all that ever goes, and
# no clock tells in it.  Each queue for itself would send as much.
rate() {
	shot a g1
	dom0 sh -c 'xenstore-write "/local/domain/0/backend/vif/$(xl domid g1)/0/rate" \
		300000,4294000000'
	rebind g1
	# Of what is sent to a neighbour that is not known yet a hundred frames are kept.
	pings g1 10.99.0.1
	on g1 python3 /run/frames.py spread 10.99.0.1 9 32 60
	until_true "$LIMIT" "the guest uses its rate up" sent 290000
	sleep 2
	sent 290000
	moved back 'q*_tx_bridged_bytes' 290000 302000
	moved back q0_tx_bridged_bytes 10000
	moved back q1_tx_bridged_bytes 10000
	dom0 sh -c 'xenstore-rm "/local/domain/0/backend/vif/$(xl domid g1)/0/rate"'
	until_true "$LIMIT" "the end of the rate is heeded" sent 600000
	pings wire "$(address g1)"
}

# A new back stands for a new host: frames to the guest must find it.
announced() {
	sees wire "announced wire $MAC 120 $(address g1) $(address6 g1)" d0 rebind g1
	pings wire "$(address g1)"
}

# one_frame END COUNTER LEAST MOST WHO COMMAND...: forty datagrams that COMMAND sends
# arrive at WHO, in so many frames.
one_frame() {
	shot a g1
	sees "$5" "taken 9 40 1000 60" "${@:6}"
	shot b g1
	moved "$1" "$2" "$3" "$4"
}

# Both ends pass them on as one frame, IPv4 and IPv6; who has them for himself, or for a
# wire that cuts none, sees datagrams with good checksums.
udp_segments() {
	local who to most=20

	while read -r who to; do
		one_frame back 'q*_tx_bridged_frames' 1 "$most" "$who" \
			on g1 python3 /run/frames.py burst "$to" 9 40 1000
	done <<-'END'
		wire 10.99.0.1
		wire fd99::1
		dom0 10.99.0.2
		dom0 fd99::2
	END
	for to in "$(address g1)" "$(address6 g1)"; do
		one_frame back 'q*_rx_bridged_frames' 1 "$most" g1 frames dom0 burst "$to" 9 40 1000
	done
	still back 'q*_tx_drop_*'
	still back 'q*_rx_drop_*'
	on g1 ethtool -K eth0 tx-udp-segmentation off
	one_frame back 'q*_tx_bridged_frames' 40 '' wire \
		on g1 python3 /run/frames.py burst 10.99.0.1 9 40 1000
	on g1 ethtool -K eth0 tx-udp-segmentation on
}

# in_one_frame PROGRAM LEAST MOST: datagrams that it has the guest send are one frame, of
# which the front copies so many bytes.
in_one_frame() {
	shot a g1
	sees wire "taken 9 48 1000 60" on g1 python3 /run/frames.py "$1" 10.99.0.1 9 48 1000
	shot b g1
	moved front tx_bridged_frames 1 20
	moved front tx_copied_bytes "$2" "$3"
	still front 'tx_drop_*'
	still back 'q*_tx_drop_*'
}

# Twelve pieces, nearly each in two pages, are more slots than a frame may have.  The same
# bytes in a row are fewer: of them the front copies the headers, and grants the pages.
many_slots() {
	in_one_frame burst 42 10000
	in_one_frame pieces 48000 58000
}

from_guest() {
	sum_of dom0 "$(d0 vif g1)" "$(address g1)" \
		on g1 python3 /run/frames.py connect 10.99.0.2 7 4567
}

# verdict WHO DEV TO good|bad: what WHO has heard, as the frame comes by DEV, of the
# checksum of a frame of TCP that the wire sends to the guest; it is for TO.
verdict() {
	sees "$1" "verdict $2 10.99.0.99 60" \
		frames wire segment wire "$MAC" 10.99.0.99 "$3" "$4" | tail -n 1
}

# verdicts GUEST DOM0 QUALITY: of the guest, and of dom0, to which the guest routes the
# frame.
verdicts() {
	is "to the guest, $3" "$(verdict g1 eth0 "$(address g1)" "$3")" "$1"
	is "from the guest, $3" "$(verdict dom0 "$(d0 vif g1)" 10.99.0.2 "$3")" "$2"
}

# What the NIC has found right the guest hears from the back, and passes on; who hears
# nothing has nothing to say.  GRO would look at checksums by itself.
found_right() {
	dom0 ethtool -K nic0 gro off
	on g1 sh -ec 'ethtool -K eth0 gro off; echo 1 >/proc/sys/net/ipv4/ip_forward'
	verdicts valid valid good
	verdicts none none bad
	on g1 ethtool -K eth0 rx off
	verdicts none none good
	on g1 ethtool -K eth0 rx on
	dom0 ethtool -K nic0 rx off
	verdicts none none good
	dom0 ethtool -K nic0 rx on gro on
	on g1 sh -ec 'ethtool -K eth0 gro on; echo 0 >/proc/sys/net/ipv4/ip_forward'
}

vif_sums() {
	dom0 ethtool -k "$(d0 vif g1)" | grep -q "tx-checksum-ipv4: $1"
}

# A back that takes no blank checksums gets none; no other key tells so.  For what comes
# next, both ends say in this connection that they take frames in one piece only.
sums() {
	is "from the guest" "$(from_guest)" blank
	dom0 sh -c 'xenstore-write \
		"/local/domain/0/backend/vif/$(xl domid g1)/0/feature-no-csum-offload" 1'
	on g1 insmod /root/nc2-hostile.ko action=key key=feature-sg value=0
	dom0 insmod /root/nc2-hostile-back.ko action=key key=feature-sg value=0
	rebind g1
	on g1 rmmod nc2_hostile
	dom0 rmmod nc2_hostile_back
	pings g1 10.99.0.2
	is "from the guest" "$(from_guest)" full
	dom0 sh -c 'xenstore-rm \
		"/local/domain/0/backend/vif/$(xl domid g1)/0/feature-no-csum-offload"'
}

# without_pieces DEV WHO: ethtool says so, and there is no MTU that would take several.
without_pieces() {
	on "$2" ethtool -k "$1" | grep 'tx-scatter-gather: off'
	! on "$2" ip link set "$1" mtu 9000 || fail "$1: frames of 9000 bytes"
}

# That longer ones would be seen is known by the frames of 9000 bytes, which take three
# pieces, and by 10-bridged.  What the guest sends is short for want of checksums as well.
one_piece() {
	without_pieces eth0 g1
	without_pieces "$(d0 vif g1)" dom0
	shot a g1
	iperf dom0 "$(address g1)" -t 1
	shot b g1
	moved back 'q*_rx_bridged_bytes' 100000
	average back 'q*_rx_bridged_bytes' 'q*_rx_bridged_frames' 0 1514
}

sums_xdp() {
	on g1 sh -c 'python3 /run/netdev.py xdp eth0 pass >/run/xdp.log 2>&1 &
		echo $! >/run/xdp.pid'
	until_true "$LIMIT" "no blank checksums" vif_sums off
	is "to the guest" "$(sum_to_guest g1)" full
	on g1 sh -c 'kill $(cat /run/xdp.pid)'
	until_true "$LIMIT" "blank checksums" vif_sums on
	is "to the guest" "$(sum_to_guest g1)" blank
}

hostile_modules
up --guests 0 --vfs 0
needed "our pair, two queues" prepare
t "an MTU that the vif line names: both ends have it from the first on" first_mtu
t "an event channel each way" two_channels
t "one event channel for both" one_channel
t "frames of 9000 bytes" jumbo
t "segments of UDP cross as one frame" udp_segments
t "a frame of more than 18 slots is copied" many_slots
t "frames that begin behind the beginning of their page" offsets
t "rate= limits all queues together" rate
t "peers are told of a new place" announced
t "checksums found right, and wrong, to the guest and from it" found_right
t "the front heeds a back without checksums" sums
t "frames in one piece, as the other end asks for it" one_piece
t "the back heeds a front without checksums: XDP" sums_xdp
finish
