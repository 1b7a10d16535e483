#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The back in a driver domain: g1 has it, a bridge whose uplink is its own interface,
# and xl's daemon for the hotplug scripts.  g2's interface is served there, by the
# bridged path (Documentation/direct-path.rst says why not by the other one): frames
# between g2 and everybody, attach and detach, and the end of either guest.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

VIF=(mac=00:16:3e:99:00:02 bridge=xenbr0 script=vif-nc2)

# The state of g2's interface; the driver domain serves no other.
back_show() {
	# shellcheck disable=SC2016 # expanded in the guest
	on g1 sh -c 'cat /sys/bus/xen-backend/devices/vif-*/nc2/$0' "$1"
}

# back_says FILE PATTERN
back_says() {
	like "$1" "$(back_show "$1")" "$2"
}

# shot of lib.sh, with the driver domain for dom0.
look() {
	# shellcheck disable=SC2016 # expanded in the guest
	on g1 sh -c 'ethtool -S "$(cd /sys/class/net; echo vif*.0)"' |
		sed -n 's/^ *\([^:]*\): \([0-9]*\)$/\1 \2/p' >"$TMP/$1.back"
	on g2 ethtool -S eth0 |
		sed -n 's/^ *\([^:]*\): \([0-9]*\)$/\1 \2/p' >"$TMP/$1.front"
}

driver_comes() {
	lab guest create g1 --driver-domain "$@"
	on g1 ip -d link show up0
	pings wire "$(address g1)"
	pings g1 10.99.0.2 -s 1400
}

# dom0's bridge learns no addresses behind the ports that vif-nc2 makes.
g2_is_behind_g1() {
	dom0 bridge fdb replace 00:16:3e:99:00:02 dev "$(d0 vif g1)" master static sticky
}

# served: g2's interface is the driver domain's, and none of dom0's.
served() {
	is "the back of g2" "$(on g2 xenstore-read device/vif/0/backend-id)" "$(dom0 xl domid g1)"
	! d0 nc2 g2 || fail "dom0 has an interface of g2"
	is path "$(back_show path)" bridged
	is "g2's path" "$(on g2 cat /sys/bus/xen/devices/vif-0/nc2/path)" bridged
	pings wire "$(address g2)"
	pings g2 "$(address g1)" -s 1400
}

# dom0's name for its NIC is nothing to the driver domain.
guest_comes() {
	g2_is_behind_g1
	create g2 --vif backend=g1 "$@"
	until_true "$LIMIT" "the back says why" back_says reason 'no interface has the name*'
	served
}

everybody() {
	pings dom0 "$(address g2)" -s 1400
	pings g1 "$(address g2)" -s 1400
	pings g2 10.99.0.1 -s 1400
	pings g2 10.99.0.2
}

# bulk FROM: TCP both ways; each end of g2's interface counts the bytes.
bulk() {
	local n

	look a
	n=$(iperf "$1" "$(address g2)")
	look b
	echo "g2 received $n bytes"
	moved back 'q*_rx_bridged_bytes' "$n"
	moved back 'q*_rx_copied_bytes' "$n"
	moved front rx_bridged_bytes "$n"
	look a
	n=$(iperf "$1" "$(address g2)" -R)
	look b
	echo "g2 sent $n bytes"
	moved back 'q*_tx_bridged_bytes' "$n"
	moved front tx_bridged_bytes "$n"
	still back '[rt]x_direct_frames'
	still front '[rt]x_direct_frames'
}

# let_go DOMID: there is nothing left in the driver domain of that guest's interface.
let_go() {
	# shellcheck disable=SC2016 # expanded in the guest
	on g1 sh -c '
		left=$(cd /sys/class/net && ls -d vif* 2>/dev/null
			cd /sys/bus/xen-backend/devices && ls -d vif-* 2>/dev/null
			xenstore-ls "backend/vif/$0/0" 2>/dev/null)
		[ -z "$left" ] || { echo "$left"; exit 1; }' "$1"
}

no_eth0() {
	on g2 test ! -e /sys/class/net/eth0
}

