#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A guest that stands still, is saved, restored, migrated or rebooted, and a
# guest whose back or front end changes hands, under traffic: its TCP connection
# lives, it is direct again where it was, and nothing is left behind.  The same with a
# guest that is on the bridge (see life.sh): in the short form what makes it another domain.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/testing/lab/tests/life.sh
. "$TESTS/life.sh"

# An address that no vif line names.
OWN=02:16:3e:99:00:01

paused() {
	stream_start g1
	while_paused g1 sleep 3
	stream_moves g1
	settle g1
	stream_end g1
}

# Every page must have been given back before the guest stands still: see
# "Life of the block" in the wire contract.  How often domain $1 has done it.
revokes() {
	lab logs dom0 | grep -c "vif$1\.0: bridged path: the guest has taken its pages back" || true
}

# unrevoked: how often the guest has had to go without.
unrevoked() {
	lab logs g1 | grep -c 'the back keeps the pages of the direct path' || true
}

# to_give: what gave_back wants to know of the time before.  On the bridge the back has
# nothing to say: there is no pool, or it is not in use.
to_give() {
	if [ "$WAY" = direct ]; then
		revokes "$(dom0 xl domid g1)"
	else
		unrevoked
	fi
}

# gave_back DOMID BEFORE
gave_back() {
	if [ "$WAY" = direct ]; then
		[ "$(revokes "$1")" -gt "$2" ] || fail "the pages were not given back"
	else
		is "times that the pages were not given back" "$(unrevoked)" "$2"
	fi
}

# saves [OPTION...]: and restores, with these options.
saves() {
	local id before

	id=$(dom0 xl domid g1)
	settle g1
	before=$(to_give)
	stream_start g1
	dom0 xl save g1 "$SAVED"
	gave_back "$id" "$before"
	d0 clean "$LIMIT"
	queues_free
	restore "$@"
	[ "$(dom0 xl domid g1)" != "$id" ] || fail "g1 is still domain $id"
}

save_restore() {
	saves
	returned
	stream_end g1
}

# Where it wakes up its back has closed: the front has a netdev and no queues when that is
# used, and when the front is removed.  Then there is a back again (XSA-465).
removed() {
	local back

	saves -p
	d0 unbind g1
	back=/local/domain/0/backend/vif/$(dom0 xl domid g1)/0
	dom0 xenstore-write "$back/state" 6
	dom0 xl unpause g1
	lab guest wait g1 --no-net
	on g1 sh -ec 'ip link set eth0 down
		ip link set eth0 up
		ethtool -S eth0 >/dev/null
		cd /sys/bus/xen/drivers/xen-nc2-front
		echo vif-0 >unbind
		[ ! -e /sys/class/net/eth0 ] || { echo "eth0 is still there"; exit 1; }
		echo vif-0 >bind'
	d0 bind g1
	returned
	stream_end g1
}

# Its memory, after a bit of its configuration.
is_written() {
	dom0 sh -c "find $SAVED -size +1M | grep -q ."
}

# The front has given up its connection for another one, and the back is not done with
# the pages of the last when the guest is saved: that waits for it, as long as it waits
# for a back that is to give pages back, and then says what may be lost.
saved_in_reset() {
	local before

	settle g1
	before=$(unrevoked)
	stream_start g1
	slow xen_nc2_back:nc2b_direct_detach
	d0 play g1 back/state=5
	wait_slow
	behind save dom0 sh -c "xl save g1 $SAVED && echo saved"
	until_true "$LIMIT" "the guest stands still" is_written
	usual
	until_true 120 "g1 is saved" grep -q '^saved' "$TMP/save"
	stream_end save
	d0 clean "$LIMIT"
	restore
	returned
	is "times that the pages were not given back" "$(unrevoked)" $((before + 1))
	stream_end g1
}

# hoarded: KB of memory that waits in g1 for who does not read it.
hoarded() {
	on g1 ss -uanmH 'sport = :4001' | sed -n 's/.*skmem:(r\([0-9]*\)[0-9]\{3\},.*/\1/p'
}

