#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Bad input: of the administrator, who gets a clear answer, and of a guest that
# lies (tools/testing/hostile): it keeps its network by the bridge, the reason
# is told, another guest is not disturbed, and once honest it is direct again.  During
# some of the lies numbered datagrams go to that guest: TCP would hide that one is lost.
#
# Which entries of a ring break its rules, and which sizes are none, KUnit has one
# and all; in the short form some of each kind show that the back heeds it.
# shellcheck disable=SC2046 # words
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/testing/lab/tests/life.sh
. "$TESTS/life.sh"

# attach [KEY=VALUE]: g1 gets its interface anew.
attach() {
	unplug g1
	plug g1 "$@"
}

# bridged_because PATTERN: and it works.
bridged_because() {
	d0 wait g1 reason "$1" "$LIMIT"
	wait_path g1 bridged
	by_bridge g1
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

# refuses PATTERN WORD...: nc2-vfs says so, and fails.
refuses() {
	local want=$1 out rc=0

	shift
	out=$(dom0 nc2-vfs "$@" 2>&1) || rc=$?
	echo "nc2-vfs $*: $out"
	[ "$rc" != 0 ] || fail "nc2-vfs $* is status 0"
	# shellcheck disable=SC2053 # a glob
	[[ $out == $want ]] || fail "want: $want"
}

vfs_errors() {
	shot a g1
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
	is "path of g1" "$(path g1)" direct
	shot b g1
	still back direct_left
}

vfs_without_back() {
	local out rc=0

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

# judge PATH REASON [NUMBER LINE]: what the back has to say after some lies: the
# path, and why; so many lines like LINE in the log, one for each lie, and no
# flood of others; the other guest goes on.
judge() {
	local out path why log n=${3:-1}

	pings wire "$(address g1)"
	out=$(d0 judge)
	echo "$out"
	path=$(sed -n 's/^path //p' <<<"$out")
	why=$(sed -n 's/^reason //p' <<<"$out")
	log=$(sed -n 's/^log //p' <<<"$out")
	like path "$path" "$1"
	like reason "$why" "$2"
	if [ -n "${4:-}" ]; then
		is "lines of the log like '$4'" "$(grep -F -- "$4" <<<"$log" |
			grep -cvE '(did|does) not answer' || true)" "$n"
	fi
	[ "$(wc -l <<<"$log")" -le $((8 * n)) ] || fail "the log is flooded"
	like "the other guest" "$out" '*other direct*'
	stream_moves g2
}

# Lies that cost the direct path.
cut() {
	guest series bridged "$@"
	judge bridged 'the guest broke the rules of the direct path' $# \
		'direct path stopped: the guest gave'
}

# Strange, and no reason to take anything away.
harmless() {
	guest series direct "$@"
	judge direct '' $#
}

# Strange, and the back may think of it what it likes.
strange() {
	guest series '*' "$@"
	judge '*' '*' $#
}

# The guest asks for what harms only itself.
deaf() {
	guest series deaf "$1"
	others_fine
}

# A wish that the direct path cannot fulfil.
wish() {
	guest series bridged "$1"
	judge bridged "$2"
}

# refused_grants NAME REASON: pages that are not granted as they should be.
refused_grants() {
	guest grants "$1"
	d0 wait g1 reason "$2" "$LIMIT"
	judge bridged "$2" 1 'stays on the bridge'
}

# refused_keys REASON KEY=VALUE...: the last one is refused with this reason.
refused_keys() {
	local why=$1

	shift
	guest keys "$@"
	d0 wait g1 reason "$why" "$LIMIT"
	judge bridged "$why" $# 'stays on the bridge'
}

# Not even for a ring of the bridged path: the guest has no network until there is.
no_room_at_all() {
	guest honest
	dom0 insmod /root/nc2-hostile-back.ko action=no-room value=1
	on g1 sh -c 'cd /sys/bus/xen/drivers/xen-nc2-front; echo vif-0 >unbind; echo vif-0 >bind'
	until_true "$LIMIT" "the administrator is told what is wrong" is_told g1 "Xen has no room"
	dom0 rmmod nc2_hostile_back
	guest honest
}

# crowded_out PAGES: g1 connects while Xen has no room for so many at a time.
crowded_out() {
	local rc=0

	guest honest
	d0 judge
	dom0 insmod /root/nc2-hostile-back.ko action=no-room value="$1"
	guest rebind
	d0 wait g1 reason '*gnttab_max_maptrack_frames*' "$LIMIT" || rc=1
	dom0 rmmod nc2_hostile_back
	[ "$rc" = 0 ] || fail "the reason is '$(reason g1)'"
}

# no_room PAGES...: Xen has none for so many at a time: of the rings, of the pool.  Then
# the administrator is told what helps, and the guest not accused.
no_room() {
	local pages

	for pages; do
		echo "--- $pages"
		crowded_out "$pages"
		judge bridged '*gnttab_max_maptrack_frames*' 1 'stays on the bridge'
	done
	guest honest
}

# Nobody has pages of the direct path that a save would have to wait for.
saved_without() {
	crowded_out 100
	on g1 dmesg -C
	dom0 xl save -c g1 /var/tmp/g1.save
	dom0 rm /var/tmp/g1.save
	pings wire "$(address g1)"
	! on g1 sh -c 'dmesg | grep "keeps the pages"' || fail "the guest has waited in vain"
	guest honest
}

# silent_connect NAME REASON
silent_connect() {
	# What the log has had until now was said of others.
	d0 judge
	guest grants "$1"
	d0 wait g1 reason "$2" "$LIMIT"
	d0 wait g1 path bridged "$LIMIT"
	judge bridged "$2"
}

# The back does not wait for a guest that does not answer; what the guest sends
# meanwhile is its own loss.
silent_leave() {
	guest honest
	on g1 insmod /root/nc2-hostile.ko action=silent
	d0 put g1 path bridged
	d0 wait g1 path bridged "$LIMIT"
	others_fine
	on g1 rmmod nc2_hostile
	d0 put g1 path auto
	guest honest
	is path "$(path g1)" direct
}

# Frames for g1, more than it has buffers for; the NIC is to drop what is left over, and
# go on with those of others.
FLOOD="
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(4096):
    s.sendto(b'x', (sys.argv[1], 9))
    time.sleep(0.001)
"

silent_fill() {
	guest honest
	on g1 insmod /root/nc2-hostile.ko action=fill-silent
	shot a g1
	on wire python3 -c "$FLOOD" "$(address g1)"
	shot b g1
	on g1 rmmod nc2_hostile
	# Each half of a page of its pool is a buffer.
	moved back rx_direct_frames 500 $((2 * $(d0 show g1 pool_pages)))
	# It is heard of no more until it is honest.
	[ "$(d0 judge | grep -c '^log ' || true)" -le 8 ] || fail "the log is flooded"
}

others_fine() {
	is "path of g2" "$(path g2)" direct
	stream_moves g2
}

# sink: at g2, counts the different datagrams of each sender, and tells who sends "end".
sink() {
	# shellcheck disable=SC2016 # expanded in the guest
	lab exec -i g2 -- sh -c 'cat >/run/sink.py
		python3 /run/sink.py >/dev/null 2>&1 &
		for i in $(seq 100); do
			! ss -lunH | grep -q ":4000 " || exit 0
			sleep 0.2
		done
		echo "the sink does not listen"
		exit 1' <<-'END'
		import socket
		SO_RCVBUFFORCE = 33
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		# Some waiting for the CPU is no loss.
		s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
		s.bind(('', 4000))
		seen = {}
		while True:
		    data, sender = s.recvfrom(100)
		    numbers = seen.setdefault(sender, set())
		    if data == b'end':
		        s.sendto(b'%d' % len(numbers), sender)
		    else:
		        numbers.add(data)
	END
}

# Sends a number in each datagram until its stdin ends; prints how many, and how many
# have come.  After a pause it does not hurry, or queues on the way would be full.
SOURCE="
import select, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 4000))
sent = 0
while not select.select([0], (), (), 1 / 300)[0]:
    s.send(b'%d' % sent)
    sent += 1
