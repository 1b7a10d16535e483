#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The direct path behind an IOMMU, with Xen's dom0-iommu=strict: all is as without.
# Then dom0 has the NIC queue of g2 write to a page of g1 (tools/testing/hostile/dma.c,
# page.c).  To one that g1 has granted it writes: so such a write arrives, and is seen.
# To one that g1 has not granted, and to the former once it is revoked, it does not:
# Xen says so, the page is as it was, and everybody goes on.
#
# In the long form the same writes arrive in a lab without an IOMMU, and in one with
# Xen's default for a PV control domain: it is the strict IOMMU that stops them.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

WATCHED=/sys/module/nc2_hostile_page/parameters
# Fewer than there are by default: each buffer's turn comes sooner.
POOL_PAGES=256
# What Xen says when it stops the write under way.
want=

# xen_says TEXT
xen_says() {
	lab logs xen >"$TMP/xen"
	grep -F -- "$1" "$TMP/xen" || fail "Xen has not said: $1"
}

strict() {
	xen_says 'I/O virtualisation enabled'
	xen_says 'Dom0 mode: Strict'
}

became_direct() {
	wait_path "$1" direct
	is reason "$(reason "$1")" ''
	like queue "$(d0 show "$1" queue)" '0000:*'
	is "bounced pages" "$(d0 show "$1" pool_bounced)" 0
}

both_ways() {
	local received sent

	became_direct g1
	shot a g1
	received=$(iperf wire "$(address g1)")
	sent=$(iperf wire "$(address g1)" -R)
	shot b g1
	moved back rx_direct_bytes "$received"
	moved front rx_direct_bytes "$received"
	moved back tx_direct_bytes "$sent"
	moved front tx_direct_bytes "$sent"
	still back rx_direct_bounced
	still back rx_direct_errors
	still back 'q*_[rt]x_copied_bytes'
	still back 'q*_[rt]x_bridged_frames'
	is "bounced pages" "$(d0 show g1 pool_bounced)" 0
}

everybody() {
	pings wire "$(address g1)"
	pings dom0 "$(address g1)" -s 1400
	pings g1 10.99.0.1 -s 1400
	pings g1 10.99.0.2
}

changes() {
	local round

	stream_start g1
	shot a g1
	for round in 1 2 3; do
		echo "round $round"
		to_and_fro g1
	done
	shot b g1
	moved back direct_left 3 3
	moved back direct_entered 3 3
	moved back rx_direct_bytes 100000
	moved back 'q*_rx_bridged_bytes' 100000
	stream_end g1
}

prepare() {
	lab push dom0 "$hostile/nc2-hostile-dma.ko" /root/nc2-hostile-dma.ko
	lab push g1 "$hostile/nc2-hostile-page.ko" /root/nc2-hostile-page.ko
	lab push g1 "$hostile/nc2-hostile.ko" /root/nc2-hostile.ko
	create g2 --extra "xen_nc2_front.pool_pages=$POOL_PAGES"
	became_direct g1
	became_direct g2
	is "pages of g2's pool" "$(d0 show g2 pool_pages)" "$POOL_PAGES"
	stream_start g1 300000
	stream_start g2 300000
}

# watch [pool=1]: from now on a page of g1, full of one byte, is looked at.
watch() {
	on g1 rmmod nc2_hostile_page 2>/dev/null || true
	on g1 insmod /root/nc2-hostile-page.ko "$@"
}

bytes() {
	on g1 cat "$WATCHED/bytes"
}

written() {
	[[ $(bytes) == *:* ]]
}

stopped() {
	# Its status is 1 when there are lines.
	lab check-logs >"$TMP/complaints" || true
	grep -F -- "$want" "$TMP/complaints"
}

written_or_stopped() {
	written || stopped
}