detached() {
	local before after block

	stream_start g2
	block=$(back_show pool_pages)
	[ "$block" -gt 0 ] || fail "the driver domain has mapped no pool"
	before=$(d0 grants g2)
	dom0 xl network-detach g2 0
	stream_end g2
	until_true "$LIMIT" "the driver domain lets go" let_go "$(dom0 xl domid g2)"
	until_true "$LIMIT" "g2 has no interface" no_eth0
	after=$(d0 grants g2)
	echo "grants in use: $before, then $after"
	[ $((before - after)) -ge "$block" ] || fail "of $before grants $after are still in use"
}

# The uplink of its bridge is a NIC, but not one with queues to give.
attached() {
	dom0 xl network-attach g2 "${VIF[@]}" backend=g1 gatewaydev=up0
	wait_address g2
	until_true "$LIMIT" "g2 has its link" with_link
	until_true "$LIMIT" "the back says why" back_says reason '*has no SR-IOV'
	served
	stream_start g2
	stream_end g2
}

guest_destroyed() {
	local id

	id=$(dom0 xl domid g2)
	stream_start g2
	lab guest destroy g2
	stream_end g2
	until_true "$LIMIT" "the driver domain lets go" let_go "$id"
	d0 clean "$LIMIT"
}

with_link() {
	on g2 grep -q 1 /sys/class/net/eth0/carrier
}

without_link() {
	on g2 grep -q 0 /sys/class/net/eth0/carrier
}

# Its interface is dead then, which nobody tells g2 but its front finds out; g2 is not.
driver_destroyed() {
	stream_start g2
	lab guest destroy g1
	stream_end g2
	on g2 sh -c 'grep . /sys/bus/xen/devices/vif-0/nc2/*; ping -c 1 -W 2 10.99.0.1 || true'
	is "the state that g2 sees" "$(on g2 xenstore-read device/vif/0/state)" 4
	until_true "$LIMIT" "g2 has no link" without_link
	d0 clean "$LIMIT"
}

none_kept() {
	is "lines of g2's log about pages that a back kept" \
		"$(on g2 sh -c 'dmesg | grep -c "the back still uses" || true')" 0
}

# The same guest, the same driver; another back, which has a queue for it.
other_back() {
	local n

	dom0 xl network-detach g2 0
	until_true "$LIMIT" "g2 has no interface" no_eth0
	none_kept
	dom0 xl network-attach g2 "${VIF[@]}" gatewaydev=nic0
	wait_path g2 direct
	wait_address g2
	pings wire "$(address g2)"
	pings g2 10.99.0.2 -s 1400
	shot a g2
	n=$(iperf wire "$(address g2)")
	shot b g2
	moved back rx_direct_bytes "$n"
	still back 'q*_rx_copied_bytes'
}

# From dom0 to a driver domain while the guest runs.
moves_over() {
	dom0 xl network-detach g2 0
	d0 no_vif g2 "$LIMIT"
	until_true "$LIMIT" "g2 has no interface" no_eth0
	g2_is_behind_g1
	attached
	everybody
	bulk wire
}

up --guests 0 --vfs 1
needed "a driver domain comes" driver_comes
needed "a guest has its interface from it, and is told why it is bridged" guest_comes
t "everybody reaches the guest, and it reaches everybody" everybody
t "TCP from and to the wire, by way of two backs" bulk wire
t "TCP from and to the driver domain" bulk g1
t "xl network-detach: the driver domain gives all pages back" detached
t "xl network-attach" attached
t "xl destroy of the guest" guest_destroyed
t "the next guest" guest_comes
t "xl destroy of the driver domain: the guest survives" driver_destroyed
t "the guest has an interface from dom0 then, and is direct" other_back
if long; then
	t "a PVH driver domain comes" driver_comes --type pvh
	t "PVH: the guest's interface is from it again" moves_over
	t "PVH: xl network-detach" detached
	t "PVH: xl network-attach" attached
	t "PVH: xl destroy of the guest" guest_destroyed
	t "PVH: the next guest, PVH as well" guest_comes --type pvh
	t "PVH: xl destroy of the driver domain" driver_destroyed
fi
finish
