#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The direct path: what the NIC writes into a guest's own pages, PV and PVH,
# both ways; who reaches whom; in whose name; a full ring; offloads; change of path;
# more guests than queues.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/testing/lab/tests/life.sh
. "$TESTS/life.sh"

WIRE=02:99:00:00:00:01
# g2's, before it comes.
OTHER=00:16:3e:99:00:02

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

# Segments of one datagram come one after the other, and only the last one is shown to
# the back: more of them than the ring holds fill it, whatever its byte limit.
full_ring() {
	local was n

	lab push "$1" "$TESTS/frames.py" /run/frames.py
	was=$(on "$1" ethtool -g eth0 | awk '/^TX:/ { n = $2 } END { print n }')
	ring "$1" 64
	n=$(no_ports)
	shot a "$1"
	on "$1" python3 /run/frames.py burst 10.99.0.1 9 60 100
	until_true "$LIMIT" "60 datagrams arrive" unheard $((n + 60))
	shot b "$1"
	moved front tx_ring_full 1
	still front 'tx_queue_*_ring_full'
	still front 'tx_drop_*'
	moved back tx_direct_frames 60
	ring "$1" "$was"
}

# ring gI ENTRIES: its transmit ring, which takes a new connection.  The back may not
# have heard of that yet; the guest is not direct any more when it has asked for it.
ring() {
	on "$1" ethtool -G eth0 tx "$2"
	until_true "$LIMIT" "the guest is direct again" on "$1" sh -c \
		'grep -qx direct /sys/bus/xen/devices/vif-*/nc2/path'
	wait_path "$1" direct
	like rings "$(on "$1" ethtool -g eth0 | xargs)" "*Current*TX: $2 *"
}

# Datagrams that the wire has got for ports where nobody listens.
no_ports() {
	on wire cat /proc/net/snmp | awk '/^Udp:/ { n = $3 } END { print n }'
}

