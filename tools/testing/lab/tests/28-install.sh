#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What README.md and Documentation/install.rst have an administrator type, taken from
# there and done: who gets the interfaces, virtual functions at boot, the bridge, new
# versions, the way back, signatures.  The lab is no Debian that boots by itself: it has
# neither an initramfs of Debian's nor a running systemd or udev, so what these would do
# with the files is asked of their tools, as far as they tell.
# shellcheck disable=SC2016 # expanded in the guest, or in dom0
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

TOP=$TESTS/../../../..
README=$TOP/README.md
DOC=$TOP/Documentation/install.rst
MODULES=${NC2_BUILD:-$TOP/build}/modules/6.12
UNIT=/etc/systemd/system/nc2-vfs.service
HOOKS=/etc/xen/scripts/vif-post.d

# typed FILE FROM TO: a block of what is to be typed, from the line that begins with FROM
# to the next that begins with TO, for the lab's NIC.
typed() {
	awk -v from="    $2" -v to="    $3" '
		index($0, from) == 1 { on = 1 }
		on { print substr($0, 5) }
		on && index($0, to) == 1 { found = 1; exit }
		END { exit !found }' "$1" | sed 's/enp3s0f0/nic0/g'
}

# type_in_dom0 FILE FROM TO
type_in_dom0() {
	local text

	text=$(typed "$@")
	dom0 sh -exc "$text"
}

backs() {
	dom0 sh -c 'cd /sys/module; echo xen_n*back'
}

fronts() {
	on g1 sh -c 'cd /sys/module; echo xen_n*front'
}

# With a key and a certificate that no kernel has been told of.
signed() {
	local dir=$TMP/signed

	mkdir -p "$dir/netback" "$dir/netfront"
	cp "$MODULES/xen-nc2-back.ko" "$dir/netback/"
	cp "$MODULES/xen-nc2-front.ko" "$dir/netfront/"
	typed "$DOC" 'for m in netback/' 'done' >"$dir/typed"
	"$TESTS/../../root.sh" run -- sh -exc 'cd "$0"
		openssl req -new -x509 -newkey rsa:2048 -nodes -subj /CN=nc2-test \
			-keyout KEY -out CERT
		# The kernel that they are for does not run here.
		uname() {
			sed -n "s/^6.12 //p" /etc/nc2-kernels
		}
		. ./typed
		for m in netback/xen-nc2-back.ko netfront/xen-nc2-front.ko; do
			[ "$(modinfo -F signer "$m")" = nc2-test ]
		done' "$dir"
}

# What "make install" does, and what the lab has against it undone.
installed() {
	lab back none
	dom0 sh -ec 'install -D -m 644 /lab/modules/xen-nc2-back.ko \
			"/lib/modules/$(uname -r)/updates/netback/xen-nc2-back.ko"
		install -m 755 /lab/bin/nc2-vfs /usr/sbin/nc2-vfs
		sed -i "/^install xen-netback/d" /etc/modprobe.d/lab.conf
		depmod -a'
}

queues() {
	like "queues" "$(dom0 nc2-vfs show nic0)" "nic0: $1 of 7 *"
	is "queues of the back" "$(dom0 nc2-vfs show nic0 | grep -c xen-nc2-back || true)" "$1"
}

short_way() {
	local line

	type_in_dom0 "$README" "echo 'install xen-netback" 'nc2-vfs give'
	is "what is loaded" "$(backs)" xen_nc2_back
	queues 7
	line=$(typed "$DOC" 'install xen-netback' 'install xen-netback')
	dom0 grep -xF "$line" /etc/modprobe.d/nc2.conf || fail "install.rst has another line"
}

# By its name, by what udev asks for, and by systemd at boot.
asked_for() {
	local name

	for name in xen-netback xen-backend:vif; do
		dom0 rmmod xen_nc2_back
		dom0 modprobe "$name"
		is "what modprobe $name loads" "$(backs)" xen_nc2_back
	done
	dom0 rmmod xen_nc2_back
	dom0 /usr/lib/systemd/systemd-modules-load /etc/modules-load.d/nc2.conf
	is "what is loaded at boot" "$(backs)" xen_nc2_back
}

