#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What becomes of checksums and of segments of UDP on the bridged path where dom0 bridges,
# routes and translates addresses, between guests and the wire.
# shellcheck disable=SC2016 # expanded in the guest, or in dom0
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# Networks of which dom0 is the router, all on its bridge: 10.97.N.0 and fd97:N::.
# The last number of dom0; of the others their network, and their last number.
ROUTER=2
ROUTER_MAC=02:99:00:00:00:02
declare -A NET=([g1]=1 [g2]=2 [wire]=3) HOST=([g1]=11 [g2]=12 [wire]=1)
declare -A DEV=([g1]=eth0 [g2]=eth0 [wire]=wire)
# Where programs listen, and the ports of dom0's that stand for g1's.
PORT=8
DOM0_PORT=1008
TRAIN_PORT=9
DOM0_TRAIN_PORT=1009

# An address of that network: of WHO, or of dom0 there.
at4() {
	echo "10.97.${NET[$1]}.${2:-${HOST[$1]}}"
}

at6() {
	echo "fd97:${NET[$1]}::${2:-${HOST[$1]}}"
}

# Guests take no verdict of others, so that they look at each checksum themselves.  So
# does the wire, unless a frame comes to it unfinished, as the emulated NIC sends them;
# dom0's and the wire's kernels finish theirs.
prepare_sums() {
	local who

	for who in g1 g2; do
		lab push "$who" "$TESTS/frames.py" /run/frames.py
		lab push "$who" "$TESTS/talk.py" /run/talk.py
		on "$who" ethtool -K eth0 rx off
	done
	dom0 ethtool -K nic0 tx off
	on wire ethtool -K wire tx off
	for who in g1 g2; do
		behind "talk-$who" "$who" python3 /run/talk.py serve "$PORT"
	done
	behind talk-wire wire python3 -c "$(<"$TESTS/talk.py")" serve "$PORT"
	for who in g1 g2 wire; do
		until_true "$LIMIT" "$who listens" grep -q listening "$TMP/talk-$who"
	done
}

# wrong_ones WHO: what it has received with a wrong checksum, by protocol.
wrong_ones() {
	on "$1" nstat -asz '*InCsumErrors' | awk '/^[A-Z]/ { print $1, $2 }' | xargs
}

all_wrong() {
	local who pid pids=()

	for who in g1 g2 wire dom0; do
		wrong_ones "$who" >"$TMP/wrong.$who" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	for who in g1 g2 wire dom0; do
		echo "$who: $(<"$TMP/wrong.$who")"
	done
}

# Packets that dom0 has forwarded, of IPv4 and of IPv6.
forwarded() {
	dom0 nstat -asz IpForwDatagrams Ip6OutForwDatagrams | awk '/^[A-Z]/ { print $2 }'
}

# right COMMAND...: nobody has received a wrong checksum.
right() {
	local before after

	before=$(all_wrong)
	like "what is counted" "$before" '*TcpInCsumErrors*Udp6InCsumErrors*'
	"$@"
	after=$(all_wrong)
	is "wrong checksums" "$after" "$before"
}

# talk FROM TO blank|full SOURCE4 SOURCE6 [PORT] HOST4 HOST6: all that is sent comes back
# as it was, by TCP and by UDP, and TO sees frames of the sources with such checksums.
talk() {
	local from=$1 to=$2 want=$3 source4=$4 source6=$5 sums

	shift 5
	sees "$to" "kinds ${DEV[$to]} 60 $source4 $source6" program talk.py "$from" check "$@"
	sums=$(tail -n 1 "$TMP/seen")
	is "from $from to $to" "$sums" "tcp4=$want udp4=$want tcp6=$want udp6=$want"
}

bridged_sums() {
	talk g1 wire full "$(address g1)" "$(address6 g1)" "$PORT" 10.99.0.1 fd99::1
	# As what is translated on the same way.
	if long; then
		talk g1 g2 blank "$(address g1)" "$(address6 g1)" \
			"$PORT" "$(address g2)" "$(address6 g2)"
	fi
}

# train FROM TO SOURCE ADDRESS PORT [HEADER]: 40 datagrams that FROM sends by one system call
# come to TO, whole and in their order, in the name of SOURCE.
train() {
	local from=$1 to=$2 source=$3

	shift 3
	sees "$to" "taken $TRAIN_PORT 40 1000 60" \
		frames "$from" burst "$1" "$2" 40 1000 "${@:3}"
	is "whose datagrams they are" "$(tail -n 1 "$TMP/seen")" "$source"
}

