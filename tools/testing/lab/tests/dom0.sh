# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
#
# The part of the lab tests that runs in dom0: dom0.sh FUNCTION ARGUMENT...
# One call of lab exec costs more than all that happens here.

die() {
	echo "$*"
	exit 1
}

id_of() {
	xl domid "$1" 2>/dev/null || die "there is no guest $1"
}

# State of a guest's interface in sysfs.
nc2() {
	id=$(id_of "$1") || die "$id"
	for dir in /sys/bus/xen-backend/devices/vif-"$id"-*/nc2; do
		[ ! -d "$dir" ] || { echo "$dir"; return; }
	done
	die "the back has no interface of $1"
}

# show gI FILE
show() {
	dir=$(nc2 "$1") || die "$dir"
	cat "$dir/$2"
}

# events gI: those of the guest's, and how many of them Xen was told were for
# nothing, which makes it delay the next ones; by how many ticks it has done so.
events() {
	dir=$(nc2 "$1") || die "$dir"
	cat "$dir/../xenbus/events" "$dir/../xenbus/spurious_events" \
		"$dir/../xenbus/jiffies_eoi_delayed"
}

# masked gI TIMES [ENOUGH]: in how many of so many looks Xen has dom0's end of the event
# channel masked by which the guest's first queue sends; no more looks than show it so often.
masked() {
	id=$(id_of "$1") || die "$id"
	port=$(xenstore-read "/local/domain/$id/device/vif/0/queue-0/event-channel-tx") ||
		die "$1 has no such channel"
	sum=0
	for _ in $(seq "$2"); do
		xl dmesg -c >/dev/null
		xl debug-keys e
		n=0
		until mask=$(xl dmesg | mask_of "$id" "$port") && [ -n "$mask" ]; do
			n=$((n + 1))
			[ $n -lt 100 ] || die "Xen does not say whether it is masked"
			sleep 0.1
		done
		sum=$((sum + mask))
		[ "$sum" -lt "${3:-$2}" ] || break
	done
	echo "$sum"
}

# mask_of DOMAIN PORT: of dom0's channel whose other end that is, "[pending/masked/...]".
mask_of() {
	awk -v end=" d=$1 p=$2 " '
		/Event channel information for domain/ { on = / domain 0:/ }
		on && index($0 " ", end) && match($0, /\[[01]\/[01]\//) {
			print substr($0, RSTART + 3, 1)
			exit
		}'
}

# errors gI: what the back has written down of its interface.
errors() {
	id=$(id_of "$1") || die "$id"
	xenstore-ls "/local/domain/0/error/backend/vif/$id" 2>/dev/null || true
}

# put gI FILE TEXT
put() {
	dir=$(nc2 "$1") || die "$dir"
	echo "$3" >"$dir/$2"
}

# waver gI PATHS: its path and its weight are written again and again, until its interface
# has gone or /run/enough is there.
waver() {
	dir=$(nc2 "$1") || die "$dir"
	n=0
	echo writing
	until [ -e /run/enough ] || [ ! -d "$dir" ]; do
		for path in $2; do
			echo "$path" >"$dir/path"
			echo $((n % 1001)) >"$dir/weight"
			n=$((n + 1))
		done 2>/dev/null
		# Others want dom0's CPU, too.
		sleep 0.1
	done
	echo "written $n times"
}

# wait gI FILE PATTERN SECONDS: until the file is like the pattern.
wait_for() {
	end=$(($(date +%s) + $4))
	while :; do
		now=$(show "$1" "$2" 2>&1)
		# shellcheck disable=SC2254 # a glob
		case $now in
		$3) return ;;
		esac
		if [ "$(date +%s)" -ge "$end" ]; then
			all "$1"
			die "$2 of $1 is '$now' after $4 s, not '$3'"
		fi
		sleep 0.3
	done
}

# Everything that there is to know about an interface, for a failed test.
all() {
	dir=$(nc2 "$1") || die "$dir"
	grep . "$dir"/*
	ip -d link show "$(vif "$1")"
	dmesg | tail -n 15
}

# The same in short for every interface there is, after a failure.
report() {
	for dir in /sys/bus/xen-backend/devices/vif-*/nc2; do
		[ -d "$dir" ] || continue
		echo "${dir%/nc2}: $(cd "$dir" && grep . path path_seconds reason queue pool_* |
			tr '\n' ' ')"
	done | sed 's,^/sys/bus/xen-backend/devices/,,'
	nc2-vfs show
	dmesg | grep -v 'xenbr0: port\|mode$' | tail -n 12
}

