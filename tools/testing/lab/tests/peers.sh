# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tests have in common in which one of our ends is on the bridged path, mostly
# with a stock end for a peer.  To be read after lib.sh.

# Several of them.  dom0 has one CPU, and a back offers one queue for each, unless it is
# told another number.
QUEUES=$(often 2 4)
# Flows for each, of a socket each; nobody listens there.
FLOWS=48
NOBODY=9

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

# bulk gI BACK FRONT [OPTION...]: iperf3 both ways, with these options; each of our ends
# counts the bytes.
bulk() {
	local who=$1 back=$2 front=$3 n

	shift 3
	shot a "$who"
	n=$(iperf wire "$(address "$who")" "$@")
	shot b "$who"
	echo "received $n bytes"
	moved back dev_tx_bytes "$n"
	[ "$back" = stock ] || back_received "$n"
	[ "$front" = stock ] || front_received "$n"

	shot a "$who"
	n=$(iperf wire "$(address "$who")" -R "$@")
	shot b "$who"
	echo "sent $n bytes"
	moved back dev_rx_bytes "$n"
	[ "$back" = stock ] || back_sent "$n"
	[ "$front" = stock ] || front_sent "$n"
}

# lengths rx|tx BACK FRONT LEAST [MOST]: what our ends have seen of it from shot "a" to
# shot "b", and how long the frames were on average.
lengths() {
	local way=$1 back=$2 front=$3

	shift 3
	if [ "$back" != stock ]; then
		moved back "q*_${way}_bridged_bytes" 100000
		average back "q*_${way}_bridged_bytes" "q*_${way}_bridged_frames" "$@"
	fi
	if [ "$front" != stock ]; then
		moved front "${way}_bridged_bytes" 100000
		average front "${way}_bridged_bytes" "${way}_bridged_frames" "$@"
	fi
}

# bulk_dom0 gI BACK FRONT: from dom0 itself: here frames are large, so that somebody else
# cuts them, and have blank checksums.
bulk_dom0() {
	local to

	shot b "$1"
	for to in "$(address "$1")" "$(address6 "$1")"; do
		next_shot
		iperf dom0 "$to" -t 1
		shot b "$1"
		moved back dev_tx_bytes 100000
		lengths rx "$2" "$3" 1600
		next_shot
		iperf dom0 "$to" -t 1 -R
		shot b "$1"
		moved back dev_rx_bytes 100000
		lengths tx "$2" "$3" 1600
	done
}

# The last one is the one before the next.
next_shot() {
	mv "$TMP/b.back" "$TMP/a.back"
	mv "$TMP/b.front" "$TMP/a.front"
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
	others "$@"
}

others() {
	local who=$1 title=$2

	t "$title: large frames between dom0 and guest, IPv4 and IPv6" bulk_dom0 "$who" "$3" "$4"
	t "$title: UDP both ways" udp "$who"
	t "$title: wire, dom0 and guest reach each other" everybody "$who"
}

stays_bridged() {
	is path "$(path "$1")" bridged
	like reason "$(reason "$1")" "$2"
	is queue "$(d0 show "$1" queue)" ''
}

# queues gI N: its interface has so many, by what both ends have agreed on and by what
# the guest's kernel has.
queues() {
	# shellcheck disable=SC2016 # expanded in dom0
	is "multi-queue-num-queues" "$(dom0 sh -c \
		'xenstore-read "/local/domain/$(xl domid "$0")/device/vif/0/multi-queue-num-queues"' \
		"$1")" "$2"
	is "queues to send by" "$(on "$1" sh -c 'ls -d /sys/class/net/eth0/queues/tx-* | wc -l')" "$2"
}

