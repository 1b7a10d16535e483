#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Linux 7.3 in dom0 and in the guest: each of our ends with the stock other end, with
# two queues, and the direct path, and what an interface lives through.  The long form has
# everything else with this kernel, too (NC2_TEST_KERNEL, see tools/testing/check).
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/testing/lab/tests/life.sh
. "$TESTS/life.sh"
# shellcheck source=tools/testing/lab/tests/peers.sh
. "$TESTS/peers.sh"

both_ways() {
	local n

	wait_path g1 direct
	pings wire "$(address g1)"
	pings g1 10.99.0.2 -s 1400
	shot a g1
	n=$(iperf wire "$(address g1)")
	shot b g1
	moved back rx_direct_bytes "$n"
	still back rx_direct_bounced
	still back 'q*_rx_copied_bytes'
	moved front rx_direct_bytes "$n"
	shot a g1
	n=$(iperf wire "$(address g1)" -R)
	shot b g1
	moved back tx_direct_bytes "$n"
	still back 'q*_tx_copied_bytes'
	moved front tx_direct_bytes "$n"
}

versions() {
	like "dom0's kernel" "$(dom0 uname -r)" '7.3*'
	like "the guest's kernel" "$(on g1 uname -r)" '7.3*'
}

changes() {
	stream_start g1
	to_and_fro g1
	stream_end g1
}

# survives COMMAND...: the guest's connection does, and is direct again.
survives() {
	stream_start g1
	"$@"
	settle g1
	stream_moves g1
	stream_end g1
}

other_channels() {
	on g1 ethtool -L eth0 combined 1
	on g1 ethtool -L eth0 combined 2
}

# Which asks this kernel otherwise.
hash() {
	on g1 ethtool -X eth0 equal 2
	like "ethtool -x" "$(on g1 ethtool -x eth0)" '*2 RX ring*toeplitz: on*'
	on g1 ethtool -K eth0 rxhash off
}

# moves COMMAND...: after which it is another domain.
moves() {
	stream_start g1
	"$@"
	returned
	stream_end g1
}

destroyed() {
	stream_start g1
	lab guest destroy g1
	stream_end g1
	d0 clean "$LIMIT"
}

next() {
	create g1 "$@"
	both_ways
}

our_front() {
	offer 2
	create g1 --vcpus 2
}

# front FROM TO: the guest, without an interface for the moment, changes its driver.
front() {
	on g1 rmmod "$1"
	case $2 in
	xen_nc2_front) on g1 insmod /lab/modules/xen-nc2-front.ko ;;
	*) on g1 modprobe "$2" ;;
	esac
}

stock_front() {
	unplug g1
	lab back nc2 max_queues=2
	front xen_nc2_front xen_netfront
	plug g1
}

our_pair() {
	unplug_front g1 stock
	front xen_netfront xen_nc2_front
	plug g1 gatewaydev=nic0
}

up --kernel 7.3 --guests 0 --vfs 1 --back stock
needed "our front on the stock back" our_front
t "our front, stock back: two queues carry frames" each_queue g1 stock nc2 2
if long; then
	t "our front, stock back: iperf3 both ways" bulk g1 stock nc2 -P 4
fi
needed "the stock front on our back" stock_front
t "stock front, our back: two queues carry frames" each_queue g1 nc2 stock 2
if long; then
	t "stock front, our back: iperf3 both ways" bulk g1 nc2 stock -P 4
fi
# The long form of 10-bridged does all of that, with this kernel as well.
needed "our pair" our_pair
t "both run Linux 7.3" versions
t "PV: direct, both ways" both_ways
t "PV: the path changes under a TCP stream" changes
t "PV: the guest's driver is unbound and bound" survives rebind g1
t "PV: two channels, one, two" survives other_channels
t "PV: ethtool -X and -x" hash
t "PV: the back is unloaded and loaded" survives reload_back max_queues=2
t "PV: saved and restored" moves away_and_back
t "PV: xl destroy" destroyed
t "PVH: the next guest is direct, both ways" next --type pvh
t "PVH: migrated" moves migrate
t "PVH: xl destroy" destroyed
finish
