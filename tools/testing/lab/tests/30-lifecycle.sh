#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything that ends or interrupts the direct path while frames flow: nothing
# stays mapped, nothing is left behind, and the next guest works.  And the same with a
# guest that is on the bridge, and stays there: see life.sh.
#
# In the short form that is a PVH guest, as most of those on the direct path are PV, and
# what is else done again and again is done once.  Ends of guests on the bridge are in
# 32-move and 44-bad-rings then.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/testing/lab/tests/life.sh
. "$TESTS/life.sh"

# The guest has its network by the path that the test is about, and it carries frames.
works() {
	local n

	settle "$1"
	if [ "$WAY" != direct ]; then
		by_bridge "$1"
		return
	fi
	wait_address "$1"
	pings wire "$(address "$1")"
	pings "$1" 10.99.0.2 -s 1400
	shot a "$1"
	n=$(iperf wire "$(address "$1")")
	shot b "$1"
	moved back rx_direct_bytes "$n"
	still back 'q*_rx_copied_bytes'
}

# goes_on gI: its connection has lived through what was done, and it works.
goes_on() {
	stream_moves "$1"
	if [ "$WAY" = direct ] || long; then
		works "$1"
		stream_moves "$1"
	else
		settle "$1"
	fi
	stream_end "$1"
}

# Until there is nothing to write to.
destroyed_wavering() {
	settle g1
	stream_start g1
	wavered 'bridged auto direct' lab guest destroy g1
	gone
}

next_guest() {
	[ "$WAY" != bridged ] || set -- "$@" --path bridged
	create g1 "$@"
	works g1
}

# granted: that the guest's pages are in use is seen: each of its rings, and its pool.
granted() {
	local n rings pages

	settle g1
	d0 rings g1 >"$TMP/rings"
	# shellcheck disable=SC2046 # words
	read -r n rings < <(d0 grants g1 $(<"$TMP/rings"))
	pages=$(d0 show g1 pool_pages)
	echo "grants in use: $n, $rings of them for rings, for a pool of $pages pages"
	[ "$(wc -l <"$TMP/rings")" -ge 3 ] || fail "the front says too little of its rings"
	is "rings in use" "$rings" "$(wc -l <"$TMP/rings")"
	[ "$n" -gt "$pages" ] || fail "only $n grants are in use"
}

# None of its rings, and as before the guest had a front, with some for what it reads from
# its disk just now.
few_grants() {
	local n rings bare

	# shellcheck disable=SC2046 # words
	read -r n rings < <(d0 grants g1 $(<"$TMP/rings"))
	bare=$(<"$TMP/bare")
	echo "grants in use: $n, $rings of them for rings, without a front $bare"
	[ "$rings" = 0 ] && [ "$n" -le $((bare + 8)) ]
}

given_back() {
	until_true "$LIMIT" "all of the front's grants are given back" few_grants
	cat "$TMP/until"
}

detach_attach() {
	local i memory=0 rounds

	rounds=${1:-$(often 2 50)}
	case $WAY in
	bridged) rounds=$(often 1 50) ;;
	held) rounds=$(often 1 10) ;;
	esac
	for i in $(seq "$rounds"); do
		echo "round $i"
		stream_start g1
		granted
		unplug g1
		stream_end g1
		queues_free
		given_back
		[ "$i" != 1 ] || memory=$(memory)
		fit g1
		works g1
	done
	unplug g1
	same_memory "$memory" "$(memory)"
	fit g1
	settle g1
}

front_reload() {
	local i memory='' rounds

	rounds=$(often 2 3)
	[ "$WAY" = direct ] || rounds=$(often 1 3)
	stream_start g1
	for i in $(seq "$rounds"); do
		echo "round $i"
		granted
		on g1 rmmod xen_nc2_front
		is "the guest's interfaces" "$(on g1 sh -c 'cd /sys/class/net; echo eth*')" 'eth*'
		until_true "$LIMIT" "its queues are free" queues_free
		given_back
		if [ "$rounds" -gt 1 ] && [ "$i" = 1 ]; then
			memory=$(memory)
		elif [ -n "$memory" ] && [ "$i" = "$rounds" ]; then
			same_memory "$memory" "$(memory)"
		fi
		on g1 insmod /lab/modules/xen-nc2-front.ko
		settle g1
		stream_moves g1
	done
	goes_on g1
}

# What the back sees of a guest whose kernel was replaced by one that knows nothing of
# the last one's connections: a front that starts over, while all is still mapped and
# the NIC writes to it.  The front that there is here finds itself without a back.
front_anew() {
	local before after said offer

	settle g1
	stream_start g1
	said=$(d0 said g1 'not connected')
	offer=$(d0 offer g1)
	before=$(d0 grants g1)
	on g1 xenstore-write device/vif/0/state 1
	[ "$WAY" != direct ] || d0 wait_said g1 'not connected' $((said + 1)) "$LIMIT"
	until_true "$LIMIT" "the back begins anew" another_offer g1 "$offer"
	pings wire "$(address g1)"
	works g1
	is "errors in xenstore" "$(d0 errors g1)" ''
	after=$(d0 grants g1)
	echo "grants in use: $before, then $after"
	[ "$after" -le $((before + 8)) ] || fail "there were $before grants in use, and are $after"
	like "pages that the back kept" "$(on g1 ethtool -S eth0)" '*pages_kept: 0*'
	stream_moves g1
	stream_end g1
}

