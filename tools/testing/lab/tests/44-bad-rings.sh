#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An end of the bridged path that lies (tools/testing/hostile), stands still or is
# silent.  What a guest says wrong costs it that frame; where its rings cannot be believed
# any more it has no network until it connects anew, and one line of the log says so.  A
# lie of the back costs a new connection, or that frame.  Events without pause are put off
# by who gets them.  Another guest's TCP connection goes on through all of it, also when
# the guest or the back ends while the guest sends events so.
# shellcheck disable=SC2016,SC2046 # expanded in dom0 or in the guest; words
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/testing/lab/tests/life.sh
. "$TESTS/life.sh"

# Neither guest has gatewaydev= in its vif line.
WAY=bridged

prepare() {
	lab push dom0 "$hostile/nc2-hostile-back.ko" /root/nc2-hostile-back.ko
	lab push dom0 "$TESTS/trace.sh" /run/trace.sh
	lab back nc2 max_queues=2
	create g1 --vcpus 2
	create g2
	lab push g1 "$hostile/nc2-hostile.ko" /root/nc2-hostile.ko
	lab push g1 "$TESTS/hostile-guest.sh" /root/hostile-guest.sh
	lab push g1 "$TESTS/trace.sh" /run/trace.sh
	stream_start g2 300000
	d0 judge
	lab push g2 "$TESTS/frames.py" /run/frames.py
}

lie() {
	on g1 sh -ec 'for lie; do
			insmod /root/nc2-hostile.ko action="$lie"
			rmmod nc2_hostile
			sleep 0.1
		done' sh "$@"
}

resets() {
	on g1 ethtool -S eth0 | sed -n 's/^ *resets: //p'
}

# others_fine: g2's connection goes on, and g1 has its network.
others_fine() {
	stream_moves g2
	pings wire "$(address g1)"
}

# answered COUNTER LIE...: the back has answered, and the front finds it right.
answered() {
	local counter=$1 before

	shift
	before=$(resets)
	shot a g1
	lie "$@"
	until_true 60 "each of $* is counted in $counter" counts "$counter" $#
	is "times that the front gave up" "$(resets)" "$before"
	others_fine
}

passed() {
	answered 'q*_tx_bridged_frames' "$@"
	still back 'q*_tx_drop_*'
}

# A hash of the front's, alone and with segments.  The first frame is of the type that
# only the lies have, and comes out of the vif.
hashed() {
	sees dom0 "claimed $(d0 vif g1) 02:99:00:00:00:63 $(mac_of g1) 60" passed net-hash
	passed net-gso-hash
}

# dropped COUNTER OTHER LIE...: each is counted in the first, and none in the other.
dropped() {
	local counter=$1 other=$2

	shift 2
	answered "$counter" "$@"
	moved back "$counter" $# $#
	still back "$other"
}

counts() {
	shot b g1 && moved back "$@"
}

# judge WHAT: one line of the log says so, and there is no flood of others.
judge() {
	local out

	out=$(d0 judge)
	echo "$out"
	is "lines of the log with this lie" \
		"$(grep -c "^log .*: stopped: the guest sent $1" <<<"$out" || true)" 1
	[ "$(grep -c '^log ' <<<"$out")" -le 4 ] || fail "the log is flooded"
}

# The driver may write a right index before the back has looked at the wrong one,
# and at the ring for receiving the back looks when it has a frame.
tell() {
	local before

	before=$(dom0 sh -c 'dmesg | grep -c ": stopped: the guest sent"' || true)
	for _ in 1 2 3; do
		on g1 sh /root/hostile-guest.sh net "$1"
		reachable g1 || true
		! d0 stopped g1 5 "$before" || return 0
	done
	fail "the back does not mind"
}

# cut WHAT LIE...: each costs the guest its network, until the back has it connect anew:
# the first after 2 s, the next after 4 and so on, so that a back that knows of none is
# worth the trouble.
cut() {
	local what=$1 lie

	shift
	d0 rebind g1
	until_true "$LIMIT" "the guest has its network" reachable g1
	d0 judge >/dev/null
	for lie; do
		echo "--- $lie"
		tell "$lie"
		judge "$what"
		stream_moves g2
		until_true "$LIMIT" "the guest has a new connection" reachable g1
	done
	others_fine
}

# The back may think of it what it likes.
noise() {
	lie net-noise
	stream_moves g2
	on g1 sh /root/hostile-guest.sh mend
	others_fine
	d0 judge
}

