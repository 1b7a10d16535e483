#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a guest may ask of the back on the bridged path: multicast control, the
# hash that steers frames to its queues, the state of the link and the MTU, frames
# with their checksums.
# Our front on our back and, in the long form, on the stock one, with two queues.
# shellcheck disable=SC2016 # expanded in the guest, or in dom0
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/testing/lab/tests/life.sh
. "$TESTS/life.sh"

# Nobody's group, and its address.
GROUP=239.7.7.7
GROUP_MAC=01:00:5e:07:07:07
# That of Microsoft's test vectors; a key of our own would do as well.
KEY=6d:5a:56:da:25:5b:0e:c2:41:67:25:3d:43:a3:8f:b0:d0:ca:2b:cb
KEY=$KEY:ae:7b:30:b4:77:cb:2d:a3:80:30:f2:0c:6a:42:b7:3b:be:ac:01:fa
N=200

two_queues() {
	lab back "$1" max_queues=2
	create g1 --vcpus 2 --path bridged
	lab push g1 "$TESTS/frames.py" /run/frames.py
	is queues "$(on g1 sh -c 'ls -d /sys/class/net/eth0/queues/rx-* | wc -l')" 2
}

# A key in the guest's directory.
key() {
	dom0 sh -c 'xenstore-read "/local/domain/$(xl domid g1)/device/vif/0/$0"' "$1"
}

key_is() {
	[ "$(key "$1")" = "$2" ]
}

wait_key() {
	until_true "$LIMIT" "$1 is $2" key_is "$1" "$2"
}

# send_group FROM: from dom0, or from the wire.
send_group() {
	local from=10.99.0.2

	[ "$1" = dom0 ] || from=10.99.0.1
	shot a g1
	frames "$1" group "$GROUP" "$from" "$N" || return
	pings "$1" "$(address g1)" >/dev/null || return
	shot b g1
}

# These are polled as well, where "set -e" is off: each step says that it failed.
filtered() {
	send_group "$1" &&
		moved front 'rx_bridged_frames' 1 $((N / 2)) &&
		{ [ "$2" = stock ] || moved back 'q*_rx_filtered' "$N"; }
}

passed() {
	send_group "$1" &&
		moved front 'rx_bridged_frames' "$N" &&
		{ [ "$2" = stock ] || still back 'q*_rx_filtered'; }
}

# The front says it when the back has the whole list, before and after.
joined() {
	on g1 ip maddr add "$GROUP_MAC" dev eth0
	until_true "$LIMIT" "the group comes" passed "$@"
	on g1 ip maddr del "$GROUP_MAC" dev eth0
	until_true "$LIMIT" "the group stays away" filtered "$@"
}

allmulti() {
	on g1 ip link set eth0 allmulticast on
	wait_key request-multicast-control 0
	passed "$@"
	on g1 ip link set eth0 allmulticast off
	wait_key request-multicast-control 1
	filtered "$@"
}

too_many() {
	on g1 sh -c 'for i in $(seq 10 89); do ip maddr add 01:00:5e:01:01:$i dev eth0; done'
	wait_key request-multicast-control 0
	passed "$@"
	on g1 sh -c 'for i in $(seq 10 89); do ip maddr del 01:00:5e:01:01:$i dev eth0; done'
	wait_key request-multicast-control 1
	filtered "$@"
}

groups() {
	wait_key request-multicast-control 1
	filtered "$@"
	joined "$@"
	# With either back the front does the same for it.
	if [ "$2" = nc2 ] || long; then
		allmulti "$@"
	fi
	# IPv6 finds its neighbours by multicast.
	dom0 ip -6 neigh flush dev xenbr0
	pings dom0 "$(address6 g1)"
}

# Queue I gets everything, the other one nothing.
steered() {
	local n

	shot a g1
	n=$(iperf wire "$(address g1)") || return
	pings wire "$(address6 g1)" || return
	shot b g1
	moved front "rx_queue_$1_bytes" "$n" &&
		still front "rx_queue_$((1 - $1))_frames" &&
		{ [ "$2" = stock ] || still back "q$((1 - $1))_rx_bridged_frames"; }
}

steering() {
	local out

	on g1 ethtool -X eth0 hkey "$KEY" weight 0 1
	until_true "$LIMIT" "frames come by queue 1" steered 1 "$1"
	on g1 ethtool -X eth0 start 0 equal 1
	until_true "$LIMIT" "frames come by queue 0" steered 0 "$1"
	on g1 ethtool -X eth0 equal 2
	out=$(on g1 ethtool -x eth0)
	echo "$out"
	like "ethtool -x" "$out" "*120: *0 *1 *0 *1*$KEY*toeplitz: on*"
}

# table_is QUEUE...: by ethtool -x, the first 8 entries.
table_is() {
	is "table" "$(on g1 ethtool -x eth0 | awk '$1 == "0:" { $1 = ""; print; exit }' | xargs)" "$*"
}

