#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What frames cost on either path, which of the guest's pages the back gets for them, what
# the kernel has of the netdevs beside frames, and what is decided for an interface before
# it carries any: its netdev, module parameters of both ends, a back that is not trusted, a
# driver that leaves it to another.  What comes of each is read from counters, from sysfs
# and from the kernel's own record.
# shellcheck disable=SC2016 # expanded in the guest, or in dom0
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/testing/lab/tests/peers.sh
. "$TESTS/peers.sh"

WIRE=02:99:00:00:00:01

# Both backs are there: ours, which is asked first as the one that was loaded first,
# takes the interfaces whose script is vif-nc2 and no others.
prepare() {
	lab back nc2 max_queues=2 claim=script
	dom0 sh -ec 'modprobe --ignore-install xen-netback
		ln -s vif-nc2 /etc/xen/scripts/vif-other'
	lab push dom0 "$hostile/nc2-hostile-look.ko" /root/nc2-hostile-look.ko
	create g1 --vcpus 2 --path bridged
	lab push g1 "$TESTS/trace.sh" /run/trace.sh
	lab push g1 "$TESTS/frames.py" /run/frames.py
	lab push dom0 "$TESTS/trace.sh" /run/trace.sh
}

# Each end has the name of its module, and of its device.
names() {
	like "ethtool -i eth0" "$(on g1 ethtool -i eth0 | xargs)" \
		'driver: xen_nc2_front *bus-info: vif-0 *'
	like "ethtool -i of the vif" "$(dom0 ethtool -i "$(d0 vif g1)" | xargs)" \
		"driver: xen_nc2_back *bus-info: vif-$(dom0 xl domid g1)-0 *"
}

# What neither end offers, ethtool says of both.
not_offered() {
	local who dev feature

	for who in g1 dom0; do
		dev=eth0
		[ "$who" = g1 ] || dev=$(d0 vif g1)
		on "$who" ethtool -k "$dev" >"$TMP/offered"
		for feature in tx-udp_tnl-segmentation tx-gre-segmentation \
				rx-vlan-offload tx-vlan-offload; do
			grep -qx "[[:space:]]*$feature: off \[fixed\]" "$TMP/offered" ||
				fail "$dev: $(grep "$feature:" "$TMP/offered" || true)"
		done
	done
	! on g1 ip link set eth0 gso_max_size 100000 || fail "frames of 100000 bytes"
}

# Sending by the CPUs' queues as the administrator sets them.
xps() {
	local n

	on g1 sh -c 'cd /sys/class/net/eth0/queues; echo 0 >tx-0/xps_cpus; echo 3 >tx-1/xps_cpus'
	shot a g1
	n=$(iperf wire "$(address g1)" -R)
	shot b g1
	on g1 sh -c 'echo 0 >/sys/class/net/eth0/queues/tx-1/xps_cpus'
	moved front tx_queue_1_bytes "$n"
	moved front tx_queue_0_frames 0 5
}

# Packets that the guest's IPv4 has received.
packets() {
	on g1 awk '/^Ip:/ { n = $4 } END { print n }' /proc/net/snmp
}

# merged bridged|direct on|off: whether what the guest's stack gets by that path has been
# put together.
merged() {
	local before after frames

	on g1 ethtool -K eth0 gro "$2"
	shot a g1
	before=$(packets)
	iperf wire "$(address g1)"
	after=$(packets)
	shot b g1
	frames=$(change front "rx_$1_frames")
	echo "gro $2: $frames frames, $((after - before)) packets"
	[ "$frames" -ge 100 ] || fail "only $frames frames"
	if [ "$2" = on ]; then
		[ $(((after - before) * 4)) -lt $((frames * 3)) ] || fail "GRO has no effect"
	else
		[ $(((after - before) * 10)) -ge $((frames * 9)) ] || fail "somebody else merges them"
	fi
}

gro() {
	# dom0 does the same, which leaves the guest nothing to do.
	dom0 ethtool -K nic0 gro off
	merged bridged off
	merged bridged on
	dom0 ethtool -K nic0 gro on
}

# With a millisecond between two interrupts the guest finds several frames at a time.
gro_direct() {
	local dev

	dev=$(d0 vif g1)
	dom0 ethtool -C "$dev" adaptive-rx off rx-usecs 1000
	d0 wait_for g1 interrupt_us 1000 "$LIMIT"
	merged direct off
	merged direct on
	dom0 ethtool -C "$dev" adaptive-rx on rx-usecs 20
}

