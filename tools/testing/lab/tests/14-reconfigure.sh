#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a user changes while frames flow: the number of queues, the sizes of the
# direct path, an XDP program.  A TCP stream goes on through all of it, and the
# guest never sees its link go down.  It has to be down for a new address, which
# the stream survives as well.  Our pair, our front on the stock back, the stock
# front on our back.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# An address that no vif line names.
OWN=02:16:3e:99:00:01
# What fits into a page with headroom, a VLAN tag and what makes an skb of it.
XDP_MTU=3502

# steady gI COMMAND...: the stream goes on and the link has not moved.
steady() {
	local who=$1 before

	shift
	before=$(link_changes "$who")
	"$@"
	stream_moves "$who"
	is "changes of the link" "$(link_changes "$who")" "$before"
}

# Queues that the two ends have: front, then back.
queues() {
	# shellcheck disable=SC2016 # expanded in the guest
	on "$1" sh -c 'set -- /sys/class/net/eth0/queues/tx-*; echo $#'
	dom0 sh -c "set -- /sys/class/net/$(d0 vif "$1")/queues/tx-*; echo \$#"
}

both_have() {
	[ "$(queues "$1" | xargs)" = "$2 $2" ] || { queues "$1"; return 1; }
}

set_channels() {
	on "$1" ethtool -L eth0 combined "$2"
	# The front has it at once, the back when the connection is made anew.
	is "the front's queues" "$(queues "$1" | head -n 1)" "$2"
	until_true "$LIMIT" "$2 queues at both ends" both_have "$1" "$2"
}

# Counters of either end that are gone in the second shot, or less than in the first.
gone_back() {
	local end

	for end in back front; do
		if [ ! -s "$TMP/a.$end" ] || [ ! -s "$TMP/b.$end" ]; then
			echo "$end: no counters"
		fi
		awk -v end="$end" 'NR == FNR { was[$1] = $2; next }
			{ is[$1] = $2 }
			END { for (n in was) if (!(n in is) || is[n] < was[n]) print end, n, was[n], is[n] }' \
			"$TMP/a.$end" "$TMP/b.$end"
	done
}

# What has been counted outlives the queues that have counted it.
counters_stay() {
	set_channels g1 2
	pings wire "$(address g1)"
	iperf wire "$(address g1)" >/dev/null
	shot a g1
	set_channels g1 1
	shot b g1
	is "counters that went back" "$(gone_back)" ''
	set_channels g1 2
	shot b g1
	is "counters that went back" "$(gone_back)" ''
}

channels() {
	like "channels" "$(on "$1" ethtool -l eth0 | xargs)" '*Combined: 2*Combined: 2*'
	steady "$1" set_channels "$1" 1
	steady "$1" set_channels "$1" 2
	pings wire "$(address "$1")" -s 1400
	! on "$1" ethtool -L eth0 combined 3 || fail "three queues where two are offered"
	! on "$1" ethtool -L eth0 combined 0 || fail "no queues"
}

change_all() {
	# shellcheck disable=SC2016 # expanded in the guest
	on "$1" sh -c 'for n in 1 2 1 2 1 2 1; do
		ethtool -L eth0 combined $n || exit 1
	done'
	until_true "$LIMIT" "one queue at both ends" both_have "$1" 1
}

# Faster than a connection can be made: the last word counts.
hurry() {
	steady "$1" change_all "$1"
	steady "$1" set_channels "$1" 2
}

# rising gI COMMAND...: what dom0 reads of the vif's counters never falls meanwhile.
rising() {
	local who=$1 pid rc=0

	shift
	dom0 rm -f /run/enough
	dom0 python3 -c "$(<"$TESTS/falls.py")" "$(d0 vif "$who")" /run/enough "$LIMIT" \
		>"$TMP/falls" 2>&1 &
	pid=$!
	until_true "$LIMIT" "the counters are read" grep -q reading "$TMP/falls"
	"$@"
	dom0 touch /run/enough
	wait "$pid" || rc=$?
	cat "$TMP/falls"
	is "status" "$rc" 0
}

# The direct path is taken up again, with what was asked for.
set_rings() {
	local who=$1 rx=$2 tx=$3

	on "$who" ethtool -G eth0 rx "$rx" tx "$tx"
	rings_are "$who" "$rx" "$tx"
	until_true "$LIMIT" "a pool of $((rx / 2)) pages" pool_is "$who" $((rx / 2))
	wait_path "$who" direct
	rings_are "$who" "$rx" "$tx"
}

rings_are() {
	like "rings" "$(on "$1" ethtool -g eth0 | xargs)" "*Current*RX: $2 *TX: $3 *"
}

pool_is() {
	[ "$(on "$1" sh -c 'cat /sys/bus/xen/devices/vif-*/nc2/pool_pages')" = "$2" ]
}