# Who is to cut a train with such a header, and to fill in its checksums, is the kernel's
# business; g1, g2 and the wire look at each.  The wire sends none: its kernel may be too
# old for that.
extended() {
	train g1 wire "$(address6 g1)" fd99::1 "$TRAIN_PORT" hop
	train dom0 g1 fd99::2 "$(address6 g1)" "$TRAIN_PORT" destination
	if long; then
		train g1 wire "$(address6 g1)" fd99::1 "$TRAIN_PORT" destination
		train dom0 g1 fd99::2 "$(address6 g1)" "$TRAIN_PORT" hop
		train g1 g2 "$(address6 g1)" "$(address6 g2)" "$TRAIN_PORT" hop
		train g1 g2 "$(address6 g1)" "$(address6 g2)" "$TRAIN_PORT" destination
	fi
}

# Nobody is told of a shorter way, for all the networks are on one bridge.
prepare_router() {
	local who

	dom0 sh -ec 'for n in 1 2 3; do
			ip address add 10.97.$n.$0/24 dev xenbr0
			ip address add fd97:$n::$0/64 dev xenbr0 nodad
		done
		echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
		modprobe -a nf_tables nft_chain_nat nft_nat nft_masq
		nft "add table inet lab
			add chain inet lab out { type filter hook output priority 0; }
			add rule inet lab out icmp type redirect drop
			add rule inet lab out icmpv6 type nd-redirect drop"' "$ROUTER"
	for who in g1 g2 wire; do
		on "$who" sh -ec 'ip address add "$1/24" dev "$0"
			ip address add "$2/64" dev "$0" nodad
			ip route add 10.97.0.0/16 via "$3"
			ip -6 route add fd97::/16 via "$4" dev "$0"' \
			"${DEV[$who]}" "$(at4 "$who")" "$(at6 "$who")" \
			"$(at4 "$who" "$ROUTER")" "$(at6 "$who" "$ROUTER")"
	done
	# As the lab has it for other neighbours: see Documentation/lab.rst.
	on wire ip -6 neigh replace "$(at6 wire "$ROUTER")" dev wire nud permanent \
		lladdr "$ROUTER_MAC"
	pings wire "$(at6 g1)"
}

# wrong_one FROM TO COUNTER AT [udp]: a frame by way of dom0 whose checksum is wrong moves
# the counter.  AT: at4 or at6.
wrong_one() {
	local from=$1 to=$2 counter=$3 before
	local args=("segment" "${DEV[$1]}" "$ROUTER_MAC" "$($4 "$1")" "$($4 "$2")" bad "${@:5}")

	before=$(count_of "$to" "$counter")
	frames "$from" "${args[@]}"
	until_true 60 "$to counts it" counts "$to" "$counter" $((before + 1))
}

# The counter-proof: nobody on the way says that they are right, or makes them so.
wrong_sums() {
	wrong_one g1 wire Udp6InCsumErrors at6 udp
	wrong_one wire g1 TcpInCsumErrors at4
	if long; then
		wrong_one g1 wire TcpInCsumErrors at4
		wrong_one wire g1 Udp6InCsumErrors at6 udp
		wrong_one g1 g2 UdpInCsumErrors at4 udp
		wrong_one g1 g2 TcpInCsumErrors at6
	fi
}

# by_router COMMAND...: dom0 has forwarded frames of it, of both kinds.
by_router() {
	local before after i

	mapfile -t before < <(forwarded)
	"$@"
	mapfile -t after < <(forwarded)
	for i in 0 1; do
		echo "forwarded: $((after[i] - before[i]))"
		[ $((after[i] - before[i])) -ge 20 ] || fail "they went another way"
	done
}

# Where the vif does not take blank ones dom0 fills them in, by what our back has told it
# of the frame.
routed_sums() {
	local dev

	dev=$(d0 vif g2)
	dom0 ethtool -K "$dev" tx off
	by_router talk g1 g2 full "$(at4 g1)" "$(at6 g1)" "$PORT" "$(at4 g2)" "$(at6 g2)"
	dom0 ethtool -K "$dev" tx on
	if long; then
		by_router talk g1 g2 blank "$(at4 g1)" "$(at6 g1)" \
			"$PORT" "$(at4 g2)" "$(at6 g2)"
		by_router talk g1 wire full "$(at4 g1)" "$(at6 g1)" \
			"$PORT" "$(at4 wire)" "$(at6 wire)"
		by_router talk wire g1 full "$(at4 wire)" "$(at6 wire)" \
			"$PORT" "$(at4 g1)" "$(at6 g1)"
	fi
}