# A storm is of so many events on two channels, none of which brings work.
STORM=200000

# taken THRESHOLD: how many events of a storm dom0 takes, how many of them are said to be for
# nothing, and by how many ticks others were put off; with so many for nothing in a row
# before one is.
taken() {
	local before after i

	dom0 sh -c 'echo "$2" >"/sys/bus/xen-backend/devices/vif-$(xl domid "$1")-0/xenbus/$0"' \
		spurious_threshold g1 "$1"
	mapfile -t before < <(d0 events g1)
	lie net-storm
	mapfile -t after < <(d0 events g1)
	for i in 0 1 2; do
		echo $((after[i] - before[i]))
	done | xargs
}

# under_storm WHO MODULE COMMAND...: while one storm, by g1 or by its back, follows the other,
# and not before the first is over: a slow machine is late with it.
# COMMAND is a program, or a function each step of which says that it failed.
under_storm() {
	local who=$1 module=$2 pid rc=0

	shift 2
	on "$who" rm -f /run/enough /run/stormed
	on "$who" sh -ec 'until [ -e /run/enough ]; do
			insmod "/root/$0.ko" action=net-storm ${1:+"dev=$1"}
			: >/run/stormed
			rmmod "$0"
		done' "$module" $([ "$who" = g1 ] || d0 vif g1) &
	pid=$!
	until_true "$LIMIT" "there is a storm" on "$who" test -e /run/stormed || rc=1
	# However that ends, the storms do.
	"$@" || rc=1
	on "$who" touch /run/enough
	wait "$pid" || rc=1
	return "$rc"
}

# Between an event and its EOI Xen has the channel masked: a guest that sends events for
# nothing, for which the EOI comes late, cannot have dom0 take them all.
storm() {
	local out all idle ticks free

	is "looks with the channel masked, in silence" "$(d0 masked g1 2)" 0
	# One storm takes a moment to follow the other, and there is none meanwhile.
	under_storm g1 nc2-hostile d0 masked g1 100 2 | tee "$TMP/masked"
	out=$(tail -n 1 "$TMP/masked")
	echo "looks with the channel masked, in a storm: $out"
	[ "$out" -ge 2 ] || fail "the channel is not masked"
	out=$(taken 1)
	read -r all idle ticks <<<"$out"
	echo "of $STORM events $all were taken, $idle for nothing; others waited $ticks ticks"
	[ $((all * 10)) -le "$STORM" ] || fail "$all events were taken"
	[ $((idle * 4)) -ge $((all * 3)) ] || fail "only $idle of $all are said to be for nothing"
	[ "$ticks" -ge 10 ] || fail "no event was put off"
	# The counter-proof, with an EOI that is never late.
	if long; then
		out=$(taken 255)
		read -r free _ <<<"$out"
		echo "of as many, with none put off, $free were taken"
		[ "$free" -ge $((all * 2)) ] || fail "not twice as many"
		taken 1
	fi
	others_fine
}

requests_seen() {
	[ "$(dom0 sh /run/trace.sh count request)" -ge "$1" ]
}