# values gI FILE SECONDS: what the file says, again and again.
values() {
	dir=$(nc2 "$1") || die "$dir"
	end=$(($(date +%s) + $3))
	while [ "$(date +%s)" -lt "$end" ]; do
		cat "$dir/$2"
	done
}

# The interface's name in dom0.
vif() {
	id=$(id_of "$1") || die "$id"
	for dev in /sys/class/net/vif"$id".*; do
		[ ! -e "$dev" ] || { echo "${dev##*/}"; return; }
	done
	die "there is no netdev vif$id.*"
}

# Counters, a name and a number in a line.
stats() {
	dev=$(vif "$1") || die "$dev"
	ethtool -S "$dev" | sed -n 's/^ *\([^:]*\): \([0-9]*\)$/\1 \2/p'
	for f in rx_bytes tx_bytes rx_packets tx_packets; do
		echo "dev_$f $(cat "/sys/class/net/$dev/statistics/$f")"
	done
}

# Nothing is left of guests that are gone: no domain that only waits for its pages to
# be unmapped, no netdev, device, interrupt or thread, no node of the back end.  Asked
# after each test, on a CPU that takes 70 ms to begin a program, so the shell does it.
leftovers() {
	xl list >/tmp/domains
	alive=' '
	{
		while read -r name id rest; do
			case $name in
			Name | Domain-0) ;;
			'(null)') echo "a zombie: $id $rest" ;;
			*) alive="$alive$id " ;;
			esac
		done </tmp/domains
		for dev in /sys/class/net/vif*; do
			[ ! -e "$dev" ] || left_by "${dev##*/}" netdev
		done
		for dev in /sys/bus/xen-backend/devices/vif-*; do
			id=${dev##*/vif-}
			dead "${id%%-*}" && [ -e "$dev" ] && echo "device ${dev##*/}"
		done
		while read -r line; do
			left_by "${line##* }" interrupt
		done </proc/interrupts
		for comm in /proc/[0-9]*/comm; do
			{ read -r name <"$comm"; } 2>/dev/null && left_by "${name#napi/}" thread
		done
		for dir in backend/vif error/backend/vif; do
			for id in $(xenstore-list "/local/domain/0/$dir" 2>/dev/null); do
				dead "$id" && echo "xenstore $dir/$id:" &&
					xenstore-ls "/local/domain/0/$dir/$id"
			done
		done
	} >/tmp/left
	[ ! -s /tmp/left ]
}

# left_by NAME WHAT: says so, if the name is that of an interface of a guest that is gone.
left_by() {
	case $1 in
	vif[0-9]*.*) ;;
	*) return ;;
	esac
	id=${1#vif}
	! dead "${id%%.*}" || echo "$2 of $1"
}

# Whether a domain is not in the list that was just made.
dead() {
	case $alive in *" $1 "*) return 1 ;; esac
}

# clean SECONDS: waits for it.
clean() {
	leftovers && return
	end=$(($(date +%s) + $1))
	until leftovers; do
		if [ "$(date +%s)" -ge "$end" ]; then
			cat /tmp/left
			die "something is left after $1 s"
		fi
		sleep 0.5
	done
}

# end SECONDS: all guests are destroyed, and then nothing holds the back end.
end() {
	for id in $(xl list | awk 'NR > 2 { print $2 }' | sort -rn); do
		xl destroy "$id" || die "guest $id cannot be destroyed"
	done
	clean "$1"
	/lab/dom0-back none
}

# no_vif gI SECONDS: waits until it has no interface, in any of the places.
no_vif() {
	id=$(id_of "$1") || die "$id"
	end=$(($(date +%s) + $2))
	while :; do
		left=$(ls -d /sys/class/net/vif"$id".* /sys/bus/xen-backend/devices/vif-"$id"-* \
			2>/dev/null
			xenstore-ls "/local/domain/0/backend/vif/$id" 2>/dev/null)
		[ -n "$left" ] || return 0
		[ "$(date +%s)" -lt "$end" ] || die "still there after $2 s: $left"
		sleep 0.3
	done
}