# stamps WHO DEV: it says that it has them, and a frame that is sent and one that is received get one.
stamps() {
	like "ethtool -T $2" "$(on "$1" ethtool -T "$2" | xargs)" \
		'*software-transmit *software-receive *'
	sees "$1" "stamped $2 60" pings wire "$(address g1)"
}

vif_stamps() {
	stamps dom0 "$(d0 vif g1)"
}

# console PATH OTHER: what the guest's kernel says, first all that it has said since it
# booted, goes out as datagrams by netpoll, and by that path.
console() {
	on g1 modprobe netconsole "netconsole=6665@$(address g1)/eth0,6666@10.99.0.1/$WIRE"
	shot a g1
	sees wire "heard 6666 netpoll-$1 20 60" on g1 sh -c 'for i in $(seq 20); do
			echo "<1>netpoll-$0 $i" >/dev/kmsg
		done' "$1"
	shot b g1
	on g1 rmmod netconsole
	moved front "tx_$1_frames" 20
	still front "tx_$2_frames"
	still front 'tx_drop_*'
}

# between WHAT GOT LEAST MOST
between() {
	echo "$1: $2 (want $3..$4)"
	if [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
		fail "$1: $2, not $3..$4"
	fi
}

counted() {
	on g1 sh /run/trace.sh count "$1"
}

# answers N [OPTION...]: of so many pings of the guest by the wire, half at least.
answers() {
	local n

	n=$(on wire ping -q -n -i 0.01 -W 1 -c "$@" "$(address g1)" |
		sed -n 's/^.* \([0-9]*\) received.*$/\1/p')
	[ $((n * 2)) -ge "$1" ] || { fail "only $n answers" >&2; return 1; }
	echo "$n"
}

# Of each queue up to 15 buffers without a page may be left from before: see
# REFILL_BATCH.
costs() {
	local small large n

	on g1 sh /run/trace.sh start grant=xen_nc2_front:nc2f_grant_begin \
		page_pool/page_pool_state_hold
	answers 300
	small=$(counted grant)
	n=$(answers 300 -s 1400)
	large=$(counted grant)
	between "grants for 300 small frames" "$small" 0 30
	between "grants for $n large frames, or some more" $((large - small)) $((n - 15)) 330
	# They come in lots of 64.
	between "new pages for all of them" "$(counted page_pool_state_hold)" 0 192
	on g1 sh /run/trace.sh stop >/dev/null
}

# traced PROGRAM: what awk makes of the guest's record, which ends with that.  Its many
# lines would take long on their way here.
traced() {
	on g1 sh -c 'echo 0 >/sys/kernel/tracing/events/enable'
	on g1 awk "$1" /sys/kernel/tracing/trace
	on g1 sh -c 'sh /run/trace.sh stop >/dev/null'
}

# A page that the stack gets is not granted any more.  What is not in a page, which
# data_len counts, was copied.
fixed() {
	local out n

	on g1 sh /run/trace.sh start end=xen_nc2_front:nc2f_grant_end net/napi_gro_receive_entry
	n=$(answers 100 -s 1400)
	out=$(traced '/ end: / { ended++ }
		/ napi_gro_receive_entry: / && !/ data_len=0 / { n++; if (n > ended) early++ }
		END { print n + 0, early + 0 }')
	echo "frames in pages, and how many of them came before the grant's end: $out"
	[ "${out% *}" -ge $((n - 5)) ] || fail "not $n frames"
	is "frames of which the back has the page" "${out#* }" 0
}

# burst COMMAND...: it sends sixty frames of 1042 bytes at a stroke, which the stack cuts
# as the netdev is told not to.  Each takes two
# copies, what goes to the skb's head and what goes to a page, so that they are more
# than the stock back has in a hypercall.
burst() {
	local most

	dom0 sh /run/trace.sh start copies=xen_nc2_back:nc2b_grant_copy,nr=%si:u32
	"$@"
	pings dom0 "$(address g1)"
	most=$(dom0 sh /run/trace.sh stop | sed -n 's/^.* copies: .* nr=//p' | sort -n | tail -n 1)
	between "copies in the largest hypercall" "${most:-0}" 65 256
}

# To the guest, whose buffers are there, and from it: no frame waits for another.
batches() {
	pings dom0 "$(address g1)"
	dom0 ethtool -K "$(d0 vif g1)" tx-udp-segmentation off
	on g1 ethtool -K eth0 tx-udp-segmentation off
	burst frames dom0 burst "$(address g1)" 9 60 1000
	burst on g1 python3 /run/frames.py burst 10.99.0.2 9 60 1000
	dom0 ethtool -K "$(d0 vif g1)" tx-udp-segmentation on
	on g1 ethtool -K eth0 tx-udp-segmentation on
}

# What is seen of a page at REG, by the offsets of struct page in Linux 6.12: its type,
# and of one that is not the first of several, whose link is odd, that of the first.
PAGE='type=+48(REG):x32,link=+8(REG):x64,first=+47(+8(REG)):x32'

# slab: of all pages in the record how many there are, and how many are slab memory.
slab() {
	traced '/ type=0x/ {
			for (i = 1; i <= NF; i++) {
				split($i, pair, "=")
				seen[pair[1]] = pair[2]
			}
			n++
			type = seen["link"] ~ /[13579bdf]$/ ? seen["first"] : seen["type"]
			slab += type ~ /^0xf5/
		}
		END { print n + 0, slab + 0 }'
}

# Those that __slab_free() gets show that slab memory is seen as such.
no_slab() {
	local out

	on g1 sh /run/trace.sh start "free=__slab_free,${PAGE//REG/%si}"
	pings wire "$(address g1)"
	out=$(slab)
	echo "pages of slab memory, and seen as such: $out"
	[ "${out% *}" -ge 1 ] || fail "no page was seen"
	is "those seen as such" "${out#* }" "${out% *}"
	on g1 sh /run/trace.sh start "grant=xen_nc2_front:nc2f_grant_begin,${PAGE//REG/%dx}"
	iperf wire "$(address g1)"
	iperf wire "$(address g1)" -R
	out=$(slab)
	echo "pages granted, and how many are slab memory: $out"
	[ "${out% *}" -ge 100 ] || fail "not 100 pages were granted"
	is "granted slab memory" "${out#* }" 0
}

# What goes in frames of a page at most is copied, pages of others are granted.
copied_or_granted() {
	local n

	shot a g1
	iperf wire "$(address g1)" -R -u -b 5M -l 1400
	shot b g1
	n=$(change front tx_bridged_bytes)
	moved front tx_copied_bytes "$n" "$n"
	# A slow connection would send less than a page at a time.
	on g1 sh -c 'echo 16 >/proc/sys/net/ipv4/tcp_min_tso_segs'
	shot a g1
	n=$(iperf wire "$(address g1)" -R)
	shot b g1
	on g1 sh -c 'echo 2 >/proc/sys/net/ipv4/tcp_min_tso_segs'
	moved front tx_bridged_bytes "$n"
	moved front tx_copied_bytes 1 $((n * 3 / 4))
}

# seen: into how many of its pages that are granted dom0 has looked, and in how many of
# them there is what was there before.
seen() {
	dom0 sh -ec 'insmod /root/nc2-hostile-look.ko dev="$0"
		cd /sys/module/nc2_hostile_look/parameters
		read -r pages <pages
		read -r used <used
		rmmod nc2_hostile_look
		echo "$pages $used"' "$(d0 vif g1)"
}

# granted_used LEAST MOST: after traffic, so many of them.
granted_used() {
	local out

	iperf wire "$(address g1)"
	out=$(seen)
	[ "${out% *}" -ge 16 ] || fail "dom0 has looked into '${out% *}' pages"
	between "of ${out% *} pages with what was there before" "${out#* }" "$@"
}

# load [PARAMETER=VALUE...]: the guest's front anew.
load() {
	on g1 sh -ec 'rmmod xen_nc2_front
		insmod /lab/modules/xen-nc2-front.ko "$@"' sh "$@"
	wait_address g1
}

offered_queues() {
	is "queues that the back offers" "$(dom0 sh -c 'xenstore-read \
		"/local/domain/0/backend/vif/$(xl domid g1)/0/multi-queue-max-queues"')" "$1"
}

# Either end is told more than it takes, which is more than there are CPUs.
most_queues() {
	back max_queues=99
	load max_queues=99
	offered_queues 16
	each_queue g1 nc2 nc2 16
	few_waits
}

# A guest may connect as often as it likes, with RTNL held in dom0: that waits for the
# network stack as often for many queues as for one.
few_waits() {
	local n

	dom0 sh /run/trace.sh start wait=synchronize_net
	rebind g1
	n=$(dom0 sh /run/trace.sh count wait)
	dom0 sh -c 'sh /run/trace.sh stop >/dev/null'
	between "times that dom0 has waited" "$n" 2 12
}

# Each end has as many as it has CPUs, of which neither has more than 8 here.
usual_queues() {
	local cpus

	load
	offered_queues 16
	queues g1 2
	cpus=$(dom0 nproc)
	back max_queues=0
	load
	offered_queues "$cpus"
	queues g1 $((cpus < 2 ? cpus : 2))
	back max_queues=2
	load
	queues g1 2
}

# InitWait, which is 2, is what has the toolstack run the script.
netdev_first() {
	local record

	unplug g1
	dom0 sh /run/trace.sh start netdev=register_netdevice state=xenbus_switch_state,to=%si:u32
	plug g1 gatewaydev=nic0
	record=$(dom0 sh /run/trace.sh stop | grep -E ' (netdev|state): ')
	echo "$record"
	grep -q ' state: .* to=2$' <<<"$record" || fail "no InitWait was seen"
	like "what comes first" "$(grep -E ' netdev: | to=2$' <<<"$record" | head -n 1)" '* netdev: *'
}

no_grants() {
	wait_path g1 direct
	on g1 sh /run/trace.sh start grant=xen_nc2_front:nc2f_grant_begin
	shot a g1
	iperf wire "$(address g1)"
	iperf wire "$(address g1)" -R
	shot b g1
	is "grants" "$(counted grant)" 0
	on g1 sh /run/trace.sh stop >/dev/null
	moved front rx_direct_bytes 100000
	moved front tx_direct_bytes 100000
}

# Grants are set aside when the front connects: for the control ring, for each queue
# of the bridge, for the direct path.
set_aside() {
	on g1 sh /run/trace.sh start aside=xen_nc2_front:nc2f_grants_reserve,nr=%si:u16
	rebind g1
	is "grants" "$(on g1 sh /run/trace.sh stop | sed -n 's/^.* aside: .* nr=//p' |
		sort -nu | xargs)" '2 770 1294'
	wait_path g1 direct
	is "pages of the pool" "$(pool_pages)" 1024
}