s.settimeout(1)
for _ in range(60):
    s.send(b'end')
    try:
        print(sent, s.recv(100).decode())
        break
    except TimeoutError:
        pass
else:
    sys.exit('the sink does not answer')
"

# datagrams COMMAND...: from the wire to g2 as long as it goes on: how many, and how
# many have come.
datagrams() {
	{
		"$@" >&2
		echo
	} | lab exec -i wire -- python3 -c "$SOURCE" "$(address g2)"
}

again_and_again() {
	local i

	for i in $(seq "$(often 1 10)"); do
		echo "--- round $i"
		"$@"
	done
}

# compare COMMAND...: how g2 fares while g1 does it, and in as much time without.
compare() {
	local from=$SECONDS attacked quiet a b c

	a=$(stream_bytes g2)
	attacked=$(datagrams again_and_again "$@")
	b=$(stream_bytes g2)
	quiet=$(datagrams sleep $((SECONDS - from)))
	c=$(stream_bytes g2)
	echo "datagrams to g2, and how many came: $attacked; when nobody lied: $quiet"
	echo "bytes by its TCP connection: $((b - a)); when nobody lied: $((c - b))"
	others_fine
	echo "$attacked $quiet $((b - a)) $((c - b))" >"$TMP/fared"
}

# as_well SENT CAME SENT CAME BYTES BYTES: while g1 lied, and afterwards.  By chance it may
# be a datagram of a hundred; half the bytes leave room for what else the emulator has to do.
as_well() {
	if [ "$1" -lt 500 ] || [ "$3" -lt 500 ]; then
		fail "too few to tell"
	elif [ $((2 * $5)) -lt "$6" ]; then
		fail "g2 is held up"
	elif [ $((100 * ($1 - $2) * $3)) -gt $((100 * ($3 - $4) * $1 + $1 * $3)) ]; then
		fail "g2 has lost $(($1 - $2)) of $1, and $(($3 - $4)) of $3 when nobody lied"
	fi
}