# online gI: what udev or xl would do for a netdev that has appeared.
online() {
	id=$(id_of "$1") || die "$id"
	end=$(($(date +%s) + 60))
	until [ -e "/sys/class/net/vif$id.0" ]; do
		[ "$(date +%s)" -lt "$end" ] || die "there is no vif$id.0"
		sleep 0.3
	done
	XENBUS_PATH=backend/vif/$id/0 vif=vif$id.0 script=/etc/xen/scripts/vif-nc2 \
		/etc/xen/scripts/vif-nc2 online type_if=vif
}

# judge: what is known of g1, what the log says of it since the last call, and
# the path of g2.
judge() {
	id=$(id_of g1) || die "$id"
	dir=$(nc2 g1) || die "$dir"
	echo "path $(cat "$dir/path")"
	echo "reason $(cat "$dir/reason")"
	now=$(dmesg | tail -n 1 | sed 's/^\[ *\([0-9.]*\)\].*/\1/')
	dmesg | sed 's/^\[ *//' | awk -v from="$(cat /run/judged 2>/dev/null || echo 0)" \
		-v vif="vif$id.0: " '$1 + 0 > from + 0 && index($0, vif) { print "log [" $0 }'
	echo "$now" >/run/judged
	echo "other $(show g2 path)"
}

# on_queue: the guests that are on one.
on_queue() {
	for dir in /sys/bus/xen-backend/devices/vif-*/nc2; do
		[ "$(cat "$dir/path")" = direct ] || continue
		id=${dir%-*}
		xl domname "${id##*vif-}"
	done | sort | xargs
}

# left: how often guests have left the direct path, all together.
left() {
	for vif in /sys/class/net/vif*; do
		ethtool -S "${vif##*/}"
	done | awk '$1 == "direct_left:" { n += $2 } END { print n + 0 }'
}

# fdb gI: ports of the bridge that have its address.
fdb() {
	bridge fdb show br xenbr0 | awk -v mac="00:16:3e:99:00:0${1#g}" \
		'$1 == mac && / master / { print $3 }' | sort -u
}

# lodge gI ADDRESS: the bridge, which does not learn at the guest's port, is told of
# another one that is there.
lodge() {
	dev=$(vif "$1") || die "$dev"
	bridge fdb replace "$2" dev "$dev" master static sticky
}

# evict gI ADDRESS: it is not there any more.
evict() {
	dev=$(vif "$1") || die "$dev"
	bridge fdb del "$2" dev "$dev" master
}

# said gI REASON: how often the interface has left the direct path for it.
said() {
	dev=$(vif "$1") || die "$dev"
	dmesg | grep -cF "$dev: bridged path: $2" || true
}

# wait_said gI REASON TIMES SECONDS: until it has been so often.
wait_said() {
	end=$(($(date +%s) + $4))
	until [ "$(said "$1" "$2")" -ge "$3" ]; do
		if [ "$(date +%s)" -ge "$end" ]; then
			all "$1"
			die "$1 has not left the direct path in $4 s because '$2'"
		fi
		sleep 0.3
	done
}

# vf_number gI: of the queue that it has, as "ip link set NIC vf N" counts.
vf_number() {
	queue=$(show "$1" queue)
	for vf in /sys/class/net/nic0/device/virtfn*; do
		case $(readlink "$vf") in
		*/"$queue") echo "${vf##*virtfn}"; return ;;
		esac
	done
	die "no virtual function is '$queue'"
}