# However many requests there are on the control ring, a turn is over after 16.
control_turns() {
	local out

	dom0 sh /run/trace.sh start turn=xen_nc2_back:ctrl_work \
		request=xen_nc2_back:nc2b_hash_request
	lie net-ctrl-many
	until_true "$LIMIT" "all of them are served" requests_seen 100
	out=$(dom0 sh /run/trace.sh stop | awk '/ turn: / { n = 0 }
		/ request: / && ++n > most { most = n }
		END { print most + 0 }')
	is "requests in the longest turn" "$out" 16
	on g1 sh /root/hostile-guest.sh mend
	others_fine
}

bad_buffers() {
	shot a g1
	lie net-rx-ref
	pings wire "$(address g1)"
	shot b g1
	moved back q0_rx_drop_grant 1 8
	moved front rx_drop_back_error 1 8
	others_fine
}

# The wire's frames go by the first queue, those of dom0's flows by both.  No more
# than 1 MiB waits for a queue that gives no buffers, and that for ten seconds.
deaf_queue() {
	pings dom0 "$(address g1)"
	stream_start g1
	on g1 insmod /root/nc2-hostile.ko action=net-deaf-queue
	shot a g1
	frames dom0 spread "$(address g1)" 9 64 60
	stream_moves g1
	until_true "$LIMIT" "the frames of that queue are dropped" counts q1_rx_drop_stall 100
	moved back q1_rx_drop_stall 100 1100
	moved back q1_rx_bridged_frames 1 400
	still back 'q0_rx_drop_*'
	stream_moves g1
	on g1 rmmod nc2_hostile
	rebind g1
	stream_moves g1
	stream_end g1
	others_fine
}

# few_in_front N: what else waits in front of g1's netdev, so many frames for each queue,
# is the administrator's business.
few_in_front() {
	local dev

	dev=$(d0 vif g1)
	dom0 sh -ec "tc qdisc replace dev $dev root handle 1: mq
		for class in 1 2; do
			tc qdisc replace dev $dev parent 1:\$class pfifo limit $1
		done"
}

# What waits for a queue is bounded by the memory that it takes, too: small frames, of
# which some 12,000 would make the 512 KiB that stop the netdev's queue, and take 10 MB.
small_frames() {
	local bytes

	pings dom0 "$(address g1)"
	few_in_front 64
	on g1 insmod /root/nc2-hostile.ko action=net-deaf-queue
	bytes=$(frames dom0 held "$(address g1)" 9 32 750)
	echo "24,000 small frames took $bytes bytes at once"
	[ "$bytes" -gt 100000 ] || fail "nothing has waited"
	[ "$bytes" -le 4500000 ] || fail "that is more than 4 MiB"
	on g1 rmmod nc2_hostile
	rebind g1
	others_fine
}

# What one guest sends to everybody, in frames of 40 datagrams, while another one stands
# still: what waits for that one comes to it afterwards, or is dropped, and of 8 MB or more
# it is no more than its ring holds and 1 MiB.
paused_flood() {
	local n before bytes

	n=$(often 200 1000)
	few_in_front 8
	d0 judge >/dev/null
	before=$(back_has g2 dev_rx_bytes)
	shot a g1
	while_paused g1 frames g2 flood 10.99.0.255 9 40 1000 "$n"
	bytes=$(($(back_has g2 dev_rx_bytes) - before))
	echo "dom0 got $bytes bytes of g2"
	[ "$bytes" -ge $((n * 40000)) ] || fail "the flood is smaller than that"
	until_true "$LIMIT" "frames have waited" counts 'q*_rx_bridged_bytes' 500000
	others_fine
	shot b g1
	moved back 'q*_rx_bridged_bytes' 500000 3000000
	# What has waited for ten seconds.
	moved back 'q*_rx_drop_stall' 0 $((n / 2))
	still back 'q*_rx_drop_grant'
	bytes=$(d0 judge)
	echo "$bytes"
	[ "$(grep -c '^log ' <<<"$bytes" || true)" -le 4 ] || fail "the log is flooded"
}

# in_front DEV N: more than N bytes wait in what is in front of it.
in_front() {
	dom0 sh -ec 'tc -s -j qdisc show dev "$0" | awk -v RS="{" -v n="$1" "
		/\"kind\":/ { mq = /\"kind\":\"mq\"/ }
		!mq && match(\$0, /\"backlog\":[0-9]+/) { n -= substr(\$0, RSTART + 10, RLENGTH - 10) }
		END { exit n >= 0 }"' "$1" "$2"
}

none_in_front() {
	! in_front "$1" 0
}

# flood_goes N DEV: the flood, and then its end, with more in front of the netdev than its
# queue takes.
flood_goes() {
	frames g2 flood 10.99.0.255 9 40 1000 "$1" &&
		{ in_front "$2" 2000000 || fail "that is no more than waits behind it"; } &&
		until_true "$LIMIT" "nothing waits for who stands still" none_in_front "$2"
}

# What is in front as Debian has it, where no administrator has set anything: fq_codel, for
# up to 32 MB.  After ten seconds all of it goes, and does not take its turn to wait as well.
flood_in_front() {
	local reasons dev

	dev=$(d0 vif g1)
	dom0 tc qdisc del dev "$dev" root
	d0 judge >/dev/null
	dom0 sh /run/trace.sh start skb/kfree_skb
	shot a g1
	# All of it has to be sent before the first has waited for ten seconds.
	while_paused g1 flood_goes 150 "$dev"
	# Who watches what is dropped hears why.
	reasons=$(dom0 sh -c 'sh /run/trace.sh stop | sed -n "s/^.* reason: //p" | sort | uniq -c')
	echo "$reasons"
	like "reasons" "$(xargs <<<"$reasons")" '*[0-9][0-9] FULL_RING*[0-9] QUEUE_PURGE*'
	pings wire "$(address g1)"
	shot b g1
	moved back 'q*_rx_drop_full' 50
	moved back 'q*_rx_drop_stall' 1 100
	others_fine
}

more_resets() {
	[ "$(resets)" -gt "$1" ]
}

tell_back() {
	dom0 sh -ec 'insmod /root/nc2-hostile-back.ko dev="$0" action="$1"
		rmmod nc2_hostile_back' "$(d0 vif g1)" "$1"
}

# A right index may come after a wrong one here as well.
tell_front() {
	local before

	before=$(resets)
	for _ in 1 2 3; do
		tell_back "$1"
		! until_true 10 "the front sees it" more_resets "$before" || return 0
	done
	fail "the front does not mind"
}

# called LIE: what it is for the front.  Where the back's next response is taken for a part
# of the lie, that may be anything.
called() {
	case $1 in
	net-tx-ahead) echo 'more responses than requests to transmit' ;;
	net-tx-id | net-tx-id-max) echo 'a transmit response has a wrong id' ;;
	net-tx-idle | net-tx-twice) echo 'a transmit response answers no request' ;;
	net-rx-ahead) echo 'more responses than requests to receive' ;;
	net-rx-id) echo 'a response has the wrong id' ;;
	net-rx-long*) echo 'a frame goes beyond its page' ;;
	net-rx-headroom) echo 'a slot is shorter than its headroom' ;;
	net-rx-extra-type) echo 'unknown extra info' ;;
	*) echo '*' ;;
	esac
}

