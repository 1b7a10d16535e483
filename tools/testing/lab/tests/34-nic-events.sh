#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What happens to a NIC while a guest is on one of its queues: no link, down, reset,
# a filter that somebody else has changed, no virtual functions, no driver, queues and
# mailboxes that do not answer.  Each time the guest goes to the bridge, says why, and
# comes back by itself; a TCP connection, whose every byte is checked, lives.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/testing/lab/tests/life.sh
. "$TESTS/life.sh"

FORMER=00:16:3e:99:00:78
LABS=${NC2_BUILD:-$TESTS/../../../../build}/lab

# The guest is direct, with a stream.
under_way() {
	# Out of favour after the event before, it would wait longer to come back.
	d0 put g1 path auto
	wait_path g1 direct
	stream_start g1
	shot a g1
}

# event REASON COMMAND...: what is said above, when COMMAND happens; '' is any reason,
# for what bridged_for looks at.
event() {
	local why=$1 before

	shift
	under_way
	before=$(d0 said g1 "$why")
	"$@"
	d0 wait_said g1 "$why" $((before + 1)) "$LIMIT"
	wait_path g1 direct
	is reason "$(reason g1)" ''
	stream_moves g1
	stream_end g1
	pings wire "$(address g1)" -s 1400
	shot b g1
	moved back direct_left 1
	moved back direct_entered 1
	[ "$(change back direct_left)" = "$(change back direct_entered)" ] ||
		fail "left and entered do not match"
	still front direct_broken
}

# bridged_for REASON: meanwhile; and the bridge goes on without the NIC.
bridged_for() {
	d0 wait g1 reason "$1" "$LIMIT"
	wait_path g1 bridged
	pings dom0 "$(address g1)" -s 1400
}

# monitor COMMAND: QEMU's.  Its socket's path may be too long for an address.
monitor() {
	python3 - "$LABS/$NAME" "$1" <<-'END'
		import os, socket, sys
		def answer():
		    text = b''
		    while not text.endswith(b'(qemu) '):
		        part = s.recv(4096)
		        if not part:
		            sys.exit('the monitor is gone')
		        text += part
		    return text.decode(errors='replace')
		os.chdir(sys.argv[1])
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(60)
		s.connect('monitor.sock')
		answer()
		s.sendall(sys.argv[2].encode() + b'\n')
		# Without what was asked, which comes back as well.
		text = answer().partition('\n')[2]
		if 'rror' in text or 'not found' in text or 'unknown' in text:
		    sys.exit(text)
	END
}

no_link() {
	monitor "set_link wire off"
	bridged_for 'the NIC has no link'
	monitor "set_link wire on"
}

down() {
	dom0 ip link set nic0 down
	bridged_for 'the NIC is down'
	dom0 ip link set nic0 up
}

# By the driver of the PF, which is what a watchdog or a new MTU makes it do.
pf_reset() {
	dom0 ethtool -r nic0
}

# By a function level reset, of which no driver is told.
vf_reset() {
	dom0 sh -c "echo 1 >/sys/bus/pci/devices/$(d0 show g1 queue)/reset"
}

# As PCI has it, by the bit in its configuration space, and as no driver of it is told.
flr() {
	dom0 setpci -s "$(d0 show g1 queue)" CAP_EXP+8.w=8000:8000
}

# Which takes its interrupts away as well: without them the queue is looked at twice a
# second, and all seems well.
reset_unseen() {
	local n

	event 'the NIC queue was reset' flr
	n=$(d0 queue_interrupts g1)
	pings wire "$(address g1)"
	[ "$(d0 queue_interrupts g1)" -ge $((n + 3)) ] || fail "it does not interrupt any more"
}

# The bus alone, as when what is put back after such a reset is older than the queue: it is
# there, and answers, and no frame comes.
bus_taken() {
	dom0 setpci -s "$(d0 show g1 queue)" COMMAND=0000:0004
}

# One that PCI recovers from, if no driver on the bus is against it.
bus_error() {
	under_way
	monitor "pcie_aer_inject_error rp0 COMP_TIME"
	until_true "$LIMIT" "the recovery ends" recovery 'recovery [a-z]*$'
	recovery 'recovery successful$' || fail "no recovery: see dom0's log"
	stream_moves g1
	stream_end g1
	shot b g1
	is path "$(path g1)" direct
	still back direct_left
}

recovery() {
	dom0 dmesg | grep "pcieport .*: device $1"
}

# Another driver had the virtual function, and the NIC give it an address more.  It was
# taken off it as it was.
# shellcheck disable=SC2016 # expanded in dom0
former_address() {
	local queue rc=0

	queue=$(d0 show g1 queue)
	d0 put g1 path bridged
	wait_path g1 bridged
	# The lab has it loaded by nobody else.
	dom0 sh -ec 'cd /sys/bus/pci
		modprobe -i igbvf
		echo "$0" >drivers/xen-nc2-back/unbind
		echo igbvf >"devices/$0/driver_override"
		echo "$0" >drivers_probe
		dev=$(ls "devices/$0/net")
		ip link set "$dev" up
		ip link add link "$dev" name more address "$1" type macvlan
		ip link set more up
		sleep 3' "$queue" "$FORMER" || rc=1
	dom0 sh -ec 'cd /sys/bus/pci
		rmmod igbvf
		echo xen-nc2-back >"devices/$0/driver_override"
		echo "$0" >drivers_probe' "$queue"
	[ "$rc" = 0 ] || fail "the other driver has not had it"
	d0 put g1 path auto
	wait_path g1 direct
	shot a g1
	frames wire segment wire "$FORMER" 10.99.0.99 "$(address g1)" good
	pings wire "$(address g1)"
	shot b g1
	moved front rx_direct_frames 3
	still front rx_drop_not_mine
}