# enough_hoarded: most of the pool, of which no more than three quarters is given away.
# What is sent at a time may not all get there.
enough_hoarded() {
	frames wire spread "$(address g1)" 4001 20 20
	echo "KB that wait: $(hoarded)"
	[ "$(hoarded)" -ge 4500 ]
}

# hoard: a program in g1 receives datagrams, and reads none until spend.
hoard() {
	lab push g1 "$TESTS/frames.py" /run/frames.py
	# shellcheck disable=SC2016 # expanded in the guest
	on g1 sh -c 'python3 /run/frames.py hoard 4001 >/dev/null 2>&1 &
		echo $! >/run/hoard'
	until_true "$LIMIT" "somebody listens" on g1 sh -c 'ss -lunH | grep ":4001 "'
	until_true "$LIMIT" "most of the pool is given away" enough_hoarded
}

spend() {
	# shellcheck disable=SC2016 # expanded in the guest
	on g1 sh -c 'kill "$(cat /run/hoard)"'
}

# Frames are on their way when it is suspended, others are with who has not read them yet,
# and no page of theirs is lost: nobody keeps any, and the guest has as many as before.
saved() {
	local memory

	shot a g1
	save_restore
	memory=$(memory)
	# Of two pools, or it would be no more than memory may differ by.
	hoard
	save_restore
	spend
	hoard
	save_restore
	spend
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
	away_and_back
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
	settle g1
	before=$(to_give)
	stream_start g1
	if [ "$WAY" = direct ]; then
		# Either is the direct path, until the guest takes its pages back.
		wavered 'direct auto' dom0 xl save -c g1 "$SAVED"
		d0 put g1 path auto
		d0 put g1 weight 100
	else
		dom0 xl save -c g1 "$SAVED"
	fi
	dom0 rm "$SAVED"
	is "number of g1" "$(dom0 xl domid g1)" "$id"
	gave_back "$id" "$before"
	returned
	stream_end g1
}

# Nor does it matter to the save which path the administrator wants meanwhile.
saved_wavering() {
	settle g1
	stream_start g1
	wavered 'bridged auto direct' dom0 xl save g1 "$SAVED"
	d0 clean "$LIMIT"
	queues_free
	restore
	returned
	stream_end g1
}

migrated() {
	local id before

	id=$(dom0 xl domid g1)
	settle g1
	before=$(to_give)
	stream_start g1
	# Segments of UDP cross on the bridge only.
	[ "$WAY" = direct ] || trains_start g1
	migrate
	[ "$(dom0 xl domid g1)" != "$id" ] || fail "g1 is still domain $id"
	gave_back "$id" "$before"
	returned
	if [ "$WAY" != direct ]; then
		trains_move
		both_uncut g1
		trains_end
	fi
	stream_end g1
}

# rings_of gI: sizes that its interface has now.
rings_of() {
	on "$1" ethtool -g eth0 | awk '/^[RT]X:/ { n[$1] = $2 } END { print n["RX:"], n["TX:"] }'
}

# What a user sets while his guest moves is done or refused, and nobody waits under RTNL
# for a back that is not there; nor right after that.
migrated_changing() {
	local id rx tx

	id=$(dom0 xl domid g1)
	settle g1
	read -r rx tx < <(rings_of g1)
	stream_start g1
	on g1 rm -f /run/enough /run/rounds /run/settled
	# shellcheck disable=SC2016 # expanded in the guest
	on g1 sh -c '(until [ -e /run/enough ]; do
			for n in 512 1024; do
				ethtool -G eth0 rx $n tx 128
				ethtool -X eth0 equal 1
				ethtool -K eth0 tso off
				ethtool -L eth0 combined 1
				ethtool -K eth0 tso on
				ip link show eth0
			done
			echo round >>/run/rounds
		done; : >/run/settled) >/dev/null 2>&1 &'
	until_true "$LIMIT" "it is set" on g1 test -e /run/rounds
	migrate
	[ "$(dom0 xl domid g1)" != "$id" ] || fail "g1 is still domain $id"
	lab guest wait g1
	on g1 sh -c ': >/run/enough'
	until_true 60 "the last setting has an end" on g1 test -e /run/settled
	echo "rounds: $(on g1 grep -c round /run/rounds)"
	lab exec --timeout 60 g1 -- sh -ec "ip link show eth0
		ethtool -G eth0 rx $rx tx $tx"
	returned
	is "rings" "$(rings_of g1)" "$rx $tx"
	stream_end g1
}

