# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tests of an interface's life have in common: ends of a guest, on whichever
# path it is, also in a storm of events.  After lib.sh.
#
# $WAY says on which path the guest of a test is, and how it came to be there:
#   direct   by itself, with gatewaydev= in its vif line
#   bridged  without gatewaydev=, so that nothing else is offered, and no pool is mapped
#   held     by the administrator, with gatewaydev=; its pool is mapped all the same
# A test is direct unless it is put behind one of the other two:
#
#   t "xl destroy, bridged" bridged destroyed

WAY=direct

# Where a test saves g1 in dom0.
SAVED=/var/tmp/g1.save

# restore [OPTION...]
# shellcheck disable=SC2120 # 32-move.sh has one
restore() {
	dom0 xl restore "$@" "$SAVED"
	dom0 rm "$SAVED"
}

away_and_back() {
	dom0 xl save g1 "$SAVED"
	d0 clean "$LIMIT"
	# shellcheck disable=SC2119 # not this one's
	restore
}

# migrate [RECEIVER]: by xl's own local transport; the receiver is a child of the sender.
migrate() {
	dom0 xl migrate -s '' g1 "${1:-xl migrate-receive}"
}

# reboot: of g1, which was to be restarted then, under traffic.
reboot() {
	local id

	stream_start g1
	id=$(dom0 xl domid g1)
	dom0 xl reboot g1
	until_true "$LIMIT" "g1 begins anew" dom0 sh -c "[ \"\$(xl domid g1)\" -gt $id ]"
	stream_end g1
	lab guest wait g1
	serve g1
	d0 clean "$LIMIT"
}

bridged() {
	WAY=bridged
	"$@"
}

# A guest that is there already is put there; settle does it for one that comes.
held() {
	WAY=held
	d0 put g1 path bridged >/dev/null 2>&1 || true
	"$@"
}

# linked gI: until it has link and address, and sends by the bridge.
linked() {
	# shellcheck disable=SC2016 # expanded in the guest
	on "$1" sh -c 'n=0
		until [ "$(cat /sys/bus/xen/devices/vif-*/nc2/path 2>/dev/null)" = bridged ] &&
				grep -qs 1 /sys/class/net/eth0/carrier &&
				ip -4 -o addr show dev eth0 scope global 2>/dev/null | grep -q .; do
			n=$((n + 1))
			[ $n -lt $(($0 * 5)) ] ||
				{ echo "no link, no address or not bridged after $0 s"; exit 1; }
			sleep 0.2
		done' "$LIMIT"
}

# settle gI: until both ends have it on the path that the test is about.  What the
# administrator has chosen goes with the vif, so he chooses again.
settle() {
	if [ "$WAY" = direct ]; then
		wait_path "$1" direct
		return
	fi
	[ "$WAY" != held ] || d0 put "$1" path bridged
	linked "$1"
	is "path of $1" "$(path "$1")" bridged
}

# The guest is there again under a new number, and reachable.
returned() {
	lab guest wait g1
	d0 clean "$LIMIT"
	settle g1
	stream_moves g1
	pings wire "$(address g1)" -s 1400
}

# fit gI: it gets an interface as the test is about.
fit() {
	if [ "$WAY" = bridged ]; then
		plug "$1"
	else
		plug "$1" gatewaydev=nic0
	fi
}

# refit: g1 gets such a one instead of what it has.
refit() {
	unplug g1
	fit g1
	settle g1
	pings wire "$(address g1)" -s 1400
}

# by_bridge gI: frames go by the bridge both ways, and by no queue.
by_bridge() {
	shot a "$1"
	pings wire "$(address "$1")"
	pings "$1" 10.99.0.1 -s 1400
	# Whatever the reason is, it is the same path.
	if long; then
		iperf wire "$(address "$1")"
		iperf wire "$(address "$1")" -R
	fi
	shot b "$1"
	moved back 'q*_rx_bridged_bytes' 4200
	moved back 'q*_tx_bridged_bytes' 4200
	still back '[rt]x_direct_frames'
}

