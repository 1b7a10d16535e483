#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The direct path: what the NIC writes into a guest's own pages, PV and PVH,
# both ways; who reaches whom; change of path; more guests than queues.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

receive() {
	local n

	shot a "$1"
	n=$(iperf wire "$(address "$1")")
	shot b "$1"
	echo "iperf3 received $n bytes"
	moved back rx_direct_bytes "$n"
	still back rx_direct_bounced
	still back rx_direct_errors
	still back 'q*_rx_copied_bytes'
	still back 'q*_rx_bridged_frames'
	moved front rx_direct_bytes "$n"
	still front rx_bridged_frames
	still front 'rx_drop_bad'
	still front direct_broken
	# Both ends tell the same, but for frames between the two looks.
	n=$(change back rx_direct_frames)
	moved front rx_direct_frames $((n - 50)) $((n + 50))
	is "bounced pages" "$(d0 show "$1" pool_bounced)" 0
}

# What the NIC has cut is received with its checksums right, or TCP would not take it.
cut_by_nic() {
	shot a "$1"
	iperf wire "$(address6 "$1")" -R
	shot b "$1"
	still back 'q*_tx_bridged_frames'
	average front tx_direct_bytes tx_direct_frames 1600
}

transmit() {
	local n

	shot a "$1"
	n=$(iperf wire "$(address "$1")" -R)
	shot b "$1"
	echo "iperf3 received $n bytes"
	average front tx_direct_bytes tx_direct_frames 1600
	moved back tx_direct_bytes "$n"
	still back 'q*_tx_bridged_frames'
	still back 'q*_tx_copied_bytes'
	moved front tx_direct_bytes "$n"
	still front tx_bridged_frames
	still front tx_drop_bad
	n=$(change back tx_direct_frames)
	moved front tx_direct_frames $((n - 50)) $((n + 50))
}

udp() {
	local n

	shot a "$1"
	n=$(iperf wire "$(address "$1")" -u -b 20M)
	shot b "$1"
	moved back rx_direct_bytes "$n"
	still back 'q*_rx_copied_bytes'
	shot a "$1"
	n=$(iperf wire "$(address "$1")" -u -b 20M -R)
	shot b "$1"
	moved back tx_direct_bytes "$n"
	still back 'q*_tx_copied_bytes'
}

# More than the guest can take: it gives buffers back and sends nothing.  A back
# that took such events for idle ones would have Xen delay them, and the NIC
# would wait for buffers.
overload() {
	local before after all idle _

	mapfile -t before < <(d0 events "$1")
	shot a "$1"
	# A sender that has too little of the machine does not overload anybody.
	for _ in 1 2 3 4; do
		iperf wire "$(address "$1")" -u -b 0 -l 1400
		shot b "$1"
		[ "$(change back rx_direct_starved)" = 0 ] || break
	done
	mapfile -t after < <(d0 events "$1")
	moved back rx_direct_frames 5000
	moved back rx_direct_starved 1
	all=$((after[0] - before[0])) idle=$((after[1] - before[1]))
	echo "$all events, $idle of them said to be for nothing"
	[ "$all" -gt 0 ] || fail "no event at all"
	[ $((idle * 2)) -le "$all" ] || fail "$idle of $all events were said to be for nothing"
}

# A peer that takes small segments only: no work for a NIC, so the guest cuts them
# itself.  TCP comes to such segments as well when a route was gone for a while.
small_segments() {
	on wire ip route add "$(address "$1")/32" dev wire advmss 60
	shot a "$1"
	iperf wire "$(address "$1")" -R -t 6 ||
		{ on wire ip route del "$(address "$1")/32" dev wire; return 1; }
	shot b "$1"
	on wire ip route del "$(address "$1")/32" dev wire
	is path "$(path "$1")" direct
	moved back tx_direct_bytes 100000
	still front tx_drop_bad
	still front direct_broken
}