pool_pages() {
	on g1 sh -c 'cat /sys/bus/xen/devices/vif-*/nc2/pool_pages'
}

# front|back PARAMETER=VALUE...
set_parameters='for p; do
	echo "${p#*=}" >"/sys/module/$0/parameters/${p%%=*}"
done'

front() {
	on g1 sh -ec "$set_parameters" xen_nc2_front "$@"
}

back() {
	dom0 sh -ec "$set_parameters" xen_nc2_back "$@"
}

# bridged_because BACK FRONT: what the two ends say.
bridged_because() {
	d0 wait g1 reason "$1" "$LIMIT"
	like "what the front says" "$(on g1 sh -c 'cat /sys/bus/xen/devices/vif-*/nc2/reason')" "$2"
	is path "$(path g1)" bridged
	pings wire "$(address g1)"
}

front_parameters() {
	load max_queues=1 pool_pages=100 tx_entries=100
	wait_path g1 direct
	is "pages of the pool" "$(pool_pages)" 100
	like "rings" "$(on g1 ethtool -g eth0 | xargs)" "*Current*RX: 200 *TX: 128 *"
	is queues "$(on g1 sh -c 'ls -d /sys/class/net/eth0/queues/tx-* | wc -l')" 1
	front direct=N
	rebind g1
	bridged_because 'front does not ask for it' '*module parameter*'
	front direct=Y trusted=N
	rebind g1
	bridged_because 'front does not ask for it' '*not trusted*'
}