# each_queue gI BACK FRONT N: it has N queues, and each carries flows, both ways.  The
# stock ends do not count by queue; one of ours at the other end does.
each_queue() {
	local who=$1 back=$2 front=$3 n=$4 queue way

	queues "$who" "$n"
	lab push "$who" "$TESTS/frames.py" /run/frames.py
	pings dom0 "$(address "$who")"
	shot a "$who"
	# Not from the wire: what a NIC with one queue has received goes into one, with
	# either back.
	frames dom0 spread "$(address "$who")" "$NOBODY" $((FLOWS * n)) 1
	on "$who" python3 /run/frames.py spread 10.99.0.2 "$NOBODY" $((FLOWS * n)) 1
	pings dom0 "$(address "$who")"
	shot b "$who"
	for ((queue = 0; queue < n; queue++)); do
		for way in rx tx; do
			# By the hash a queue gets FLOWS of them, more or less; by
			# accident, of anything else, hardly any.
			[ "$back" = stock ] || moved back "q${queue}_${way}_bridged_frames" 8
			[ "$front" = stock ] || moved front "${way}_queue_${queue}_frames" 8
		done
	done
}

# unplug_front gI FRONT: its interface is taken away.  When that of a stock front goes, with
# a stock back as well, and a frame has no answer, Linux 7.3 warns: it takes a reference to
# a slab's page.  Of an interface that is down every frame has one.
unplug_front() {
	[ "$2" != stock ] || on "$1" ip link set eth0 down
	unplug "$1"
}

# replaced gI BACK FRONT N [OFFER]: its interface is made anew, with so many queues, where
# the back offers as many, or more.
replaced() {
	offer "${5:-$4}"
	unplug_front "$1" "$3"
	plug "$1"
	each_queue "${@:1:4}"
}

# several gI TITLE BACK FRONT: with several queues instead of one.
several() {
	t "$2: $QUEUES queues carry frames" replaced "$1" "$3" "$4" "$QUEUES"
	if long; then
		t "$2: $QUEUES queues, iperf3 both ways" bulk "$1" "$3" "$4" -P 4
	fi
}

# udp_cut WHO DEV: segments of UDP are not left to that netdev.
udp_cut() {
	like "$2 of $1" "$(on "$1" ethtool -k "$2")" '*tx-udp-segmentation: off \[requested on\]*'
}

# udp_whole BACK: our end, beside a stock one, sends no segments of UDP that are to be cut
# there; they arrive all the same.
udp_whole() {
	lab push g1 "$TESTS/frames.py" /run/frames.py
	if [ "$1" = stock ]; then
		udp_cut g1 eth0
		sees wire "taken 9 40 1000 60" on g1 python3 /run/frames.py burst 10.99.0.1 9 40 1000
	else
		udp_cut dom0 "$(d0 vif g1)"
		sees g1 "taken 9 40 1000 60" frames dom0 burst "$(address g1)" 9 40 1000
	fi
}

# comes FRONT OPTION...: g1 is a guest with that front, and one queue.
comes() {
	local front=$1

	shift
	if dom0 xl domid g1 >/dev/null 2>&1; then
		lab guest destroy g1
		d0 clean "$LIMIT"
	fi
	offer 1
	create g1 --front "$front" "$@"
	queues g1 1
}

# title_of END KERNEL nc2|stock
title_of() {
	case $3 in
	nc2) echo "our $1 on $2" ;;
	*) echo "stock $1 of $2" ;;
	esac
}

# meets HOST BACK FRONT KERNEL TYPE: the back, loaded in a dom0 with the kernel HOST,
# meets the front in a guest, g1, of that TYPE and KERNEL.
meets() {
	local back=$2 front=$3 title

	title="$(title_of front "$4" "$front"), $(title_of back "$1" "$back"), ${5^^}"
	t "$title: a guest comes" comes "$front" --kernel "$4" --type "$5"
	[ "$T_FAILED" = 0 ] || return 0
	whole g1 "$title" "$back" "$front"
	t "$title: segments of UDP are cut before they cross" udp_whole "$back"
	if [ "$back" = nc2 ]; then
		t "$title: the back says why it is bridged" stays_bridged g1 '*'
	fi
	# 12-control has our front with two queues, with either back.
	if [ "$front" = stock ] || long; then
		several g1 "$title" "$back" "$front"
	fi
}