# What the stack knows of the bytes that it has handed over.
byte_limits() {
	on "$1" sh -c 'cd /sys/class/net/eth0/queues/tx-0/byte_queue_limits
		cat limit inflight' | xargs
}

# Byte queue limits: the stack hears of what has been sent on this path, and sets a
# limit by it; on the bridge nobody tells it anything.
limited() {
	stream_start "$1" 0
	# shellcheck disable=SC2016 # expanded in the guest
	on "$1" sh -ec 'cd /sys/class/net/eth0/queues/tx-0/byte_queue_limits
		n=0
		until read -r sent <inflight && read -r limit <limit &&
				[ "$sent" -gt 0 ] && [ "$limit" -gt 0 ]; do
			n=$((n + 1))
			[ $n -lt 100000 ] || { echo "limit $limit, on the way $sent"; exit 1; }
		done'
	d0 put "$1" path bridged
	wait_path "$1" bridged
	stream_moves "$1"
	is "limit, and bytes on the way" "$(byte_limits "$1")" '0 0'
	d0 put "$1" path auto
	wait_path "$1" direct
	stream_end "$1"
}

# spoof_check VF: "on" or "off", as the NIC's driver says.
spoof_check() {
	dom0 ip link show nic0 | sed -n "s/^ *vf $1 .*spoof checking \([a-z]*\).*/\1/p"
}

# Whatever it was before.  That the NIC heeds it the emulation does not show.
own_name_only() {
	local vf

	d0 put "$1" path bridged
	wait_path "$1" bridged
	for vf in 0 1; do
		dom0 ip link set nic0 vf "$vf" spoofchk off
		is "anti-spoof check of VF $vf" "$(spoof_check "$vf")" off
	done
	d0 put "$1" path auto
	wait_path "$1" direct
	vf=$(d0 vf_number "$1")
	is "anti-spoof check of VF $vf" "$(spoof_check "$vf")" on
}

became_direct() {
	wait_path "$1" direct
	is reason "$(reason "$1")" ''
	is nic "$(d0 show "$1" nic)" nic0
	like queue "$(d0 show "$1" queue)" '0000:*'
	is policy "$(d0 show "$1" policy)" auto
	# The bridge must know of it, or frames would go the old way.
	is carrier "$(dom0 sh -c "cat /sys/class/net/$(d0 vif "$1")/carrier")" 0
}

everybody() {
	pings wire "$(address "$1")"
	pings wire "$(address "$1")" -s 1400
	pings dom0 "$(address "$1")"
	pings "$1" 10.99.0.1 -s 1400
	pings "$1" 10.99.0.2
	pings dom0 "$(address "$1")" -s 1400
}

# The emulated NIC gives the bridge no multicast once it has virtual functions
# (Documentation/lab.rst), so nobody behind a VF can solicit who is on the
# bridge.  The one on the bridge speaks first, and the other knows it then.
everybody6() {
	pings wire "$(address6 "$1")"
	pings dom0 "$(address6 "$1")" -s 1400
	pings "$1" fd99::1
	pings "$1" fd99::2
	# Only with the guest's multicast list does this one reach it: it is the
	# group of its address, which nobody else is in.
	pings wire "ff02::1:ff00:1${1#g}%wire"
	pings dom0 "ff02::1:ff00:1${1#g}%xenbr0" -I fd99::2
}

# $1 and $2 reach each other; if only one is direct, it is $1.
each_other() {
	pings "$1" "$(address "$2")"
	pings "$2" "$(address "$1")" -s 1400
	pings "$2" "$(address6 "$1")"
	pings "$1" "$(address6 "$2")"
	iperf "$1" "$(address "$2")"
	iperf "$1" "$(address "$2")" -R
}

direct_both() {
	is "path of g1" "$(path g1)" direct
	is "path of g2" "$(path g2)" direct
	shot a g1
	each_other g1 g2
	shot b g1
	still back 'q*_rx_bridged_frames'
	still back 'q*_tx_bridged_frames'
	moved back rx_direct_bytes 100000
	moved back tx_direct_bytes 100000
}

