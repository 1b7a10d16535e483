#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A back end that lies to a guest on the direct path.  It may cost the guest the
# direct path and what is under way there, nothing else: the guest leaves it by
# itself and wants its pages back, a TCP connection whose every byte is checked
# goes on by the bridge, and a connection made anew is direct again.
#
# Which entries and indexes are lies KUnit has one and all; in the short form some of
# each kind show that the front heeds it.
# shellcheck disable=SC2046 # words
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

tell() {
	# shellcheck disable=SC2016 # expanded in dom0
	dom0 sh -ec 'insmod /root/nc2-hostile-back.ko dev="$0" action="$1"
		rmmod nc2_hostile_back' "$(d0 vif g1)" "$1"
}

# The front lets go of everything and starts over.
anew() {
	rebind g1
	wait_path g1 direct
	is "times that the front gave up" "$(times)" 0
}

# counted COUNTER: since the front was bound.
counted() {
	on g1 ethtool -S eth0 | sed -n "s/^ *$1: //p"
}

times() {
	counted direct_broken
}

# alive PATH: and nothing was lost for good.
alive() {
	pings wire "$(address g1)" -s 1400
	stream_moves g1
	is path "$(path g1)" "$1"
}

gave_up() {
	[ "$(times)" = 1 ]
}

# until_caught LIE: the back's next frame takes the place of a lie that the guest has
# not looked at yet; then it is told again.
until_caught() {
	local try

	for try in 1 2 3 4 5; do
		# The second time the back may know that its guest is gone.
		tell "$1" || [ "$try" -gt 1 ]
		if until_true 15 "the front gives up" gave_up; then
			return
		fi
		echo "told $try times"
	done
	fail "the front takes it for the truth"
}

# Lies that no honest back tells.
cut() {
	local lie

	for lie; do
		echo "lie: $lie"
		anew
		until_caught "$lie"
		wait_path g1 bridged
		is "times that the front gave up" "$(times)" 1
		d0 wait g1 reason 'the guest has taken its pages back' "$LIMIT"
		alive bridged
	done
}

# Strange, and the front has no use for what it says.
harmless() {
	local lie

	for lie; do
		echo "harmless: $lie"
		anew
		tell "$lie"
		sleep 1
		alive direct
		is "times that the front gave up" "$(times)" 0
	done
}

# The front finds nothing and says so to Xen, which then delays the next ones.
stormy() {
	anew
	on g1 sh /run/trace.sh start 'eoi=xen_irq_lateeoi,flags=%si:u32'
	tell storm
	sleep 1
	alive direct
	is "times that the front gave up" "$(times)" 0
	on g1 sh -c 'sh /run/trace.sh stop | sed -n "s/^.* eoi: .*\(flags=.*\)/\1/p" |
		sort | uniq -c' >"$TMP/eoi"
	cat "$TMP/eoi"
	# XEN_EOI_FLAG_SPURIOUS
	grep -q 'flags=1$' "$TMP/eoi" || fail "the front has told Xen of no event for nothing"
}

# The front may think of it what it likes.
strange() {
	local lie

	for lie; do
		echo "strange: $lie"
		anew
		tell "$lie"
		sleep 1
		pings wire "$(address g1)" -s 1400
		stream_moves g1
	done
}

# Some of its buffers the back may not have, which is a lie.  As with until_caught() the
# guest may not have looked at it before the back's next frame.
endless() {
	local try

	for try in 1 2 3 4 5; do
		strange comp-endless
		if [ "$(counted rx_drop_bad)" -ge 1 ] || [ "$(times)" = 1 ]; then
			return
		fi
		echo "told $try times"
	done
	fail "the front has not noticed"
}

# A back that carries no frame at all harms only its own guest, which it may.
deaf() {
	anew
	tell mtu-none
	sleep 1
	is "times that the front gave up" "$(times)" 0
}

# No lie: the path is left while the guest has the first piece of a frame, of which there
# will be no other.  It must not take the next frame that comes for one.
cut_off() {
	anew
	dom0 insmod /root/nc2-hostile-back.ko action=cut-off
	d0 put g1 path bridged
	wait_path g1 bridged
	dom0 rmmod nc2_hostile_back
	shot a g1
	d0 put g1 path auto
	wait_path g1 direct
	alive direct
	shot b g1
	moved front rx_drop_back_error 1 1
	is "times that the front gave up" "$(times)" 0
}

# freed LIKE: the guest's kernel has freed a page that it kept, and said so like that.
freed() {
	on g1 sh -c "dmesg | grep -q 'freeing g\.e\..*$1'"
}

kept() {
	[ "$(counted pages_kept)" = "$1" ]
}

# A back that has not let go of some pages when a connection ends: the guest must use
# them for nothing else, but have them again afterwards.
holds() {
	anew
	# shellcheck disable=SC2016 # expanded in dom0
	dom0 sh -ec 'insmod /root/nc2-hostile-back.ko dev="$0" action=hold' "$(d0 vif g1)"
	on g1 sh -ec 'dmesg -C
		echo "func gnttab_handle_deferred +p" >/sys/kernel/debug/dynamic_debug/control'
	on g1 ethtool -G eth0 rx 640
	until_true "$LIMIT" "four pages are kept" kept 4
	on g1 sh -c 'dmesg | grep "the back still uses 4 pages"'
	! freed "" || fail "the guest has freed pages that the back uses"
	# Before the guest's kernel has waited for a minute, of which it would complain.
	dom0 rmmod nc2_hostile_back
	until_true "$LIMIT" "the guest has its pages again" freed " 0 remaining"
	wait_path g1 direct
	alive direct
}

# The network has told the log as much as all of it may.
heard() {
	local line

	line="$(d0 vif g1): bridged path: the administrator chose the bridged path"
	wait_path g1 direct
	dom0 sh -ec 'dmesg -C
		echo 0 >/proc/sys/net/core/message_burst'
	d0 put g1 path bridged
	wait_path g1 bridged
	dom0 sh -c 'echo 10 >/proc/sys/net/core/message_burst'
	dom0 dmesg | grep -F "$line" || fail "the log does not say '$line'"
	d0 put g1 path auto
	wait_path g1 direct
}

gone() {
	anew
	alive direct
	on g1 rmmod xen_nc2_front
	on g1 insmod /lab/modules/xen-nc2-front.ko
	wait_address g1
	wait_path g1 direct
	alive direct
	stream_end g1
}

prepare() {
	lab push dom0 "$hostile/nc2-hostile-back.ko" /root/nc2-hostile-back.ko
	lab push g1 "$TESTS/trace.sh" /run/trace.sh
	wait_path g1 direct
	stream_start g1
}

hostile_modules
up --guests 1 --vfs 1
serve g1
needed "a guest is direct, and a stream goes through it" prepare
t "lie: buffers that there are not" cut comp-page-max comp-offset \
	$(also comp-page comp-offset-end)
t "lie: a buffer is returned twice" cut comp-twice
t "lie: lengths" cut comp-long comp-empty $(also comp-longest)
t "lie: ring indexes" cut comp-ahead tx-back $(also comp-back tx-ahead)
t "lie: all that the back writes is noise" cut noise
t "harmless: an index that only the back needs" harmless fill-cons
t "harmless: a storm of events" stormy
t "strange: a frame without end" endless
t "strange: a path that is none" strange path-lie
t "strange: a back that carries no frame" deaf
t "a frame is cut off by a change of path" cut_off
t "a back keeps pages of a connection that has ended" holds
t "the log is told of a change of path, whatever else it is told" heard
t "the front lets go of everything, and is direct again" gone
finish
