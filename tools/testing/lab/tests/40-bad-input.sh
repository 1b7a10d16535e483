#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Bad input: of the administrator, who gets a clear answer, and of a guest that
# lies (tools/testing/hostile): it keeps its network by the bridge, the reason
# is told, another guest is not disturbed, and once honest it is direct again.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

VIF=(mac=00:16:3e:99:00:01 bridge=xenbr0 script=vif-nc2)

# attach [KEY=VALUE]: g1 gets its interface anew.
attach() {
	dom0 xl network-detach g1 0
	d0 no_vif g1 "$LIMIT"
	dom0 xl network-attach g1 "${VIF[@]}" "$@"
	until_true "$LIMIT" "g1 has its address" on g1 ip -4 -o addr show dev eth0 scope global
}

# bridged_because PATTERN: and it works.
bridged_because() {
	d0 wait g1 reason "$1" "$LIMIT"
	wait_path g1 bridged
	pings wire "$(address g1)"
	pings g1 10.99.0.1 -s 1400
	shot a g1
	iperf wire "$(address g1)"
	iperf wire "$(address g1)" -R
	shot b g1
	moved back 'q*_rx_bridged_bytes' 100000
	moved back 'q*_tx_bridged_bytes' 100000
	still back '[rt]x_direct_frames'
}

bad_vif() {
	attach "$1"
	bridged_because "$2"
}

good_vif() {
	attach gatewaydev=nic0
	wait_path g1 direct
	pings wire "$(address g1)"
}

no_vfs() {
	dom0 nc2-vfs take nic0
	bridged_because '*nc2-vfs*'
	attach gatewaydev=nic0
	bridged_because '*nc2-vfs*'
	dom0 nc2-vfs give nic0 2
	wait_path g1 direct
}

# refuses PATTERN WORD...: nc2-vfs says so, changes nothing, and fails.
refuses() {
	local want=$1 out rc=0

	shift
	out=$(dom0 nc2-vfs "$@" 2>&1) || rc=$?
	echo "nc2-vfs $*: $out"
	[ "$rc" != 0 ] || fail "nc2-vfs $* is status 0"
	# shellcheck disable=SC2053 # a glob
	[[ $out == $want ]] || fail "want: $want"
	is "path of g1" "$(path g1)" direct
}

vfs_errors() {
	refuses '*no interface nosuch0*' give nosuch0 1
	refuses '*no interface nosuch0*' take nosuch0
	refuses '*mgmt has no SR-IOV*' give mgmt 1
	refuses '*mgmt has no SR-IOV*' take mgmt
	refuses "*1 to 7 *not 0*" give nic0 0
	refuses "*1 to 7 *not 99*" give nic0 99
	refuses "*'x' is not a number*" give nic0 x
	refuses "*'-1' is not a number*" give nic0 -1
	refuses "*'' is not a number*" give nic0 ''
	refuses '*2 virtual functions already*' give nic0 1
	refuses '*usage*' give nic0
	refuses '*usage*' nonsense
}

vfs_without_back() {
	local out rc=0

	lab guest destroy g1
	lab guest destroy g2
	d0 clean "$LIMIT"
	dom0 rmmod xen_nc2_back
	out=$(dom0 nc2-vfs give nic0 2 2>&1) || rc=$?
	echo "$out"
	[ "$rc" != 0 ] || fail "status 0"
	like "what it says" "$out" '*not loaded*'
}

guest() {
	on g1 sh /root/hostile-guest.sh "$@"
}

# log_mark, log_lines: what the back says of g1 in between.
log_mark() {
	dom0 sh -c 'echo nc2-test: mark >/dev/kmsg'
}

log_lines() {
	# shellcheck disable=SC2016 # expanded in dom0
	dom0 sh -c 'dmesg | sed "1,/nc2-test: mark/d" | tac | sed "/nc2-test: mark/,\$d" | tac |
		grep -F "vif$(xl domid g1).0: "' || true
}

# one_line PATTERN: it is said once, and not much else is.
one_line() {
	local lines n

	lines=$(log_lines)
	echo "dom0's log: $lines"
	n=$(grep -cE -- "$1" <<<"$lines") || true
	is "lines like '$1'" "$n" 1
	[ "$(wc -l <<<"$lines")" -le 8 ] || fail "the log is flooded"
}

others_fine() {
	is "path of g2" "$(path g2)" direct
	stream_moves g2
}

# A lie that costs the direct path.
cut() {
	log_mark
	guest act "$1" bridged
	is reason "$(reason g1)" 'the guest broke the rules of the direct path'
	is path "$(path g1)" bridged
	pings wire "$(address g1)"
	one_line 'direct path stopped: the guest gave'
	others_fine
	guest honest
	is path "$(path g1)" direct
}

# Strange, and no reason to take anything away.
harmless() {
	guest act "$1" "${2:-direct}"
	pings wire "$(address g1)"
	others_fine
	guest honest
	is path "$(path g1)" direct
}

# A wish that the direct path cannot fulfil.
wish() {
	log_mark
	guest act "$1" bridged
	like reason "$(reason g1)" "$2"
	pings wire "$(address g1)"
	others_fine
	guest honest
	is path "$(path g1)" direct
}

