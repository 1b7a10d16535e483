#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Frames that are not of the usual kind, on the direct path: longer than several
# buffers, with a checksum that the NIC has found right or wrong, and of a VLAN, be it
# the guest's own or one that the administrator has put the guest into.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

VLAN=7
# One that no guest is in.
OTHER_VLAN=8
# Addresses of the VLAN: dom0's and the guest's.
THERE=10.97.0.1
HERE=10.97.0.11
# A VLAN of the guest's own, and the same of it.
OWN_VLAN=9
OWN_THERE=10.96.0.1
OWN_HERE=10.96.0.11

jumbo() {
	everywhere 9000
	wait_path g1 direct
	pings wire "$(address g1)" -M "do" -s 8972
	pings g1 10.99.0.1 -M "do" -s 8972
	shot a g1
	iperf wire "$(address g1)"
	iperf wire "$(address g1)" -u -b 20M -l 8900
	shot b g1
	average back rx_direct_bytes rx_direct_frames 4000
	still back 'q*_rx_copied_bytes'
	still front rx_drop_bad
	still front direct_broken
	still back rx_direct_errors
	shot a g1
	iperf wire "$(address g1)" -R
	iperf wire "$(address g1)" -R -u -b 20M -l 8900
	shot b g1
	average back tx_direct_bytes tx_direct_frames 4000
	still back 'q*_tx_copied_bytes'
	still front tx_drop_bad
	is path "$(path g1)" direct
}

# Where one of them is cut off the next must not be taken for the rest of it.
jumbo_changes() {
	local round

	stream_start g1 0
	shot a g1
	for round in $(seq "$(often 2 30)"); do
		echo "round $round"
		to_and_fro g1
	done
	shot b g1
	stream_end g1
	still front rx_drop_bad
	still front direct_broken
}

# Under a stream; the longest frames are on their way when it happens.
usual_again() {
	local rc=0

	stream_start g1
	everywhere 1500
	stream_moves g1
	wait_path g1 direct
	stream_moves g1
	on wire ip link set wire mtu 9000
	! on wire ping -q -M "do" -c 1 -w 2 -s 8972 "$(address g1)" || rc=1
	on wire ip link set wire mtu 1500
	[ "$rc" = 0 ] || fail "a frame that is too long has got through"
	stream_end g1
}

too_long() {
	on g1 ip link set eth0 mtu 9500
	wait_path g1 bridged
	like reason "$(reason g1)" '*MTU*'
	on g1 ip link set eth0 mtu 1500
	wait_path g1 direct
}

# verdict QUALITY: of the NIC, as the guest's stack has it, on a frame of TCP whose
# checksum is good or bad.
verdict() {
	sees g1 "verdict eth0 10.99.0.99 60" \
		frames wire segment wire "$(mac_of g1)" 10.99.0.99 "$(address g1)" "$1" |
		tail -n 1
}

verdicts() {
	lab push g1 "$TESTS/frames.py" /run/frames.py
	wait_path g1 direct
	# GRO looks at checksums by itself, and a frame that it finds right is "valid".
	on g1 ethtool -K eth0 gro off
	shot a g1
	is "verdict on a good frame" "$(verdict good)" valid
	is "verdict on a bad frame" "$(verdict bad)" none
	on g1 ethtool -K eth0 rx off
	is "verdict on a good frame, rx off" "$(verdict good)" none
	shot b g1
	# Frames that come by the bridge have a verdict as well.
	still front rx_bridged_frames
	on g1 ethtool -K eth0 rx on gro on
}

# The NIC's verdict is on the outer checksum.  GRO finds the inner one of what it merges
# right by itself, and the skb of such a frame is used for the next one, whose inner
# checksum nobody has looked at.
tunnelled() {
	local before n rc=0 inner=02:16:3e:95:00:01

	wait_path g1 direct
	# As many frames as there are belong together, be the guest ever so slow.
	# shellcheck disable=SC2016 # expanded in the guest
	on g1 sh -ec 'ip link add vx0 address "$0" type vxlan id 5 dstport 4789 local "$1" dev eth0
		ip address add 10.95.0.11/24 dev vx0
		ip link set vx0 up
		echo 50000000 >/sys/class/net/eth0/gro_flush_timeout' "$inner" "$(address g1)"
	before=$(count_of g1 TcpInCsumErrors)
	frames wire tunnel wire "$(mac_of g1)" 10.99.0.99 "$(address g1)" "$inner" 20
	until_true "$LIMIT" "20 frames are found wrong inside" \
		counts g1 TcpInCsumErrors $((before + 20)) || rc=1
	n=$(($(count_of g1 TcpInCsumErrors) - before))
	on g1 sh -ec 'echo 0 >/sys/class/net/eth0/gro_flush_timeout
		ip link del vx0'
	[ "$rc" = 0 ] || fail "$n of 20 frames are found wrong inside"
}

# Which the NIC would not let through; the bridge is told to.
own_vlan() {
	local dev

	dev=$(d0 vif g1)
	dom0 sh -ec "bridge vlan add dev $dev vid $OWN_VLAN
		bridge vlan add dev xenbr0 vid $OWN_VLAN self
		ip link add link xenbr0 name xenbr0.$OWN_VLAN type vlan id $OWN_VLAN
		ip address add $OWN_THERE/24 dev xenbr0.$OWN_VLAN
		ip link set xenbr0.$OWN_VLAN up"
	stream_start g1
	on g1 sh -ec "modprobe 8021q
		ip link add link eth0 name eth0.$OWN_VLAN type vlan id $OWN_VLAN
		ip address add $OWN_HERE/24 dev eth0.$OWN_VLAN
		ip link set eth0.$OWN_VLAN up"
	wait_path g1 bridged
	like reason "$(reason g1)" '*VLANs of its own*'
	pings dom0 "$OWN_HERE" -s 1400
	pings g1 "$OWN_THERE" -s 1400
	stream_moves g1
	on g1 ip link del "eth0.$OWN_VLAN"
	wait_path g1 direct
	stream_moves g1
	stream_end g1
	dom0 ip link del "xenbr0.$OWN_VLAN"
}

