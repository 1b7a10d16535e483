#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# One guest more than queues: it waits on the bridge, and goes direct by itself when a
# queue comes free, or when the administrator gives it more weight than others.  Three
# guests and two queues; eight and seven in the long form.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

QUEUES=$(often 2 7)
# The first, the youngest of those that find a queue, and the one too many.
FIRST=g1
YOUNG=g$QUEUES
LAST=g$((QUEUES + 1))
FULL='no free queue on the NIC'

# guests FROM TO
guests() {
	seq -f 'g%g' -s ' ' "$1" "$2"
}

# queues_have GUEST...: they have one, and nobody else.
queues_have() {
	until_true "$LIMIT" "$* are on the queues" have "$@"
}

have() {
	is "who is on a queue" "$(d0 on_queue)" "$*"
}

# waits gI: on the bridge, which is said, and where it works.
waits() {
	d0 wait "$1" reason "$FULL" "$LIMIT"
	wait_path "$1" bridged
	is policy "$(d0 show "$1" policy)" auto
	pings wire "$(address "$1")" -s 1400
}

# all_but GUEST: those that are then on the queues.
all_but() {
	local who

	for who in $(guests 1 $((QUEUES + 1))); do
		[ "$who" = "$1" ] || echo "$who"
	done
}

# shellcheck disable=SC2046 # words
one_waits() {
	local who

	queues_have $(all_but "$LAST")
	waits "$LAST"
	for who in $(guests 1 "$QUEUES"); do
		pings wire "$(address "$who")"
		pings "$LAST" "$(address "$who")" -s 1400
	done
	like "nc2-vfs show" "$(dom0 nc2-vfs show)" "*$QUEUES of 7*"
}

# The administrator takes one off its queue.
# shellcheck disable=SC2046 # words
promoted() {
	stream_start "$LAST"
	d0 put "$FIRST" path bridged
	queues_have $(all_but "$FIRST")
	stream_moves "$LAST"
	d0 put "$FIRST" path auto
	waits "$FIRST"
	have $(all_but "$FIRST")
	stream_moves "$LAST"
	stream_end "$LAST"
}

# both_active: how long each of the two gathers frames meanwhile, in $TMP/times.*.
both_active() {
	local who jobs=()

	for who in "$FIRST" "$YOUNG"; do
		d0 values "$who" interrupt_us 12 >"$TMP/times.$who" &
		jobs+=($!)
	done
	for who in "$FIRST" "$YOUNG"; do
		iperf wire "$(address "$who")" -t 8 &
		jobs+=($!)
	done
	for who in "${jobs[@]}"; do
		wait "$who"
	done
	for who in "$FIRST" "$YOUNG"; do
		echo "$who: $(sort -nu "$TMP/times.$who" | xargs)"
	done
}

# The two interrupt one CPU: while both are active each waits for twice as long as one
# alone may.  Whether both are depends on the machine, too.
share_cpu() {
	local tries most twice=

	serve "$FIRST"
	serve "$YOUNG"
	for tries in 1 2 3; do
		echo "look $tries"
		both_active
		if grep -qxF 512 "$TMP/times.$FIRST" && grep -qxF 512 "$TMP/times.$YOUNG"; then
			twice=1
			break
		fi
	done
	[ -n "$twice" ] || fail "they gather frames no longer than alone"
	iperf wire "$(address "$FIRST")"
	d0 values "$FIRST" interrupt_us 2 >"$TMP/times.$FIRST" &
	iperf wire "$(address "$FIRST")"
	wait $!
	most=$(sort -nr "$TMP/times.$FIRST" | head -n 1)
	[ "$most" -le 256 ] || fail "$most us, and nobody else is active"
}

# Who is to be direct comes before all others.  Of equals the youngest makes room.
# shellcheck disable=SC2046 # words
chosen() {
	d0 put "$LAST" path direct
	queues_have $(all_but "$YOUNG")
	waits "$YOUNG"
	d0 put "$LAST" path bridged
	queues_have $(all_but "$LAST")
	d0 put "$LAST" path auto
	waits "$LAST"
	have $(all_but "$LAST")
}

# The first is the one that waits.  Of equals the youngest makes room.
# shellcheck disable=SC2046 # words
heavy() {
	stream_start "$LAST"
	d0 put "$FIRST" weight 200
	queues_have $(all_but "$LAST")
	waits "$LAST"
	stream_moves "$LAST"
	stream_end "$LAST"
}

