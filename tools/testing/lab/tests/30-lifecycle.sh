#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything that ends or interrupts the direct path while frames flow: nothing
# stays mapped, nothing is left behind, and the next guest works.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# The guest has its network by the direct path, and it carries frames.
works() {
	local n

	wait_path "$1" direct
	wait_address "$1"
	pings wire "$(address "$1")"
	pings "$1" 10.99.0.2 -s 1400
	shot a "$1"
	n=$(iperf wire "$(address "$1")")
	shot b "$1"
	moved back rx_direct_bytes "$n"
	still back 'q*_rx_copied_bytes'
}

# The queues are free again.
queues_free() {
	local out

	out=$(dom0 nc2-vfs show)
	case $out in
	*vif-*) fail "a queue is still in use: $out" ;;
	esac
}

gone() {
	stream_end g1
	d0 clean "$LIMIT"
	queues_free
}

destroyed() {
	wait_path g1 direct
	stream_start g1
	lab guest destroy g1
	gone
}

has_ended() {
	! dom0 xl domid g1
}

# ends_as REASON: the guest's end is under way.  Xen says why it stopped: 0 is power
# off, 3 a crash, 5 a reset for another kernel (SHUTDOWN_* in Xen's public/sched.h).
ends_as() {
	until_true "$LIMIT" "g1 ends" has_ended
	dom0 grep -F "has shut down, reason code $1 " /var/log/xen/xl-g1.log
	gone
}

# Not on the console, where check-logs looks for panics that nobody wants.
crashed() {
	wait_path g1 direct
	stream_start g1
	on g1 sh -c '(sleep 1; echo 0 >/proc/sys/kernel/printk; echo c >/proc/sysrq-trigger) \
		>/dev/null 2>&1 &'
	ends_as 3
}

# kexeced REASON: no guest that Xen's tools can make here gets as far as its next kernel
# (Documentation/direct-path.rst says why); what it had is free again all the same.
kexeced() {
	local before

	wait_path g1 direct
	stream_start g1
	before=$(lab logs g1 | grep -c 'Starting new kernel' || true)
	on g1 python3 -c "$(<"$TESTS/kexec.py")"
	ends_as "$1"
	[ "$(lab logs g1 | grep -c 'Starting new kernel' || true)" -gt "$before" ] ||
		fail "the guest's kernel has not tried to start another"
}

shut_down() {
	wait_path g1 direct
	stream_start g1
	lab guest shutdown g1
	gone
}

next_guest() {
	create g1 "$@"
	works g1
}

# granted: that the guest's pages are in use is seen.
granted() {
	local n pages

	wait_path g1 direct
	n=$(d0 grants g1)
	pages=$(d0 show g1 pool_pages)
	echo "grants in use: $n, for a pool of $pages pages"
	[ "$n" -gt "$pages" ] || fail "only $n grants are in use"
}

# As before the guest had a front, and some for what it reads from its disk just now.
few_grants() {
	local n bare

	n=$(d0 grants g1)
	bare=$(<"$TMP/bare")
	echo "grants in use: $n, without a front $bare"
	[ "$n" -le $((bare + 8)) ]
}

given_back() {
	until_true "$LIMIT" "all of the front's grants are given back" few_grants
	cat "$TMP/until"
}

detach_attach() {
	local i memory=0

	for i in $(seq "$(often 2 50)"); do
		echo "round $i"
		stream_start g1
		granted
		unplug g1
		stream_end g1
		queues_free
		given_back
		[ "$i" != 1 ] || memory=$(memory)
		plug g1 gatewaydev=nic0
		works g1
	done
	unplug g1
	same_memory "$memory" "$(memory)"
	plug g1 gatewaydev=nic0
	wait_path g1 direct
}

front_reload() {
	local i memory=0

	stream_start g1
	for i in 1 2 3; do
		echo "round $i"
		granted
		on g1 rmmod xen_nc2_front
		is "the guest's interfaces" "$(on g1 sh -c 'cd /sys/class/net; echo eth*')" 'eth*'
		queues_free
		given_back
		[ "$i" != 1 ] || memory=$(memory)
		[ "$i" != 3 ] || same_memory "$memory" "$(memory)"
		on g1 insmod /lab/modules/xen-nc2-front.ko
		wait_path g1 direct
		stream_moves g1
	done
	works g1
	stream_moves g1
	stream_end g1
}

# What the back sees of a guest whose kernel was replaced by one that knows nothing of
# the last one's connections: a front that starts over, while all is still mapped and
# the NIC writes to it.  The front that there is here finds itself without a back.
front_anew() {
	local before after said

	stream_start g1
	said=$(d0 said g1 'not connected')
	before=$(d0 grants g1)
	on g1 xenstore-write device/vif/0/state 1
	d0 wait_said g1 'not connected' $((said + 1)) "$LIMIT"
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
	local i

	stream_start g1
	for i in $(seq "$(often 2 3)"); do
		echo "round $i"
		on g1 sh -c 'echo vif-0 >/sys/bus/xen/drivers/xen-nc2-front/unbind'
		queues_free
		on g1 sh -c 'echo vif-0 >/sys/bus/xen/drivers/xen-nc2-front/bind'
		wait_path g1 direct
	done
	works g1
	stream_moves g1
	stream_end g1
}

back_reload() {
	stream_start g1
	granted
	dom0 rmmod xen_nc2_back
	is "netdevs of the back" "$(dom0 sh -c 'cd /sys/class/net; echo vif*')" 'vif*'
	given_back
	dom0 insmod /lab/modules/xen-nc2-back.ko
	dom0 nc2-vfs give nic0 2
	# Without udev nobody tells the script of the new netdev.
	d0 online g1
	works g1
	is "errors in xenstore" "$(d0 errors g1)" ''
	stream_moves g1
	stream_end g1
}

# rmmod, and the guest dies before the back comes again.
back_gone() {
	stream_start g1
	dom0 rmmod xen_nc2_back
	lab guest destroy g1
	stream_end g1
	dom0 xl list
	dom0 insmod /lab/modules/xen-nc2-back.ko
	dom0 nc2-vfs give nic0 2
	d0 clean "$LIMIT"
}

vf_unbind() {
	local vf i

	stream_start g1
	for i in $(seq "$(often 2 3)"); do
		echo "round $i"
		vf=$(d0 show g1 queue)
		# Both, or the guest takes the other one.
		d0 unbind_all
		wait_path g1 bridged
		like reason "$(reason g1)" '*nc2-vfs*'
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
	wait_path g1 direct
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
if long; then
	t "xl destroy, PV" destroyed
	t "the next guest works" next_guest
fi
t "xl shutdown" shut_down
t "the next guest works, PVH" next_guest --type pvh
if long; then
	t "xl network-detach and network-attach, PVH" detach_attach
	t "the back is unloaded and loaded under a live PVH guest" back_reload
fi
t "xl destroy, PVH" destroyed
t "the next guest works, PV" next_guest --type pv
t "the back is unloaded and the guest destroyed" back_gone
t "the next guest works" next_guest
t "the guest crashes" crashed
if long; then
	t "the next guest works, PVH" next_guest --type pvh
	t "the guest crashes, PVH" crashed
	t "the next guest works, PV" next_guest --type pv
	t "kexec is the end of a PV guest" kexeced 0
	t "the next guest works, PVH" next_guest --type pvh
	t "kexec is the end of a PVH guest" kexeced 5
	t "the next guest works" next_guest
fi
finish
