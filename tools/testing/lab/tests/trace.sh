# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's own record of what it did, in dom0 or in a guest:
#
#   trace.sh start EVENT...   EVENT: GROUP/NAME, a tracepoint; or
#                             NAME=FUNCTION[,ARGUMENT...], a probe on a function
#   trace.sh count NAME       how often it was seen since
#   trace.sh stop             prints the record and ends it

dir=/sys/kernel/tracing

start() {
	[ -e $dir/trace ] || mount -t tracefs tracefs $dir
	for event; do
		case $event in
		*=*)
			name=${event%%=*}
			echo "p:nc2/$name $(echo "${event#*=}" | tr , ' ')" >>$dir/kprobe_events ||
				return
			event=nc2/$name
			;;
		esac
		echo 1 >"$dir/events/$event/enable" || return
	done
	# Opening it so makes it empty.
	: >$dir/trace
}

count() {
	grep -c " $1: " $dir/trace || true
}

stop() {
	echo 0 >$dir/events/enable
	cat $dir/trace
	: >$dir/kprobe_events
}

"$@"