front_rebind() {
	local i rounds left

	rounds=$(often 1 3)
	stream_start g1
	for i in $(seq "$rounds"); do
		echo "round $i"
		on g1 sh -c 'echo vif-0 >/sys/bus/xen/drivers/xen-nc2-front/unbind'
		until_true "$LIMIT" "its queues are free" queues_free
		left=$(on g1 xenstore-ls device/vif/0)
		is "what it has left of its queues" \
			"$(grep -E '^ *(queue|.*ring-ref)' <<<"$left" || true)" ''
		on g1 sh -c 'echo vif-0 >/sys/bus/xen/drivers/xen-nc2-front/bind'
		settle g1
	done
	goes_on g1
}

back_reload() {
	stream_start g1
	granted
	dom0 rmmod xen_nc2_back
	is "netdevs of the back" "$(dom0 sh -c 'cd /sys/class/net; echo vif*')" 'vif*'
	given_back
	load_back
	# Without udev nobody tells the script of the new netdev.
	d0 online g1
	goes_on g1
	is "errors in xenstore" "$(d0 errors g1)" ''
}

not_served() {
	dom0 sh -c '[ ! -e /sys/bus/xen-backend/drivers/xen-nc2-back ]'
}

unloaded() {
	dom0 sh -c '! grep -q ^xen_nc2_back /proc/modules'
}

# The back is in the middle of telling what an event is about, of which nobody waits for
# the end, when it is unloaded.
unloaded_in_event() {
	settle g1
	stream_start g1
	slow xenbus_read
	# shellcheck disable=SC2016 # expanded in dom0
	behind event dom0 sh -c \
		'echo change >"/sys/bus/xen-backend/devices/vif-$(xl domid g1)-0/uevent"'
	wait_slow
	behind unload dom0 rmmod xen_nc2_back
	until_true "$LIMIT" "the back serves nobody" not_served
	sleep 1
	usual
	until_true "$LIMIT" "the back is unloaded" unloaded
	stream_end event
	stream_end unload
	load_back
	d0 online g1
	goes_on g1
}

# rmmod, and the guest dies before the back comes again.
back_gone() {
	settle g1
	stream_start g1
	dom0 rmmod xen_nc2_back
	lab guest destroy g1
	stream_end g1
	dom0 xl list
	load_back
	d0 clean "$LIMIT"
}

# waits_for_xenwatch: rmmod is where it waits for what xenwatch does.
waits_for_xenwatch() {
	# shellcheck disable=SC2016 # expanded in dom0
	dom0 sh -c 'grep -q unregister_xenbus_watch "/proc/$(pidof rmmod)/stack"'
}

# The back is unloaded in the middle of the guest's end: of both, who has the device locked
# waits for the other.
unloaded_at_the_end() {
	settle g1
	stream_start g1
	slow xen_nc2_back:nc2b_direct_detach
	behind destroy dom0 xl destroy g1
	wait_slow
	behind unload dom0 rmmod xen_nc2_back
	until_true "$LIMIT" "rmmod waits" waits_for_xenwatch
	usual
	until_true "$LIMIT" "the back is unloaded" unloaded
	stream_end unload
	stream_end destroy
	stream_end g1
	d0 clean "$LIMIT"
	load_back
}

vf_unbind() {
	local vf i

	stream_start g1
	for i in $(seq "$(often 1 3)"); do
		echo "round $i"
		vf=$(d0 show g1 queue)
		# Both, or the guest takes the other one.
		d0 unbind_all
		wait_path g1 bridged
		d0 wait g1 reason '*nc2-vfs*' "$LIMIT"
		stream_moves g1
		dom0 sh -c "echo $vf >/sys/bus/pci/drivers/xen-nc2-back/bind"
		wait_path g1 direct
		is queue "$(d0 show g1 queue)" "$vf"
		stream_moves g1
		dom0 nc2-vfs give nic0 2
	done
	stream_end g1
}

# With another queue to be had the guest is direct again by that one.
vf_moves() {
	local vf

	stream_start g1
	vf=$(d0 show g1 queue)
	dom0 sh -c "echo $vf >/sys/bus/pci/drivers/xen-nc2-back/unbind"
	d0 wait g1 queue '0000:*' "$LIMIT"
	wait_path g1 direct
	[ "$(d0 show g1 queue)" != "$vf" ] || fail "the queue is still $vf"
	stream_moves g1
	dom0 nc2-vfs give nic0 2
	stream_end g1
}