# What g1 sends is dom0's, and a port of dom0's is g1's.
prepare_nat() {
	dom0 nft "add table ip lab
		add chain ip lab pre { type nat hook prerouting priority -100; }
		add rule ip lab pre tcp dport $DOM0_PORT dnat to $(at4 g1):$PORT
		add rule ip lab pre udp dport $DOM0_PORT dnat to $(at4 g1):$PORT
		add rule ip lab pre udp dport $DOM0_TRAIN_PORT dnat to $(at4 g1):$TRAIN_PORT
		add chain ip lab post { type nat hook postrouting priority 100; }
		add rule ip lab post ip saddr $(at4 g1) masquerade
		add table ip6 lab
		add chain ip6 lab pre { type nat hook prerouting priority -100; }
		add rule ip6 lab pre tcp dport $DOM0_PORT dnat to [$(at6 g1)]:$PORT
		add rule ip6 lab pre udp dport $DOM0_PORT dnat to [$(at6 g1)]:$PORT
		add rule ip6 lab pre udp dport $DOM0_TRAIN_PORT dnat to [$(at6 g1)]:$TRAIN_PORT
		add chain ip6 lab post { type nat hook postrouting priority 100; }
		add rule ip6 lab post ip6 saddr $(at6 g1) masquerade"
}

# Where g1 is the sender, the sources are dom0's in the network of who receives.
translated_sums() {
	by_router talk g1 g2 blank "$(at4 g2 "$ROUTER")" "$(at6 g2 "$ROUTER")" \
		"$PORT" "$(at4 g2)" "$(at6 g2)"
	by_router talk wire g1 full "$(at4 wire)" "$(at6 wire)" \
		"$DOM0_PORT" "$(at4 wire "$ROUTER")" "$(at6 wire "$ROUTER")"
	if long; then
		by_router talk g1 wire full "$(at4 wire "$ROUTER")" "$(at6 wire "$ROUTER")" \
			"$PORT" "$(at4 wire)" "$(at6 wire)"
	fi
}

# trains_out MOST TRAIN...: TRAIN is TO and its family, 4 or 6; g1 has sent so many frames
# at most for all of them.
trains_out() {
	local most=$1 pair

	shift
	shot a g1
	for pair; do
		train g1 "${pair%/*}" "$("at${pair#*/}" "${pair%/*}" "$ROUTER")" \
			"$("at${pair#*/}" "${pair%/*}")" "$TRAIN_PORT"
	done
	shot b g1
	moved back 'q*_tx_bridged_frames' $# "$most"
	still back 'q*_tx_drop_*'
}

# train_in FAMILY: dom0's port is g1's, to which the train comes as one frame.
train_in() {
	shot a g1
	train g2 g1 "$("at$1" g2)" "$("at$1" g2 "$ROUTER")" "$DOM0_TRAIN_PORT"
	shot b g1
	moved back 'q*_rx_bridged_frames' 1 20
	still back 'q*_rx_drop_*'
}

# One frame of the guest's, also for conntrack; who comes next has it as one frame, or cut
# and with full checksums.  Of fewer than a train has, some are others'.
translated_trains() {
	local dev

	# shellcheck disable=SC2046 # words
	trains_out 38 wire/4 $(also wire/6 g2/4 g2/6)
	train_in 4
	if long; then
		train_in 6
		dev=$(d0 vif g2)
		dom0 ethtool -K "$dev" tx off
		trains_out 38 g2/4 g2/6
		dom0 ethtool -K "$dev" tx on
	fi
}

up --guests 2 --vfs 0 --path bridged
needed "everybody talks, and verifies checksums" prepare_sums
t "dom0 bridges: full and right on the wire" right bridged_sums
t "segments of UDP with an extension header: whole and right" right extended
needed "dom0 becomes a router" prepare_router
t "a wrong checksum is counted by who receives it" wrong_sums
t "dom0 routes: filled in where they must be" right routed_sums
needed "dom0 translates addresses" prepare_nat
t "dom0 translates addresses: blank, or full and right" right translated_sums
t "dom0 translates segments of UDP: as one frame, or cut and right" right translated_trains
finish