# What was set is kept, with fewer queues for a while as well; what was not is of all that
# there are.
tables() {
	local out

	on g1 ethtool -X eth0 weight 0 1
	! out=$(on g1 ethtool -L eth0 combined 1 2>&1) || fail "the table has another queue"
	like "ethtool -L" "$out" '*indirection table*'
	table_is 1 1 1 1 1 1 1 1
	offer 1
	d0 rebind g1
	until_true "$LIMIT" "there is one queue" table_is 0 0 0 0 0 0 0 0
	offer 2
	d0 rebind g1
	until_true "$LIMIT" "frames come by queue 1 again" steered 1 nc2
	on g1 ethtool -X eth0 default
	on g1 ethtool -X eth0 hkey "$KEY"
	on g1 ethtool -L eth0 combined 1
	until_true "$LIMIT" "there is one queue" table_is 0 0 0 0 0 0 0 0
	on g1 ethtool -L eth0 combined 2
	until_true "$LIMIT" "both queues get frames" table_is 0 1 0 1 0 1 0 1
}

# hash_comes SECONDS HASH COMMAND...: a frame that COMMAND has the wire send has it.
hash_comes() {
	local limit=$1 hash=$2

	shift 2
	sees g1 "hashed eth0 $hash $limit" "$@"
}

wire_hash() {
	frames wire toeplitz "$KEY" "$@"
}

from_port() {
	frames wire connect "$1" 7 4567
}

hashes() {
	hash_comes 60 "$(wire_hash 10.99.0.1 "$(address g1)")" pings wire "$(address g1)"
	hash_comes 60 "$(wire_hash fd99::1 "$(address6 g1)")" pings wire "$(address6 g1)"
	hash_comes 60 "$(wire_hash 10.99.0.1 "$(address g1)" 4567 7)" from_port "$(address g1)"
	hash_comes 60 "$(wire_hash fd99::1 "$(address6 g1)" 4567 7)" from_port "$(address6 g1)"
}

hashing_off() {
	on g1 ethtool -K eth0 rxhash off
	# ethtool's words for no function at all.
	like "ethtool -x" "$(on g1 ethtool -x eth0)" '*hash function:*not supported*'
	if hash_comes 30 "$(wire_hash 10.99.0.1 "$(address g1)")" pings wire "$(address g1)"; then
		fail "the hash comes all the same"
	fi
	grep -q '^no frame with the hash' "$TMP/seen"
	on g1 ethtool -K eth0 rxhash on
	like "ethtool -x" "$(on g1 ethtool -x eth0)" '*toeplitz: on*'
}

# Settings outlive a connection.
anew() {
	on g1 ethtool -K eth0 rxhash on
	on g1 ethtool -X eth0 weight 0 1
	d0 rebind g1
	pings wire "$(address g1)"
	wait_key request-multicast-control 1
	filtered dom0 nc2
	joined dom0 nc2
	until_true "$LIMIT" "frames are steered as before" steered 1 nc2
}

guest_link() {
	[ "$(on g1 cat /sys/class/net/eth0/carrier)" = "$1" ]
}

link_follows() {
	dom0 ip link set "$(d0 vif g1)" down
	until_true "$LIMIT" "the guest's link is down" guest_link 0
	dom0 ip link set "$(d0 vif g1)" up
	until_true "$LIMIT" "the guest's link is up" guest_link 1
	pings wire "$(address g1)"
}

set_mtu() {
	host_wants g1 "$1"
	until_true "$LIMIT" "the guest's MTU is $1" guest_mtu g1 "$1"
}

mtu_follows() {
	set_mtu 1400
	set_mtu 1500
	# What the key cannot mean is passed over; what is said after that is not.
	host_wants g1 17
	on g1 ip link set eth0 mtu 1300
	set_mtu 1450
	set_mtu 1500
	pings wire "$(address g1)" -s 1400
}

# The NIC limits what goes by the direct path: it tells the limit in use.
nic_limit() {
	dom0 ip link show nic0 | grep -q "max_tx_rate $1"
}

set_rate() {
	dom0 sh -c 'xenstore-write "/local/domain/0/backend/vif/$(xl domid g1)/0/rate" $0' "$1"
}

rate_follows() {
	d0 put g1 path auto
	wait_path g1 direct
	shot a g1
	set_rate 625000,50000
	until_true "$LIMIT" "the NIC limits to 100 Mbit/s" nic_limit 100Mbps
	set_rate 250000,50000
	until_true "$LIMIT" "the NIC limits to 40 Mbit/s" nic_limit 40Mbps
	# Its driver forgets it when the speed of the link changes.
	dom0 ip link set nic0 vf "$(d0 vf_number g1)" max_tx_rate 0
	until_true "$LIMIT" "the NIC limits to 40 Mbit/s again" nic_limit 40Mbps
	shot b g1
	# The NIC is told while the path is in use.
	still back direct_left
	pings wire "$(address g1)"
}

