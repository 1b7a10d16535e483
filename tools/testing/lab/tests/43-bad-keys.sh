#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A front whose keys and states of xenstore make no sense, come in an odd order or without
# end: the back says what is wrong, not too often, and the interface works again when they
# are right.  Another guest's TCP connection goes on.
# shellcheck disable=SC2016 # expanded in dom0 or in the guest
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

prepare() {
	lab push dom0 "$hostile/nc2-hostile-back.ko" /root/nc2-hostile-back.ko
	lab back nc2 max_queues=2
	create g1 --vcpus 2
	create g2
	lab push g1 "$hostile/nc2-hostile.ko" /root/nc2-hostile.ko
	stream_start g2 300000
}

# others_fine: g2's connection goes on, and g1 has its network.
others_fine() {
	stream_moves g2
	pings wire "$(address g1)"
}

# Numbers that no ring has: another driver's pages may be granted by any that there is.
NO_RING=4294967295
NO_RINGS="tx-ring-ref=$NO_RING rx-ring-ref=$NO_RING"
BEGIN="1 ?2 request-rx-copy=1"

# What the back says of a front that writes this.  It has ten lines a minute for that.
refused_keys() {
	on g1 sh -c 'echo vif-0 >/sys/bus/xen/drivers/xen-nc2-front/unbind'
	d0 scenes g1 "
		front wants 0 queues: $BEGIN multi-queue-num-queues=0 4 ?5
		front wants $NO_RING queues: $BEGIN multi-queue-num-queues=$NO_RING 4 ?5
		front does not copy: 1 ?2 -request-rx-copy 4 ?5
		reading the front's rings: $BEGIN rx-ring-ref=$NO_RING event-channel=1 4 ?5
		reading the front's rings: $BEGIN rx-ring-ref=$NO_RING event-channel=1 tx-ring-ref=banana 4 ?5
		reading the front's rings: $BEGIN $NO_RINGS 4 ?5
		reading the front's rings: $BEGIN multi-queue-num-queues=2 queue-0/tx-ring-ref=$NO_RING \
			queue-0/rx-ring-ref=$NO_RING queue-0/event-channel=1 4 ?5
		connecting the front's rings: $BEGIN $NO_RINGS event-channel=1 4 ?5
		connecting the front's rings: $BEGIN $NO_RINGS event-channel=1 ctrl-ring-ref=$NO_RING \
			event-channel-ctrl=1 4 ?5"
	if long; then
		d0 rebind g1
		d0 scenes g1 "
			front does not copy: 1 ?2 request-rx-copy=0 4 ?5
			connecting the front's rings: $BEGIN $NO_RINGS event-channel=1 \
				multi-queue-num-queues=banana 4 ?5
			reading the front's rings: $BEGIN $NO_RINGS event-channel=banana 4 ?5
			reading the front's rings: $BEGIN $NO_RINGS event-channel-tx=1 4 ?5
			connecting the front's rings: $BEGIN $NO_RINGS event-channel=1 \
				ctrl-ring-ref=$NO_RING 4 ?5"
	fi
	stream_moves g2
}

# Said twice; keys after the state that they belong to; states that are left out, that
# come back, that are not for a front to be in, or none; and all at once.
odd_states() {
	d0 scenes g1 "
		-: 1 ?2 1 1 !2
		-: 1 ?2 4 ?5 $NO_RINGS event-channel=1 4 !5
		-: 4 ?5
		-: 5 !6
		-: 1 ?2 5 ?5 1 ?2 4 ?5
		-: 1 ?2 2 3 99 !2
		-: 1 ?2 7 ?8 1 ?2
		-: 1 5 1 4 6 1 ?2"
	stream_moves g2
}

# The front's driver is back, and makes its own keys.
late_script() {
	d0 play g1 -back/hotplug-status
	on g1 sh -c 'echo vif-0 >/sys/bus/xen/drivers/xen-nc2-front/bind'
	d0 play g1 %4 '!2'
	! on g1 grep -qs 1 /sys/class/net/eth0/carrier || fail "a link before the script is done"
	d0 play g1 back/hotplug-status=connected '?4'
	wait_address g1
	others_fine
}

# anew STEP...: after that there is a new connection, with nothing else done about it.
anew() {
	local before

	echo "--- $*"
	before=$(d0 offer g1)
	d0 play g1 "$@"
	until_true "$LIMIT" "a new connection" another_offer g1 "$before"
	d0 play g1 '?4' '%4'
	pings wire "$(address g1)"
}

# What is written of a connection that there is: nothing comes of it but what the keys that
# are followed ask for, and the next one has its own keys.  States of the back that a
# toolstack writes have the front leave, and come back.
rewritten() {
	local before

	before=$(link_changes g1)
	d0 play g1 4 '!4' 7 '?8' 4 '?4' 3 2 '!4' 4 back/state=4 '!4' \
		multi-queue-num-queues=99 queue-0/tx-ring-ref="$NO_RING" \
		queue-0/event-channel-tx="$NO_RING" feature-sg=0 request-rx-copy=0 4 '!4' \
		-back/hotplug-status back/hotplug-status=error back/hotplug-status=connected '!4'
	pings wire "$(address g1)"
	is "changes of the link" "$(link_changes g1)" "$before"
	anew back/state=5
	if long; then
		anew back/state=2
		anew back/state=6
		anew 5
		anew 6
		anew 1
		d0 play g1 -back/state back/state=4
		pings wire "$(address g1)"
	fi
	others_fine
}