# A kernel that has no module of ours.
not_there() {
	dom0 sh -ec 'rmmod xen_nc2_back
		mv /lib/modules/*/updates/netback/xen-nc2-back.ko /root/away.ko
		modprobe xen-netback'
	is "what modprobe xen-netback loads" "$(backs)" xen_netback
	dom0 sh -ec 'rmmod xen_netback
		mv /root/away.ko "/lib/modules/$(uname -r)/updates/netback/xen-nc2-back.ko"
		modprobe xen-nc2-back'
}

# What systemd has to say of the unit, of which it has read the name.
minds() {
	dom0 systemd-analyze verify "$UNIT" 2>&1 | grep -F nc2-vfs || true
}

wants() {
	dom0 sh -c 'cd /etc/systemd/system && ls -d *.wants/nc2-vfs.service' |
		sed 's,\.wants/.*,,' | paste -sd ' '
}

at_boot() {
	typed "$DOC" '[Unit]' 'WantedBy=' >"$TMP/unit"
	sed 's/^RemainAfterExit=/RemainAfterwards=/' "$TMP/unit" >"$TMP/wrong"
	lab push dom0 "$TMP/wrong" "$UNIT"
	like "what systemd minds of a wrong unit" "$(minds)" '*RemainAfterwards*'
	lab push dom0 "$TMP/unit" "$UNIT"
	is "what systemd minds" "$(minds)" ''
	dom0 systemctl enable nc2-vfs
	is "who wants the unit" "$(wants)" "multi-user.target sys-subsystem-net-devices-nic0.device"
	dom0 nc2-vfs take nic0
	queues 0
	dom0 sh -exc "$(sed -n 's/^ExecStart=//p' "$TMP/unit")"
	queues 7
}

# One virtual function is xen-pciback's, as for a guest that has it whole.
others() {
	local vf out rc=0

	vf=$(dom0 sh -ec 'modprobe xen-pciback
		vf=$(basename "$(readlink /sys/class/net/nic0/device/virtfn3)")
		echo "$vf" >/sys/bus/pci/drivers/xen-nc2-back/unbind
		echo pciback >"/sys/bus/pci/devices/$vf/driver_override"
		echo "$vf" >/sys/bus/pci/drivers/pciback/new_slot
		echo "$vf" >/sys/bus/pci/drivers/pciback/bind
		echo "$vf"')
	out=$(dom0 nc2-vfs give nic0 7 2>&1)
	like "what give says" "$out" "*$vf is used by pciback: let alone*"
	like "what there is" "$out" "* vf 3 *$vf *driver pciback *"
	out=$(dom0 nc2-vfs take nic0 2>&1) || rc=$?
	[ "$rc" != 0 ] || fail "take is status 0"
	like "what take says" "$out" "*$vf is used by pciback: nothing is taken"
	is "queues of the back" "$(dom0 nc2-vfs show nic0 | grep -c xen-nc2-back)" 6
	dom0 sh -ec 'echo "$0" >/sys/bus/pci/drivers/pciback/unbind
		echo "$0" >/sys/bus/pci/drivers/pciback/remove_slot
		echo >"/sys/bus/pci/devices/$0/driver_override"
		nc2-vfs give nic0 7' "$vf"
	queues 7
}

# With a hook for g1.
hook() {
	typed "$DOC" 'if [ "$command" = online ]' 'fi' | sed 's/db\*/g1/' >"$TMP/hook"
	dom0 mkdir -p "$HOOKS"
	lab push dom0 "$TMP/hook" "$HOOKS/nc2.hook"
	dom0 chmod 755 "$HOOKS/nc2.hook"
}

# xl.conf, so that the vif line need name neither.
all_guests() {
	hook
	typed "$DOC" vif.default.script vif.default.gatewaydev >"$TMP/xl.conf"
	lab push dom0 "$TMP/xl.conf" /root/xl.conf
	dom0 sh -c 'cat /root/xl.conf >>/etc/xen/xl.conf'
	create g1
	unplug g1
	dom0 xl network-attach g1 mac=00:16:3e:99:00:01 bridge=xenbr0
	wait_address g1
	wait_path g1 direct
	pings wire "$(address g1)"
	is "weight by the hook" "$(d0 show g1 weight)" 1000
	like "rx-usecs by the hook" "$(dom0 ethtool -c "$(d0 vif g1)")" '*rx-usecs:*50*'
}

one_vif() {
	[ "$(dom0 sh -c 'ls -d /sys/class/net/vif*' | wc -l)" = 1 ]
}

# xl and the log say so.
failing_hook() {
	local out rc=0

	dom0 sh -ec 'echo "no-such-command-nc2" >"$0"; chmod 755 "$0"' "$HOOKS/zz.hook"
	out=$(dom0 xl network-attach g1 mac=00:16:3e:99:00:31 bridge=xenbr0 2>&1) || rc=$?
	dom0 rm "$HOOKS/zz.hook"
	echo "$out"
	# It may have left nothing.
	dom0 xl network-detach g1 1 || true
	until_true "$LIMIT" "one interface is left" one_vif
	[ "$rc" != 0 ] || fail "status 0"
	like "what xl says" "$out" '*error detected*'
	dom0 grep no-such-command-nc2 /var/log/xen/xen-hotplug.log
	pings wire "$(address g1)"
}