# One that has a queue becomes the lightest of all.
# shellcheck disable=SC2046 # words
light() {
	d0 put "$YOUNG" weight 0
	queues_have $(all_but "$YOUNG")
	waits "$YOUNG"
	# It takes nothing from anybody, and has it back from one that is even.
	d0 put "$YOUNG" weight 100
	sleep 5
	have $(all_but "$YOUNG")
}

# A guest for which no queue is good enough: the others stay on theirs, but for the
# one time that it takes to find out.
# shellcheck disable=SC2046 # words
in_vain() {
	local before now

	# What is clear from the start, promiscuous mode say, is not even tried.
	on "$YOUNG" ip link set eth0 mtu 9500
	before=$(d0 left)
	d0 put "$YOUNG" weight 1000
	until_true "$LIMIT" "$YOUNG has tried" tried "$before"
	queues_have $(all_but "$YOUNG")
	# Some more tries of its own.
	sleep 15
	queues_have $(all_but "$YOUNG")
	now=$(d0 left)
	echo "times that somebody left the direct path: $before, then $now"
	[ $((now - before)) -le 2 ] || fail "the others are disturbed again and again"
	# Now it has a use for one, and is the heaviest.
	on "$YOUNG" ip link set eth0 mtu 1500
	wait_path "$YOUNG" direct
	d0 put "$YOUNG" weight 100
}

tried() {
	[ "$(d0 left)" -gt "$1" ]
}

refused() {
	local text

	for text in 1001 -1 x ''; do
		! d0 put "$FIRST" weight "$text" || fail "weight takes '$text'"
	done
	is weight "$(d0 show "$FIRST" weight)" 200
}

# Whoever waits, it is one of those that are left.
# shellcheck disable=SC2046 # words
one_goes() {
	lab guest destroy "$FIRST"
	queues_have $(guests 2 $((QUEUES + 1)))
	d0 clean "$LIMIT"
}

# comes_and_goes gI TIMES: its interface is taken away and given back; every other time it
# goes again when the guest may not have it yet.
comes_and_goes() {
	local who=$1 i

	for ((i = 1; i <= $2; i++)); do
		echo "$who: round $i"
		unplug "$who"
		dom0 xl network-attach "$who" "mac=00:16:3e:99:00:0${who#g}" bridge=xenbr0 \
			script=vif-nc2 gatewaydev=nic0
		[ $((i % 2)) = 0 ] || wait_address "$who"
	done
}

one_has_it() {
	local who

	who=$(d0 on_queue)
	[ "$who" = "$YOUNG" ] || [ "$who" = "$LAST" ]
}

# Two at the same time, with one queue: xenwatch and who leases it serve both.  It has one
# of them in the end, and is not lost when that one goes.
come_and_go() {
	local who other jobs=()

	for who in $(guests 2 $((QUEUES - 1))); do
		lab guest destroy "$who"
	done
	dom0 nc2-vfs take nic0
	dom0 nc2-vfs give nic0 1
	# Odd, so that the last one stays.
	for who in "$YOUNG" "$LAST"; do
		comes_and_goes "$who" "$(often 3 21)" &
		jobs+=($!)
	done
	for who in "${jobs[@]}"; do
		wait "$who"
	done
	until_true "$LIMIT" "one of them has the queue" one_has_it
	who=$(d0 on_queue)
	other=$YOUNG
	[ "$who" != "$YOUNG" ] || other=$LAST
	waits "$other"
	pings wire "$(address "$who")" -s 1400
	unplug "$who"
	queues_have "$other"
	pings wire "$(address "$other")" -s 1400
}

up --guests $((QUEUES + 1)) --vfs "$QUEUES"
needed "the last one's servers" serve "$LAST"
t "more guests than queues: one waits on the bridge" one_waits
t "two at once gather frames for longer than one" share_cpu
t "the administrator chooses the direct path for the one that waits" chosen
t "a queue comes free: it is direct by itself" promoted
t "one that waits is given more weight: the youngest makes room" heavy
t "one that is direct is given none: another one takes its queue" light
t "one that cannot use its queue does not take others' again and again" in_vain
t "no weight" refused
t "a guest ends: all others are direct" one_goes
t "two interfaces come and go at the same time, with one queue" come_and_go
finish