unheard() {
	[ "$(no_ports)" -ge "$1" ]
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

# claims gI N: it sends so many frames in another's name, and an honest one, which ends the
# count of those that get to the wire.
claims() {
	sees wire "claimed wire $OTHER $(mac_of "$1") $LIMIT" \
		on "$1" python3 /run/frames.py claim eth0 "$WIRE" "$OTHER" "$2"
}

# A NIC that checks lets none of them out, the emulated one all: what is so is counted.
# The guest stays direct, and its honest frame, which ends the count, arrives.
spoofed() {
	local n=50 got different

	lab push "$1" "$TESTS/frames.py" /run/frames.py
	shot a "$1"
	claims "$1" "$n"
	read -r got different < <(tail -n 1 "$TMP/seen")
	echo "in another's name: $got of $n frames have left the NIC"
	is "frames of them that differ" "$different" "$got"
	[ "$got" -le "$n" ] || fail "$got of $n frames"
	pings wire "$(address "$1")"
	shot b "$1"
	moved back tx_direct_frames $((n + 1))
	still back 'q*_tx_bridged_frames'
	still back 'q*_tx_drop_*'
	still back rx_direct_errors
	still back direct_left
	still front tx_drop_bad
	still front direct_broken
	is path "$(path "$1")" direct
	is "the bridge's entry for the other one" "$(d0 fdb g2)" ''
}

# The bridge does not check either, unless the port is locked: then it knows a sender by
# the entry that the back makes for the guest.
locked_port() {
	local dev

	dev=$(d0 vif "$1")
	d0 put "$1" path bridged
	wait_path "$1" bridged
	dom0 bridge link set dev "$dev" locked on
	pings wire "$(address "$1")"
	pings "$1" 10.99.0.2
	claims "$1" 50
	is "frames in another's name, and those that differ" "$(tail -n 1 "$TMP/seen")" '0 0'
	d0 put "$1" path auto
	wait_path "$1" direct
	pings wire "$(address "$1")"
	d0 put "$1" path bridged
	wait_path "$1" bridged
	pings wire "$(address "$1")"
	dom0 bridge link set dev "$dev" locked off
	d0 put "$1" path auto
	wait_path "$1" direct
}

# offered FILE UDP: what the guest's stack may leave to the interface, and what never.
offered() {
	local feature state

	while read -r feature state; do
		grep -qxF "$feature: $state" <(sed 's/^[[:space:]]*//' "$1") ||
			fail "$(grep "$feature:" "$1" || echo "no $feature"), want $state"
	done <<-END
		tx-checksum-ipv4 on
		tx-checksum-ipv6 on
		tx-checksum-ip-generic off [fixed]
		tx-scatter-gather on
		tx-scatter-gather-fraglist off [fixed]
		tx-tcp-segmentation on
		tx-tcp6-segmentation on
		tx-tcp-ecn-segmentation off [fixed]
		tx-udp-segmentation $2
		generic-receive-offload on
	END
}

# lengths gI PATH on|off LEAST [MOST]: of the frames that the guest gives to the path, on
# average, with TSO and without.
lengths() {
	on "$1" ethtool -K eth0 tso "$3"
	shot a "$1"
	iperf wire "$(address "$1")" -R || { on "$1" ethtool -K eth0 tso on; return 1; }
	shot b "$1"
	on "$1" ethtool -K eth0 tso on
	moved front "tx_$2_bytes" 100000
	average front "tx_$2_bytes" "tx_$2_frames" "${@:4}"
}

same_offloads() {
	local where udp='off [requested on]'

	for where in direct bridged; do
		d0 put "$1" path "${where/direct/auto}"
		wait_path "$1" "$where"
		lengths "$1" "$where" off 0 1514
		lengths "$1" "$where" on 1600
		# Now: "tso on" turns on more of it than was on at first.
		on "$1" ethtool -k eth0 >"$TMP/offloads.$where"
		offered "$TMP/offloads.$where" "$udp"
		udp=on
	done
	d0 put "$1" path auto
	wait_path "$1" direct
	# Segments of UDP are the bridged path's alone.
	diff <(grep -v tx-udp-seg "$TMP/offloads.direct") \
		<(grep -v tx-udp-seg "$TMP/offloads.bridged") || fail "other offloads on the bridge"
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

# A guest whose vif is down in dom0 is cut off, whatever it thinks of its link.
vif_down() {
	local vif

	vif=$(d0 vif "$1")
	stream_start "$1"
	dom0 ip link set "$vif" down
	d0 wait "$1" reason 'the vif is down' "$LIMIT"
	wait_path "$1" bridged
	! dom0 sh -c "ip link show nic0 | grep $(mac_of "$1")" || fail "the NIC gives it frames"
	! reachable "$1" || fail "it is reached"
	dom0 ip link set "$vif" up
	wait_path "$1" direct
	stream_moves "$1"
	stream_end "$1"
}

# The bridge's entry goes with the port; the script has no other for it.
port_anew() {
	d0 put "$1" path bridged
	wait_path "$1" bridged
	dom0 ip link set "$(d0 vif "$1")" nomaster
	! reachable "$1" || fail "it is reached without a bridge"
	d0 online "$1"
	until_true "$LIMIT" "it is reached" reachable "$1"
	d0 put "$1" path auto
	wait_path "$1" direct
	pings wire "$(address "$1")" -s 1400
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

# beside gI: what goes to the guest beside the stream, pings and frames with numbers.
beside() {
	lab push "$1" "$TESTS/once.py" /run/once.py
	behind "count-$1" "$1" python3 /run/once.py count eth0 03:99:00:00:00:63
	until_true "$LIMIT" "$1 counts" grep -q lost "$TMP/count-$1"
	# More than are ever sent.
	behind "send-$1" wire python3 -c "$(<"$TESTS/once.py")" send wire 1 wire 10000000 \
		"u-$1=$(mac_of "$1")"
	# shellcheck disable=SC2016 # expanded on the wire
	behind "ping-$1" wire sh -c 'echo $$; exec ping -n -i 0.2 "$0"' "$(address "$1")"
	until_true "$LIMIT" "pings are answered" grep -q ' bytes from ' "$TMP/ping-$1"
}

# beside_end gI: pings go on until the last of the frames have come.
beside_end() {
	local lines answers

	stream_end "send-$1"
	# Some seconds of silence, of which the first line may be older than that.
	lines=$(wc -l <"$TMP/count-$1")
	until_true "$LIMIT" "$1 counts" has "$TMP/count-$1" '' $((lines + 3))
	stream_end "count-$1"
	answers=$(grep -c ' bytes from ' "$TMP/ping-$1")
	until_true "$LIMIT" "pings are answered" has "$TMP/ping-$1" ' bytes from ' $((answers + 3))
	# Ping alone: it has something to say yet.
	kill -INT "$(head -n 1 "$TMP/ping-$1")"
	until_true "$LIMIT" "ping ends" grep -q '^rtt ' "$TMP/ping-$1"
	stream_end "ping-$1"
}

# pinged gI MOST [RATE]: no answer came twice, and no more than so many are missing.  What
# was sent after the last ping that was answered is not lost, but on its way.  A stream
# as fast as it goes, which RATE says, fills queues: what they lose is not the change's.
pinged() {
	local all last lost

	all=$(grep '^[0-9]* packets transmitted' "$TMP/ping-$1")
	last=$(sed -n 's/^.* bytes from .*icmp_seq=\([0-9]*\) .*$/\1/p' "$TMP/ping-$1" |
		sort -n | tail -n 1)
	[[ $all =~ ^([0-9]+)\ packets\ transmitted,\ ([0-9]+)\ received ]] || fail "ping: $all"
	lost=$((last - BASH_REMATCH[2]))
	echo "pings: $lost of $last lost, $((BASH_REMATCH[1] - last)) on their way; $all"
	[[ $all != *duplicates* ]] || fail "answers came twice"
	[ -n "${3:-}" ] || [ "$lost" -le "$2" ] || fail "$lost pings are lost, not $2 at most"
}

# numbered gI: no frame came twice.
numbered() {
	local line want

	line=$(tail -n 1 "$TMP/count-$1")
	want="\"1 wire u-$1\": \[([0-9]+), ([0-9]+)\]"
	[[ $line =~ $want ]] || fail "no frame has come: $line"
	echo "numbered frames: ${BASH_REMATCH[1]} came, ${BASH_REMATCH[2]} different"
	is "frames that came" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
}

# switches gI ROUNDS [RATE]: to the bridge and back, under a stream of this rate.
switches() {
	local round

	beside "$1"
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
	stream_end "$1"
	beside_end "$1"
	moved back direct_left "$2" "$2"
	moved back direct_entered "$2" "$2"
	moved back 'q*_rx_bridged_bytes' 100000
	moved back rx_direct_bytes 100000
	still back 'q*_tx_drop_bad'
	still front tx_drop_bad
	still front direct_broken
	# One for each change.
	pinged "$1" $((2 * $2)) "${3:-}"
	numbered "$1"
}

# What crosses the bridge as one frame no NIC is asked to cut, not even what waits in a
# qdisc while the path changes: such a one is counted, and dropped.
trains_change() {
	local round n

	n=$(often 2 20)
	trains_start "$1"
	shot a "$1"
	for round in $(seq "$n"); do
		echo "round $round"
		d0 put "$1" path bridged
		wait_path "$1" bridged
		both_uncut "$1"
		trains_move
		d0 put "$1" path auto
		wait_path "$1" direct
		trains_move
	done
	shot b "$1"
	trains_end
	moved back direct_left "$n" "$n"
	still back 'q*_tx_drop_bad'
	still front direct_broken
	moved front tx_drop_bad 0 "$n"
}

# gathered gI US: frames of a thousand interrupts, with so many us between two.  No
# more interrupts come than those leave room for, by dom0's clock, but for the mailbox's.
gathered() {
	local dev before after frames from ms

	dev=$(d0 vif "$1")
	dom0 ethtool -C "$dev" adaptive-rx off rx-usecs "$2"
	d0 wait_for "$1" interrupt_us "$2" "$LIMIT"
	from=$(dom0 date +%s%3N)
	before=$(d0 queue_interrupts "$1")
	shot a "$1"
	iperf wire "$(address "$1")" -u -b 8M -l 1000 >/dev/null
	shot b "$1"
	after=$(d0 queue_interrupts "$1")
	ms=$(($(dom0 date +%s%3N) - from))
	frames=$(change back rx_direct_frames)
	echo "$frames frames, $((after - before)) interrupts in $ms ms" >&2
	[ "$frames" -ge 1000 ] || fail "only $frames frames"
	[ $(($2 * (after - before - 20))) -le $((1000 * ms)) ] || fail "$2 us were not kept"
	echo $((frames * 1000 / (after - before + 1)))
}

# A frame each millisecond: with 8 ms between two interrupts there are eight of them.  How
# many there are with none is the machine's affair: the slower, the more.
interrupts() {
	local dev few many

	dev=$(d0 vif "$1")
	like "ethtool -c" "$(dom0 ethtool -c "$dev")" '*Adaptive RX: on*rx-usecs:*20*'
	few=$(gathered "$1" 0)
	many=$(gathered "$1" 8000)
	echo "frames of 1000 interrupts: $few at once, $many with 8 ms between two"
	[ "$many" -gt "$few" ] || fail "$many, no more than $few"
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
	until_true "$LIMIT" "64 us are tried" tries "$1" 64
}

# tries gI US: while a stream comes in.
tries() {
	d0 values "$1" interrupt_us 6 >"$TMP/tried" &
	iperf wire "$(address "$1")"
	iperf wire "$(address "$1")"
	wait $!
	echo "tried: $(sort -nu "$TMP/tried" | xargs)"
	grep -qxF "$2" "$TMP/tried"
}

refused() {
	! d0 put g1 path nonsense || fail "path takes nonsense"
	is policy "$(d0 show g1 policy)" auto
	is path "$(path g1)" direct
}

# As auto, but before all others that want a queue; who has one keeps it.
pinned() {
	d0 put g1 path bridged
	wait_path g1 bridged
	shot a g1
	d0 put g1 path direct
	is policy "$(d0 show g1 policy)" direct
	wait_path g1 direct
	is reason "$(reason g1)" ''
	d0 put g1 path auto
	is policy "$(d0 show g1 policy)" auto
	pings wire "$(address g1)"
	shot b g1
	still back direct_left
	moved back direct_entered 1 1
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
t "PV: a full ring stops the sender, and nothing is lost" full_ring g1
t "PV: the NIC is to check the guest's source address" own_name_only g1
t "PV: frames in another's name, as many as the NIC lets out" spoofed g1
figures "in another's name"
t "PV: bridged, its port locked: none in another's name" locked_port g1
t "PV: the same offloads on both paths" same_offloads g1
t "PV: wire, dom0 and guest reach each other" everybody g1
t "PV: the same by IPv6, and multicast" everybody6 g1
t "PV: its vif is down in dom0" vif_down g1
t "PV: its vif leaves the bridge and is put there again" port_anew g1
t "the path changes again and again under a TCP stream" switches g1 "$(often 2 100)"
figures 'pings:|numbered'
t "the same twice, as fast as it goes" switches g1 1 0
figures 'pings:|numbered'
t "the same under segments of UDP" trains_change g1
t "nonsense is no path" refused
t "the administrator chooses the direct path" pinned
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
	figures 'pings:|numbered'
fi
t "guest and guest, both direct" direct_both
t "guest and guest, one direct, one bridged" direct_and_bridged
# Of 36-more-guests it takes a guest less, and of 30-lifecycle what ends the path.
if long; then
	t "more guests than queues: the second waits its turn" more_guests
fi
finish
