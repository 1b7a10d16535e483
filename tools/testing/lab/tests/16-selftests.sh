#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's own selftests of network drivers, out of Debian's linux-source: each
# subtest that passes with the stock front must pass with ours; in the short form, which
# has ours only, as many as selftests() says.  The remote end of those that want one is
# the wire.
#   NC2_TEST_KERNELS="6.12 7.3"   which kernels in the guest, and whose selftests; the
#                                 source of 7.3 is a further 1.5 GB
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

KERNELS=${NC2_TEST_KERNELS:-6.12}
TESTING=$TESTS/../..
OUT=${NC2_BUILD:-$(cd "$TESTING/../.." && pwd -P)/build}/selftests
SELFTESTS=tools/testing/selftests
# Where the wire takes commands.
PORT=7016

# Selftests of a kernel; how many subtests pass at least, with our front and with
# the stock one; arguments.  Where none passes with the stock front, it must still run
# to its end there: 0.  "-": it cannot, and is not run there.
selftests() {
	case $1 in
	6.12) cat <<-'END' ;;
		net/netdevice.sh 50 25
		drivers/net/ping.py 3 3
		drivers/net/queues.py 2 1
		drivers/net/stats.py 3 0
	END
	# The others of 7.3 want what no virtual interface has.
	7.3) cat <<-'END' ;;
		net/netdevice.sh 30 25
		drivers/net/ping.py 5 5
		drivers/net/queues.py 4 3
		drivers/net/stats.py 5 1
		drivers/net/napi_id.py 1 1
		drivers/net/napi_threaded.py 3 0
		drivers/net/ring_reconfig.py 3 0
		drivers/net/xdp.py 12 6
		drivers/net/hw/csum.py 4 4
		drivers/net/hw/tso.py 2 -
	END
	esac
}

# Programs that they want.
programs() {
	[ "$1" = 6.12 ] || echo net/lib/csum net/lib/xdp_helper drivers/net/napi_id_helper
}

# The same for BPF; those of 6.12 want none.
bpf_programs() {
	[ "$1" = 6.12 ] || echo net/lib/xdp_dummy net/lib/xdp_native
}

in_root() {
	"$TESTING/root.sh" run -- "$@"
}

# collect KERNEL: what the guest needs of the source, as an archive.
collect() {
	local src dir=$OUT/$1 program

	src=$("$TESTING/kernel-source.sh" "$1")
	rm -rf "$dir"
	mkdir -p "$dir"
	{
		(cd "$src" && find tools/net/ynl "$SELFTESTS"/net/lib/py "$SELFTESTS"/drivers/net/lib/py \
			"$SELFTESTS"/drivers/net/hw/lib/py -path '*/lib/*.py' -o -path '*/pyynl/__init__.py')
		selftests "$1" | sed "s,^\([^ ]*\).*,$SELFTESTS/\1,"
	} >"$TMP/files"
	tar -C "$src" -cf - -T "$TMP/files" | tar -C "$dir" -xf -
	in_root python3 -B "$TESTS/ksft.py" specs "$src/Documentation/netlink/specs" \
		"$dir/Documentation/netlink/specs" ethtool netdev rt-link rt_link
	for program in $(programs "$1"); do
		in_root gcc -O2 -I "$src/$SELFTESTS" -o "$dir/$SELFTESTS/$program" \
			"$src/$SELFTESTS/$program.c"
	done
	[ -z "$(bpf_programs "$1")" ] || "$TESTING/root.sh" bpf
	for program in $(bpf_programs "$1"); do
		# It has no headers of its own, and those of the root come last.
		in_root bpf-gcc -O2 -g -mcpu=v3 -idirafter /usr/include \
			-idirafter /usr/include/x86_64-linux-gnu \
			-c -o "$dir/$SELFTESTS/$program.bpf.o" "$src/$SELFTESTS/$program.bpf.c"
	done
	cp "$TESTS/ksft/yaml.py" "$dir/"
	mkdir "$dir/bin"
	cp "$TESTS/ksft/ethtool" "$TESTS/ksft/bpftool" "$dir/bin/"
	cp "$TESTS/ksft/remote_wire.py" "$dir/$SELFTESTS/drivers/net/lib/py/"
	tar -C "$dir" -czf "$dir.tar.gz" .
}

listens() {
	[ -n "$(on wire ss -ltnH "sport = :$PORT")" ]
}

# What the wire runs has no more rights than it needs: it is this machine's.
remote() {
	local rights=-all,+net_raw,+net_admin

	# Where programs from the guest are put.
	mkdir -m 777 "$TMP/wire"
	chmod 711 "$TMP"
	# Named like a stream, so that it ends like one.
	setsid "$LAB" exec --name "$NAME" wire -- env TMPDIR="$TMP/wire" \
		setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set="$rights" \
		--inh-caps="$rights" --ambient-caps="$rights" -- \
		python3 -c "$(<"$TESTS/ksft/remote_wire.py")" 10.99.0.1 "$PORT" >"$TMP/remote" 2>&1 &
	echo $! >"$TMP/stream.remote.pid"
	until_true 60 "the wire takes commands" listens
}