# uplink: the NIC's driver is loaded anew, and the bridge gets its uplink back as
# dom0-net makes it.  xenbr0 has the NIC's address, so that this says nothing.
uplink() {
	modprobe igb || die "igb is not to be loaded"
	for pf in /sys/class/net/*/device/sriov_totalvfs; do
		pf=${pf#/sys/class/net/}
	done
	ip link set "${pf%%/*}" name nic0 &&
		ip link set nic0 master xenbr0 &&
		bridge link set dev nic0 learning off &&
		ip link set nic0 up || die "${pf%%/*} does not become the uplink"
}

# stopped gI SECONDS TIMES: until the back has said more often that it stops it.
stopped() {
	dev=$(vif "$1") || die "$dev"
	end=$(($(date +%s) + $2))
	until [ "$(dmesg | grep -c "$dev: stopped: the guest sent")" -gt "$3" ]; do
		[ "$(date +%s)" -lt "$end" ] || die "$dev has not been stopped within $2 s"
		sleep 0.2
	done
}

# unbind gI [DRIVER]: the back's driver, ours or another, lets go of its interface.
unbind() {
	id=$(id_of "$1") || die "$id"
	echo "vif-$id-0" >"/sys/bus/xen-backend/drivers/${2:-xen-nc2-back}/unbind"
}

# bind gI [DRIVER]: it takes it, and the script does what it would do for a new one.
bind() {
	id=$(id_of "$1") || die "$id"
	echo "vif-$id-0" >"/sys/bus/xen-backend/drivers/${2:-xen-nc2-back}/bind" || return
	online "$1"
}

# rebind gI [FROM TO]
rebind() {
	unbind "$1" "${2:-}" && bind "$1" "${3:-}"
}

# interrupts gI: those of its interface, without its name.
interrupts() {
	dev=$(vif "$1") || die "$dev"
	awk '{ print $NF }' /proc/interrupts | sed -n "s/^$dev-//p" | sort | xargs
}

# queue_interrupts gI: how often its NIC queue has interrupted.
queue_interrupts() {
	queue=$(show "$1" queue) || die "$queue"
	sed -n "s/^.*:\(.*\) [^0-9 ].* $queue-data\$/\1/p" /proc/interrupts |
		awk '{ for (i = 1; i <= NF; i++) n += $i } END { print n + 0 }'
}

# pin gI CPU [events]: dom0's CPU for the interrupts of its interface, and, unless it
# is said that it is for its events only, for those of its NIC queue.
pin() {
	dev=$(vif "$1") || die "$dev"
	queue=
	[ "${3:-}" = events ] || queue=$(show "$1" queue) || die "$queue"
	irqs=$(awk -v dev="$dev" -v queue="$queue" '
		$NF == dev || index($NF, dev "-") == 1 ||
			(queue != "" && index($NF, queue "-") == 1) { print $1 + 0 }' /proc/interrupts)
	[ -n "$irqs" ] || die "$1 has no interrupts"
	for irq in $irqs; do
		echo "$2" >"/proc/irq/$irq/smp_affinity_list" || die "interrupt $irq does not move"
	done
}

# passed gI: frames that the back has passed on, by either path.
passed() {
	stats "$1" | awk '/^(q[0-9]+_[rt]x_bridged_frames|[rt]x_direct_frames) / { n += $2 }
		END { print n + 0 }'
}

# No virtual function is the back end's any more.
unbind_all() {
	for vf in /sys/bus/pci/drivers/xen-nc2-back/0000:*; do
		[ ! -e "$vf" ] || echo "${vf##*/}" >/sys/bus/pci/drivers/xen-nc2-back/unbind
	done
}

# await NODE STATE: until that device of xenstore has it.
await() {
	end=$(($(date +%s) + 60))
	until [ "$(xenstore-read "$1/state")" = "$2" ]; do
		[ "$(date +%s)" -lt "$end" ] ||
			die "$1 is in state $(xenstore-read "$1/state"), want $2"
		sleep 0.05
	done
}

# play gI STEP...: what the guest's front, which may have no driver, or a toolstack does in
# xenstore:
#	N			the front is in that state
#	KEY=VALUE, -KEY		a key of the front's directory, or its end
#	back/KEY=VALUE, -back/KEY
#				the same of the back's
#	?N, %N			waits until the back, or the front, is in that state
#	!N			the back is in that state, and stays so for a moment
play() {
	id=$(id_of "$1") || die "$id"
	shift
	steps "$id" "$@"
}

