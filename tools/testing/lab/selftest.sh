#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# selftest.sh [--name NAME]: does the lab do what Documentation/lab.rst says?
# Stock drivers only, so that a failure here is the lab's.  Prints KTAP lines
# and ends with status 1 if one of them is "not ok".

set -u
here=$(cd "$(dirname "$0")" && pwd -P)
name=selftest
[ "${1:-}" != --name ] || name=$2
tmp=$(mktemp -d)
n=0 failed=0

lab() {
	local cmd=$1
	shift
	"$here/lab" "$cmd" --name "$name" "$@"
}

# check WHAT CMD...: one result line; what CMD said is shown when it fails.
check() {
	local what=$1
	shift
	n=$((n + 1))
	if "$@" >"$tmp/out" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		sed 's/^/# /' "$tmp/out"
		failed=$((failed + 1))
		return 1
	fi
}

is() {
	[ "$1" = "$2" ] || { echo "got '$1', want '$2'"; return 1; }
}

finish() {
	"$here/lab" down --name "$name" >/dev/null 2>&1
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

no_tun() {
	# The check runs in a mount namespace in which /dev/net is empty.
	local out rc
	out=$(unshare --mount --propagation private sh -c \
		'mount -t tmpfs tmpfs /dev/net && exec "$@"' sh \
		"$here/lab" up --name "$name" --back stock --front stock 2>&1)
	rc=$?
	echo "$out"
	[ $rc = 1 ] && grep -q '/dev/net/tun: modprobe tun' <<<"$out"
}

no_memory() {
	local out
	out=$(lab up --guests 7 --guest-mem 4096 --vfs 0 --back stock --front stock 2>&1)
	[ $? = 1 ] && grep -q 'memory: .* are needed' <<<"$out"
}

streams() {
	lab exec dom0 -- sh -c 'echo out; echo err >&2' >"$tmp/o" 2>"$tmp/e" || return 1
	is "$(cat "$tmp/o")/$(cat "$tmp/e")" out/err
	lab exec g1 -- sh -c 'echo out; echo err >&2' >"$tmp/o" 2>"$tmp/e" || return 1
	is "$(cat "$tmp/o")/$(cat "$tmp/e")" out/err
}

status_of() {
	lab exec "$1" -- sh -c 'exit 7'
	is $? 7
}

round_trip() {
	head -c 100000 /dev/urandom >"$tmp/a"
	lab push "$1" "$tmp/a" /tmp/roundtrip &&
		lab pull "$1" /tmp/roundtrip "$tmp/b" && cmp "$tmp/a" "$tmp/b"
}

at_once() {
	local i
	for i in 1 2 3 4; do
		lab exec g1 -- sh -c "sleep 1; echo $i" >"$tmp/c$i" &
	done
	wait
	is "$(cat "$tmp"/c[1-4] | tr -d '\n')" 1234
}

background() {
	# What stays in the background must not keep exec from ending.
	lab exec --timeout 30 g1 -- sh -c 'sleep 1000 & exit 5'
	is $? 5
}

given_up() {
	lab exec --timeout 2 g1 -- sleep 4711
	is $? 124 || return 1
	local i
	for i in $(seq 20); do
		lab exec g1 -- pgrep -f 'sleep 4711' >/dev/null || return 0
		sleep 0.5
	done
	echo "the command runs on after $i looks"
	return 1
}

traffic() {
	# shellcheck disable=SC2016 # expanded in the guest
	lab exec g1 -- sh -c 'iperf3 -s -D --pidfile /run/iperf3.pid
		for i in $(seq 100); do
			ss -ltnH | grep -q :5201 && exit 0
			sleep 0.2
		done
		exit 1' || return 1
	lab exec wire -- iperf3 -c 10.99.0.11 -t 2 "$@" >"$tmp/iperf"
	local rc=$?
	# shellcheck disable=SC2016 # expanded in the guest
	lab exec g1 -- sh -c 'kill $(tr -d "\0" </run/iperf3.pid)'
	tail -n 5 "$tmp/iperf"
	return $rc
}

not_promiscuous() {
	lab exec dom0 -- sh -c "ip -d link show nic0 | grep 'promiscuity 0 '"
}

planted() {
	# Both places, and only once after a mark.
	lab exec "$1" -- sh -c 'echo "WARNING: planted" >/dev/kmsg' || return 1
	local i
	for i in $(seq 20); do
		lab check-logs >"$tmp/found" && { sleep 0.2; continue; }
		break
	done
	grep -q "^$1: .*WARNING: planted" "$tmp/found" || { cat "$tmp/found"; return 1; }
	lab check-logs --mark >/dev/null
	lab check-logs
}

# left_behind WHAT MAKE UNMAKE: what a guest that is gone has left in dom0.
left_behind() {
	local rc=0

	lab exec dom0 -- sh -c "$2" || return 1
	lab check-logs --also 'sh /tmp/dom0.sh clean 0' >"$tmp/found" && rc=1
	grep -q "^dom0: .*$1" "$tmp/found" || rc=1
	lab exec dom0 -- sh -c "$3" || return 1
	[ $rc = 0 ] || cat "$tmp/found"
	lab check-logs --also 'sh /tmp/dom0.sh clean 60' && return $rc
}

left_behinds() {
	lab push dom0 "$here/tests/dom0.sh" /tmp/dom0.sh
	left_behind 'netdev of vif99.0' 'ip link add vif99.0 type dummy' 'ip link del vif99.0' &&
		left_behind 'xenstore backend/vif/99' 'xenstore-write /local/domain/0/backend/vif/99/0 x' \
			'xenstore-rm /local/domain/0/backend/vif/99' &&
		left_behind 'thread of vif99' 'cp /bin/sleep /tmp/vif99.0-q0; /tmp/vif99.0-q0 999 >/dev/null 2>&1 &' \
			'pkill vif99'
}

nothing_left() {
	local bad=0
	if ip netns list | grep -qw "nc2-$name"; then echo "a namespace"; bad=1; fi
	# A zombie has no command line: it is its parent's to bury.
	if pgrep -f "[q]emu-system.*-name nc2-$name " >/dev/null; then echo "QEMU"; bad=1; fi
	if ip link show | grep -qwE 'wire|mgmt'; then echo "a tap"; bad=1; fi
	if grep -q "nc2-$name" /proc/mounts; then echo "a mount"; bad=1; fi
	if grep -q "/roots/trixie/" /proc/mounts; then echo "a mount in the root"; bad=1; fi
	[ ! -e "$here/../../../build/lab/$name/state.json" ] || { echo "state"; bad=1; }
	return $bad
}

interrupted() {
	# Ctrl-C during the boot.
	setsid "$here/lab" up --name "$name" --back stock --front stock >"$tmp/up" 2>&1 &
	local pid=$! i
	for i in $(seq 300); do
		grep -q 'booting Xen' "$tmp/up" && [ -s "$here/../../../build/lab/$name/serial.log" ] && break
		sleep 0.2
	done
	kill -TERM "$pid"
	if wait "$pid"; then
		echo "status 0 after $i looks"
		return 1
	fi
	nothing_left
}

echo "KTAP version 1"
check "missing /dev/net/tun is said at once" no_tun
check "missing memory is said at once" no_memory
check "interrupted: nothing is left" interrupted
check "up with the stock pair" lab up --back stock --front stock --guests 1 || exit 1
check "status names it" sh -c "'$here/lab' status --name '$name' | grep -q 'g1: pv, front stock'"
check "stdout and stderr are kept apart" streams
check "exit status: dom0" status_of dom0
check "exit status: guest" status_of g1
check "exit status: wire" status_of wire
check "push and pull: dom0" round_trip dom0
check "push and pull: guest" round_trip g1
check "commands at the same time" at_once
check "a background process does not hold exec" background
check "a timeout ends the command" given_up
check "iperf3 into the guest" traffic
check "iperf3 out of the guest" traffic -R
check "IPv6 into the guest" lab exec wire -- ping -6 -c 2 -W 5 fd99::11
check "the NIC is not promiscuous" not_promiscuous
check "logs are clean" lab check-logs --mark
check "a WARNING in a guest is found" planted g1
check "a WARNING in dom0 is found" planted dom0
check "what a guest has left in dom0 is found" left_behinds
check "a guest ends and comes again" sh -c \
	"'$here/lab' guest --name '$name' destroy g1 && '$here/lab' guest --name '$name' create g1 --type pvh"
check "iperf3 into a PVH guest" traffic
check "logs are clean" lab check-logs
check "down" lab down
check "down: nothing is left" nothing_left
echo "1..$n"
[ $failed = 0 ]
