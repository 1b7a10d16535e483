#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Frames that are not of the usual kind, on the direct path: longer than several
# buffers, and of a VLAN, be it the guest's own or one that the administrator has put
# the guest into.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

VLAN=7
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

# Under a stream; the longest frames are on their way when it happens.
usual_again() {
	stream_start g1
	everywhere 1500
	stream_moves g1
	wait_path g1 direct
	stream_moves g1
	! on wire ping -q -M "do" -c 1 -w 2 -s 8972 "$(address g1)" ||
		fail "a frame that is too long has got through"
	stream_end g1
}

too_long() {
	on g1 ip link set eth0 mtu 9500
	wait_path g1 bridged
	like reason "$(reason g1)" '*MTU*'
	on g1 ip link set eth0 mtu 1500
	wait_path g1 direct
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

in_vlan() {
	unplug g1
	dom0 sh -ec "bridge vlan add dev nic0 vid $VLAN
		bridge vlan add dev xenbr0 vid $VLAN self
		ip link add link xenbr0 name xenbr0.$VLAN type vlan id $VLAN
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

no_answer() {
	! on "$1" ping -q -c 3 -i 0.3 -w 3 "$2" || fail "$2 answers $1"
}

# What others broadcast does not even reach the guest's end of the path.
alone() {
	wait_path g1 "$1"
	no_answer g1 10.99.0.1
	no_answer wire "$(address g1)"
	shot a g1
	on wire ping -q -b -c 100 -i 0.02 -W 1 10.99.0.255 >/dev/null || true
	pings dom0 "$HERE"
	shot b g1
	moved front "rx_$1_frames" 3 50
}

up --guests 1 --vfs 1
serve g1
t "frames of 9000 bytes go by the queue, both ways" jumbo
t "back to 1500 under a TCP stream" usual_again
t "an MTU that no queue takes: bridged, and back" too_long
t "a VLAN of the guest's own: bridged, and back" own_vlan
t "the guest gets an interface in a VLAN" in_vlan
t "VLAN: direct, the guest sees no tags" talks direct rx_direct_bytes tx_direct_bytes
t "VLAN: direct, others' broadcasts stay away" alone direct
t "VLAN: the administrator chooses the bridge" d0 put g1 path bridged
t "VLAN: bridged, the guest sees no tags" talks bridged 'q*_rx_bridged_bytes' 'q*_tx_bridged_bytes'
t "VLAN: bridged, others' broadcasts stay away" alone bridged
finish
