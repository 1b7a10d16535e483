#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A guest that stands still, is saved, restored, migrated or rebooted, and a
# guest whose back or front end changes hands, under traffic: its TCP connection
# lives, it is direct again where it was, and nothing is left behind.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

SAVED=/var/tmp/g1.save
# An address that no vif line names.
OWN=02:16:3e:99:00:01

# The guest is there again under a new number, and reachable.
returned() {
	lab guest wait g1
	d0 clean "$LIMIT"
	wait_path g1 direct
	stream_moves g1
	pings wire "$(address g1)" -s 1400
}

paused() {
	stream_start g1
	dom0 xl pause g1
	sleep 3
	dom0 xl unpause g1
	stream_moves g1
	wait_path g1 direct
	stream_end g1
}

# Every page must have been given back before the guest stands still: see
# "Life of the block" in the wire contract.  How often domain $1 has done it.
revokes() {
	lab logs dom0 | grep -c "vif$1\.0: bridged path: the guest has taken its pages back" || true
}

# gave_back DOMID BEFORE
gave_back() {
	[ "$(revokes "$1")" -gt "$2" ] || fail "the pages were not given back"
}

save_restore() {
	local id before

	id=$(dom0 xl domid g1)
	wait_path g1 direct
	before=$(revokes "$id")
	stream_start g1
	dom0 xl save g1 "$SAVED"
	gave_back "$id" "$before"
	d0 clean "$LIMIT"
	case $(dom0 nc2-vfs show) in
	*vif-*) fail "a queue is still in use" ;;
	esac
	dom0 xl restore "$SAVED"
	dom0 rm "$SAVED"
	[ "$(dom0 xl domid g1)" != "$id" ] || fail "g1 is still domain $id"
	returned
	stream_end g1
}

# Frames are on their way when it is suspended, and no page of theirs is lost: nobody
# keeps any, and the guest has as many as before.
saved() {
	local memory

	shot a g1
	save_restore
	memory=$(memory)
	save_restore
	same_memory "$memory" "$(memory)"
	shot b g1
	still front pages_kept
}

# An address of the guest's own is kept, and keeps it on the bridge there, too.
own_address() {
	local mac

	wait_path g1 direct
	mac=$(mac_of g1)
	new_address g1 "$OWN"
	d0 wait g1 reason '*another address*' "$LIMIT"
	dom0 xl save g1 "$SAVED"
	d0 clean "$LIMIT"
	dom0 xl restore "$SAVED"
	dom0 rm "$SAVED"
	lab guest wait g1
	is "address of g1" "$(mac_of g1)" "$OWN"
	d0 wait g1 reason '*another address*' "$LIMIT"
	is path "$(path g1)" bridged
	new_address g1 "$mac"
	wait_path g1 direct
	# Peers are told by the guest's own question.
	pings g1 10.99.0.1
	pings wire "$(address g1)" -s 1400
}

# The guest finds out by itself that it was not suspended for good.
called_off() {
	local id before

	id=$(dom0 xl domid g1)
	wait_path g1 direct
	before=$(revokes "$id")
	stream_start g1
	dom0 xl save -c g1 "$SAVED"
	dom0 rm "$SAVED"
	is "number of g1" "$(dom0 xl domid g1)" "$id"
	gave_back "$id" "$before"
	returned
	stream_end g1
}

# xl's own local transport: the receiver is a child of the sender.
migrate() {
	dom0 xl migrate -s '' g1 'xl migrate-receive'
}

migrated() {
	local id before

	id=$(dom0 xl domid g1)
	wait_path g1 direct
	before=$(revokes "$id")
	stream_start g1
	migrate
	[ "$(dom0 xl domid g1)" != "$id" ] || fail "g1 is still domain $id"
	gave_back "$id" "$before"
	returned
	stream_end g1
}

# Debian builds Xen without shadow paging, and a PV guest's dirty pages cannot
# be logged without it: xl gives up before the guest notices anything.
not_migrated() {
	local id

	id=$(dom0 xl domid g1)
	wait_path g1 direct
	stream_start g1
	! migrate || fail "it was migrated: let this be tested as for PVH"
	is "number of g1" "$(dom0 xl domid g1)" "$id"
	d0 clean "$LIMIT"
	is path "$(path g1)" direct
	stream_moves g1
	stream_end g1
}

