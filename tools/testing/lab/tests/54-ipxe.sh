#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Long form only.
#
# A front that nobody here wrote and that is not Linux: iPXE's, in an HVM guest.  It
# gets its address by DHCP and a script by TFTP, which has it ask the wire, for ever,
# what to do next: files from the wire and from dom0, pings, its interface closed and
# opened, and at last Linux, booted in the same guest, where our front takes over.
# That one does what HVM guests alone can: go on with another kernel after kexec.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# The image that has what HVM guests need.
export NC2_LAB_HVM=1
MAC=00:16:3e:99:00:01
BOOT=$TMP/boot
MEGABYTE=1048576

# "kexec -l" and, a second later, "kexec -e".
KEXEC='
import ctypes, os, sys, time, urllib.request
for url in "http://10.99.0.1/vmlinuz", "http://10.99.0.2/g1.initrd":
    urllib.request.urlretrieve(url, "/run/" + url.split("/")[-1])
files = [os.open(x, os.O_RDONLY) for x in ("/run/vmlinuz", "/run/g1.initrd")]
line = sys.argv[1].encode() + b"\0"
call = ctypes.CDLL(None, use_errno=True).syscall
if call(320, *files, len(line), line, 0):       # kexec_file_load
    sys.exit(os.strerror(ctypes.get_errno()))
if os.fork() == 0:
    time.sleep(1)
    call(169, 0xfee1dead, 0x28121969, 0x45584543, 0)    # reboot
'

# served WHO DIRECTORY ARGUMENT...: netboot.py; ends with the lab.
served() {
	local who=$1

	shift
	setsid "$LAB" exec --name "$NAME" "$who" -- python3 -c "$(<"$TESTS/netboot.py")" "$@" \
		>"$TMP/served.$who" 2>&1 &
}

done_so_far() {
	grep -c '^http done/' "$BOOT/log"
}

# has_done WHAT: the line is in the log of what the wire has given.
has_done() {
	grep -E "$1" "$BOOT/log"
}

# ipxe COMMAND: has it run; its status.
ipxe() {
	local n

	n=$(done_so_far)
	{
		echo '#!ipxe'
		# shellcheck disable=SC2016 # expanded by iPXE
		echo "$1"' && set r 0 || set r ${errno}'
		echo 'imgfree ||'
		# shellcheck disable=SC2016 # expanded by iPXE
		echo "imgfetch http://10.99.0.1/done/$n/"'${r} ||'
		echo 'imgfree ||'
	} >"$BOOT/next.new"
	mv "$BOOT/next.new" "$BOOT/next"
	until_true "$LIMIT" "iPXE has run: $1" has_done "^http done/$n/"
	has_done "^http done/$n/0 " || fail "iPXE fails: $1"
}

# Every one of its lives begins so.
boots() {
	rm -f "$BOOT/log"
	until_true "$LIMIT" "iPXE runs its script" has_done '^http done/'
	cat "$BOOT/log"
	has_done '^dhcp offer$'
	has_done '^dhcp ack$'
	has_done '^tftp boot.ipxe '
	# The driver, as iPXE names it, and no other NIC that it could have used.
	has_done '^http done/[^/]*/netfront/ '
}

hvm_guest() {
	lab push dom0 "$TMP/g1.cfg" /etc/xen/g1.cfg
	dom0 xl create /etc/xen/g1.cfg
	boots
}

stays_bridged() {
	is path "$(path g1)" bridged
	is reason "$(reason g1)" 'front does not ask for it'
	is queue "$(d0 show g1 queue)" ''
}

# to_guest BYTES: what went there, by all counters, since shot a.
to_guest() {
	shot b g1
	moved back dev_tx_bytes "$1"
	moved back 'q*_rx_bridged_bytes' "$1"
	moved back 'q*_rx_copied_bytes' "$1"
	still back 'q*_rx_drop_*'
	still back 'q*_tx_drop_*'
	still back '?x_direct_*'
}