# The front is what it was.  What was offered holds, whatever the parameter says since.
back_parameters() {
	unplug g1
	on g1 rmmod xen_nc2_front
	give g1 gatewaydev=nic0
	back max_pool_pages=64
	on g1 insmod /lab/modules/xen-nc2-front.ko
	wait_path g1 direct
	is "pages of the pool" "$(pool_pages)" 1024
	rebind g1
	wait_path g1 direct
	is "pages of the pool" "$(pool_pages)" 64
	back direct=N
	rebind g1
	bridged_because '*module parameter*' '*does not offer it*'
}

# The toolstack's word to the guest; the back would gladly be direct.
untrusted() {
	local n

	back direct=Y
	unplug g1
	plug g1 gatewaydev=nic0 untrusted
	is "the key trusted" "$(dom0 sh -c \
		'xenstore-read "/local/domain/$(xl domid g1)/device/vif/0/trusted"')" 0
	bridged_because 'front does not ask for it' '*not trusted*'
	shot a g1
	iperf wire "$(address g1)"
	iperf wire "$(address g1)" -R
	shot b g1
	n=$(change front tx_bridged_bytes)
	moved front tx_copied_bytes "$n" "$n"
	granted_used 0 0
	untrusted_trains
}

# Segments of UDP are one frame all the same, and all of it is copied, too.
untrusted_trains() {
	local n

	shot a g1
	sees dom0 "taken 9 40 1000 60" on g1 python3 /run/frames.py burst 10.99.0.2 9 40 1000
	sees g1 "taken 9 40 1000 60" frames dom0 burst "$(address g1)" 9 40 1000
	shot b g1
	n=$(change front tx_bridged_bytes)
	moved front tx_bridged_bytes 40000
	moved front tx_copied_bytes "$n" "$n"
	moved front tx_bridged_frames 1 38
	moved back 'q*_rx_bridged_frames' 1 38
	still front 'rx_drop_*'
	still back 'q*_tx_drop_*'
}