# unharmed COMMAND...: while g1 does it, g2 loses no more than in as much time without, and
# its connection is as fast.  The machine may have stood still in one of the two: what g1
# does to g2 it does each time.
unharmed() {
	local tries

	for tries in 1 2 3; do
		echo "comparison $tries"
		compare "$@"
		# shellcheck disable=SC2046 # numbers
		! as_well $(<"$TMP/fared") || return 0
	done
	fail "g2 is harmed each time"
}

# In the long form that is looked at here, too.
no_harm() {
	if long; then
		unharmed "$@"
	else
		"$@"
	fi
}

prepare() {
	lab push g1 "$hostile/nc2-hostile.ko" /root/nc2-hostile.ko
	lab push g1 "$TESTS/hostile-guest.sh" /root/hostile-guest.sh
	lab push dom0 "$hostile/nc2-hostile-back.ko" /root/nc2-hostile-back.ko
	create g2
	sink
	wait_path g1 direct
	wait_path g2 direct
	stream_start g2 300000
	d0 judge
}

hostile_modules
up --guests 1 --vfs 2
serve g1
t "gatewaydev= that names nothing" bad_vif gatewaydev=nosuch0 '*no interface*gatewaydev*'
t "gatewaydev= that names an interface without SR-IOV" bad_vif gatewaydev=mgmt '*no SR-IOV*'
t "gatewaydev= that is no name" bad_vif 'gatewaydev=../../a-name-that-is-too-long' '*no interface*'
t "no gatewaydev=" bad_vif mtu=1500 '*gatewaydev*'
t "the right gatewaydev=" good_vif
t "no virtual functions are given to the back" no_vfs
t "nc2-vfs says what is wrong" vfs_errors

