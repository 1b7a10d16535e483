#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Long form only.
#
# Guests share no line of memory, and so no lock, on the hot path of the back.  Two
# guests, each served by a CPU of dom0 of its own: a plugin in QEMU sees which lines
# the back passes from one of these CPUs to the other.  That there are none says
# something only if they would be seen, so a guest is then served by both.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

BENCH=$TESTS/../../bench
BUILD=${NC2_BUILD:-$(cd "$TESTS/../../../.." && pwd -P)/build}
# Seconds that are looked at, at least.
WINDOW=$(often 10 60)
# Bytes a second, each way.  Not as fast as it goes: polls then find many frames, and
# what is touched once in a poll moves seldom.
RATE=1000000
# With fewer frames than this single events would decide.
FRAMES=5000

prepared() {
	serve g1
	serve g2
	is "CPUs of dom0" "$(dom0 nproc)" 2
	dom0 sh -c 'gzip -1 </proc/kallsyms' | gunzip >"$TMP/kallsyms"
	grep -q '\[xen_nc2_back\]' "$TMP/kallsyms"
}

lines() {
	"$BENCH/lines.py" "$1" "$BUILD/lab/$NAME" "$2" <"$TMP/kallsyms"
}

# look: what the back does for some seconds, and for enough frames, into $TMP/seen.
look() {
	local one two a b frames=0 from=$SECONDS

	rm -f "$TMP/seen"
	lines watch 2
	# Frames are counted within what is looked at: not too many, but too few.
	one=$(d0 passed g1) two=$(d0 passed g2)
	while [ "$frames" -lt "$FRAMES" ] || [ $((SECONDS - from)) -lt "$WINDOW" ]; do
		if [ $((SECONDS - from)) -ge "$LIMIT" ]; then
			fail "only $frames frames in $LIMIT s"
			return 1
		fi
		sleep 2
		a=$(($(d0 passed g1) - one)) b=$(($(d0 passed g2) - two))
		frames=$((a < b ? a : b))
	done
	echo "frames of g1 and g2: $a, $b"
	lines tell "$frames" >"$TMP/seen" || { cat "$TMP/seen"; return 1; }
	cat "$TMP/seen"
}

# What is shared is so at each look; what one has by chance the next one has not: a
# poll that the look of path.c has begun goes on, on that CPU, while there is work.
apart() {
	local tries

	for tries in 1 2 3; do
		echo "look $tries"
		look
		! grep -qx 'shared lines: 0' "$TMP/seen" || return 0
	done
	fail "guests share lines"
}

# together FUNCTION...: lines are shared, and one of these is among those that pass
# them on: of the back, and, of locks, of the kernel.
together() {
	local name

	look
	! grep -qx 'shared lines: 0' "$TMP/seen" || fail "what is shared does not show"
	for name in "$@"; do
		grep -qE "^shared by: (.* )?($name)( |\$)" "$TMP/seen" ||
			fail "what $name shares does not show"
	done
}

# What the last look has seen: all of it to the log, in short to who waits.
table() {
	[ -e "$TMP/seen" ] || return 0
	sed 's/^/#| /' "$TMP/seen"
	say "$(grep -E '^[0-9]+ (frames|moves)' "$TMP/seen" | xargs)"
}

# One CPU of dom0 each.
own_cpus() {
	d0 pin g1 0
	d0 pin g2 1
}

direct() {
	wait_path g1 direct
	wait_path g2 direct
	own_cpus
	stream_start g1 "$RATE"
	stream_start g2 "$RATE"
	apart
}

# The NIC's interrupts of g1 at CPU 0, the guest's events at CPU 1.
direct_both() {
	d0 pin g1 1 events
	together 'nc2b_direct_poll' 'napi_schedule_prep|_raw_spin_lock_irqsave'
	stream_end g1
	stream_end g2
}

# Who sends to a guest does it on the guest's CPU, as the bridge's uplink has one CPU
# for all.  Frames of a size that the wire would have: there are more of them.
bridged() {
	local who

	for who in g1 g2; do
		d0 put "$who" path bridged
		wait_path "$who" bridged
		dom0 ethtool -K "$(d0 vif "$who")" tso off gso off
		on "$who" ethtool -K eth0 tso off gso off
	done
	own_cpus
	stream_start g1 "$RATE" dom0 taskset -c 0
	stream_start g2 "$RATE" dom0 taskset -c 1
	apart
}

# Who sends to g1 at CPU 0, the guest's events at CPU 1.
bridged_both() {
	d0 pin g1 1
	together 'nc2b_\w+' 'napi_schedule_prep|_raw_spin_lock_irqsave'
	stream_end g1
	stream_end g2
}

build "the plugin is" "$BENCH/build.sh"
up --guests 2 --vfs 2 --dom0-vcpus 2 --qemu=-plugin \
	--qemu="file=$BUILD/bench/lines.so,sock=lines.sock"
needed "servers, and the names of dom0's functions" prepared
t "direct: two guests on two CPUs share no line" direct
table
t "direct: what one guest on two CPUs shares is seen" direct_both
table
t "bridged: two guests on two CPUs share no line" bridged
table
t "bridged: what one guest on two CPUs shares is seen" bridged_both
table
finish