# Debian builds Xen without shadow paging, and a PV guest's dirty pages cannot
# be logged without it: xl gives up before the guest notices anything.
not_migrated() {
	local id was

	id=$(dom0 xl domid g1)
	settle g1
	was=$(path g1)
	stream_start g1
	! migrate || fail "it was migrated: let this be tested as for PVH"
	is "number of g1" "$(dom0 xl domid g1)" "$id"
	d0 clean "$LIMIT"
	is path "$(path g1)" "$was"
	stream_moves g1
	stream_end g1
}

# Where there is no queue it stays on the bridge, and says so.
# came_to_none COMMAND...: by what it comes to a host that has no queue to give.
came_to_none() {
	wait_path g1 direct
	stream_start g1
	"$@"
	lab guest wait g1
	d0 clean "$LIMIT"
	stream_moves g1
	is path "$(path g1)" bridged
	like reason "$(reason g1)" '*nc2-vfs*'
	is "times that it was direct there" "$(back_has g1 direct_entered)" 0
	dom0 nc2-vfs give nic0 2
	wait_path g1 direct
	stream_moves g1
	stream_end g1
}

restore_without() {
	dom0 xl save g1 "$SAVED"
	dom0 nc2-vfs take nic0
	restore
}

# Here one host is both: its queues go when the guest has left its own, to be suspended.
migrate_without() {
	lab exec -i dom0 -- sh -c 'cat >/run/receive.sh' <<-'END'
		(
			while grep -qx direct /sys/bus/xen-backend/devices/vif-*/nc2/path; do
				sleep 0.01
			done
			nc2-vfs take nic0
		) </dev/null >/run/take.log 2>&1 &
		exec xl migrate-receive
	END
	migrate 'sh /run/receive.sh'
	dom0 cat /run/take.log
}

restarted() {
	settle g1
	reboot
	settle g1
	stream_start g1
	stream_end g1
}

back_changes() {
	settle g1
	stream_start g1
	dom0 modprobe --ignore-install xen-netback
	for round in $(seq "$(often 1 10)"); do
		echo "round $round"
		d0 rebind g1 xen-nc2-back vif
		stream_moves g1
		pings wire "$(address g1)" -s 1400
		d0 rebind g1 vif xen-nc2-back
		settle g1
		stream_moves g1
	done
	dom0 rmmod xen-netback
	stream_end g1
}

# rate_of gI [RATE]: what it may send from now on, as xl's rate= would say; or all.
rate_of() {
	local key

	key=/local/domain/0/backend/vif/$(dom0 xl domid "$1")/0/rate
	if [ -n "${2:-}" ]; then
		dom0 xenstore-write "$key" "$2"
	else
		dom0 xenstore-rm "$key"
	fi
}

# wait_on_ring: g1 sends, and the back takes nothing.
wait_on_ring() {
	shot a g1
	shot b g1
	[ "$(change front tx_bridged_frames)" -gt 0 ] &&
		[ "$(change back 'q*_tx_bridged_frames')" = 0 ]
}

# Each step says that it failed.
to_stock() {
	d0 unbind g1 && rate_of g1 && d0 bind g1 vif
}

# How often the stock back has stopped a vif for a frame of a kind that it does not know.
not_known() {
	dom0 sh -c 'dmesg | grep -c "Bad GSO type"' || true
}

# on_stock BEFORE
on_stock() {
	trains_move && stream_moves g1 && pings wire "$(address g1)" -s 1400 &&
		is "frames that the stock back does not know" "$(not_known)" "$1"
}

