#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The benchmark's harness: QEMU with the plugin that counts, a planted cost of
# known size, one short measurement.  Figures are not judged, only that they are
# there, that they add up, and that a report can be made of them.
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"

BENCH=$TESTS/../../bench

# The run itself refuses its figures if the planted cost does not show.
short_run() {
	"$BENCH/bench.py" quick --rounds 1 --configs nc2-direct --tests 'tcp_rx' \
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
		row, = r['rows']
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
		profile, = r['profiles']
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
