#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What tools/nc2-vfs does beside giving and taking, which the lab tests: virtual functions
# that others have, refusals of the NIC's driver, more of them than have one digit.  On a
# /sys made of plain files, mounted over the real one where nobody else sees it.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

PCI=/sys/bus/pci
PF=$PCI/devices/0000:03:00.0
OURS=$PCI/drivers/xen-nc2-back

# bound N DRIVER: the VF has it.
bound() {
	mkdir -p "$PCI/drivers/$2"
	ln -sfn "$PCI/drivers/$2" "$PCI/devices/0000:03:10.$1/driver"
}

# nic NUMBER: nic0 with so many of 12 virtual functions, which are nobody's.
nic() {
	local i vf

	mount -t tmpfs none /sys
	mount -t tmpfs none /run
	mkdir -p /run/lock "$PF" "$OURS" /sys/class/net/nic0 /sys/class/net/lo
	ln -s "$PF" /sys/class/net/nic0/device
	echo 12 >"$PF/sriov_totalvfs"
	echo "$1" >"$PF/sriov_numvfs"
	echo 1 >"$PF/sriov_drivers_autoprobe"
	touch "$OURS/bind" "$OURS/unbind"
	for ((i = 0; i < $1; i++)); do
		vf=$PCI/devices/0000:03:10.$i
		mkdir "$vf"
		echo '(null)' >"$vf/driver_override"
		ln -s "$vf" "$PF/virtfn$i"
	done
}

# vfs STATUS WORD...: what the tool says, within a limit.
vfs() {
	local rc=0

	out=$(timeout "${limit:-60}" "$TREE/tools/nc2-vfs" "${@:2}" 2>&1) || rc=$?
	[ "$rc" = "$1" ] || finding "nc2-vfs ${*:2}: status $rc, not $1: $out"
}

# says PATTERN
says() {
	grep -qE -- "$1" <<<"$out" || finding "nc2-vfs says '$out', nothing like '$1'"
}

# has FILE TEXT: of the fake tree.
has() {
	[ "$(<"$1")" = "$2" ] || finding "${1#"$PCI"/} is '$(<"$1")', not '$2'"
}

override() {
	has "$PCI/devices/0000:03:10.$1/driver_override" "$2"
}

# Three that others have, one of which nobody chose.
others() {
	nic 12
	bound 1 pciback
	bound 2 igbvf
	touch "$PCI/drivers/igbvf/unbind"
	echo vfio-pci >"$PCI/devices/0000:03:10.3/driver_override"
	bound 4 xen-nc2-back
}

give_leaves_others() {
	others
	vfs 0 give nic0 12
	says '^nc2-vfs: 0000:03:10.1 is used by pciback: let alone'
	says '^nc2-vfs: 0000:03:10.3 is kept for vfio-pci'
	says '^  vf 2 .* 0000:03:10.2 '
	says '^  vf 11 .* 0000:03:10.11 '
	override 0 xen-nc2-back
	override 1 '(null)'
	override 2 xen-nc2-back
	override 3 vfio-pci
	has "$PCI/drivers/igbvf/unbind" 0000:03:10.2
}

take_is_all_or_none() {
	others
	vfs 1 take nic0
	says '0000:03:10.1 is used by pciback: nothing is taken'
	has "$OURS/unbind" ''
	has "$PF/sriov_numvfs" 12
	rm "$PCI/devices/0000:03:10.1/driver"
	vfs 1 take nic0
	says '0000:03:10.3 is kept for vfio-pci'
	echo >"$PCI/devices/0000:03:10.3/driver_override"
	vfs 0 take nic0
	has "$OURS/unbind" 0000:03:10.4
	has "$PF/sriov_numvfs" 0
}

shows_none() {
	nic 0
	vfs 0 show
	says '^nic0: 0 of 12 virtual functions$'
}

# fixed: their number can be read, and not written.
fixed() {
	mount --bind "$PF/sriov_numvfs" "$PF/sriov_numvfs"
	mount -o remount,bind,ro "$PF/sriov_numvfs"
}

refuses_to_make() {
	nic 0
	fixed
	vfs 1 give nic0 3
	says 'did not create 3 virtual functions'
	has "$PF/sriov_drivers_autoprobe" 1
}

refuses_to_unmake() {
	nic 3
	echo 0 >"$PF/sriov_drivers_autoprobe"
	fixed
	vfs 1 take nic0
	says "nic0's driver keeps them"
	has "$PF/sriov_drivers_autoprobe" 1
}

waits_its_turn() {
	nic 3
	exec 8>/run/lock/nc2-vfs
	flock 8
	limit=1 vfs 124 take nic0
	has "$PF/sriov_numvfs" 3
	exec 8>&-
	vfs 0 take nic0
	has "$PF/sriov_numvfs" 0
}

check() {
	local each

	[ -x "$TREE/tools/nc2-vfs" ] || { finding "no tools/nc2-vfs"; return 1; }
	for each in give_leaves_others take_is_all_or_none shows_none refuses_to_make \
		refuses_to_unmake waits_its_turn; do
		# shellcheck disable=SC2016 # expanded there
		unshare --mount "$BASH" -c "$(declare -p TREE PCI PF OURS)
			$(declare -f)
			set -eu; bad=0; $each; exit \$bad" || bad=1
	done
	return "$bad"
}

# but SED-SCRIPT: the tool, changed.
but() {
	mkdir tools
	sed "$1" "$REPO/tools/nc2-vfs" >tools/nc2-vfs
	chmod 755 tools/nc2-vfs
}

# shellcheck disable=SC2016 # of the tool's own
plants() {
	clean good but ''
	plant others 'driver_override is .xen-nc2-back., not .vfio-pci' but '/^other_of() {/a return'
	plant half 'drivers/xen-nc2-back/unbind is' but 's/^\(.*\)die .*nothing is taken.*/true/'
	plant order 'nothing like .*vf 2 ' but 's,while \[ -e "$1/virtfn.*,for i in $(ls "$1" | sed -n s/virtfn//p); do,'
	plant autoprobe 'sriov_drivers_autoprobe is .0.' but '/>"$pf\/sriov_drivers_autoprobe"$/d'
	plant turn 'status 0, not 124' but '/^	lock$/d'
	plant none 'nothing like' but 's,device/sriov_totalvfs" . || show,device/virtfn0" ] || show,'
}

main "$@"