no_guest() {
	if dom0 xl domid g1 >/dev/null 2>&1; then
		lab guest destroy g1
		d0 clean "$LIMIT"
	fi
}

# dom0 has one CPU, so it would offer one queue.
back() {
	no_guest
	lab back "$1" max_queues=2
}

# new_guest KERNEL FRONT
new_guest() {
	no_guest
	create g1 --kernel "$1" --front "$2" --vcpus 2
	# Both ends of the way change theirs, for some subtests.
	dom0 ip link set nic0 mtu 9000
	dom0 ip link set "$(d0 vif g1)" mtu 9000
	lab exec -i g1 -- sh -c 'mkdir ksft && tar -C ksft -xzf -' <"$OUT/$1.tar.gz"
	# They set it down and up and go on.
	on g1 sh -c 'echo 1 >/proc/sys/net/ipv6/conf/eth0/keep_addr_on_down'
	is queues "$(on g1 sh -c 'ls -d /sys/class/net/eth0/queues/rx-* | wc -l')" 2
}

# settle PAIR: eth0 is as it was, whatever the last one has left.
settle() {
	on g1 ip link set eth0 up mtu 1500
	until_true "$LIMIT" "eth0 has its link" on g1 grep -q 1 /sys/class/net/eth0/carrier
	[ "$1" != pair ] || wait_path g1 direct
	pings g1 10.99.0.1
	pings g1 fd99::1
}

# run SELFTEST [ARGUMENT...]: in the guest; how it ends is judged by what it says.
run() {
	local file=$1 interpreter=python3

	shift
	if [[ $file == *.sh ]]; then
		interpreter='sh'
		# It does more with an interface that it has set up itself.
		on g1 ip link set eth0 down
	fi
	# shellcheck disable=SC2016 # expanded in the guest
	on g1 env NETIF=eth0 LOCAL_V4="$(address g1)" REMOTE_V4=10.99.0.1 \
		LOCAL_V6="$(address6 g1)" REMOTE_V6=fd99::1 \
		REMOTE_TYPE=wire REMOTE_ARGS="10.99.0.1:$PORT" PYTHONPATH=/root/ksft \
		sh -c 'PATH=/root/ksft/bin:$PATH; cd "$1" && shift && exec timeout -k 10 400 "$@"' sh \
		"ksft/$SELFTESTS/${file%/*}" "$interpreter" "./${file##*/}" "$@" 2>&1 || true
}

# selftest KERNEL PAIR SELFTEST LEAST REFERENCE [ARGUMENT...]: up to three times, see
# ksft.py; REFERENCE: results with the stock front, or nothing.
selftest() {
	local kernel=$1 pair=$2 file=$3 least=$4 reference=$5 dir=$TMP/ksft/$1 short=${3##*/} try

	shift 5
	mkdir -p "$dir/$pair"
	for try in 1 2 3; do
		settle "$pair"
		run "$file" "$@" >"$TMP/log"
		cp "$TMP/log" "$OUT/$kernel.$pair.$short.$try.log"
		echo "run $try:"
		if python3 -B "$TESTS/ksft.py" judge "$TMP/log" "$dir/$pair/$short.json" "$least" \
			"$reference"; then
			return
		fi
	done
	sed -E '/^(PASS|ok )/d' "$TMP/log" | tail -n 40
	fail "$file, with all runs in $OUT"
}

# all KERNEL PAIR TITLE
all() {
	local kernel=$1 pair=$2 title=$3 lines line words least reference

	mapfile -t lines < <(selftests "$kernel")
	for line in "${lines[@]}"; do
		read -ra words <<<"$line"
		least=${words[1]}
		reference=
		if [ "$pair" = stock ]; then
			least=${words[2]}
			[ "$least" != - ] || continue
		elif long && [ "${words[2]}" != - ]; then
			reference=$TMP/ksft/$kernel/stock/${words[0]##*/}.json
		fi
		t "$kernel: $title: ${words[0]}" selftest "$kernel" "$pair" "${words[0]}" \
			"$least" "$reference" "${words[@]:3}"
	done
}

up --guests 0 --vfs 1
needed "a selftest that fails or does not run is seen" python3 -B "$TESTS/ksft.py" selftest
needed "the wire takes commands" remote
for kernel in $KERNELS; do
	needed "$kernel: the selftests" collect "$kernel"
	needed "$kernel: our back" back nc2
	# What passes with it is in Documentation/selftests.rst.
	if long; then
		needed "$kernel: a guest with the stock front" new_guest "$kernel" stock
		all "$kernel" stock "stock front, our back"
	fi
	needed "$kernel: a guest with our front" new_guest "$kernel" nc2
	all "$kernel" pair "our pair"
	if long && [ "$kernel" = 6.12 ]; then
		needed "$kernel: the stock back" back stock
		needed "$kernel: a guest with our front" new_guest "$kernel" nc2
		all "$kernel" front "our front, stock back"
	fi
	say "Linux $kernel:"
	python3 -B "$TESTS/ksft.py" table "$TMP/ksft/$kernel"
	python3 -B "$TESTS/ksft.py" rst "$TMP/ksft/$kernel" >"$OUT/$kernel.rst"
	say "rows for Documentation/selftests.rst: $OUT/$kernel.rst"
done
finish