# from_guest BYTES FRAMES
from_guest() {
	moved back dev_rx_bytes "$1"
	moved back 'q*_tx_bridged_bytes' "$1"
	moved back 'q*_tx_copied_bytes' "$1"
	moved back 'q*_tx_bridged_frames' "$2"
}

# fetches URL BYTES
fetches() {
	shot a g1
	ipxe "imgfetch $1"
	to_guest "$2"
	# Requests, and acknowledgements.
	from_guest 500 10
}

# By TFTP each block is asked for.
fetches_by_tftp() {
	fetches "tftp://10.99.0.1/bytes/$MEGABYTE" "$MEGABYTE"
	from_guest 30000 700
}

# ping compares what comes back with what it sent.
echoes() {
	shot a g1
	pings wire "$(address g1)" -s 1472
	pings dom0 "$(address g1)" -s 1472
	to_guest 9000
	from_guest 9000 6
	ipxe 'ping --count 3 --size 1472 10.99.0.1'
	ipxe 'ping --count 3 --size 1472 10.99.0.2'
}

opens_again() {
	local i

	for i in $(seq "$(often 2 10)"); do
		echo "round $i"
		ipxe "ifclose net0 && ifopen net0 && imgfetch http://10.99.0.1/bytes/$MEGABYTE"
	done
	stays_bridged
}

# iPXE does not look at the state of the back: the new one goes on where the rings stand.
back_is_anew() {
	d0 rebind g1
	ipxe "imgfetch http://10.99.0.1/bytes/$MEGABYTE"
	stays_bridged
}

reboots() {
	local id

	id=$(dom0 xl domid g1)
	printf '#!ipxe\nreboot\n' >"$BOOT/next"
	boots
	[ "$(dom0 xl domid g1)" != "$id" ] || fail "it is still the same domain"
	fetches "http://10.99.0.1/bytes/$MEGABYTE" "$MEGABYTE"
	d0 clean "$LIMIT"
}

# The whole of a guest's Linux, by iPXE; then its front is another in the same domain.
becomes_linux() {
	local id

	id=$(dom0 xl domid g1)
	{
		echo '#!ipxe'
		echo 'imgfree ||'
		echo "kernel http://10.99.0.1/vmlinuz $extra"
		echo 'initrd http://10.99.0.2/g1.initrd'
		echo 'boot'
	} >"$BOOT/next"
	lab guest wait g1
	serve g1
	is domain "$(dom0 xl domid g1)" "$id"
	has_done '^http vmlinuz '
}

both_ways() {
	local n

	wait_path g1 direct
	shot a g1
	n=$(iperf wire "$(address g1)")
	shot b g1
	moved back rx_direct_bytes "$n"
	moved front rx_direct_bytes "$n"
	shot a g1
	n=$(iperf wire "$(address g1)" -R)
	shot b g1
	moved back tx_direct_bytes "$n"
	moved front tx_direct_bytes "$n"
	d0 put g1 path bridged
	wait_path g1 bridged
	iperf wire "$(address g1)"
	iperf dom0 "$(address g1)"
	iperf dom0 "$(address g1)" -R
	pings wire "$(address6 g1)" -s 1400
}

kernel_starts() {
	lab logs g1 | grep 'Starting new kernel'
}

has_agent() {
	# shellcheck disable=SC2016 # expanded in dom0
	dom0 sh -c 'id=$(xl domid g1) && xenstore-exists "/local/domain/$id/data/lab/ready"'
}

# Linux asks Xen for a soft reset, and libxl has that for HVM guests: every device is
# detached and attached anew, in the same domain.
kexeced() {
	local id

	id=$(dom0 xl domid g1)
	on g1 python3 -c "$KEXEC" "$extra"
	until_true "$LIMIT" "another kernel is started" kernel_starts
	dom0 xenstore-rm "/local/domain/$id/data/lab/ready" || true
	# For a while now it has no name that xl knows.
	until_true "$LIMIT" "g1 is there again" has_agent
	lab guest wait g1
	serve g1
	is domain "$(dom0 xl domid g1)" "$id"
	d0 clean "$LIMIT"
}

