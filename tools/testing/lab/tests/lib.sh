# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the lab tests have in common.  A script boots one lab with up, has each
# of its tests run by t, and ends with finish:
#
#   t NAME FUNCTION [ARGUMENT...]
#
# FUNCTION runs in a subshell with "set -e": its first command that fails fails
# the test, and so does a line in any kernel log or in Xen's that must not be
# there, and what is left in dom0 of guests that are gone.  What it printed is shown
# then.  Variables that it sets are lost.
# Never write "t ... || ...": there bash takes no notice of "set -e".  Ask
# T_FAILED, or use needed, which ends the script where its test fails.
#
# Every wait polls, and has a limit that only a broken system meets.
#
# With NC2_TEST_LONG=1, as "make check-full" has it, what can be done more often, or
# with more kinds of guests, is.  With NC2_TEST_KERNEL=7.3 dom0 and the guests run that.

set -uo pipefail
# As in the lab command: no stand-in for python3.
PATH=/usr/bin:$PATH
shopt -s inherit_errexit

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
LAB=$TESTS/../lab
NAME=t-$(basename "$0" .sh)${NC2_TEST_KERNEL:+-$NC2_TEST_KERNEL}
NAME=${NAME//./-}
LIMIT=${NC2_TEST_LIMIT:-240}
TMP=$(mktemp -d)
number=0
failures=0
running=
booted=0
T_FAILED=0

lab() {
	local command=$1

	shift
	"$LAB" "$command" --name "$NAME" "$@"
}

# on WHO CMD...
on() {
	local who=$1

	shift
	lab exec --timeout 900 "$who" -- "$@"
}

dom0() {
	on dom0 "$@"
}

# d0 FUNCTION ARGUMENT...: a function of dom0.sh, there.
d0() {
	on dom0 sh /tmp/dom0.sh "$@"
}

# Whether this is the long form.
long() {
	[ -n "${NC2_TEST_LONG:-}" ]
}

# often SHORT LONG: how many times to do something.
often() {
	if long; then echo "$2"; else echo "$1"; fi
}

# also WORD...: these as well, in the long form.
also() {
	! long || echo "$*"
}

say() {
	echo "# $*"
}

fail() {
	echo "FAILED: $*"
	return 1
}

# is WHAT GOT WANT
is() {
	[ "$2" = "$3" ] || fail "$1 is '$2', not '$3'"
}

# same WHAT GOT PATTERN: a glob
like() {
	# shellcheck disable=SC2053 # a glob
	[[ $2 == $3 ]] || fail "$1 is '$2', not like '$3'"
}

# until_true SECONDS WHAT COMMAND...: polls.
until_true() {
	local end=$((SECONDS + $1)) what=$2

	shift 2
	until "$@" >"$TMP/until" 2>&1; do
		if [ "$SECONDS" -ge "$end" ]; then
			cat "$TMP/until"
			fail "$what: not within the limit"
			return
		fi
		sleep 0.5
	done
}

# has FILE PATTERN N: so many lines.
has() {
	[ "$(grep -c "$2" "$1")" -ge "$3" ]
}

t() {
	local title=$1 out=$TMP/out began=$SECONDS rc

	if [ -n "${NC2_TEST_UNTIL:-}" ] && [ "$(date +%s)" -ge "$NC2_TEST_UNTIL" ]; then
		skip "$title, and what follows" "no time left"
		booted=0 finish
	fi
	shift
	number=$((number + 1))
	# In the background, so that a signal is heard at once.
	(
		set -e
		"$@"
	) >"$out" 2>&1 </dev/null &
	running=$!
	wait "$running"
	rc=$?
	running=
	if ! lab check-logs --mark --also "sh /tmp/dom0.sh clean 60" >"$TMP/logs" 2>&1; then
		rc=1
		echo "in the logs, or left behind:" >>"$out"
		cat "$TMP/logs" >>"$out"
	fi
	T_FAILED=$((rc != 0))
	if [ "$rc" = 0 ]; then
		echo "ok $number - $title"
		# Where the time goes.
		[ $((SECONDS - began)) -lt 20 ] || say "that took $((SECONDS - began)) s"
		return
	fi
	echo "not ok $number - $title"
	failures=$((failures + 1))
	sed 's/^/#   /' "$out" | tail -n 60
	timeout 60 "$LAB" exec --name "$NAME" dom0 -- sh /tmp/dom0.sh report 2>&1 | sed 's/^/#   | /'
}

# figures PATTERN: what the last test has printed that begins so.  Else it is shown of
# failed ones only.
figures() {
	grep -E "^($1)" "$TMP/out" | sed 's/^/# /'
}

# needed TITLE FUNCTION [ARGUMENT...]: nothing that follows makes sense without it.
needed() {
	t "$@"
	[ "$T_FAILED" = 0 ] || finish
}

# skip TITLE REASON
skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# What stream_start and behind have begun.
streams_end() {
	local pid

	for pid in "$TMP"/stream.*.pid; do
		[ ! -e "$pid" ] || kill -- "-$(cat "$pid")" 2>/dev/null
	done
}

ended() {
	[ -z "$running" ] || kill "$running" 2>/dev/null
	streams_end
	lab down >/dev/null 2>&1
	rm -rf "$TMP"
}
# A script with one of that name would leave its lab running.
readonly -f ended

# build WHAT COMMAND...: what the command prints is in $TMP/built; or the script ends
# here.  Before up.
build() {
	local what=$1

	shift
	if "$@" >"$TMP/built" 2>"$TMP/build"; then
		return
	fi
	echo "not ok 1 - $what built"
	cat "$TMP/built" "$TMP/build" | sed 's/^/#   /'
	echo 1..1
	rm -rf "$TMP"
	exit 1
}

# hostile_modules: builds those of tools/testing/hostile, and sets $hostile to the
# folder that they are in; or the script ends here.  Before up.
# shellcheck disable=SC2034 # used by who calls
hostile_modules() {
	build "the modules of tools/testing/hostile are" "$TESTS/../../hostile/build.sh" \
		"${NC2_TEST_KERNEL:-6.12}"
	hostile=$(<"$TMP/built")
}

# plan N; up OPTION...; the lab boots, or the script ends here.
up() {
	trap ended EXIT
	trap 'exit 130' INT TERM HUP
	say "lab up $*"
	needed "the lab comes up" boot "$@"
	booted=1
}

boot() {
	lab up ${NC2_TEST_KERNEL:+--kernel "$NC2_TEST_KERNEL"} "$@"
	lab push dom0 "$TESTS/dom0.sh" /tmp/dom0.sh
}

# The last test of all: what ends by itself is over.
finish() {
	streams_end
	if [ "$T_FAILED" = 0 ] && [ "$booted" = 1 ]; then
		t "all guests end, and the back is unloaded" d0 end "$LIMIT"
	fi
	echo "1..$number"
	exit $((failures != 0))
}

# create gI [OPTION...]: a guest, with what the tests want of it running.
create() {
	lab guest create "$@"
	serve "$1"
}

# The servers that tests talk to.
serve() {
	local who=$1

	# shellcheck disable=SC2016 # expanded in the guest
	lab exec -i "$who" -- sh -c 'cat >/run/stream.py
		iperf3 -s -D >/dev/null
		python3 /run/stream.py echo 7 >/dev/null 2>&1 &
		for i in $(seq 100); do
			ss -ltnH | grep -q :5201 && ss -ltnH | grep -q ":7 " && exit 0
			sleep 0.2
		done
		echo "iperf3 or the echo server does not listen"
		exit 1' <"$TESTS/stream.py"
}

address() {
	echo "10.99.0.1${1#g}"
}

address6() {
	echo "fd99::1${1#g}"
}

# wait_address gI: until it has one.
wait_address() {
	until_true "$LIMIT" "$1 has its address" on "$1" \
		sh -c 'ip -4 -o addr show dev eth0 scope global | grep -q .'
}

# unplug gI: its interface is taken away.
unplug() {
	dom0 xl network-detach "$1" 0
	d0 no_vif "$1" "$LIMIT"
}

# give gI [KEY=VALUE...]: it gets one, with these keys in its vif line.
give() {
	local who=$1

	shift
	dom0 xl network-attach "$who" "mac=00:16:3e:99:00:0${who#g}" bridge=xenbr0 \
		script=vif-nc2 "$@"
}

# plug gI [KEY=VALUE...]: the same, and uses it.
plug() {
	give "$@"
	wait_address "$1"
}

# guest_mtu gI MTU: whether it has that.
guest_mtu() {
	[ "$(on "$1" cat /sys/class/net/eth0/mtu)" = "$2" ]
}

# host_wants gI MTU: for the guest's interface.
host_wants() {
	# shellcheck disable=SC2016 # expanded in dom0
	dom0 sh -c 'xenstore-write "/local/domain/$(xl domid "$0")/device/vif/0/mtu" "$1"' "$@"
}

# pings FROM ADDRESS [OPTION...]: until three have come back, within 30 s.
pings() {
	local from=$1 to=$2 out

	shift 2
	out=$(on "$from" ping -q -n -i 0.2 -c 3 -w 30 "$@" "$to") || true
	echo "$out"
	if ! [[ $out =~ \ ([0-9]+)\ received ]] || [ "${BASH_REMATCH[1]}" -lt 3 ]; then
		fail "no answer from $to to $from"
	fi
}

# reachable gI: it answers at once, for who polls.
reachable() {
	on wire ping -q -n -c 1 -W 1 "$(address "$1")"
}

# is_told gI TEXT: the back has written it down of the guest's interface.
is_told() {
	d0 errors "$1" | grep -q "$2"
}

# another_offer gI OFFER: the back has made another one since.
another_offer() {
	[ "$(d0 offer "$1")" != "$2" ]
}

# offer N: so many queues, to interfaces that come from now on.
offer() {
	# shellcheck disable=SC2016 # expanded in dom0
	dom0 sh -c 'for back in nc2_back netback; do
			file=/sys/module/xen_$back/parameters/max_queues
			[ ! -e "$file" ] || echo "$0" >"$file"
		done' "$1"
}

# iperf FROM TO-ADDRESS OPTION...: bytes that the receiver got, on stdout.  On a busy machine
# not even one block of TCP's may be there in the time that does elsewhere: then there is more.
iperf() {
	local n

	n=$(iperf_once "$@")
	if [ "$n" -lt 100000 ]; then
		echo "# iperf3 moved only $n bytes: once more, for longer" >&2
		n=$(iperf_once "$@" -t 30)
		[ "$n" -ge 100000 ] || fail "iperf3 moved only $n bytes" >&2
	fi
	echo "$n"
}

# too_early OUTPUT: the server was not there, or busy, or closed its socket to open another:
# who has connected to that by then is cut off before anything has begun.
too_early() {
	grep -qE 'refused|server is busy' "$1" ||
		{ grep -q 'reset by peer' "$1" && grep -q '"connected":[[:space:]]*\[\]' "$1"; }
}

iperf_once() {
	local from=$1 to=$2 tries=60 out=$TMP/iperf.$2

	shift 2
	# The server takes a moment between two clients.
	until on "$from" iperf3 -c "$to" -t 2 -J "$@" >"$out"; do
		tries=$((tries - 1))
		if [ $tries = 0 ] || ! too_early "$out"; then
			cat "$out" >&2
			return 1
		fi
		sleep 1
	done
	python3 - "$out" <<-'END'
		import json, sys
		with open(sys.argv[1], encoding='utf-8') as f:
		    r = json.load(f)
		if 'error' in r:
		    sys.exit(r['error'])
		print(r['end']['sum_received']['bytes'])
	END
}

# count_of WHO COUNTER: of its kernel's network, by the name that nstat has for it.
count_of() {
	on "$1" nstat -asz "$2" | awk '/^[A-Z]/ { print $2 }'
}

counts() {
	[ "$(count_of "$1" "$2")" = "$3" ]
}

# program FILE WHO ARGUMENT...: one of this folder.  A guest takes no command as long as
# that: there it is in /run.  On the wire the source may not be visible.
program() {
	local file=$1 who=$2

	shift 2
	case $who in
	g*) on "$who" python3 "/run/$file" "$@" ;;
	*) on "$who" python3 -c "$(<"$TESTS/$file")" "$@" ;;
	esac
}

