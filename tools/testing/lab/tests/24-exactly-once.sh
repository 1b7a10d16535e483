#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each frame arrives once and where it should, from everywhere to everywhere, also
# right after a change of path, and none twice while it changes; guests announce
# themselves by the new path; detection of duplicate IPv6 addresses works by the NIC's
# filter; guests that want more than that filter can do are served.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

PLACES="wire dom0 g1 g2"
declare -A DEV=([wire]=wire [dom0]=xenbr0 [g1]=eth0 [g2]=eth0)
declare -A MAC=([wire]=02:99:00:00:00:01 [dom0]=02:99:00:00:00:02
	[g1]=00:16:3e:99:00:01 [g2]=00:16:3e:99:00:02)
GROUP=03:99:00:00:00:63
N=$(often 20 200)
ONCE=$(<"$TESTS/once.py")

# once WHO ARGUMENT...: the wire may not see the source, and the guests take no long
# command line.
once() {
	local who=$1

	shift
	case $who in
	wire) on wire python3 -c "$ONCE" "$@" ;;
	*) on "$who" python3 /run/once.py "$@" ;;
	esac
}

# Frames are counted everywhere from here on.
listen() {
	local who program

	for who in $PLACES; do
		program=(/run/once.py)
		if [ "$who" = wire ]; then
			program=(-c "$ONCE")
		else
			lab exec -i "$who" -- sh -c 'cat >/run/once.py' <"$TESTS/once.py"
		fi
		: >"$TMP/count.$who"
		setsid "$LAB" exec --name "$NAME" "$who" -- python3 "${program[@]}" count \
			"${DEV[$who]}" "$GROUP" >"$TMP/count.$who" 2>&1 &
		echo $! >"$TMP/stream.count-$who.pid"
	done
	for who in $PLACES; do
		until_true "$LIMIT" "$who listens" grep -q lost "$TMP/count.$who"
	done
	# The guests' groups are known to the NIC.
	until_true "$LIMIT" "the group's members get its frames" members
}

members() {
	once dom0 send xenbr0 0 dom0 1 "m=$GROUP" && sleep 2 &&
		python3 "$TESTS/once.py" got "$TMP/count.g1" 0 dom0 m &&
		python3 "$TESTS/once.py" got "$TMP/count.g2" 0 dom0 m
}

# more WHO LINES
more() {
	[ "$(wc -l <"$TMP/count.$1")" -ge "$2" ]
}

# send_all ROUND: from everywhere, to everybody.
send_all() {
	local who to kinds pid pids=()

	for who in $PLACES; do
		kinds=(b=ff:ff:ff:ff:ff:ff "m=$GROUP")
		for to in $PLACES; do
			[ "$to" = "$who" ] || kinds+=("u-$to=${MAC[$to]}")
		done
		once "$who" send "${DEV[$who]}" "$1" "$who" "$N" "${kinds[@]}" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
}

# quiet WHO...: some seconds of silence, of which the first line may be older than that.
quiet() {
	local who
	declare -A lines

	for who; do
		lines[$who]=$(wc -l <"$TMP/count.$who")
	done
	for who; do
		until_true "$LIMIT" "$who counts" more "$who" $((lines[$who] + 4))
	done
}

# not_mine gI: frames for somebody else that the NIC has written into the guest's pages.
# The front drops them before anybody there can count them.
not_mine() {
	on "$1" ethtool -S eth0 |
		awk '$1 == "rx_drop_not_mine:" { print $2; n++ } END { exit !n }'
}

# counted ROUND G1 G2: what is sent arrives; the guests are on their queue or the bridge.
counted() {
	local who
	declare -A others

	for who in g1 g2; do
		others[$who]=$(not_mine "$who")
	done
	send_all "$1"
	# shellcheck disable=SC2086 # words
	quiet $PLACES
	# What a guest has said may take its time.
	until_true 60 "each frame once" \
		python3 "$TESTS/once.py" judge "$TMP" "$1" "$N" wire=wire dom0=dom0 "g1=$2" "g2=$3"
	for who in g1 g2; do
		is "frames for others, at $who" "$(not_mine "$who")" "${others[$who]}"
	done
}