# The back asks who sends segments of UDP to leave before another one comes.  A guest that
# stands still does not hear it, and some of them wait on its ring, because it may send
# no more; the stock back stops a vif for good that shows it one.
back_changes_paused() {
	local before rc=0

	settle g1
	both_uncut g1
	stream_start g1
	trains_start g1
	dom0 modprobe --ignore-install xen-netback
	before=$(not_known)
	# Some bytes for more than an hour.
	rate_of g1 300000,4294000000
	until_true "$LIMIT" "frames wait on the guest's ring" wait_on_ring
	# Or nothing else could be done to this guest afterwards.
	if ! { while_paused g1 to_stock && on_stock "$before"; }; then
		rc=1
	fi
	while_paused g1 d0 rebind g1 vif xen-nc2-back
	settle g1
	stream_moves g1
	trains_move
	both_uncut g1
	trains_end
	stream_end g1
	dom0 rmmod xen-netback
	return "$rc"
}

# The stock front's interface is down before it goes: see unplug_front().
front_changes() {
	settle g1
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
			ip link set eth0 down
			echo vif-0 >/sys/bus/xen/drivers/vif/unbind
			echo vif-0 >/sys/bus/xen/drivers/xen-nc2-front/bind'
		settle g1
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

# only KIND: whether this is for guests of that kind, in the short form.
only() {
	[ "$type" = "$1" ] || long
}

# What a kind of guest makes no difference to is done with one of them.
on_the_direct_path() {
	if only PV; then
		t "$type: paused and unpaused" paused
		t "$type: saved and restored while direct, twice, and no page is lost" saved
		t "$type: a save that leaves the guest running" called_off
		t "$type: saved and restored with an address of its own" own_address
	fi
	if [ $type = PV ]; then
		t "$type: a migration that cannot be leaves it alone" not_migrated
	else
		t "$type: migrated while direct" migrated
		if long; then
			t "$type: migrated while it changes its rings and offloads" migrated_changing
		fi
	fi
	if [ $type = PVH ]; then
		t "$type: migrated to where no queue is to be had" came_to_none migrate_without
	fi
	if long; then
		t "$type: restored where no queue is to be had" came_to_none restore_without
	fi
	if only PV; then
		t "$type: the back changes hands, there and back" back_changes
		t "$type: the front changes hands, there and back" front_changes
	fi
	if long; then
		t "$type: saved in the middle of a reset" saved_in_reset
		t "$type: saved while nc2/path and nc2/weight are written" saved_wavering
	fi
	if only PV; then
		t "$type: rebooted" restarted
	fi
	if only PVH; then
		t "the interface has a name of its own" renamed
	fi
}

# on_the_bridge WAY: the same where there is no pool, or it is not in use.
on_the_bridge() {
	local what="$type, $1"

	if ! long; then
		if [ $type = PVH ]; then
			t "$what: migrated" "$1" migrated
			t "$what: rebooted" "$1" restarted
		else
			t "$what: saved and restored" "$1" save_restore
		fi
		return
	fi
	t "$what: paused and unpaused" "$1" paused
	t "$what: a save that leaves the guest running" "$1" called_off
	t "$what: the back changes hands, there and back" "$1" back_changes
	t "$what: the front changes hands, there and back" "$1" front_changes
	t "$what: saved and restored, twice, and no page is lost" "$1" saved
	if [ $type = PVH ]; then
		t "$what: migrated" "$1" migrated
	else
		t "$what: a migration that cannot be leaves it alone" "$1" not_migrated
	fi
	t "$what: rebooted" "$1" restarted
}

# From the path that the test before has held it off.
crashed_direct() {
	d0 put g1 path auto
	crashed
}

hostile_modules
up --guests 1 --vfs 2 --on-reboot restart
serve g1
for type in PV PVH; do
	if [ $type = PVH ]; then
		needed "a PVH guest comes" create g1 --type pvh
	fi
	on_the_direct_path
	if long && [ $type = PVH ]; then
		t "$type, held: saved, and its front removed before it has a back again" held removed
	fi
	if only PV; then
		t "$type, held: the back changes hands while the guest is paused" \
			held back_changes_paused
		on_the_bridge held
	fi
	if only PVH; then
		needed "$type, bridged: an interface without gatewaydev=" bridged refit
		on_the_bridge bridged
	fi
	if [ $type = PVH ]; then
		t "$type, bridged: xl shutdown" bridged shut_down
	elif long; then
		t "$type, bridged: the guest crashes" bridged crashed
	else
		t "$type: the guest crashes" crashed_direct
	fi
done
finish