# frames WHO ARGUMENT...: frames.py
frames() {
	program frames.py "$@"
}

# sees WHO OUTPUT COMMAND...: what "frames.py OUTPUT" has to say, in WHO, of what
# COMMAND has sent.
sees() {
	local who=$1 args=$2 pid rc=0

	shift 2
	: >"$TMP/seen"
	# shellcheck disable=SC2086 # words
	frames "$who" $args >"$TMP/seen" 2>&1 &
	pid=$!
	until_true 60 "$who listens" grep -q listening "$TMP/seen"
	"$@"
	wait "$pid" || rc=1
	cat "$TMP/seen"
	return "$rc"
}

# sum_of WHO DEV FROM COMMAND...: that of a TCP frame that COMMAND sends, as WHO
# receives it from that address: "blank" or "full".
sum_of() {
	local who=$1 dev=$2 from=$3

	shift 3
	sees "$who" "sums $dev $from 60" "$@" | tail -n 1
}

# sum_to_guest gI: of what dom0 sends to it.
sum_to_guest() {
	sum_of "$1" eth0 10.99.0.2 frames dom0 connect "$(address "$1")" 7 4567
}

# Counters of an interface from both ends, into $TMP/NAME; gI-less ends of the
# stock pair have few or none.
# shot NAME gI
shot() {
	local file=$TMP/$1 who=$2 pid

	# Side by side: the guests have a CPU of their own.
	d0 stats "$who" >"$file.back" &
	pid=$!
	on "$who" ethtool -S eth0 2>/dev/null | sed -n 's/^ *\([^:]*\): \([0-9]*\)$/\1 \2/p' >"$file.front" || true
	wait "$pid"
}