take_all() {
	stream_start g1
	dom0 nc2-vfs take nic0
	wait_path g1 bridged
	stream_moves g1
	dom0 nc2-vfs give nic0 2
	wait_path g1 direct
	stream_moves g1
	stream_end g1
}

nic_down() {
	stream_start g1
	dom0 ip link set nic0 down
	sleep 2
	dom0 ip link set nic0 up
	wait_path g1 direct
	stream_moves g1
	stream_end g1
}

interface_down() {
	stream_start g1
	on g1 sh -c 'ip link set eth0 down; sleep 1; ip link set eth0 up; ip -6 addr replace fd99::11/64 dev eth0 nodad'
	settle g1
	pings wire "$(address g1)"
	stream_moves g1
	stream_end g1
}

# The grants in use of a guest that has no front yet.  Disks else keep any number of
# theirs for a minute, and what a new guest reads is over in one of three looks.
prepare() {
	dom0 sh -c 'echo N >/sys/module/xen_blkback/parameters/feature_persistent'
	lab guest create g1 --no-net --extra lab.front=none
	for _ in 1 2 3; do
		d0 grants g1
	done | sort -n | head -n 1 >"$TMP/bare"
	echo "grants in use without a front: $(<"$TMP/bare")"
	on g1 insmod /lab/modules/xen-nc2-front.ko
	lab guest wait g1
	serve g1
}

# on_the_bridge KIND WAY: what a guest there lives through.
on_the_bridge() {
	if long; then
		t "$1: xl network-detach and network-attach" "$2" detach_attach
		t "$1: the guest's driver is unbound and bound" "$2" front_rebind
		t "$1: the guest's driver is unloaded and loaded" "$2" front_reload
	fi
	t "$1: the back is unloaded and loaded under a live guest" "$2" back_reload
}

# The administrator holds it on the bridge no longer.
let_go() {
	stream_start g1
	d0 put g1 path auto
	wait_path g1 direct
	stream_moves g1
	stream_end g1
}

hostile_modules
up --guests 0 --vfs 2
needed "a guest without a front, and then with one" prepare
t "direct, with nothing done to it" works g1
t "xl network-detach and network-attach, again and again" detach_attach
t "a VF is unbound and bound, again and again; TCP lives" vf_unbind
t "a VF is unbound and the guest takes the other one" vf_moves
t "nc2-vfs take and give; TCP lives" take_all
t "the guest's interface goes down and up" interface_down
# As 34-nic-events has it, which asks for the reason as well.
if long; then
	t "the NIC goes down and up; TCP lives" nic_down
fi
t "the guest's driver is unbound and bound" front_rebind
t "the guest's driver is unloaded and loaded" front_reload
t "a front starts over without having closed; TCP lives" front_anew
t "the back is unloaded and loaded under a live guest; TCP lives" back_reload
t "the back is unloaded in the middle of an event; TCP lives" unloaded_in_event
if long; then
	t "xl destroy, PV" destroyed
	t "the next guest works" next_guest
fi
t "xl shutdown" shut_down
t "the next guest works, PVH" next_guest --type pvh
if long; then
	t "xl network-detach and network-attach, PVH" detach_attach 10
	t "the back is unloaded and loaded under a live PVH guest" back_reload
	t "xl shutdown, PVH" shut_down
	t "the next guest works, PVH" next_guest --type pvh
fi
on_the_bridge "PVH, held" held
t "PVH: the administrator lets go of it" let_go
t "xl destroy, PVH, while nc2/path and nc2/weight are written" destroyed_wavering
t "the next guest works, PV" next_guest --type pv
t "the back is unloaded and the guest destroyed" back_gone
if long; then
	t "the next guest works" next_guest
	t "the back is unloaded while the guest is destroyed" unloaded_at_the_end
	# In the short form 32-move has it.
	t "the next guest works" next_guest
	t "the guest crashes" crashed
	t "the next guest works, PVH" next_guest --type pvh
	t "the guest crashes, PVH" crashed
	t "the next guest works, PV" next_guest --type pv
	t "kexec is the end of a PV guest" kexeced 0
	t "the next guest works, PVH" next_guest --type pvh
	t "kexec is the end of a PVH guest" kexeced 5
	t "the next guest works" next_guest
	t "xl destroy, PV, once more" destroyed
fi
declare -A ends=(
	[destroyed]="xl destroy"
	[shut_down]="xl shutdown"
	[back_gone]="the back is unloaded and the guest destroyed"
	[crashed]="the guest crashes"
)
for type in $(also pv pvh); do
	for way in bridged held; do
		kind="${type^^}, $way"
		t "$kind: the next guest works" "$way" next_guest --type "$type"
		on_the_bridge "$kind" "$way"
		t "$kind: the guest's interface goes down and up" "$way" interface_down
		t "$kind: a front starts over without having closed" "$way" front_anew
		for end in destroyed shut_down back_gone; do
			t "$kind: ${ends[$end]}" "$way" "$end"
			t "$kind: the next guest works" "$way" next_guest --type "$type"
		done
		t "$kind: ${ends[crashed]}" "$way" crashed
	done
done
finish