# A lie at the time of connecting: REASON, then what lies.
refused() {
	local why=$1

	shift
	log_mark
	guest connect "$@"
	d0 wait g1 reason "$why" "$LIMIT"
	is path "$(path g1)" bridged
	pings wire "$(address g1)"
	one_line 'stays on the bridge'
	others_fine
	guest honest
	is path "$(path g1)" direct
}

bad_key() {
	refused "$3" key "key=$1" "value=$2"
}

silent_connect() {
	guest connect silent
	d0 wait g1 reason '*did not answer*' "$LIMIT"
	d0 wait g1 path bridged "$LIMIT"
	pings wire "$(address g1)"
	others_fine
	guest honest
	is path "$(path g1)" direct
}

# The back does not wait for a guest that does not answer; what the guest sends
# meanwhile is its own loss.
silent_leave() {
	on g1 insmod /root/nc2-hostile.ko action=silent
	d0 put g1 path bridged
	d0 wait g1 path bridged "$LIMIT"
	others_fine
	on g1 rmmod nc2_hostile
	d0 put g1 path auto
	guest honest
	is path "$(path g1)" direct
}

prepare() {
	lab push g1 "$hostile" /root/nc2-hostile.ko
	lab push g1 "$TESTS/hostile-guest.sh" /root/hostile-guest.sh
	create g2
	wait_path g1 direct
	wait_path g2 direct
	stream_start g2 300000
}

if ! hostile=$("$TESTS/../../hostile/build.sh" 6.12 2>"$TMP/build"); then
	echo "not ok 1 - nc2-hostile.ko is built"
	sed 's/^/#   /' "$TMP/build"
	echo 1..1
	exit 1
fi
up --guests 1 --vfs 2
serve g1
t "gatewaydev= that names nothing" bad_vif gatewaydev=nosuch0 '*no interface*gatewaydev*'
t "gatewaydev= that names an interface without SR-IOV" bad_vif gatewaydev=mgmt '*no SR-IOV*'
t "gatewaydev= that is no name" bad_vif 'gatewaydev=../../a-name-that-is-too-long' '*no interface*'
t "no gatewaydev=" bad_vif mtu=1500 '*gatewaydev*'
t "the right gatewaydev=" good_vif
t "no virtual functions are given to the back" no_vfs
t "nc2-vfs says what is wrong" vfs_errors

t "an honest guest comes, and goes on during the rest" prepare || finish
for lie in fill-page fill-page-max fill-offset fill-offset-end fill-twice fill-ahead fill-back; do
	t "lie: $lie" cut $lie
done
for lie in tx-ahead tx-back tx-empty tx-long tx-short tx-giant tx-endless \
	tx-l2-none tx-l2-long tx-l3-short tx-l3-long tx-l3-ipv6 tx-l4-none tx-l4-long tx-l4-out \
	tx-mss-none tx-mss-small tx-mss-large tx-udp-tso; do
	t "lie: $lie" cut $lie
done
t "lie: noise" cut noise
for lie in comp-cons storm filter-odd filter-churn mc-count path-lie tx-unfinished; do
	t "harmless: $lie" harmless $lie
done
t "harmless: mtu-none" harmless mtu-none any
t "wish: promisc" wish promisc '*promiscuous*'
t "wish: mtu-huge" wish mtu-huge '*MTU*'

t "lie: one page of the pool is granted read-only" refused '*pool is not granted writable' ro-pool
t "lie: the rings are granted read-only" refused '*rings is not granted writable' ro-rings
t "lie: a pool page is not granted" refused '*pool is not granted*' dir-unknown
t "lie: a ring page is not granted" refused '*rings is not granted*' dir-ring
t "lie: a directory of nothing" refused '*not granted*' dir-none
t "lie: too many pool pages" bad_key nc2-pool-pages 99999 'nc2-pool-pages is out of range'
t "lie: no pool pages" bad_key nc2-pool-pages 0 'nc2-pool-pages is out of range'
t "lie: pool pages are no number" bad_key nc2-pool-pages banana '*not a number'
t "lie: negative pool pages" bad_key nc2-pool-pages -1 '*not a number'
t "lie: buffer size" bad_key nc2-buf-size 1000 'nc2-buf-size is neither*'
t "lie: receive ring too small" bad_key nc2-rx-entries 64 'nc2-rx-entries is less*'
t "lie: receive ring too large" bad_key nc2-rx-entries 4096 'nc2-rx-entries is out of range'
t "lie: transmit ring not a power of two" bad_key nc2-tx-entries 100 'nc2-tx-entries is out of range'
t "lie: shared page is not granted" bad_key nc2-shared-ref 4294967295 '*shared page*'
t "lie: directory is not granted" bad_key nc2-dir-ref-0 4294967295 '*directory*'
t "lie: event channel" bad_key nc2-event-channel 999999 '*event-channel*'
t "lie: an older offer is answered" bad_key request-nc2 1,0123456789abcdef '*older offer*'
t "lie: a version that was not offered" bad_key request-nc2 2,0123456789abcdef '*version*'
t "silent when it should enter the direct path" silent_connect
t "silent when it should leave it" silent_leave
t "the honest guest has not noticed" others_fine
t "xl network-attach makes it direct again" good_vif
t "nc2-vfs says that the back is not loaded" vfs_without_back
finish