# back_has gI COUNTER: where that counter of the back's stands.
back_has() {
	d0 stats "$1" | awk -v name="$2" '$1 == name { print $2; n++ } END { exit !n }'
}

# change END COUNTER: by how much it went up from shot "a" to shot "b"; END is
# back or front; a glob adds up several counters.
change() {
	local end=$1 counter=$2 name value sum=0 seen=0

	while read -r name value; do
		# shellcheck disable=SC2053 # a glob
		[[ $name == $counter ]] || continue
		sum=$((sum - value))
		seen=1
	done <"$TMP/a.$end"
	while read -r name value; do
		# shellcheck disable=SC2053 # a glob
		[[ $name == $counter ]] || continue
		sum=$((sum + value))
	done <"$TMP/b.$end"
	[ $seen = 1 ] || { fail "there is no counter $end/$counter" >&2; return 1; }
	echo $sum
}

# moved END COUNTER LEAST [MOST]
moved() {
	local n

	n=$(change "$1" "$2") || return
	echo "$1 $2: +$n (want ${3}..${4:-})"
	if [ "$n" -lt "$3" ] || [ "$n" -gt "${4:-$n}" ]; then
		fail "$1 $2 went up by $n, want $3..${4:-}"
	fi
}

# still END COUNTER: did not move.
still() {
	moved "$1" "$2" 0 0
}