needed "an honest guest comes, and goes on during the rest" prepare
t "lie: a buffer is given twice; no frame of another guest is lost" unharmed cut fill-twice
figures 'datagrams|bytes'
t "lie: buffers that there are not" no_harm cut fill-page-max fill-offset \
	$(also fill-page fill-offset-end)
t "lie: ring indexes" no_harm cut fill-ahead tx-back $(also fill-back tx-ahead)
t "lie: lengths to send" no_harm cut tx-long tx-giant tx-endless $(also tx-empty tx-short)
t "lie: headers to send" cut tx-l2-long tx-l3-ipv6 tx-l4-out tx-udp-tso \
	$(also tx-l2-none tx-l3-short tx-l3-long tx-l4-none tx-l4-long tx-mss-none \
	tx-mss-small tx-mss-large)
t "lie: one that goes the same moment" cut lie-and-go
t "lie: all rings full of noise; no frame of another guest is lost" unharmed cut noise
figures 'datagrams|bytes'
t "harmless: a storm of events; no frame of another guest is lost" unharmed harmless storm
figures 'datagrams|bytes'
t "silent: no more buffers, and no frame of another guest is lost" unharmed silent_fill
figures 'datagrams|bytes'
t "harmless: the filter changes without end" harmless filter-churn filter-odd
t "harmless: indexes that only the guest needs" harmless comp-cons tx-unfinished
t "strange: multicast list, path" strange mc-count path-lie
t "strange: an MTU of 0" deaf mtu-none
t "wish: promiscuous mode" wish promisc '*promiscuous*'
t "wish: another address" wish other-mac '*another address*'
t "wish: a huge MTU" wish mtu-huge '*MTU*'

t "refused: one page of the pool is read-only" refused_grants ro-pool '*pool is not granted writable'
t "refused: a ring page that is not granted" refused_grants dir-ring '*rings is not granted*'
if long; then
	t "refused: the rings are read-only" refused_grants ro-rings '*rings is not granted writable'
	t "refused: a pool page that is not granted" refused_grants dir-unknown '*pool is not granted*'
fi
t "refused: a directory of nothing" refused_grants dir-none '*not granted*'
t "refused: pool pages" refused_keys 'nc2-pool-pages is out of range' nc2-pool-pages=banana \
	$(also nc2-pool-pages=-1 nc2-pool-pages=0) nc2-pool-pages=99999
t "refused: receive ring" refused_keys 'nc2-rx-entries is less*' \
	$(also nc2-rx-entries=4096) nc2-rx-entries=64
if long; then
	t "refused: buffer size" refused_keys 'nc2-buf-size is neither*' nc2-buf-size=1000
	t "refused: transmit ring" refused_keys 'nc2-tx-entries is out of range' nc2-tx-entries=100
fi
t "refused: the shared page is not granted" refused_keys '*shared page*' nc2-shared-ref=4294967295
t "refused: the directory is not granted" refused_keys '*directory*' nc2-dir-ref-0=4294967295
t "refused: event channel" refused_keys '*event-channel*' nc2-event-channel=999999
t "refused: a version that was not offered" refused_keys '*version*' request-nc2=2,0123456789abcdef
t "refused: the answer to an older offer" refused_keys '*older offer*' request-nc2=1,0123456789abcdef
t "refused: Xen has no room for the mappings" no_room 2 $(also 100)
t "refused: a save does not wait for what nobody has" saved_without
t "refused: Xen has no room for any mapping" no_room_at_all
t "silent when it should enter the direct path" silent_connect silent '*did not answer*'
t "silent when it should give receive buffers" silent_connect fill-silent '*no receive buffers*'
t "silent when it should leave it" silent_leave
t "the honest guest has not noticed" others_fine
t "xl network-attach makes it direct again" good_vif
# On the bridge 44-bad-rings has each.
if long; then
	t "a storm of events while the interface goes" in_a_storm storm_detach
	t "a storm of events while the back is unloaded" in_a_storm storm_unload
fi
t "a storm of events while the guest is destroyed" in_a_storm storm_destroy
t "nc2-vfs says that the back is not loaded" vfs_without_back
finish