# has_dropped gI LEAST
has_dropped() {
	[ "$(not_mine "$1")" -ge "$2" ]
}

# By what counted would notice such frames: those of a promiscuous NIC, which gives what
# is for the wire to its queues as well.
for_others() {
	local n

	n=$(not_mine g1)
	dom0 sh -c "ip link set nic0 promisc on
		python3 /run/once.py send xenbr0 7 dom0 $N u-wire=${MAC[wire]}
		ip link set nic0 promisc off"
	until_true 60 "g1 drops what is for the wire" has_dropped g1 $((n + N))
	quiet g1
	! python3 "$TESTS/once.py" got "$TMP/count.g1" 7 dom0 u-wire ||
		fail "g1 has received what is for the wire"
}

stop() {
	local who

	for who in $PLACES; do
		stream_end "count-$who"
	done
}

# known gI: where its address is has not changed for anybody.
known() {
	local who

	for who in wire dom0 g1; do
		like "what $who knows" "$(on "$who" ip -4 neigh show to "$(address "$1")")" \
			"*lladdr ${MAC[$1]}*"
	done
}

meet() {
	wait_path g1 direct
	wait_path g2 direct
	pings wire "$(address g2)"
	pings dom0 "$(address g2)"
	pings g1 "$(address g2)"
	known g2
}

# No frame is lost or doubled from the moment that the change has been made.
switched() {
	d0 put g2 path "$2"
	wait_path g2 "$3"
	counted "$1" queue "$4"
	known g2
	# While it is on its queue the bridge knows of it only that it is outside.
	is "the bridge's entry" "$(d0 fdb g2)" "$5"
}

# announced POLICY PATH: peers and switches learn that the guest is by the new path now.
announced() {
	sees wire "announced wire ${MAC[g2]} 120 $(address g2) $(address6 g2)" \
		d0 put g2 path "$1"
	wait_path g2 "$2"
}

# come COUNTER: several frames, since shot "a".
come() {
	shot b g2 && [ "$(change front "$1")" -ge 10 ]
}

# goes_by POLICY PATH
goes_by() {
	d0 put g2 path "$1"
	wait_path g2 "$2"
	shot a g2
	until_true "$LIMIT" "frames come, $2" come "rx_$2_frames"
}

# Some may be lost on the way.  In the long form so much comes for many, and so often, that
# some of it is there between the start of the queue and that of its filter.
none_twice() {
	local rounds round early

	rounds=$(often 1 10)
	behind numbers wire python3 -c "$ONCE" send wire 8 wire 1000000 "u-g2=${MAC[g2]}" \
		b=ff:ff:ff:ff:ff:ff
	! long || behind flood wire python3 -c "$ONCE" flood wire
	goes_by auto direct
	early=$(back_has g2 rx_direct_filtered)
	for ((round = 1; round <= rounds; round++)); do
		goes_by bridged bridged
		goes_by auto direct
	done
	! long || stream_end flood
	stream_end numbers
	quiet g2
	echo "thrown away before the filter was set: $(($(back_has g2 rx_direct_filtered) - early))"
	python3 "$TESTS/once.py" single "$TMP/count.g2" 8 wire u-g2 $((rounds * 10)) 0
	# Those of which one copy is looked at before the change and the other one after it.
	python3 "$TESTS/once.py" single "$TMP/count.g2" 8 wire b $((rounds * 10)) $((rounds * 5))
	! long || [ "$(back_has g2 rx_direct_filtered)" -gt "$early" ] || fail "none came before the filter"
}

# Nobody has the address.
dad_free() {
	is "path of g1" "$(path g1)" direct
	on g1 ip address add fd99::77/64 dev eth0
	until_true "$LIMIT" "fd99::77 is not tentative any more" on g1 sh -c \
		'! ip -6 address show dev eth0 tentative | grep -q fd99::77/'
	! dad_failed g1 eth0 fd99::77 || fail "fd99::77 is said to be taken"
	pings wire fd99::77
}