# average END COUNTERS-OF-BYTES COUNTER-OF-FRAMES LEAST [MOST]
average() {
	local bytes frames

	bytes=$(change "$1" "$2") || return
	frames=$(change "$1" "$3") || return
	echo "$bytes bytes in $frames frames"
	[ "$bytes" -ge $((frames * $4)) ] || fail "frames are shorter than $4 on average"
	[ "$bytes" -le $((frames * ${5:-$bytes})) ] || fail "frames are longer than $5 on average"
}

# everywhere MTU: the whole way to g1 has it, as seen from the wire.
everywhere() {
	dom0 ip link set nic0 mtu "$1"
	dom0 ip link set "$(d0 vif g1)" mtu "$1"
	on wire ip link set wire mtu "$1"
	on g1 ip link set eth0 mtu "$1"
}

# path gI: as the back has it.
path() {
	d0 show "$1" path
}

reason() {
	d0 show "$1" reason
}

# wait_path gI direct|bridged: both ends.
wait_path() {
	d0 wait "$1" path "$2" "$LIMIT"
	# shellcheck disable=SC2016 # expanded in the guest
	on "$1" sh -c 'n=0
		until [ "$(cat /sys/bus/xen/devices/vif-*/nc2/path)" = "$0" ]; do
			n=$((n + 1))
			[ $n -lt 600 ] || { echo "the guest itself is not $0"; exit 1; }
			sleep 0.2
		done' "$2"
}

# link_changes gI: how often its link has gone up or down.
link_changes() {
	on "$1" cat /sys/class/net/eth0/carrier_changes
}