promiscuity_is() {
	dom0 ip -d link show nic0 | grep -o 'promiscuity [0-9]*' | grep -x "promiscuity $1" ||
		fail "not promiscuity $1"
}

quiet_uplink() {
	dom0 sh -ec 'ip link set xenbr0 type bridge vlan_filtering 0
		bridge link set dev nic0 learning on'
	promiscuity_is 1
	dom0 sh -exc "$(typed "$DOC" '    post-up ip' '    post-up bridge' | sed 's/^ *post-up //')"
	promiscuity_is 0
	# As where other ports flood, once they are gone.
	dom0 bridge link set dev nic0 learning on
	promiscuity_is 0
	dom0 bridge link set dev nic0 learning off
	# The price of one vif of another kind.
	dom0 xl network-attach g1 mac=00:16:3e:99:00:21 bridge=xenbr0 script=vif-bridge
	until_true "$LIMIT" "the uplink is promiscuous" promiscuity_is 1
	dom0 xl network-detach g1 1
	until_true "$LIMIT" "the uplink is not promiscuous any more" promiscuity_is 0
	wait_path g1 direct
	pings wire "$(address g1)"
}

# All but "make install", and each interface's own hotplug script as well.
new_version() {
	dom0 xl network-attach g1 mac=00:16:3e:99:00:22 bridge=xenbr0 script=vif-bridge
	stream_start g1
	type_in_dom0 "$DOC" 'rmmod xen-nc2-back' 'done'
	is "whose port learns" "$(dom0 sh -c 'cat /sys/class/net/vif*.*/brport/learning')" "0
1"
	dom0 xl network-detach g1 1
	wait_path g1 direct
	stream_moves g1
	stream_end g1
}

driver() {
	dom0 sh -c 'basename "$(readlink "/sys/bus/xen-backend/devices/vif-$(xl domid g1)-0/driver")"'
}

one_interface() {
	local text id

	id=$(dom0 xl domid g1)
	text=$(typed "$DOC" 'modprobe --ignore-install' 'XENBUS_PATH=$path vif=vif5.0' |
		sed "s/vif-5-0/vif-$id-0/; s,vif/5/0,vif/$id/0,; s/vif5\.0/vif$id.0/")
	stream_start g1
	dom0 sh -exc "$text"
	is "driver of the interface" "$(driver)" vif
	stream_moves g1
	d0 rebind g1 vif xen-nc2-back
	dom0 rmmod xen_netback
	wait_path g1 direct
	stream_moves g1
	stream_end g1
}

stock_again() {
	lab guest destroy g1
	d0 clean "$LIMIT"
	type_in_dom0 "$DOC" 'bridge link set dev enp3s0f0 learning on' 'modprobe xen-netback'
	is "what is loaded" "$(backs)" xen_netback
	queues 0
	is "who wants the unit" "$(wants)" ''
}

# The same in a guest, on the stock back by now.
front() {
	local name

	create g1 --guest-mem 384
	typed "$DOC" 'install xen-netfront' 'install xen-netfront' >"$TMP/nc2.conf"
	lab push g1 "$TMP/nc2.conf" /etc/modprobe.d/nc2.conf
	on g1 sh -ec 'install -D -m 644 /lab/modules/xen-nc2-front.ko \
			"/lib/modules/$(uname -r)/updates/netfront/xen-nc2-front.ko"
		depmod -a'
	for name in xen-netfront xen:vif; do
		on g1 rmmod xen_nc2_front
		on g1 modprobe "$name"
		is "what modprobe $name loads" "$(fronts)" xen_nc2_front
		wait_address g1
	done
	pings wire "$(address g1)"
	on g1 sh -ec 'rmmod xen_nc2_front
		rm /lib/modules/*/updates/netfront/xen-nc2-front.ko
		modprobe xen-netfront'
	is "what modprobe xen-netfront loads" "$(fronts)" xen_netfront
	wait_address g1
	pings wire "$(address g1)"
}

up --guests 0 --vfs 0
t "both modules are signed" signed
needed "our back is installed" installed
needed "README: the short way" short_way
t "our back is loaded where xen-netback is asked for" asked_for
t "the stock one is where ours is missing" not_there
needed "the unit gives virtual functions" at_boot
t "a virtual function that is another's" others
needed "xl.conf and a hook: all guests at once" all_guests
t "a hook that fails is not passed over" failing_hook
t "the bridge, and who makes its uplink promiscuous" quiet_uplink
t "a new version of the back, with a guest running; TCP lives" new_version
t "one interface to the stock module and back; TCP lives" one_interface
t "back to the stock module" stock_again
t "a guest: our front where xen-netfront is asked for" front
finish