driver_of() {
	dom0 sh -c 'basename "$(readlink "/sys/bus/xen-backend/devices/vif-$(xl domid g1)-$0/driver")"' \
		"$1"
}

claim() {
	dom0 xl network-attach g1 mac=00:16:3e:99:00:21 bridge=xenbr0 script=vif-other
	is "driver of the first interface" "$(driver_of 0)" xen-nc2-back
	is "driver of the second" "$(driver_of 1)" vif
	pings wire "$(address g1)"
	until_true "$LIMIT" "there is an eth1" on g1 test -e /sys/class/net/eth1
	# Only eth1 is to answer for its address.
	on g1 sh -ec 'echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
		ip address add 10.97.0.11/24 dev eth1
		ip link set eth1 up'
	dom0 ip address add 10.97.0.1/24 dev xenbr0
	pings dom0 10.97.0.11
	is "interfaces of the guest with frames" "$(on g1 sh -c \
		'for i in 0 1; do ethtool -S eth$i; done | grep -c "rx_bridged_frames: [1-9]"')" 2
}

claim_none() {
	dom0 sh -ec 'rmmod xen_nc2_back
		insmod /lab/modules/xen-nc2-back.ko claim=none'
	dom0 xl network-attach g1 mac=00:16:3e:99:00:22 bridge=xenbr0 script=vif-nc2
	is "driver of a third interface" "$(driver_of 2)" vif
}

hostile_modules
up --guests 0 --vfs 1
needed "our pair, two queues, on the bridge" prepare
t "names of the drivers" names
t "features that there are not" not_offered
t "the guest sends by the queues of XPS" xps
t "GRO in the guest" gro
t "bridged: times of frames, in the guest" stamps g1 eth0
t "times of frames, of the vif" vif_stamps
t "bridged: netpoll in the guest" console bridged direct
t "grants and pages for received frames" costs
t "a received page is the guest's alone before the stack gets it" fixed
t "one hypercall for many copies" batches
t "short frames are copied to send, pages of long ones granted" copied_or_granted
if [ -z "${NC2_TEST_KERNEL:-}" ]; then
	t "no slab memory is granted" no_slab
fi
t "used pages are granted as they are" granted_used 1 32
t "16 queues, the most that there are" most_queues
t "as many queues as CPUs, where nobody says how many" usual_queues
t "the netdev is there before InitWait" netdev_first
t "no grant for a frame on the direct path" no_grants
t "direct: GRO in the guest" gro_direct
t "direct: times of frames, in the guest" stamps g1 eth0
t "direct: netpoll in the guest" console direct bridged
t "grants that are set aside" set_aside
t "parameters of the front" front_parameters
t "parameters of the back" back_parameters
t "a back that is not trusted: no direct path, all is copied, used pages are clear" untrusted
t "claim=script leaves other interfaces to xen-netback" claim
t "claim=none leaves all" claim_none
finish