# attack: has the queue of g2 write to the watched page, until it has done so or
# Xen has said that it tried.
attack() {
	local queue frame

	queue=$(d0 show g2 queue)
	frame=$(on g1 sh -ec "cd $WATCHED
		echo >bytes
		grep -qx intact bytes || { cat bytes >&2; exit 1; }
		cat frame")
	want="DMAR:[DMA Write] Request device [$queue] fault addr $(printf %x "$frame")000"
	# A failed test may have left it there.
	dom0 sh -c "rmmod nc2_hostile_dma 2>/dev/null
		insmod /root/nc2-hostile-dma.ko dev=$(d0 vif g2) frame=$frame"
	until_true "$LIMIT" "a write to the page, or '$want'" written_or_stopped
	dom0 rmmod nc2_hostile_dma
	# The queue stops meanwhile, and with it what it was told.
	to_and_fro g2
}

# everybody_alive: the host, the guest that the page belongs to, and the one some of
# whose frames went astray.
everybody_alive() {
	dom0 xl list
	pings dom0 "$(address g1)" -s 1400
	pings wire "$(address g2)" -s 1400
	stream_moves g1
	stream_moves g2
}

# Nobody complains: see t().
arrives() {
	attack
	echo "the page: $(bytes)"
	written || fail "the NIC has not written to the page"
	everybody_alive
}

# The one complaint is that of Xen, and the search after this test begins after it.
is_stopped() {
	attack
	everybody_alive
	is "the page" "$(bytes)" intact
	lab check-logs --mark >"$TMP/complaints" || true
	cat "$TMP/complaints"
	grep -qF -- "$want" "$TMP/complaints" || fail "Xen has not said: $want"
	! grep -vF -- "$want" "$TMP/complaints" || fail "and there is more in the logs"
}

# not_granted is_stopped|arrives: a page of g1 that nobody else may use.
not_granted() {
	watch
	"$1"
	is "path of g1" "$(path g1)" direct
	on g1 rmmod nc2_hostile_page
}

# A page of g1's pool.  g1 is on the bridge, so that its own queue writes nothing
# there; that its pages are granted is as before.
granted() {
	d0 put g1 path bridged
	wait_path g1 bridged
	watch pool=1
	arrives
}

# revoked is_stopped|arrives: the same page, when g1 has got its pool back.
revoked() {
	on g1 insmod /root/nc2-hostile.ko action=go
	on g1 rmmod nc2_hostile
	d0 wait g1 reason 'the guest has taken its pages back' "$LIMIT"
	until_true "$LIMIT" "g1 hears of it" \
		on g1 grep -q revoked /sys/bus/xen/devices/vif-0/nc2/reason
	is "pages that are still in use" "$(on g1 ethtool -S eth0 |
		sed -n 's/^ *pages_kept: //p')" 0
	"$1"
	on g1 rmmod nc2_hostile_page
}

# The front grants a pool anew.
again() {
	d0 put g1 path auto
	rebind g1
	became_direct g1
	if long; then
		both_ways
	fi
	stream_moves g1
	stream_moves g2
}

destroyed() {
	local out

	lab guest destroy g1
	lab guest destroy g2
	stream_end g1
	stream_end g2
	d0 clean "$LIMIT"
	out=$(dom0 nc2-vfs show)
	case $out in
	*vif-*) fail "a queue is still in use: $out" ;;
	esac
}

# Two guests where Xen says so.
control() {
	xen_says "$1"
	prepare
}

# not_stopped TITLE TEXT OPTION...: a lab in which the writes arrive.
not_stopped() {
	local title=$1 text=$2

	shift 2
	lab down >/dev/null 2>&1
	up --guests 1 --vfs 2 "$@"
	serve g1
	needed "$title" control "$text"
	t "$title: a page that is not granted: the NIC writes to it" not_granted arrives
	t "$title: a page of the pool, as long as it is granted" granted
	t "$title: the same page after it is revoked: the NIC writes to it" revoked arrives
	t "$title: xl destroy: nothing is left" destroyed
}

hostile_modules
up --iommu --guests 1 --vfs 2
serve g1
needed "Xen lets devices of dom0 reach what is dom0's, and no more" strict
t "the direct path, both ways; dom0 copies nothing" both_ways
# Of the rest an attack asks in passing.
if long; then
	t "wire, dom0 and guest reach each other" everybody
	t "the path changes again and again under a TCP stream" changes
fi
needed "a second guest comes; streams to both go on during the rest" prepare
t "a page that is not granted: Xen stops the NIC and says so" not_granted is_stopped
t "a page of the pool, as long as it is granted: the NIC writes to it" granted
t "the same page after it is revoked: Xen stops the NIC and says so" revoked is_stopped
t "the guest whose pages they were is direct again" again
t "xl destroy: nothing is left" destroyed
if long; then
	not_stopped "no IOMMU" 'I/O virtualisation disabled'
	# What stands last on Xen's command line counts.
	not_stopped "not strict" 'Dom0 mode: Relaxed' --iommu --xen dom0-iommu=no-strict
fi
finish