# while_paused gI COMMAND...: done while the guest stands still, which ends however that
# ends.  COMMAND is a program, or a function each step of which says that it failed.
while_paused() {
	local who=$1 rc=0

	shift
	dom0 xl pause "$who"
	"$@" || rc=1
	dom0 xl unpause "$who"
	return "$rc"
}

# same_memory BEFORE AFTER: of what memory said.  The first round of anything fills
# caches and lists that are there to stay, so it begins after that.  A guest that
# loses its pool once has 4 MB less.
same_memory() {
	echo "free memory of dom0 and g1: $1, later: $2 (KB)"
	# shellcheck disable=SC2086 # two numbers each
	set -- $1 $2
	[ $(($1 - $3)) -lt 3000 ] || fail "dom0 has $(($1 - $3)) KB less"
	[ $(($2 - $4)) -lt 3000 ] || fail "the guest has $(($2 - $4)) KB less"
}

# slow FUNCTION: who calls it in dom0 next waits there (wait_slow: until somebody does),
# until it is usual again.
slow() {
	# shellcheck disable=SC2154 # hostile_modules sets it
	lab push dom0 "$hostile/nc2-slow.ko" /root/nc2-slow.ko
	dom0 insmod /root/nc2-slow.ko function="$1" ms=600000
}

usual() {
	dom0 sh -c 'echo 0 >/sys/module/nc2_slow/parameters/ms
		rmmod nc2_slow'
}

wait_slow() {
	until_true "$LIMIT" "somebody waits in there" \
		dom0 grep -q Y /sys/module/nc2_slow/parameters/busy
}

# load_back [PARAMETER=VALUE...]: the back has the virtual functions that there are.
load_back() {
	# shellcheck disable=SC2016 # expanded in dom0
	dom0 sh -ec 'insmod /lab/modules/xen-nc2-back.ko "$@"
		n=$(cat /sys/class/net/nic0/device/sriov_numvfs)
		[ "$n" = 0 ] || nc2-vfs give nic0 "$n"' sh "$@"
}

# reload_back [PARAMETER=VALUE...]: under g1.  Without udev nobody tells the script of the
# new netdev.
reload_back() {
	dom0 rmmod xen_nc2_back
	load_back "$@"
	d0 online g1
}

# The queues are free again.
queues_free() {
	local out

	out=$(dom0 nc2-vfs show)
	case $out in
	*vif-*) fail "a queue is still in use: $out" ;;
	esac
}

# Where the echo of trains listens in a guest.
TRAINS=1007

# trains_start gI: datagrams, many sent by one system call, go from dom0 to gI and back;
# on the bridge they cross as one frame.  What echoes them lives as long as the guest.
trains_start() {
	lab push "$1" "$TESTS/segments.py" /run/segments.py
	# One that is there already has the port.
	on "$1" sh -c "python3 /run/segments.py echo $TRAINS >/dev/null 2>&1 &"
	behind trains dom0 python3 -c "$(<"$TESTS/segments.py")" run "$(address "$1")" "$TRAINS"
	trains_move
}

trains() {
	tail -n 1 "$TMP/trains"
}

more_trains() {
	local n

	n=$(trains)
	[[ $n =~ ^[0-9]+$ ]] || { echo "$n"; return 1; }
	[ "$n" -ge $((${1:-0} + 200)) ]
}

# trains_move: five and more come back from now on.
trains_move() {
	until_true "$LIMIT" "datagrams come back" more_trains "$(trains)"
}

trains_end() {
	stream_end trains
}

uncut() {
	on "$1" ethtool -k "$2" | grep 'tx-udp-segmentation: on$'
}

# both_uncut gI: either end leaves segments of UDP to the other one.
both_uncut() {
	until_true "$LIMIT" "eth0 of $1 takes segments of UDP" uncut "$1" eth0
	until_true "$LIMIT" "the vif takes them" uncut dom0 "$(d0 vif "$1")"
}

