#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The bridged path: each of our ends with the stock other end, and our pair with
# each way of not having the direct path.  No frame may go another way.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# Our back, any front: what dom0 counts.
back_received() {
	moved back 'q*_rx_bridged_bytes' "$1"
	moved back 'q*_rx_copied_bytes' "$1"
	still back 'q*_rx_drop_*'
	still back 'rx_direct_*'
}

back_sent() {
	moved back 'q*_tx_bridged_bytes' "$1"
	moved back 'q*_tx_copied_bytes' "$1"
	still back 'q*_tx_drop_*'
	still back 'tx_direct_*'
}

front_received() {
	moved front rx_bridged_bytes "$1"
	still front 'rx_direct_*'
	still front 'rx_drop_bad'
	still front 'rx_drop_no_memory'
}

front_sent() {
	moved front tx_bridged_bytes "$1"
	still front 'tx_direct_*'
	still front 'tx_drop_*'
}

# bulk gI BACK FRONT: iperf3 both ways; each of our ends counts the bytes.
bulk() {
	local who=$1 back=$2 front=$3 n

	shot a "$who"
	n=$(iperf wire "$(address "$who")")
	shot b "$who"
	echo "received $n bytes"
	moved back dev_tx_bytes "$n"
	[ "$back" = stock ] || back_received "$n"
	[ "$front" = stock ] || front_received "$n"

	shot a "$who"
	n=$(iperf wire "$(address "$who")" -R)
	shot b "$who"
	echo "sent $n bytes"
	moved back dev_rx_bytes "$n"
	[ "$back" = stock ] || back_sent "$n"
	[ "$front" = stock ] || front_sent "$n"
}

# From dom0 itself: here frames are large and have blank checksums.
bulk_dom0() {
	shot a "$1"
	iperf dom0 "$(address "$1")"
	iperf dom0 "$(address "$1")" -R
	iperf dom0 "$(address6 "$1")"
	iperf dom0 "$(address6 "$1")" -R
	shot b "$1"
	moved back dev_tx_bytes 200000
	moved back dev_rx_bytes 200000
}

everybody() {
	local who=$1

	pings wire "$(address "$who")"
	pings wire "$(address "$who")" -s 1400
	pings wire "$(address6 "$who")" -s 1400
	pings dom0 "$(address "$who")"
	pings dom0 "$(address6 "$who")" -s 1400
	pings "$who" 10.99.0.1 -s 1400
	pings "$who" 10.99.0.2
	pings "$who" fd99::1
	pings "$who" fd99::2 -s 1400
}

udp() {
	iperf wire "$(address "$1")" -u -b 20M
	iperf wire "$(address "$1")" -u -b 20M -R
}

# whole gI TITLE BACK FRONT
whole() {
	t "$2: iperf3 both ways" bulk "$1" "$3" "$4"
	others "$1" "$2"
}

others() {
	local who=$1 title=$2

	t "$title: iperf3 between dom0 and guest, IPv4 and IPv6" bulk_dom0 "$who"
	t "$title: UDP both ways" udp "$who"
	t "$title: wire, dom0 and guest reach each other" everybody "$who"
}

change_back() {
	local who

	# In the short form there is not always a g2.
	for who in g1 g2; do
		! dom0 xl domid "$who" >/dev/null 2>&1 || lab guest destroy "$who"
	done
	d0 clean "$LIMIT"
	lab back "$1"
}

stays_bridged() {
	is path "$(path "$1")" bridged
	like reason "$(reason "$1")" "$2"
	is queue "$(d0 show "$1" queue)" ''
}

by_policy() {
	wait_path "$1" direct
	d0 put "$1" path bridged
	wait_path "$1" bridged
	stays_bridged "$1" '*administrator*'
}

up --guests 1 --vfs 1 --front stock
serve g1
whole g1 "stock front, our back, PV" nc2 stock
t "stock front: the back says why it is bridged" stays_bridged g1 '*'
if long; then
	t "PVH guest with the stock front" create g2 --type pvh --front stock
	whole g2 "stock front, our back, PVH" nc2 stock
fi
t "the stock back takes over" change_back stock
t "our front on the stock back" create g1 --front nc2
whole g1 "our front, stock back, PV" stock nc2
if long; then
	t "our front on the stock back, PVH" create g2 --type pvh --front nc2
	whole g2 "our front, stock back, PVH" stock nc2
fi
t "our back takes over" change_back nc2
t "our pair without gatewaydev=" create g1 --front nc2 --path bridged
t "our pair without gatewaydev= is bridged" stays_bridged g1 '*gatewaydev*'
whole g1 "our pair, bridged, PV" nc2 nc2
t "our pair with gatewaydev=, PVH" create g2 --type pvh --front nc2
t "the administrator chooses the bridge" by_policy g2
t "our pair, bridged, PVH: iperf3 both ways" bulk g2 nc2 nc2
# What the kind of guest makes no difference to.
if long; then
	others g2 "our pair, bridged, PVH"
fi
finish