# to_and_fro gI: by the bridge for a while; its stream goes on.
to_and_fro() {
	d0 put "$1" path bridged
	wait_path "$1" bridged
	stream_moves "$1"
	d0 put "$1" path auto
	wait_path "$1" direct
	stream_moves "$1"
}

# rebind gI: the guest's driver lets go of its interface, and takes it anew; until
# it has its address and its link.
rebind() {
	# shellcheck disable=SC2016 # expanded in the guest
	on "$1" sh -ec 'cd /sys/bus/xen/drivers/xen-nc2-front
		echo vif-0 >unbind
		echo vif-0 >bind
		n=0
		until ip -4 -o addr show dev eth0 scope global 2>/dev/null | grep -q . &&
				grep -qs 1 /sys/class/net/eth0/carrier; do
			n=$((n + 1))
			[ $n -lt $(($0 * 5)) ] || { echo "no link or address after $0 s"; exit 1; }
			sleep 0.2
		done' "$LIMIT"
}

# mac_of gI: the address that its interface has.
mac_of() {
	on "$1" cat /sys/class/net/eth0/address
}

# new_address gI ADDRESS: it gets this one, for which it must be down.
new_address() {
	# shellcheck disable=SC2016 # expanded in the guest
	on "$1" sh -ec 'ip link set eth0 down
		ip link set eth0 address "$0"
		ip link set eth0 up
		ip -6 address replace "$1/64" dev eth0 nodad' "$2" "$(address6 "$1")"
	is "address of $1" "$(mac_of "$1")" "$2"
}

# memory: what dom0 and g1 have free, in KB: with the pages that CPUs keep at
# hand, some MB that MemFree does not count.
memory() {
	local who

	for who in dom0 g1; do
		# shellcheck disable=SC2016 # expanded there
		on "$who" sh -c 'sync
			for i in 1 2 3; do echo 3 >/proc/sys/vm/drop_caches; sleep 0.5; done
			awk "/^MemFree:/ { n += \$2 } /^ +count:/ { n += 4 * \$2 }
				END { print n }" /proc/meminfo /proc/zoneinfo'
	done | tr '\n' ' '
}

# stream_start gI [RATE [WHO [COMMAND...]]]: a connection from the wire, or WHO, to gI
# and back, every byte checked, at RATE bytes a second; 0 is as fast as it goes, which
# leaves the emulated CPUs little for anything else that a test does.  COMMAND is what
# runs the program, as taskset does.
stream_start() {
	# One that a failed test has left would write into the same file.
	[ ! -e "$TMP/stream.$1.pid" ] || stream_end "$1"
	: >"$TMP/stream.$1"
	# The source may not be visible where the wire's commands run.
	setsid "$LAB" exec --name "$NAME" "${3:-wire}" -- "${@:4}" \
		python3 -c "$(<"$TESTS/stream.py")" \
		run "$(address "$1")" 7 "${2:-500000}" >"$TMP/stream.$1" 2>&1 &
	echo $! >"$TMP/stream.$1.pid"
	stream_moves "$1"
}

stream_bytes() {
	local n

	n=$(tail -n 1 "$TMP/stream.$1")
	case $n in
	'' ) echo 0 ;;
	*[!0-9]*) tail -n 3 "$TMP/stream.$1" >&2; return 1 ;;
	*) echo "$n" ;;
	esac
}

# stream_moves gI: it is alive: 200 KB go both ways, and more after that.
stream_moves() {
	local from now end=$((SECONDS + LIMIT))

	from=$(stream_bytes "$1")
	while :; do
		now=$(stream_bytes "$1")
		[ $((now - from)) -lt 200000 ] || return 0
		[ "$SECONDS" -lt "$end" ] || break
		sleep 0.5
	done
	fail "the TCP stream to $1 stands still at $now bytes"
}

stream_end() {
	kill -- "-$(cat "$TMP/stream.$1.pid")" 2>/dev/null || true
	rm -f "$TMP/stream.$1.pid"
}

# behind FILE WHO COMMAND...: until "stream_end FILE"; what it says is in $TMP/FILE.
behind() {
	[ ! -e "$TMP/stream.$1.pid" ] || stream_end "$1"
	: >"$TMP/$1"
	setsid "$LAB" exec --name "$NAME" "$2" -- "${@:3}" >"$TMP/$1" 2>&1 &
	echo $! >"$TMP/stream.$1.pid"
}