direct_and_bridged() {
	d0 put g2 path bridged
	wait_path g2 bridged
	shot a g2
	each_other g1 g2
	shot b g2
	still back rx_direct_frames
	still back tx_direct_frames
	moved back 'q*_rx_bridged_bytes' 100000
	moved back 'q*_tx_bridged_bytes' 100000
	pings wire "$(address g2)"
	pings dom0 "$(address g2)"
	d0 put g2 path auto
	wait_path g2 direct
}

# switches gI ROUNDS [RATE]: to the bridge and back, under a stream of this rate.
switches() {
	local round

	stream_start "$1" ${3:+"$3"}
	shot a "$1"
	for ((round = 1; round <= $2; round++)); do
		echo "round $round"
		d0 put "$1" path bridged
		wait_path "$1" bridged
		is policy "$(d0 show "$1" policy)" bridged
		like reason "$(reason "$1")" '*administrator*'
		stream_moves "$1"
		d0 put "$1" path auto
		wait_path "$1" direct
		is policy "$(d0 show "$1" policy)" auto
		is reason "$(reason "$1")" ''
		stream_moves "$1"
	done
	shot b "$1"
	moved back direct_left "$2" "$2"
	moved back direct_entered "$2" "$2"
	moved back 'q*_rx_bridged_bytes' 100000
	moved back rx_direct_bytes 100000
	stream_end "$1"
}

# gathered gI US: frames of a thousand interrupts, with so many us between two.
gathered() {
	local dev before after frames

	dev=$(d0 vif "$1")
	dom0 ethtool -C "$dev" adaptive-rx off rx-usecs "$2"
	d0 wait_for "$1" interrupt_us "$2" "$LIMIT"
	before=$(d0 queue_interrupts "$1")
	shot a "$1"
	iperf wire "$(address "$1")" -u -b 8M -l 1000 >/dev/null
	shot b "$1"
	after=$(d0 queue_interrupts "$1")
	frames=$(change back rx_direct_frames)
	[ "$frames" -ge 1000 ] || fail "only $frames frames"
	echo $((frames * 1000 / (after - before + 1)))
}

# A frame each millisecond: with 8 ms between two interrupts there are eight of them.
interrupts() {
	local dev few many

	dev=$(d0 vif "$1")
	like "ethtool -c" "$(dom0 ethtool -c "$dev")" '*Adaptive RX: on*rx-usecs:*20*'
	few=$(gathered "$1" 0)
	many=$(gathered "$1" 8000)
	echo "frames of 1000 interrupts: $few at once, $many with 8 ms between two"
	[ "$many" -ge $((few * 2)) ] || fail "$many, not twice as many as $few"
	dom0 sh -c "! ethtool -C $dev rx-usecs 8192" || fail "rx-usecs 8192 was accepted"
	dom0 sh -c "! ethtool -C $dev tx-usecs 10" || fail "tx-usecs was accepted"
	is "interrupt_us" "$(d0 show "$1" interrupt_us)" 8000
	dom0 ethtool -C "$dev" adaptive-rx on
	# It begins anew with a queue, at 8, and tries others when there is traffic.
	dom0 ethtool -C "$dev" rx-usecs 20
	d0 put "$1" path bridged
	d0 put "$1" path auto
	wait_path "$1" direct
	is "interrupt_us of a new queue" "$(d0 show "$1" interrupt_us)" 8
	d0 values "$1" interrupt_us 6 >"$TMP/tried" &
	iperf wire "$(address "$1")"
	iperf wire "$(address "$1")"
	wait $!
	echo "tried: $(sort -nu "$TMP/tried" | xargs)"
	grep -qxF 64 "$TMP/tried" || fail "nothing but 8 us was tried"
}