# filter WORD...: as an administrator sets it, who does not know whose it is.
filter() {
	dom0 ip link set nic0 vf "$(d0 vf_number g1)" "$@"
}

# With the queues in use, and without nc2-vfs.
no_vfs() {
	dom0 sh -c 'echo 0 >/sys/class/net/nic0/device/sriov_numvfs'
	bridged_for '*nc2-vfs*'
	stream_moves g1
	dom0 nc2-vfs give nic0 1
}

no_driver() {
	dom0 rmmod igb
	bridged_for '*no interface has the name*'
	d0 uplink
	dom0 nc2-vfs give nic0 1
}

queue_stands() {
	dom0 sh -ec "insmod /root/nc2-deaf.ko nic=nic0 vf=$(d0 vf_number g1)
		rmmod nc2_deaf"
	# It is found out by what the guest sends, and its end of the stream may be waiting
	# for the other.
	on g1 ping -q -n -c 5 -i 0.2 -w 10 10.99.0.1 || true
}

# What it stood with is lost, and counted as lost.
stands() {
	event 'the NIC queue has stopped sending' queue_stands
	moved back tx_direct_drop_switch 1
}

# pour RATE: frames to the wire that a program on another device of the guest hands to
# eth0, so many a second.
pour() {
	lab exec -i g1 -- sh -c 'cat >/run/netdev.py' <"$TESTS/netdev.py"
	# shellcheck disable=SC2016 # expanded in the guest
	on g1 sh -ec 'modprobe veth
		ip link add v0 type veth peer name v1
		for dev in v0 v1; do
			echo 1 >/proc/sys/net/ipv6/conf/$dev/disable_ipv6
			ip link set $dev up
		done
		python3 /run/netdev.py xdp v1 forward eth0 >/run/pour.log 2>&1 &
		echo $! >/run/pour.pids
		for i in $(seq 300); do
			! grep -q attached /run/pour.log || break
			[ -d /proc/$! ] || break
			sleep 0.1
		done
		cat /run/pour.log
		grep -q attached /run/pour.log
		python3 /run/netdev.py flood v0 eth0 02:99:00:00:00:01 "$0" >/run/pour.log 2>&1 &
		echo $! >>/run/pour.pids' "$1"
}

pour_end() {
	# shellcheck disable=SC2016 # expanded in the guest
	on g1 sh -c 'kill $(cat /run/pour.pids)
		cat /run/pour.log
		ip link del v0'
}

# Such frames cannot wait for room on the ring: they are lost, and counted as lost.
queue_stands_poured() {
	pour 200
	stands
	pour_end
	moved front tx_direct_frames 300
	moved front tx_drop_full 100
}

# The guest's wish makes the back ask.
mailbox_silent() {
	dom0 insmod /root/nc2-deaf.ko nic=nic0
	on g1 ip maddr add 33:33:00:00:77:01 dev eth0
	bridged_for '*driver does not answer*'
	stream_moves g1
	dom0 rmmod nc2_deaf
}

# On the bridge nothing of the NIC matters but its link.
bridged_guest() {
	d0 put g1 path bridged
	wait_path g1 bridged
	stream_start g1
	shot a g1
	pf_reset
	stream_moves g1
	dom0 sh -c 'echo 0 >/sys/class/net/nic0/device/sriov_numvfs'
	stream_moves g1
	dom0 rmmod igb
	d0 uplink
	stream_moves g1
	dom0 nc2-vfs give nic0 1
	shot b g1
	still back direct_left
	still back direct_entered
	like reason "$(reason g1)" '*administrator*'
	d0 put g1 path auto
	wait_path g1 direct
	stream_moves g1
	stream_end g1
}

# The queue goes on while the guest's memory becomes another kernel's.
ends_in_kexec() {
	d0 put g1 path auto
	kexeced 0
}

prepare() {
	lab push dom0 "$hostile/nc2-deaf.ko" /root/nc2-deaf.ko
	serve g1
	wait_path g1 direct
}

hostile_modules
up --guests 1 --vfs 1
needed "a guest is direct" prepare
t "the NIC loses its link and gets it back" event '' no_link
t "the NIC goes down and up" event '' down
t "the NIC's driver resets it" event 'the NIC queue was reset' pf_reset
t "the virtual function is reset" event 'the NIC queue was reset' vf_reset
t "the virtual function is reset, and nobody is told" reset_unseen
t "the virtual function may not use the bus any more" event 'the NIC queue was reset' bus_taken
t "an error on the NIC's bus" bus_error
t "a former driver's addresses are not the guest's" former_address
t "somebody gives the virtual function another address" \
	event "somebody else has changed the NIC's filter for the guest" filter mac 00:16:3e:99:00:77
t "somebody lets the virtual function send in any name" \
	event "somebody else has changed the NIC's filter for the guest" filter spoofchk off
if long; then
	t "somebody puts the virtual function into a VLAN" \
		event "somebody else has changed the NIC's filter for the guest" filter vlan 9
fi
t "the virtual functions go while one is in use" event 'the NIC queue was taken away' no_vfs
t "the queue stands still" stands
t "the queue stands still, and XDP redirects frames to it" queue_stands_poured
t "nobody listens to the mailbox" event "the NIC's driver does not answer" mailbox_silent
t "the NIC's driver is unloaded and loaded" event 'the NIC queue was taken away' no_driver
t "a guest on the bridge: reset, no virtual functions, no driver" bridged_guest
t "kexec is the end of a PV guest" ends_in_kexec
finish