# steps DOMAIN STEP...
steps() {
	front=/local/domain/$1/device/vif/0
	back=/local/domain/0/backend/vif/$1/0
	shift
	for step; do
		rest=${step#?}
		case $step in
		\?*) await "$back" "$rest" ;;
		%*) await "$front" "$rest" ;;
		!*) stays "$back" "$rest" ;;
		-back/*) xenstore-rm "$back/${rest#back/}" ;;
		-*) xenstore-rm "$front/$rest" ;;
		back/*=*)
			rest=${step#back/}
			xenstore-write "$back/${rest%%=*}" "${rest#*=}"
			;;
		*=*) xenstore-write "$front/${step%%=*}" "${step#*=}" ;;
		*) xenstore-write "$front/state" "$step" ;;
		esac || die "xenstore does not do '$step'"
	done
}

# stays NODE STATE
stays() {
	sleep 0.3
	now=$(xenstore-read "$1/state")
	[ "$now" = "$2" ] || die "$1 is in state $now, want $2"
}

# scenes gI TABLE: each line is played by a front without a driver, which is Closed
# before and after: "TEXT: STEP...", where the error that the back writes down has that
# text, or - if none is asked for.  Rings that are named must be ones that there cannot
# be: some other driver of the guest's may have granted any other number.
scenes() {
	id=$(id_of "$1") || die "$id"
	error=/local/domain/0/error/backend/vif/$id/0/error
	# A question mark is no glob here.
	set -f
	while read -r line; do
		[ -n "$line" ] || continue
		echo "$line"
		text=${line%%: *}
		wipe "$id" "$error"
		# shellcheck disable=SC2086 # words
		steps "$id" ${line#*: }
		[ "$text" = - ] || told "$error" "$text"
		steps "$id" 6 '?6'
	done <<-END
		$2
	END
	wipe "$id" "$error"
}

# What a front may have left, and what was said of it.
wipe() {
	for key in queue-0 queue-1 multi-queue-num-queues tx-ring-ref rx-ring-ref event-channel \
		event-channel-tx event-channel-rx ctrl-ring-ref event-channel-ctrl; do
		xenstore-rm "/local/domain/$1/device/vif/0/$key" 2>/dev/null
	done
	xenstore-rm "$2" 2>/dev/null || true
}

# told NODE TEXT: it is there, after some moments.
told() {
	n=0
	until said=$(xenstore-read "$1" 2>&1) && [ "${said#*"$2"}" != "$said" ]; do
		n=$((n + 1))
		[ $n -lt 200 ] || die "the error is '$said', not '$2'"
		sleep 0.05
	done
}

# knock gI TIMES KEY=VALUE...: the guest, which has no driver for its interface, wants to
# be connected with these.
knock() {
	id=$(id_of "$1") || die "$id"
	times=$2
	shift 2
	for _ in $(seq "$times"); do
		steps "$id" 1 '?2' request-rx-copy=1 "$@" 4 '?5' 6 '?6'
	done
	for key; do
		steps "$id" "-${key%%=*}"
	done
}

# rings gI: references of the pages by which its front and the back talk.
rings() {
	id=$(id_of "$1") || die "$id"
	xenstore-ls "/local/domain/$id/device/vif/0" |
		sed -En 's/^ *(tx-ring|rx-ring|ctrl-ring|nc2-shared)-ref = "([0-9]+)".*$/\2/p'
}

# offer gI: something else for each connection that the back has offered.
offer() {
	id=$(id_of "$1") || die "$id"
	xenstore-read "/local/domain/0/backend/vif/$id/0/nc2-nonce"
}

# grants gI [REFERENCE...]: number of its grants that are in use; and of these of them.
grants() {
	id=$(id_of "$1") || die "$id"
	shift
	refs=
	[ $# = 0 ] || refs=$(printf '%x ' "$@")
	# Xen writes its ring to the serial line as well, and that takes a while.
	xl dmesg -c >/dev/null
	xl debug-keys g
	n=0
	until xl dmesg | grep -q 'gnttab_usage_print_all \] done'; do
		n=$((n + 1))
		[ $n -lt 100 ] || die "Xen does not say which grants are in use"
		sleep 0.2
	done
	xl dmesg | awk -v id="d$id" -v refs="$refs" '
		BEGIN { n = split(refs, list, " "); while (n) asked[list[n--]] }
		/grant-table for remote/ { on = $0 ~ (id " ") }
		on && match($0, /\[0x[0-9a-f]+\]/) {
			n++
			ref = substr($0, RSTART + 3, RLENGTH - 4)
			sub(/^0+/, "", ref)
			if (ref in asked) of++
		}
		END { print refs == "" ? n + 0 : (n + 0) " " (of + 0) }'
}

command=$1
shift
case $command in
wait) wait_for "$@" ;;
*) "$command" "$@" ;;
esac