destroyed() {
	dom0 xl destroy g1
	d0 clean "$LIMIT"
}

# Midway in a file.
destroyed_busy() {
	shot a g1
	printf '#!ipxe\nimgfetch http://10.99.0.1/bytes/%d\n' $((100 * MEGABYTE)) >"$BOOT/next"
	until_true "$LIMIT" "the file is on its way" on_its_way
	destroyed
}

on_its_way() {
	shot b g1
	moved back 'q*_rx_bridged_bytes' $((2 * MEGABYTE))
}

# The xl file and what Linux is to be booted from come from a PVH guest, and those of
# the HVM guest are made from them.
prepare() {
	local rel

	lab guest create g1 --type pvh
	rel=$(on g1 uname -r)
	lab pull dom0 /etc/xen/g1.cfg "$TMP/pvh.cfg"
	lab guest destroy g1
	sed -n 's/^extra = "\(.*\)"$/\1/p' "$TMP/pvh.cfg" >"$TMP/extra"
	{
		grep -E '^(name|memory|cpus|vcpus|tsc_mode|on_crash) = ' "$TMP/pvh.cfg"
		cat <<-END
			type = "hvm"
			kernel = "/usr/lib/ipxe/ipxe.lkrn"
			# What iPXE prints goes to a file; there is no display, and no NIC but ours.
			serial = "file:/var/log/ipxe.log"
			nographic = 1
			vnc = 0
			vga = "none"
			vif = ['type=vif,mac=$MAC,bridge=xenbr0,script=vif-nc2,gatewaydev=nic0']
			# xl has no read-only IDE disks.  Linux names this one xvda as well.
			disk = ['format=raw,vdev=sda,access=ro,target=/dev/vdb']
			on_reboot = "restart"
		END
	} >"$TMP/g1.cfg"
	mkdir "$BOOT"
	cp "$("$TESTS/../../root.sh" path)/opt/kernels/$rel/vmlinuz" "$BOOT/vmlinuz"
	cat >"$BOOT/boot.ipxe" <<-'END'
		#!ipxe
		imgfetch http://10.99.0.1/done/${version}/${net0/chip}/${net1/chip} ||
		:again
		imgfree ||
		chain --autofree --timeout 10000 http://10.99.0.1/next && goto again ||
		ifclose net0 ||
		ifopen net0 ||
		goto again
	END
	served wire 10.99.0.1 "$BOOT" "$MAC" "$(address g1)" wire
	served dom0 10.99.0.2 /lab
	d0 clean "$LIMIT"
}

up --guests 0 --vfs 1 --guest-mem 512
needed "what is booted, and the servers" prepare
extra=$(<"$TMP/extra")
needed "an HVM guest boots iPXE by our back: DHCP, TFTP, HTTP" hvm_guest
t "it is bridged, and the back says why" stays_bridged
t "8 MB from the wire by HTTP" fetches "http://10.99.0.1/bytes/$((8 * MEGABYTE))" $((8 * MEGABYTE))
t "8 MB from dom0, whose frames have blank checksums, by HTTP" \
	fetches "http://10.99.0.2/bytes/$((8 * MEGABYTE))" $((8 * MEGABYTE))
t "1 MB by TFTP" fetches_by_tftp
t "frames of full size, both ways" echoes
t "iPXE closes and opens its interface" opens_again
t "the back is unbound and bound" back_is_anew
t "the guest reboots" reboots
t "iPXE boots Linux, and our front takes over" becomes_linux
t "HVM guest with our front: the direct path and the bridge" both_ways
t "another kernel by kexec" kexeced
t "HVM guest after kexec: the direct path and the bridge" both_ways
t "xl destroy" destroyed
t "the next one boots" hvm_guest
t "xl destroy on the way" destroyed_busy
finish