# dad_failed WHO DEV ADDRESS
dad_failed() {
	on "$1" sh -c "ip -6 address show dev $2 dadfailed | grep -qF $3/"
}

# taken WHO ADDRESS: somebody else has it.  Who asks waits a second for each answer.
# shellcheck disable=SC2016 # expanded there
taken() {
	on "$1" sh -c 'echo 10 >"/proc/sys/net/ipv6/conf/$0/dad_transmits"' "${DEV[$1]}"
	on "$1" ip address add "$2/64" dev "${DEV[$1]}"
	until_true "$LIMIT" "$1 finds $2 taken" dad_failed "$1" "${DEV[$1]}" "$2"
	on "$1" ip address del "$2/64" dev "${DEV[$1]}"
	on "$1" sh -c 'echo 1 >"/proc/sys/net/ipv6/conf/$0/dad_transmits"' "${DEV[$1]}"
}

promiscuous() {
	on g1 ip link set eth0 promisc on
	wait_path g1 bridged
	like reason "$(reason g1)" '*promiscuous*'
	is multicast "$(d0 show g1 multicast)" ''
	pings wire "$(address g1)"
	# That is clear before any queue is set up for it, however often it is tried.
	lab push dom0 "$TESTS/trace.sh" /run/trace.sh
	dom0 sh /run/trace.sh start lease=xen_nc2_back:nc2b_lease_start
	d0 put g1 path auto
	d0 put g1 path auto
	is "queues set up in vain" "$(dom0 sh /run/trace.sh count lease)" 0
	on g1 ip link set eth0 promisc off
	wait_path g1 direct
	# A guest that stands still for a second has one set up again.
	[ "$(dom0 sh /run/trace.sh count lease)" -ge 1 ] || fail "no queue was set up"
	dom0 sh -c 'sh /run/trace.sh stop >/dev/null'
	like multicast "$(d0 show g1 multicast)" '[1-9]*'
}

# The emulated NIC does not do what the mailbox asks it for here, so no frames.
all_multicast() {
	on g1 ip link set eth0 allmulticast on
	d0 wait g1 multicast all "$LIMIT"
	is path "$(path g1)" direct
	on g1 ip link set eth0 allmulticast off
	d0 wait g1 multicast '[1-9]*' "$LIMIT"
	is path "$(path g1)" direct
}

# groups add|del N
groups() {
	# shellcheck disable=SC2016 # expanded in the guest
	on g1 sh -ec 'for i in $(seq "$1"); do
			ip maddress "$0" "33:33:99:00:00:$(printf %02x "$i")" dev eth0
		done' "$1" "$2"
}

# More groups than the NIC's filter holds, or than the guest can tell of.
too_many() {
	groups add "$1"
	wait_path g1 bridged
	like reason "$(reason g1)" '*multicast list*'
	counted "$2" bridge queue
	groups del "$1"
	wait_path g1 direct
}

up --guests 2 --vfs 2
t "both guests are direct, and known to all" meet
needed "frames are counted everywhere" listen
t "both direct: each frame arrives once" counted 1 queue queue
t "one goes to the bridge: each frame arrives once, at once" \
	switched 2 bridged bridged bridge "$(d0 vif g2)"
t "it comes back: each frame arrives once, at once" switched 3 auto direct queue ''
t "what is for others: the front drops and counts it" for_others
t "to the bridge: the guest announces itself" announced bridged bridged
t "to its queue: the guest announces itself" announced auto direct
t "a new IPv6 address is found to be free" dad_free
t "one that the wire has is found to be taken" taken g1 fd99::1
t "one that the guest has is found to be taken, by the wire" taken wire fd99::77
t "promiscuous mode: by the bridge" promiscuous
t "all multicast: by the queue" all_multicast
t "too many groups for the NIC: by the bridge, each frame once" too_many 40 4
if long; then
	t "too many groups to tell of: by the bridge, each frame once" too_many 80 5
fi
t "and again direct: each frame arrives once" counted 6 queue queue
t "the path changes, there and back: no frame comes twice" none_twice
stop
finish