# The two interrupt one CPU: while both are active each waits for twice as long as one
# alone may.
share_cpu() {
	local who most jobs=()

	for who in g1 g2; do
		iperf wire "$(address "$who")" -t 6 &
		jobs+=($!)
		d0 values "$who" interrupt_us 8 >"$TMP/times.$who" &
		jobs+=($!)
	done
	for who in "${jobs[@]}"; do
		wait "$who"
	done
	for who in g1 g2; do
		echo "$who: $(sort -nu "$TMP/times.$who" | xargs)"
		grep -qxF 512 "$TMP/times.$who" || fail "$who gathers frames no longer than alone"
	done
	iperf wire "$(address g1)"
	d0 values g1 interrupt_us 2 >"$TMP/times.g1" &
	iperf wire "$(address g1)"
	wait $!
	most=$(sort -nr "$TMP/times.g1" | head -n 1)
	[ "$most" -le 256 ] || fail "$most us, and nobody else is busy"
}

refused() {
	! d0 put g1 path nonsense || fail "path takes nonsense"
	is policy "$(d0 show g1 policy)" auto
	is path "$(path g1)" direct
}

more_guests() {
	local out

	lab guest destroy g2
	d0 clean "$LIMIT"
	dom0 nc2-vfs take nic0
	wait_path g1 bridged
	like reason "$(reason g1)" '*nc2-vfs*'
	pings wire "$(address g1)"
	out=$(dom0 nc2-vfs give nic0 1)
	echo "$out"
	wait_path g1 direct
	create g2
	d0 wait g2 reason 'no free queue on the NIC' "$LIMIT"
	is "path of g2" "$(path g2)" bridged
	each_other g1 g2
	out=$(dom0 nc2-vfs show)
	like "nc2-vfs show" "$out" '*1 of 7*used by vif-*'
	lab guest destroy g1
	wait_path g2 direct
	is "reason of g2" "$(reason g2)" ''
	receive g2
	d0 clean "$LIMIT"
}

up --guests 1 --vfs 2
t "PV: the guest becomes direct by itself" became_direct g1
serve g1
t "PV: iperf3 receives by the NIC's queue, dom0 copies nothing" receive g1
t "PV: iperf3 transmits by the NIC's queue" transmit g1
t "PV: the NIC cuts frames of IPv6 as well" cut_by_nic g1
t "PV: UDP both ways" udp g1
t "PV: more UDP than the guest can take" overload g1
t "PV: a peer that takes small segments only" small_segments g1
t "PV: byte queue limits, and none on the bridge" limited g1
t "PV: the NIC is to check the guest's source address" own_name_only g1
t "PV: wire, dom0 and guest reach each other" everybody g1
t "PV: the same by IPv6, and multicast" everybody6 g1
t "the path changes again and again under a TCP stream" switches g1 "$(often 2 100)"
t "the same twice, as fast as it goes" switches g1 1 0
t "nonsense is no path" refused
t "interrupts of the queue as the administrator wants them" interrupts g1
t "a PVH guest comes" create g2 --type pvh
t "PVH: the guest becomes direct by itself" became_direct g2
t "PVH: iperf3 receives by the NIC's queue, dom0 copies nothing" receive g2
t "PVH: iperf3 transmits by the NIC's queue" transmit g2
# Who reaches whom is the NIC's doing, for one kind of guest as for the other.
if long; then
	t "PVH: wire, dom0 and guest reach each other" everybody g2
	t "PVH: the same by IPv6, and multicast" everybody6 g2
	t "PVH: the path changes again and again under a TCP stream" switches g2 50
fi
t "two guests at once gather frames for longer than one" share_cpu
t "guest and guest, both direct" direct_both
t "guest and guest, one direct, one bridged" direct_and_bridged
# Of 36-more-guests it takes a guest less, and of 30-lifecycle what ends the path.
if long; then
	t "more guests than queues: the second waits its turn" more_guests
fi
finish