rings() {
	wait_path "$1" direct
	like "limits" "$(on "$1" ethtool -g eth0 | xargs)" '*maximums: RX: 2048 *TX: 1024 *Current*'
	steady "$1" set_rings "$1" 512 128
	steady "$1" set_rings "$1" 256 64
	! on "$1" ethtool -G eth0 rx 128 || fail "128 buffers"
	! on "$1" ethtool -G eth0 tx 32 || fail "a ring of 32"
	! on "$1" ethtool -G eth0 rx 4096 || fail "a ring of 4096"
	rings_are "$1" 256 64
	steady "$1" set_rings "$1" 2048 256
}

# back_anew gI: the back is replaced at once, which is a pause for the guest and no more.
# Once in a while a machine is too slow for what its link waits for.
back_anew() {
	local who=$1 before from try

	for try in 1 2 3; do
		wait_path "$who" direct
		before=$(link_changes "$who")
		from=$SECONDS
		d0 rebind "$who"
		wait_path "$who" direct
		stream_moves "$who"
		if [ "$(link_changes "$who")" = "$before" ]; then
			return
		fi
		echo "try $try: the link has changed, and it took $((SECONDS - from)) s"
		[ $((SECONDS - from)) -gt 20 ] || break
	done
	fail "the guest has lost its link"
}

no_link() {
	on "$1" grep 0 /sys/class/net/eth0/carrier
}

# With no back there is nobody to wait for, and RTNL is free: what is set is what the next
# connection has, and what only a back can do is refused.
without_back() {
	local who=$1 rc=0

	wait_path "$who" direct
	d0 unbind "$who"
	until_true "$LIMIT" "the link is down" no_link "$who"
	attach "$who" pass
	detach "$who"
	lab exec --timeout 60 "$who" -- ethtool -X eth0 equal 1 || rc=$?
	echo "ethtool -X: $rc"
	[ "$rc" != 0 ] || fail "ethtool -X has an effect"
	[ "$rc" -lt 100 ] || fail "ethtool -X hangs"
	lab exec --timeout 60 "$who" -- sh -ec 'ethtool -L eth0 combined 1
		ethtool -G eth0 rx 512 tx 128
		ethtool -K eth0 tso off
		ip link show eth0'
	is "the front's queues" "$(on "$who" sh -c \
		'ls -d /sys/class/net/eth0/queues/tx-* | wc -l')" 1
	d0 bind "$who"
	until_true "$LIMIT" "one queue at both ends" both_have "$who" 1
	wait_path "$who" direct
	rings_are "$who" 512 128
	like "offloads" "$(on "$who" ethtool -k eth0)" '*tcp-segmentation-offload: off*'
	stream_moves "$who"
	# Right after that, and faster than a connection can be made.
	on "$who" sh -ec 'ethtool -K eth0 tso on
		ethtool -G eth0 rx 2048 tx 256
		ethtool -L eth0 combined 2'
	until_true "$LIMIT" "two queues at both ends" both_have "$who" 2
	wait_path "$who" direct
	rings_are "$who" 2048 256
	stream_moves "$who"
}

rings_of_the_bridge() {
	rings_are "$1" 256 256
	! on "$1" ethtool -G eth0 rx 128 || fail "a ring of the bridged path changed"
	rings_are "$1" 256 256
}

# own_address gI: while it has one it is on the bridge, and it has it until it is
# given another, whatever a connection is made anew for.
own_address() {
	local who=$1 mac

	mac=$(mac_of "$who")
	wait_path "$who" direct
	! on "$who" ip link set eth0 address "$OWN" || fail "a new address while it is up"
	d0 lodge "$who" "$OWN"
	new_address "$who" "$OWN"
	wait_path "$who" bridged
	like reason "$(reason "$who")" '*another address*'
	# Peers are told by the guest's own question.
	pings "$who" 10.99.0.1 -s 1400
	pings wire "$(address "$who")" -s 1400
	stream_moves "$who"
	set_channels "$who" 1
	set_channels "$who" 2
	is "address of $who" "$(mac_of "$who")" "$OWN"
	d0 wait "$who" reason '*another address*' "$LIMIT"
	pings "$who" 10.99.0.1 -s 1400
	new_address "$who" "$mac"
	wait_path "$who" direct
	d0 evict "$who" "$OWN"
	pings "$who" 10.99.0.1 -s 1400
	stream_moves "$who"
}