# wavered PATHS COMMAND...: meanwhile g1's path and weight are written again and again in
# dom0, the path as each of PATHS.
wavered() {
	local paths=$1

	shift
	dom0 rm -f /run/enough
	behind waver dom0 sh /tmp/dom0.sh waver g1 "$paths"
	until_true "$LIMIT" "they are written" grep -q writing "$TMP/waver"
	"$@"
	dom0 touch /run/enough
	until_true "$LIMIT" "the last write has an end" grep '^written [1-9]' "$TMP/waver"
	cat "$TMP/until"
	stream_end waver
}

gone() {
	stream_end g1
	d0 clean "$LIMIT"
	queues_free
}

destroyed() {
	settle g1
	stream_start g1
	lab guest destroy g1
	gone
}

shut_down() {
	settle g1
	stream_start g1
	lab guest shutdown g1
	gone
}

has_ended() {
	! dom0 xl domid g1
}

# ends_as REASON: the guest's end is under way.  Xen says why it stopped: 0 is power
# off, 3 a crash, 5 a reset for another kernel (SHUTDOWN_* in Xen's public/sched.h).
ends_as() {
	until_true "$LIMIT" "g1 ends" has_ended
	dom0 grep -F "has shut down, reason code $1 " /var/log/xen/xl-g1.log
	gone
}

# kexeced REASON: no guest that Xen's tools can make here gets as far as its next kernel
# (Documentation/direct-path.rst says why); what it had is free again all the same.
kexeced() {
	local before

	settle g1
	stream_start g1
	before=$(lab logs g1 | grep -c 'Starting new kernel' || true)
	on g1 python3 -c "$(<"$TESTS/kexec.py")"
	ends_as "$1"
	[ "$(lab logs g1 | grep -c 'Starting new kernel' || true)" -gt "$before" ] ||
		fail "the guest's kernel has not tried to start another"
}

# Not on the console, where check-logs looks for panics that nobody wants.
crashed() {
	settle g1
	stream_start g1
	on g1 sh -c '(sleep 1; echo 0 >/proc/sys/kernel/printk; echo c >/proc/sysrq-trigger) \
		>/dev/null 2>&1 &'
	ends_as 3
}

idle_events() {
	d0 events "$1" | tail -n 1
}

more_idle() {
	[ "$(idle_events "$1")" -gt "$2" ]
}

# in_a_storm COMMAND...: from now on g1 sends events on all channels of its interface
# without pause, whatever becomes of that; and frames come to it, multicast as well.  Then
# COMMAND is done, while g2's connection lives on.  So ended what XSA-331, 441 and 527 are
# about.  Wants nc2-hostile.ko in g1.
in_a_storm() {
	local before

	d0 judge >/dev/null
	stream_start g1 100000
	behind groups dom0 ping -n -i 0.05 -w 300 ff02::1%xenbr0
	before=$(idle_events g1)
	on g1 insmod /root/nc2-hostile.ko action=storm-endless
	until_true 60 "the back gets events for nothing" more_idle g1 $((before + 5))
	"$@"
	stream_end g1
	stream_end groups
	stream_moves g2
}

# calm: the storm is over, g1 has its network, and the log has not been flooded.
calm() {
	local out

	on g1 rmmod nc2_hostile
	settle g1
	pings wire "$(address g1)"
	out=$(d0 judge)
	echo "$out"
	[ "$(grep -c '^log ' <<<"$out" || true)" -le 8 ] || fail "the log is flooded"
}

# What may be done in a storm: the interface is taken away, and another one comes.
storm_detach() {
	unplug g1
	fit g1
	calm
}

# storm_unload [PARAMETER=VALUE...]: the back goes, and comes again.
storm_unload() {
	lab exec --timeout "$LIMIT" dom0 -- rmmod xen_nc2_back
	load_back "$@"
	d0 online g1
	d0 online g2
	calm
	stream_moves g1
}

# It is the end of g1.
storm_destroy() {
	lab guest destroy g1
	d0 clean "$LIMIT"
}