# Where there is no queue it stays on the bridge, and says so.
restored_to_none() {
	wait_path g1 direct
	stream_start g1
	dom0 xl save g1 "$SAVED"
	dom0 nc2-vfs take nic0
	dom0 xl restore "$SAVED"
	dom0 rm "$SAVED"
	lab guest wait g1
	d0 clean "$LIMIT"
	stream_moves g1
	is path "$(path g1)" bridged
	like reason "$(reason g1)" '*nc2-vfs*'
	dom0 nc2-vfs give nic0 2
	wait_path g1 direct
	stream_moves g1
	stream_end g1
}

restarted() {
	local id

	dom0 sed -i 's/^on_reboot.*/on_reboot = "restart"/' /etc/xen/g1.cfg
	lab guest destroy g1
	dom0 xl create -q /etc/xen/g1.cfg
	lab guest wait g1
	id=$(dom0 xl domid g1)
	dom0 xl reboot g1
	until_true "$LIMIT" "g1 begins anew" dom0 sh -c "[ \"\$(xl domid g1)\" -gt $id ]"
	lab guest wait g1
	serve g1
	d0 clean "$LIMIT"
	wait_path g1 direct
	stream_start g1
	stream_end g1
}

back_changes() {
	wait_path g1 direct
	stream_start g1
	dom0 modprobe --ignore-install xen-netback
	for round in $(seq "$(often 1 10)"); do
		echo "round $round"
		d0 rebind g1 xen-nc2-back vif
		stream_moves g1
		pings wire "$(address g1)" -s 1400
		d0 rebind g1 vif xen-nc2-back
		wait_path g1 direct
		stream_moves g1
	done
	dom0 rmmod xen-netback
	stream_end g1
}

front_changes() {
	wait_path g1 direct
	stream_start g1
	on g1 modprobe xen-netfront
	for round in $(seq "$(often 1 10)"); do
		echo "round $round"
		on g1 sh -ec '
			echo vif-0 >/sys/bus/xen/drivers/xen-nc2-front/unbind
			echo vif-0 >/sys/bus/xen/drivers/vif/bind'
		stream_moves g1
		is path "$(path g1)" bridged
		on g1 sh -ec '
			echo vif-0 >/sys/bus/xen/drivers/vif/unbind
			echo vif-0 >/sys/bus/xen/drivers/xen-nc2-front/bind'
		wait_path g1 direct
		stream_moves g1
	done
	on g1 rmmod xen_netfront
	stream_end g1
}

# vifname=: the netdev is called as the administrator wishes, and found so.
renamed() {
	unplug g1
	plug g1 gatewaydev=nic0 vifname=door
	wait_path g1 direct
	dom0 ip link show dev door
	pings wire "$(address g1)"
	unplug g1
	! dom0 ip link show dev door || fail "door is still there"
	plug g1 gatewaydev=nic0
	wait_path g1 direct
}

up --guests 1 --vfs 2
serve g1
for type in PV PVH; do
	if [ $type = PVH ]; then
		t "a PVH guest comes" sh -ec "'$LAB' guest --name '$NAME' destroy g1"
		t "PVH: it works" create g1 --type pvh
	fi
	# What a kind of guest makes no difference to is done with one of them.
	if [ $type = PV ] || long; then
		t "$type: paused and unpaused" paused
		t "$type: saved and restored while direct, twice, and no page is lost" saved
		t "$type: a save that leaves the guest running" called_off
		t "$type: saved and restored with an address of its own" own_address
	fi
	if [ $type = PV ]; then
		t "$type: a migration that cannot be leaves it alone" not_migrated
	else
		t "$type: migrated while direct" migrated
	fi
	if [ $type = PVH ] || long; then
		t "$type: restored where no queue is to be had" restored_to_none
	fi
	if [ $type = PV ] || long; then
		t "$type: the back changes hands, there and back" back_changes
		t "$type: the front changes hands, there and back" front_changes
	fi
done
t "the interface has a name of its own" renamed
t "rebooted" restarted
finish