# Counters of queues, which are those of the device in another order.
qstats() {
	shot a "$1"
	on "$1" ping -q -c 5 -i 0.2 10.99.0.1
	on "$1" python3 /run/netdev.py queues eth0 >"$TMP/q"
	cat "$TMP/q"
	for n in 0 1; do
		grep -q "^rx_${n}_napi [1-9]" "$TMP/q"
		grep -q "^tx_${n}_napi [1-9]" "$TMP/q"
	done
	python3 - "$TMP/q" <<-'END'
		import sys
		q = dict(line.split() for line in open(sys.argv[1]))
		for name in 'rx_packets', 'rx_bytes', 'tx_packets', 'tx_bytes':
		    whole = int(q[name])
		    parts = sum(int(v) for k, v in q.items()
		                if k.startswith('q') and k.endswith(name))
		    # Frames go on between the two dumps; what is gone is in none.
		    if not 0 < whole or parts < 0.5 * whole:
		        sys.exit(f'{name}: {parts} in queues, {whole} in all')
	END
}

# pools_are gI N: one for each of so many queues, and of the context that polls it.  Of
# 256 buffers some wait to be given a page.
pools_are() {
	on "$1" python3 /run/netdev.py queues eth0 | sed -n 's/^rx_[0-9]*_napi //p' | sort >"$TMP/napi"
	on "$1" python3 /run/netdev.py pools eth0 | sort | tee "$TMP/pools"
	is "pools" "$(wc -l <"$TMP/pools")" "$2" &&
		is "contexts of the pools" "$(cut -d ' ' -f 1 "$TMP/pools" | xargs)" \
			"$(xargs <"$TMP/napi")" &&
		is "pools with few pages in use" "$(awk '$2 < 128' "$TMP/pools")" ''
}

# Of queues that are gone none is left, when the stack has let go of the last page.
pools() {
	local n

	for n in 2 1 2; do
		set_channels "$1" "$n"
		until_true "$LIMIT" "$n pools" pools_are "$1" "$n"
	done
	cat "$TMP/pools"
}

# attach gI PROGRAM: stays until detach gI.
attach() {
	# shellcheck disable=SC2016 # expanded in the guest
	on "$1" sh -c ': >/run/xdp.log
		python3 /run/netdev.py xdp eth0 "$0" >/run/xdp.log 2>&1 &
		echo $! >/run/xdp.pid
		for i in $(seq 600); do
			grep -q attached /run/xdp.log && exit 0
			[ -d /proc/$(cat /run/xdp.pid) ] || break
			sleep 0.1
		done
		kill $(cat /run/xdp.pid)
		cat /run/xdp.log; exit 1' "$2"
}

detach() {
	# shellcheck disable=SC2016 # expanded in the guest
	on "$1" sh -c 'kill $(cat /run/xdp.pid)
		while ip link show eth0 | grep -q xdp; do sleep 0.1; done'
}

refused() {
	local out

	! out=$(attach "$1" pass) || { detach "$1"; fail "a program was attached"; }
	like "the reason" "$out" "$2"
}

# with gI PROGRAM COMMAND...: and the stream goes on before, with and after it.
with() {
	local who=$1

	steady "$who" attach "$who" "$2"
	shift 2
	"$@"
	stream_moves "$who"
	steady "$who" detach "$who"
}

passes() {
	shot a "$1"
	stream_moves "$1"
	pings wire "$(address "$1")"
	shot b "$1"
	moved front rx_xdp_pass 20
	still front rx_drop_xdp
	still front rx_direct_frames
}

drops() {
	shot a "$1"
	! on wire ping -q -c 3 -i 0.2 -w 2 "$(address "$1")" || fail "a ping was answered"
	stream_moves "$1"
	shot b "$1"
	moved front rx_xdp_drop 3
	moved front rx_xdp_pass 20
}

# answers gI COUNTER: pings are answered by the program, and not by the stack.
answers() {
	# shellcheck disable=SC2016 # expanded in the guest
	local icmp='awk "/^Icmp:/ { n = \$10 } END { print n }" /proc/net/snmp' before

	before=$(on "$1" sh -c "$icmp")
	shot a "$1"
	pings wire "$(address "$1")" -s 1000
	shot b "$1"
	moved front "$2" 3
	still front rx_drop_xdp
	is "echo requests seen by the guest's stack" "$(on "$1" sh -c "$icmp")" "$before"
}

xdp() {
	if long; then
		with "$1" pass passes "$1"
	fi
	with "$1" tx answers "$1" rx_xdp_tx
	pings wire "$(address "$1")" -s 1400
}

# What a program that only passes adds to one that takes from the headroom as well, and on
# the direct path to none, is little.
xdp_all() {
	if long; then
		with "$1" pass passes "$1"
	fi
	with "$1" headroom passes "$1"
	with "$1" drop drops "$1"
	with "$1" tx answers "$1" rx_xdp_tx
	with "$1" redirect answers "$1" rx_xdp_redirect
	pings wire "$(address "$1")" -s 1400
}

# With a program there is no direct path, and no long frame; without it there is again.
why_bridged() {
	wait_path "$1" bridged
	like "reason" "$(on "$1" sh -c 'cat /sys/bus/xen/devices/vif-*/nc2/reason')" '*XDP*'
	! on "$1" ip link set eth0 mtu 9000 || fail "MTU 9000 with a program"
}

