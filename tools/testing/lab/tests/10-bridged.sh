#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The bridged path: each of our ends with the stock other end, with one queue and with
# several, and our pair with each way of not having the direct path.  No frame may go
# another way.
#   NC2_TEST_KERNELS="6.12 7.3"   which kernels in dom0, and in the guests of each
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/testing/lab/tests/peers.sh
. "$TESTS/peers.sh"

KERNELS=${NC2_TEST_KERNELS:-6.12}

change_back() {
	local who

	# In the short form there is not always a g2.
	for who in g1 g2; do
		! dom0 xl domid "$who" >/dev/null 2>&1 || lab guest destroy "$who"
	done
	d0 clean "$LIMIT"
	lab back "$1"
}

by_policy() {
	wait_path "$1" direct
	d0 put "$1" path bridged
	wait_path "$1" bridged
	stays_bridged "$1" '*administrator*'
}

# segmentation gI on|off: of both ends.
segmentation() {
	on "$1" ethtool -K eth0 tso "$2"
	dom0 ethtool -K "$(d0 vif "$1")" tso "$2"
}

# The counter-proof: who sends has to cut them.
short_frames() {
	local to

	segmentation "$1" off
	# shellcheck disable=SC2046 # words
	for to in "$(address6 "$1")" $(also "$(address "$1")"); do
		shot a "$1"
		iperf dom0 "$to" -t 1 --bidir
		shot b "$1"
		lengths rx nc2 nc2 0 1514
		lengths tx nc2 nc2 0 1514
	done
	segmentation "$1" on
}

# beside HOST BACK FRONT: with guests of each kernel and kind.
beside() {
	local kernel type

	for kernel in $KERNELS; do
		for type in pv $(also pvh); do
			meets "$1" "$2" "$3" "$kernel" "$type"
		done
	done
}

# our_pair HOST: the guests' kernel is dom0's.
our_pair() {
	local title="our pair on $1"

	t "$title without gatewaydev=" create g1 --front nc2 --path bridged
	t "$title without gatewaydev= is bridged" stays_bridged g1 '*gatewaydev*'
	whole g1 "$title, bridged, PV" nc2 nc2
	t "$title: without segmentation frames are short" short_frames g1
	if long; then
		several g1 "$title, bridged, PV" nc2 nc2
		t "$title: a guest with 8 CPUs" comes nc2 --path bridged --vcpus 8
		t "$title: of 16 queues it takes 8, which carry frames" replaced g1 nc2 nc2 8 16
		t "$title: 8 queues, iperf3 both ways" bulk g1 nc2 nc2 -P 8
	fi
	t "$title with gatewaydev=, PVH" create g2 --type pvh --front nc2 --vcpus 1
	t "$title: the administrator chooses the bridge" by_policy g2
	t "$title, bridged, PVH: iperf3 both ways" bulk g2 nc2 nc2
	# What the kind of guest makes no difference to.
	if long; then
		others g2 "$title, bridged, PVH" nc2 nc2
	fi
}

for host in $KERNELS; do
	lab down >/dev/null 2>&1
	up --kernel "$host" --guests 0 --vfs 1 --vcpus "$QUEUES"
	beside "$host" nc2 stock
	t "the stock back of $host takes over" change_back stock
	beside "$host" stock nc2
	t "our back on $host takes over" change_back nc2
	our_pair "$host"
done
finish