# told PATH VLAN ADDRESS LEAST [MOST]: so many frames reach the guest, of a hundred
# broadcasts with this tag from the wire, as many from dom0, and three pings from there.
told() {
	wait_path g1 "$1"
	shot a g1
	frames wire tagged wire "$2" 100
	# When dom0 answers, the NIC has given out what was sent before.
	pings wire 10.99.0.2
	frames dom0 tagged xenbr0 "$2" 100
	pings dom0 "$3"
	shot b g1
	moved front "rx_$1_frames" "$4" "${5:-}"
}

# From here on the uplink is in both, or the NIC would let nobody have what comes from
# the wire with these tags.
in_no_vlan() {
	dom0 sh -ec "for vid in $VLAN $OTHER_VLAN; do
			bridge vlan add dev nic0 vid \$vid
			bridge vlan add dev xenbr0 vid \$vid self
		done"
	told direct "$VLAN" "$(address g1)" 3 50
	d0 put g1 path bridged
	told bridged "$VLAN" "$(address g1)" 3 50
}

in_vlan() {
	unplug g1
	dom0 sh -ec "ip link add link xenbr0 name xenbr0.$VLAN type vlan id $VLAN
		ip address add $THERE/24 dev xenbr0.$VLAN
		ip link set xenbr0.$VLAN up"
	plug g1 gatewaydev=nic0 "vlan=$VLAN"
	on g1 ip address add "$HERE"/24 dev eth0
}

# The guest knows of no VLAN: it sends and gets frames without a tag.
talks() {
	wait_path g1 "$1"
	pings dom0 "$HERE" -s 1400
	pings g1 "$THERE" -s 1400
	shot a g1
	iperf dom0 "$HERE"
	iperf dom0 "$HERE" -R
	shot b g1
	moved back "$2" 100000
	moved back "$3" 100000
}

with_a_tag() {
	on g1 python3 /run/frames.py tagged eth0 "$OTHER_VLAN" 50
	on g1 ping -q -b -c 20 -i 0.05 -W 1 10.97.0.255 >/dev/null || true
}

# tagged_so PATH: what the guest sends has the tag of its VLAN on the wire, and no other, even
# if it puts another one there.
tagged_so() {
	wait_path g1 "$1"
	sees wire "tags wire $(mac_of g1) $VLAN 15 $LIMIT" with_a_tag
	is "frames in another VLAN, or none" "$(tail -n 1 "$TMP/seen")" 0
}

no_answer() {
	! on "$1" ping -q -c 3 -i 0.3 -w 3 "$2" || fail "$2 answers $1"
}

# alone PATH OWN: what others broadcast does not even reach the guest's end of the path,
# and of its own VLAN so many frames do.
alone() {
	wait_path g1 "$1"
	no_answer g1 10.99.0.1
	no_answer wire "$(address g1)"
	shot a g1
	on wire ping -q -b -c 100 -i 0.02 -W 1 10.99.0.255 >/dev/null || true
	pings dom0 "$HERE"
	shot b g1
	moved front "rx_$1_frames" 3 50
	told "$1" "$OTHER_VLAN" "$HERE" 3 50
	told "$1" "$VLAN" "$HERE" "$2"
}

# As libxl has it done for an HVM guest, whose emulated NIC a netdev of no guest stands for.
# shellcheck disable=SC2016 # expanded in dom0
emulated_nic() {
	local dev

	dev=$(d0 vif g1)-emu
	is "the VLANs" "$(dom0 sh -ec 'ip link add "$0" type dummy
		INTERFACE=$0 /etc/xen/scripts/vif-nc2 add type_if=tap
		echo $(bridge vlan show dev "$0" | tail -n +2)
		ip link del "$0"' "$dev")" "$dev $VLAN PVID Egress Untagged"
}

up --guests 1 --vfs 1
serve g1
t "frames of 9000 bytes go by the queue, both ways" jumbo
t "the path changes under a stream of them" jumbo_changes
t "back to 1500 under a TCP stream" usual_again
t "the NIC's verdict on checksums reaches the guest" verdicts
t "a tunnel: what is wrong inside is found" tunnelled
t "an MTU that no queue takes: bridged, and back" too_long
t "a VLAN of the guest's own: bridged, and back" own_vlan
t "no VLAN: broadcasts of a VLAN stay away, on both paths" in_no_vlan
t "the guest gets an interface in a VLAN" in_vlan
t "VLAN: an emulated NIC would be in it, too" emulated_nic
t "VLAN: direct, the guest sees no tags" talks direct rx_direct_bytes tx_direct_bytes
t "VLAN: direct, on the wire there is its tag and no other" tagged_so direct
t "VLAN: direct, others' broadcasts stay away" alone direct 203
t "VLAN: the administrator chooses the bridge" d0 put g1 path bridged
t "VLAN: bridged, the guest sees no tags" talks bridged 'q*_rx_bridged_bytes' 'q*_tx_bridged_bytes'
t "VLAN: bridged, on the wire there is its tag and no other" tagged_so bridged
# The uplink has dom0's alone: the emulated NIC gives frames with a tag to those that are in
# its table of VLANs for pools, where igb does not put its own.
t "VLAN: bridged, others' broadcasts stay away" alone bridged 103
finish
