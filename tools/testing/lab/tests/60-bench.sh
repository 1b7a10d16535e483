#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Long form only.
#
# The benchmark's harness: QEMU with the plugin that counts, a planted cost of
# known size, two short measurements.  Figures are not judged, only that they are
# there, that they add up, and that a report can be made of them.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

BENCH=$TESTS/../../bench

# The run itself refuses its figures if the planted cost does not show.
short_run() {
	"$BENCH/bench.py" quick --rounds 1 --configs nc2-direct --tests tcp_rx,udp_rx_22_at_3000 \
		--name "$NAME" --output "$TMP/results.json"
}

# Direct, so nobody copied and nothing crossed the bridge: what a wrong counter,
# or one that stands still, would not know.
adds_up() {
	python3 - "$TMP/results.json" <<-'END'
		import json, sys
		with open(sys.argv[1], encoding='utf-8') as f:
		    r = json.load(f)
		assert r['complete'] and not r['failures'], r['failures']
		row, udp = r['rows']
		c = r['calibration']
		assert abs(c['counted_insns'] - c['planted_insns']) <= c['planted_insns'] / 100, c
		frames = row['wire']['rx_frames']
		sent = row['mbit'] * 1e6 / 8 * row['length']
		assert frames * 1500 > sent * 0.9, f'{frames} frames cannot have carried {sent} bytes'
		front = row['drivers']['front']['rx_direct_frames']
		assert abs(front - frames) < frames / 20 + 200, (front, frames)
		for domain in ('dom0', 'guest'):
		    kinds = row['insns'][domain]
		    assert kinds['kernel'] > frames and kinds['module'] > frames, kinds
		profile = r['profiles'][0]
		assert profile['test'] == row['test'] == 'tcp_rx'
		seen = sum(f[4] for f in profile['functions']) + profile['other_insns']
		assert seen == sum(sum(d.values()) for d in row['insns'].values()), seen
		calls = {(f[0], f[2]): f[5] for f in profile['functions']}
		print(row['calls'])
		# What Xen is surely asked for while a guest receives: without it the names or
		# addresses of calls are wrong, and then the next line would prove nothing.
		assert row['calls']['dom0']['evtchn_send'] and row['calls']['guest']['do_iret']
		assert row['calls']['dom0'].get('acquire_grant_for_copy', 0) < frames / 100
		polls = row['drivers']['back']['direct_polls']
		got = calls['dom0', 'nc2b_direct_poll']
		assert polls <= got <= polls * 1.2 + 100 or got <= polls <= got * 1.2 + 100, (polls, got)
		# Counters of each stage have seen what the one before it let through, and no more
		# than the little that a network says by itself.
		places = udp['lost_at']
		print(udp)
		assert udp['received'] and udp['sent'] - udp['received'] == udp['lost'], udp
		# The program has read no more than the front has given to the guest, and was asked
		# twice or more.
		assert udp['received'] <= udp['drivers']['front']['rx_direct_frames'], udp
		assert udp['control'] >= 2, udp
		assert sum(places.values()) == udp['lost'], udp
		assert all(-100 <= n <= udp['lost'] + 100 for n in places.values()), udp
	END
}

report() {
	"$BENCH/report.py" "$TMP/results.json" "$TMP/page.rst"
	grep -q 'nc2-direct' "$TMP/page.rst"
	grep -q '<svg' "$TMP"/page/tcp_rx.svg
}

# The benchmark has its own lab, and ends it.
prove() {
	local title=$1

	shift
	number=$((number + 1))
	if (set -e; "$@") >"$TMP/out" 2>&1; then
		echo "ok $number - $title"
		return
	fi
	echo "not ok $number - $title"
	failures=$((failures + 1))
	sed 's/^/#   /' "$TMP/out" | tail -n 40
}

trap ended EXIT
trap 'exit 130' INT TERM HUP
prove "a planted cost shows, and a short run ends well" short_run
prove "the figures add up" adds_up
prove "a report is made of them" report
finish
