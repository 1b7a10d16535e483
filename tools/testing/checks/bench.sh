#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The benchmark's arithmetic: losses, searches, shared lines and verdicts on planted inputs.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

BENCH=tools/testing/bench

check() {
	[ -e "$TREE/$BENCH/selftest.py" ] || { finding "no $BENCH/selftest.py"; return 1; }
	cd "$TREE/$BENCH" || return 1
	# Without what Python would leave in the tree.
	in_root python3 -B selftest.py
}

harness() {
	mkdir -p "$BENCH"
	cp "$REPO/$BENCH"/*.py "$BENCH/"
}

# wrong FILE SCRIPT: the harness with one line that sed has changed.
wrong() {
	harness
	sed -i "$2" "$BENCH/$1"
	! cmp -s "$REPO/$BENCH/$1" "$BENCH/$1" || echo "nothing to change in $1: $2"
}

plants() {
	clean good harness
	plant others 'FAIL: test_nothing_lost' wrong loss.py "s/ = passed\['others'\] + / = /"
	plant control 'FAIL: test_what_begins_and_ends' wrong loss.py "s/ + got\['control'\]/ + 2/"
	plant sender 'FAIL: test_ended_by_the_sender' wrong loss.py \
		"s/min(rate, got\['sent_fps'\])/rate/"
	plant late 'FAIL: test_ended_by_the_reader' wrong loss.py "s/if got\['late'\]/if False/"
	plant limit 'FAIL: test_late ' wrong loss.py "s/^LATE_PART, LATE_S = .*/LATE_PART, LATE_S = 0.2, 0/"
	plant forgiven 'FAIL: test_a_reader_that_is_late' wrong targets.py \
		"s/in ('sender', 'none')/!= 'loss'/"
	plant again 'FAIL: test_lives_of_guests' wrong bench.py "s/if group.again/if True/"
	plant grants 'FAIL: test_a_grant_hypercall_for_a_frame' wrong hypercalls.py \
		"s/^INTERRUPTS = (/&'do_grant_table_op', /"
	plant unknown 'FAIL: test_a_kind_that_is_not_known' wrong hypercalls.py \
		"s/if missing > 0/if False/"
	plant events 'FAIL: test_an_event_for_4_frames' wrong targets.py \
		"s/^EVENTS_PER_FRAME = .*/EVENTS_PER_FRAME = 1/"
	plant moves 'FAIL: test_a_line_that_moves ' wrong lines.py \
		"s/bad += 1/bad += 0/"
	plant unseen 'FAIL: test_nothing_seen' wrong lines.py "s/if self.lost:/if False:/"
	plant meter 'FAIL: test_only_what_runs_while_it_is_on' wrong meter.py \
		"s/add(self.insns, /self.insns.update(/"
	plant empty 'no tools/testing/bench/selftest.py' true
}

main "$@"