# A front that does not announce its buffers is not asked to: it sends no event.
no_events() {
	local n

	dom0 sh -c 'xenstore-rm "/local/domain/$(xl domid g1)/device/vif/0/feature-rx-notify"'
	d0 rebind g1
	pings wire "$(address g1)"
	shot a g1
	n=$(iperf wire "$(address g1)")
	# More than a ring has buffers for, and nobody who gives more for a while.
	pings dom0 "$(address g1)"
	while_paused g1 frames dom0 spread "$(address g1)" 9 20 20
	pings wire "$(address g1)"
	shot b g1
	moved back 'q*_rx_bridged_bytes' "$n"
	moved back 'q*_rx_repolls' 1
	still back 'q*_rx_drop_stall'
}

# stock_front [OPTION...]
stock_front() {
	lab guest destroy g1
	d0 clean "$LIMIT"
	create g1 --front stock --path bridged --on-reboot restart "$@"
	lab push g1 "$TESTS/frames.py" /run/frames.py
}

# stock_goes_on COMMAND...: its connection survives that, after which it is another domain.
stock_goes_on() {
	local id

	id=$(dom0 xl domid g1)
	stream_start g1
	"$@"
	[ "$(dom0 xl domid g1)" != "$id" ] || fail "g1 is still domain $id"
	d0 clean "$LIMIT"
	lab guest wait g1
	stream_moves g1
	pings wire "$(address g1)" -s 1400
	stream_end g1
	iperf wire "$(address g1)" -R
}

stock_migrates() {
	stock_front --type pvh
	stock_goes_on migrate
}

stock_reboots() {
	reboot
	iperf wire "$(address g1)" -R
}


# Its rings are taken up where they stand, and it hears of no change.
backs_change() {
	local before

	before=$(link_changes g1)
	stream_start g1
	dom0 modprobe --ignore-install xen-netback
	d0 rebind g1 xen-nc2-back vif
	stream_moves g1
	d0 rebind g1 vif xen-nc2-back
	stream_moves g1
	dom0 rmmod xen-netback
	reload_back max_queues=2
	stream_moves g1
	stream_end g1
	is "changes of the link" "$(link_changes g1)" "$before"
}

# Written once before the front is Connected, as by a front that knows nothing of
# the dynamic kind; the stock one leaves these keys as they are.
asks_once() {
	send_group dom0
	moved back 'q*_rx_bridged_frames' "$N"
	is "to the guest" "$(sum_to_guest g1)" blank
	dom0 sh -c 'dir=/local/domain/$(xl domid g1)/device/vif/0
		xenstore-write "$dir/request-multicast-control" 1 "$dir/feature-no-csum-offload" 1'
	d0 rebind g1
	pings dom0 "$(address g1)"
	send_group dom0
	moved back 'q*_rx_filtered' "$N"
	moved back 'q*_rx_bridged_frames' 3 100
	is "to the guest" "$(sum_to_guest g1)" full
	iperf wire "$(address g1)" -R
}

direct_interface() {
	unplug g1
	plug g1 gatewaydev=nic0
}

change_back() {
	lab guest destroy g1
	d0 clean "$LIMIT"
	# Beside VFs the emulated NIC gives the bridge no multicast, and the stock back
	# filters none that dom0 itself sends.
	dom0 nc2-vfs take nic0
	two_queues stock
}

up --guests 0 --vfs 1
needed "our front on our back, two queues" two_queues nc2
t "only groups that were joined are passed" groups dom0 nc2
t "more groups than the back takes: all are passed" too_many dom0 nc2
t "ethtool -X steers to the queue asked for" steering nc2
t "its table over changes of the number of queues" tables
t "the hash reaches the guest's skb" hashes
t "ethtool -K rxhash off ends it" hashing_off
t "a new back is told everything again" anew
t "the link follows the vif" link_follows
t "the MTU follows the key" mtu_follows
t "an interface that may be direct" direct_interface
t "the rate follows the key" rate_follows
t "a guest with the stock front" stock_front
t "the stock front: saved and restored" stock_goes_on away_and_back
if long; then
	t "the stock front: rebooted" stock_reboots
	t "the stock front: migrated, PVH" stock_migrates
	t "a guest with the stock front, for what follows" stock_front
fi
t "our back, the stock one, ours, unloaded, loaded: it goes on" backs_change
t "a front that announces no buffers is looked after" no_events
t "a front that asks once: multicast control, no checksums" asks_once
if long; then
	needed "the stock back takes over, two queues" change_back
	t "stock back: only groups that were joined are passed" groups wire stock
	t "stock back: ethtool -X steers to the queue asked for" steering stock
	t "stock back: the hash reaches the guest's skb" hashes
fi
finish
