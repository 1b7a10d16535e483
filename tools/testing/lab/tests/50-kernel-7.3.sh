#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The direct path with Linux 7.3 in dom0 and in the guest.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

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
	d0 put g1 path bridged
	wait_path g1 bridged
	stream_moves g1
	d0 put g1 path auto
	wait_path g1 direct
	stream_moves g1
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

up --kernel 7.3 --guests 1 --vfs 1
serve g1
t "both run Linux 7.3" versions
t "PV: direct, both ways" both_ways
t "PV: the path changes under a TCP stream" changes
t "PV: xl destroy" destroyed
t "PVH: the next guest is direct, both ways" next --type pvh
t "PVH: xl destroy" destroyed
finish