# The front has a new connection, with nothing done about it.
bad_back() {
	local lie

	stream_start g1 100000
	for lie; do
		echo "--- $lie"
		tell_front "$lie"
		like "what the front says" "$(on g1 sh -c 'dmesg | grep "the back lies" | tail -n 1')" \
			"*the back lies: $(called "$lie"); *"
		stream_moves g1
	done
	stream_end g1
	others_fine
}

# bad_frames GOOD LIE...: the front loses the frame of each lie, and nothing else.
bad_frames() {
	local frame

	shot a g1
	for frame; do
		tell_back "$frame"
	done
	others_fine
	shot b g1
	moved front rx_drop_bad $(($# - 1)) $(($# - 1))
	still front resets
}

# events_taken: for each of the guest's channels its interrupt, its name, and how many.
events_taken() {
	on g1 cat /proc/interrupts | awk '$NF ~ /^vif0-/ {
		n = 0
		for (i = 2; $i ~ /^[0-9]+$/; i++)
			n += $i
		print $1 + 0, $NF, n
	}'
}

guest_goes_on() {
	pings wire "$(address g1)" && stream_moves g1
}

# Each channel of the front gets 20000 events, and few of them are taken, most for nothing.
# $TMP/few says whether those are too few to tell: a guest that stands still for as long as
# the storm lasts takes all for one.
storm_told() {
	local irq name n idle few=0

	on g1 sh /run/trace.sh start 'eoi=xen_irq_lateeoi,irq=%di:u32,flags=%si:u32'
	events_taken >"$TMP/before"
	tell_back net-storm
	events_taken >"$TMP/after"
	# XEN_EOI_FLAG_SPURIOUS
	on g1 sh -c 'sh /run/trace.sh stop | sed -n "s/^.* eoi: .* irq=\([0-9]*\) flags=1$/\1/p"' \
		>"$TMP/idle"
	is "channels" "$(awk '{ print $2 }' "$TMP/after" | sort | xargs)" \
		"vif0-ctrl vif0-q0-rx vif0-q0-tx vif0-q1-rx vif0-q1-tx"
	while read -r irq name n; do
		n=$((n - $(awk -v irq="$irq" '$1 == irq { print $3 }' "$TMP/before")))
		idle=$(grep -cx "$irq" "$TMP/idle" || true)
		echo "$name: of 20000 events $n were taken, $idle for nothing"
		[ $((n * 20)) -le 20000 ] || fail "$n events were taken"
		[ $((idle * 2)) -ge "$n" ] || fail "only $idle of $n are said to be for nothing"
		[ "$idle" -ge 3 ] || few=1
	done <"$TMP/after"
	echo "$few" >"$TMP/few"
}

# The other way round: the front says to Xen which events were for nothing, and its kernel
# puts the next ones off.
guest_storm() {
	local tries

	shot a g1
	for tries in 1 2 3; do
		echo "storm $tries"
		storm_told
		[ "$(<"$TMP/few")" = 1 ] || break
	done
	is "too few are said to be for nothing" "$(<"$TMP/few")" 0
	stream_start g1 100000
	under_storm dom0 nc2-hostile-back guest_goes_on
	stream_moves g1
	stream_end g1
	shot b g1
	still front resets
	others_fine
}

# Nobody waits for it under RTNL, where nothing else could be done to any interface.  Once
# it is known that it is silent, it is asked no more.
silent_control() {
	local out

	# A back that has had segments of UDP asks the front to leave before it goes.
	dom0 insmod /root/nc2-hostile-back.ko action=key key=feature-nc2-gso-udp value=0
	rebind g1
	dom0 rmmod nc2_hostile_back
	d0 unbind g1
	on g1 ethtool -X eth0 equal 1
	until_true "$LIMIT" "the guest says what is wrong" on g1 sh -c \
		'dmesg | grep "does not answer on the control ring" &&
			dmesg | grep "does not steer as set by ethtool -X: -110"'
	like "ethtool -x" "$(on g1 ethtool -x eth0)" '*hash function:*not supported*'
	! out=$(on g1 ethtool -X eth0 equal 1 2>&1) || fail "it is asked once more"
	like "ethtool -X" "$out" '*timed out*'
	d0 bind g1
	others_fine
}

# With no driver at the other end.
silent_back() {
	d0 unbind g1
	lab exec --timeout 60 g1 -- sh -ec 'cd /sys/bus/xen/drivers/xen-nc2-front
		echo vif-0 >unbind
		echo vif-0 >bind'
	! on g1 test -e /sys/class/net/eth0 || fail "an interface with nobody behind it"
	d0 bind g1
	wait_address g1
	others_fine
}

hostile_modules
up --guests 0 --vfs 0 --path bridged
needed "two guests on the bridge, a stream to the second" prepare
t "good frames, of 18 slots as well" passed net-good net-slots-most net-gso-good \
	net-udp-good net-udp-options
t "good frames with a hash" hashed
t "frame dropped: lengths, slots, checksum, segments" dropped q0_tx_drop_bad q0_tx_drop_grant \
	net-empty net-short net-long net-offset net-offset-max net-csum net-slots-more \
	net-slots-many net-sum net-slot-empty net-gso-none net-gso-type net-gso-odd \
	net-gso-tiny net-gso-other net-gso-head net-gso-udp \
	net-udp-head net-udp-many net-udp-part net-udp-chain
t "frame dropped: a page that is not granted" dropped q0_tx_drop_grant q0_tx_drop_bad net-ref
t "frame dropped: buffers that are not granted" bad_buffers
t "stopped: transmit index" cut 'a transmit index' net-tx-ahead $(also net-tx-back)
t "stopped: frames without end, extra infos" cut 'a transmit request' net-unfinished \
	net-extra-none net-extra-type $(also net-slots-endless net-extra-more)
t "stopped: receive index" cut 'a receive index' net-rx-ahead $(also net-rx-back)
t "stopped: control index" cut 'a control index' net-ctrl-ahead
t "control requests: 16 in a turn" control_turns
t "all rings full of noise" noise
t "a storm of events: the channel is masked until the EOI" storm
figures 'of |looks'
t "a storm of events of the back's: the guest takes few, and goes on" guest_storm
figures 'vif0-'
t "a queue without buffers harms only itself" deaf_queue
t "small frames that wait for it are bounded by their memory" small_frames
t "a flood to everybody while a guest stands still: what waits is bounded" paused_flood
t "... and what waits in front of its queue does not wait long" flood_in_front
t "a back that lies: a new connection, TCP lives" bad_back net-tx-ahead net-rx-ahead net-rx-id \
	net-rx-long net-rx-endless net-rx-extra net-tx-id net-tx-twice \
	$(also net-tx-id-max net-tx-idle net-rx-longest net-rx-extra-type net-rx-headroom)
t "a back whose frames are none: too short, too many pieces, segments" bad_frames net-rx-most \
	net-rx-chain net-rx-short net-rx-segments $(also net-rx-empty net-rx-gso-type)
t "a back that is silent on the control ring" silent_control
t "a back without a driver while the front's comes and goes" silent_back
t "a storm of events while the back is unloaded" in_a_storm storm_unload max_queues=2
# As 40-bad-input has it on the direct path.
if long; then
	t "a storm of events while the interface goes" in_a_storm storm_detach
	t "a storm of events while the guest is destroyed" in_a_storm storm_destroy
fi
finish