# As rebind has it, where there is nothing to wait for.
new_front() {
	on g1 sh -ec 'cd /sys/bus/xen/drivers/xen-nc2-front
		echo vif-0 >unbind
		echo vif-0 >bind'
}

# Rings that can be mapped, and a channel that there is not; then the right one.
no_channel() {
	on g1 insmod /root/nc2-hostile.ko action=key key=event-channel-tx value=999999
	new_front
	until_true 60 "the back says so" is_told g1 "connecting the front's rings"
	on g1 rmmod nc2_hostile
	until_true "$LIMIT" "the guest has a new connection" reachable g1
	others_fine
}

# paced SECONDS TIMES: of lines of which there is one, and ten in so many seconds at most.  That
# time begins with the first line after the last one's end, so that one line and the
# twentieth after it have the whole of it between them.
paced() {
	echo "$(grep -c . <<<"$2") lines in the log"
	[ -n "$2" ] || fail "the log says nothing"
	awk -v least="$1" '{ t[NR] = $1 }
		NR > 20 && $1 - t[NR - 20] < 0.95 * least { exit 1 }' <<<"$2" ||
		fail "the log is flooded"
}

# times_of PATTERN: of a log's lines, in seconds of its own clock.
times_of() {
	sed -n "/$1/s/^\[ *\([0-9.]*\).*/\1/p"
}

# refusals_told: when it was told, in seconds of dom0's clock, one on each line.
refusals_told() {
	dom0 dmesg | times_of 'front wants 99 queues\|the front.s rings'
}

# The back says what is wrong, and not as often as the guest would like: ten times a
# minute.
refused_often() {
	local before

	before=$(refusals_told | wc -l)
	on g1 sh -c 'echo vif-0 >/sys/bus/xen/drivers/xen-nc2-front/unbind'
	d0 knock g1 25 multi-queue-num-queues=99
	# shellcheck disable=SC2086 # words
	d0 knock g1 25 $NO_RINGS event-channel=1
	paced 60 "$(refusals_told | tail -n +$((before + 1)))"
	on g1 sh -c 'echo vif-0 >/sys/bus/xen/drivers/xen-nc2-front/bind'
	wait_address g1
	others_fine
}

# A back with which no connection can be made has the front try as often as it likes.  The
# front says why not, and not as often: ten times in five seconds.
back_insists() {
	dom0 insmod /root/nc2-hostile-back.ko action=key key=feature-rx-copy value=0
	new_front
	d0 play g1 '?2'
	dom0 sh -c 'state=/local/domain/0/backend/vif/$(xl domid g1)/0/state
		set --
		for i in $(seq 300); do
			set -- "$@" "$state" 2
		done
		xenstore-write "$@"'
	paced 5 "$(on g1 dmesg | times_of 'the back does not copy received frames')"
	dom0 rmmod nc2_hostile_back
	rebind g1
	others_fine
}

# What the guest changes while the back is still looking at it is looked at once after
# that: as many watch events in xenwatch's queue as the guest likes would be memory of
# dom0's (XSA-349).
key_churn() {
	local looks later

	dom0 insmod /root/nc2-hostile-back.ko action=slow-key
	on g1 python3 -c "import sys
sys.path.insert(0, '/lab')
import xs
store = xs.XenStore()
for i in range(2000):
    store.write('device/vif/0/request-multicast-control', b'%d' % (i & 1))"
	looks=$(dom0 cat /sys/module/nc2_hostile_back/parameters/looks)
	# Of what waits it sees five a second.
	sleep 3
	later=$(dom0 cat /sys/module/nc2_hostile_back/parameters/looks)
	dom0 rmmod nc2_hostile_back
	echo "the back was told $looks times of 2000 changes, and $((later - looks)) after the last"
	[ "$looks" -ge 2 ] || fail "the back does not see them"
	# The one that it is looking at, and the one that waits.
	[ $((later - looks)) -le 2 ] || fail "changes wait in xenwatch's queue"
	others_fine
}

hostile_modules
up --guests 0 --vfs 0 --path bridged
needed "two guests on the bridge, a stream to the second" prepare
t "refused, and told in xenstore: queues, rings, event channels" refused_keys
t "states and keys of a front in odd orders" odd_states
t "no link until the script is done, and then there is" late_script
t "keys and states rewritten while connected" rewritten
t "a key that changes without end" key_churn
figures 'the back was told'
t "refused, and told in xenstore: an event channel that there is not" no_channel
t "refused time after time" refused_often
t "a back that no front can use, time after time" back_insists
finish