xdp_and_direct() {
	wait_path "$1" direct
	with "$1" pass why_bridged "$1"
	wait_path "$1" direct
}

in_vain() {
	host_wants "$1" 9000
	until_true "$LIMIT" "the guest says that it cannot" \
		on "$1" sh -c "dmesg | grep -q 'MTU of 9000 cannot be had'"
	guest_mtu "$1" 1500 || fail "another MTU with a program"
}

# What the host wants and cannot be had with a program comes true without it.
mtu_waits() {
	host_wants "$1" 1500
	with "$1" pass in_vain "$1"
	until_true "$LIMIT" "the guest's MTU is what the host wants" guest_mtu "$1" 9000
	on "$1" ethtool -K eth0 sg off
	guest_mtu "$1" 1500 || fail "a long frame without scatter-gather"
	on "$1" ethtool -K eth0 sg on
	until_true "$LIMIT" "it is so again" guest_mtu "$1" 9000
	host_wants "$1" 1500
	until_true "$LIMIT" "the guest's MTU is 1500" guest_mtu "$1" 1500
	wait_path "$1" direct
}

# Frames of the largest MTU; with a program there it does not become larger.
largest() {
	! on "$1" ip link set eth0 mtu $((XDP_MTU + 1)) || fail "MTU $((XDP_MTU + 1)) with a program"
	shot a "$1"
	pings wire "$(address "$1")" -M "do" -s $((XDP_MTU - 28))
	shot b "$1"
	moved front rx_xdp_pass 3
	still front rx_drop_xdp
}

# Who attaches by netlink is told why; of a BPF link the kernel tells a tracepoint.
mtu() {
	local n

	on "$1" sh /run/trace.sh start xdp/bpf_xdp_link_attach_failed
	for n in 9000 $((XDP_MTU + 1)); do
		on "$1" ip link set eth0 mtu "$n"
		refused "$1" '*Invalid argument*'
	done
	is "refusals that say which MTU it takes" "$(on "$1" sh /run/trace.sh stop |
		grep -c "XDP takes an MTU up to $XDP_MTU\$" || true)" 2
	everywhere "$XDP_MTU"
	with "$1" pass largest "$1"
	everywhere 1500
}

tool() {
	lab push "$1" "$TESTS/netdev.py" /run/netdev.py
	lab push "$1" "$TESTS/trace.sh" /run/trace.sh
}

# first_pair BACK FRONT
first_pair() {
	# dom0 has one CPU, so it would offer one queue.
	lab back "$1" max_queues=2
	create g1 --front "$2" --vcpus 2
	tool g1
	stream_start g1
}

# other_pair BACK FRONT
other_pair() {
	stream_end g1
	lab guest destroy g1
	d0 clean "$LIMIT"
	first_pair "$@"
}

# other_back BACK [PARAMETER...]: for the same guest, with an interface made anew.
other_back() {
	stream_end g1
	unplug g1
	lab back "$1" max_queues=2 "${@:2}"
	plug g1 gatewaydev=nic0
	stream_start g1
}

# The stock front counts nothing; the pings' answers are the proof.
stock_front() {
	local program

	# It drops what takes several slots while it has a program.
	dom0 ethtool -K nic0 gro off

	for program in pass headroom tx redirect; do
		attach g1 "$program"
		pings wire "$(address g1)" -s 1000
		stream_moves g1
		detach g1
		pings wire "$(address g1)"
	done
}

up --guests 0 --vfs 1
t "our pair" first_pair nc2 nc2
t "counters of queues" qstats g1
t "channels 2, 1, 2" channels g1
t "what has been counted stays when queues go" counters_stay
t "page pools of the queues" pools g1
t "channels in a hurry, and counters never fall" rising g1 hurry g1
t "rings of the direct path" rings g1
t "the back is replaced: the link stays up" back_anew g1
t "queues, rings, offloads and XDP while there is no back" without_back g1
t "an address of the guest's own: bridged, kept, and back" own_address g1
t "an XDP program and the direct path" xdp_and_direct g1
t "an XDP program and an MTU that the host wants" mtu_waits g1
t "XDP: pass, headroom, drop, tx, redirect" xdp_all g1
t "XDP: the largest MTU, and one more" mtu g1
t "our front on the stock back" other_back stock
t "stock back: channels 2, 1, 2" channels g1
t "stock back: rings stay" rings_of_the_bridge g1
t "stock back: XDP" xdp g1
t "stock back without headroom" other_back stock provides_xdp_headroom=0
t "XDP is refused without headroom" refused g1 '*not supported*'
if long; then
	t "the stock front on our back" other_pair nc2 stock
	t "stock front: XDP" stock_front
fi
finish
