#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tools/testing/check counts right: what passes, fails, is skipped, hangs, ends
# early or leaves results out.  Runs the real runner on a tree of small fakes.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

script() {
	put "$1" '#!/bin/sh' "${@:2}"
	chmod +x "$1"
}

# The names of the static checks and builds, as the runner has them.
plain_tests() {
	sed -n 's/^\(STATIC\|BUILDS\)="\(.*\)"/\2/p' "$REPO/tools/testing/check"
}

# fake DIR [NAME LINE...]: a tree where all is well, but for one lab test.
fake() {
	local t=$1/tools/testing name

	script "$t/root.sh" 'exit 0'
	script "$t/build-modules.sh" "${slow:-exit 0}"
	for name in $(plain_tests); do
		script "$t/checks/$name.sh" 'exit 0'
	done
	script "$t/kunit/run.sh" 'echo "ok 1 - suite.case"'
	script "$t/lab/selftest.sh" 'echo "ok 1 - fault seen"' 'echo 1..1'
	script "$t/lab/tests/a.sh" "${@:2}"
	script "$t/lab/tests/b.sh" 'echo "ok 1 - other"'
	# shellcheck disable=SC2016 # expanded there
	script "$t/lab/tests/c.sh" 'touch "$0.ran"' 'echo "ok 1 - last"'
	cp "$REPO/tools/testing/check" "$t/check"
}

# expect NAME STATUS SUMMARY TEXT LINE...: run it with a lab test of these lines;
# the last line must be SUMMARY and TEXT must be said somewhere.
expect() {
	local name=$1 status=$2 summary=$3 text=$4 out rc=0 dir=$work/$1

	fake "$dir" "${@:5}"
	# shellcheck disable=SC2086 # options
	out=$(NC2_BUILD="$dir/build" NC2_CHECK_LIMIT="${limit:-60}" "$dir/tools/testing/check" $options 2>&1) || rc=$?
	if [ "$rc" != "$status" ] || [ "$(tail -n 1 <<<"$out")" != "$summary" ] ||
		! grep -qF -- "$text" <<<"$out" || [ "$(grep -c ' passed, ' <<<"$out")" != 1 ]; then
		finding "$name: want status $status, '$summary', '$text'; got status $rc and:"
		tail -n 12 <<<"$out" | sed 's/^/	/'
	else
		echo "$name: counted right"
	fi
}

check() {
	local work all limit='' slow='' options='--only lab-a'

	mkdir -p "$BUILD/check"
	work=$(mktemp -d "$BUILD/check/runner.XXXXXX")
	expect good 0 '2 passed, 0 failed, 0 skipped' 'lab-a: two' \
		'echo "ok 1 - one"' 'echo "ok 2 - two"' 'echo 1..2'
	expect bad 1 '1 passed, 1 failed, 0 skipped' 'not ok 2 - lab-a: two' \
		'echo "ok 1 - one"' 'echo "not ok 2 - two"' 'exit 1'
	expect skipped 0 '0 passed, 0 failed, 1 skipped' '# SKIP no such NIC' \
		'echo "ok 1 - one # SKIP no such NIC"'
	expect status 1 '1 passed, 1 failed, 0 skipped' 'exit status 3 without a result' \
		'echo "ok 1 - one"' 'exit 3'
	expect planned 1 '1 passed, 2 failed, 0 skipped' 'planned and never seen' \
		'echo 1..3' 'echo "ok 1 - one"'
	expect silent 1 '0 passed, 1 failed, 0 skipped' 'no result at all' 'echo hello'
	expect unended 1 '0 passed, 1 failed, 0 skipped' 'not ok 1' 'printf "not ok 1 - one"'
	limit=4 expect hanging 1 '1 passed, 1 failed, 0 skipped' 'stopped after 4 s' \
		'echo "ok 1 - one"' 'sleep 100'
	# A process left behind holds the output open.
	expect orphan 0 '1 passed, 0 failed, 0 skipped' 'lab-a: one' 'sleep 30 &' 'echo "ok 1 - one"'
	# Labs run side by side: neither loses a result of the other's.
	options='--only lab-a --only lab-b'
	expect side 1 '2 passed, 1 failed, 0 skipped' 'ok 3 - lab-b: other' \
		'sleep 1' 'echo "ok 1 - one"' 'echo "not ok 2 - two"' 'exit 1'
	# The third begins when the second has ended, and not when the first has.
	options='--only lab-'
	# shellcheck disable=SC2016 # expanded there
	expect three 0 '4 passed, 0 failed, 0 skipped' 'ok 4 - lab-c: last' \
		'for i in $(seq 30); do sleep 1; [ ! -e "${0%/*}/c.sh.ran" ] || exec echo "ok 1 - one"; done' \
		'echo "not ok 1 - c has not run"'
	options='--only lab-a --only lab-b'
	NC2_TEST_LONG='' expect short 0 '1 passed, 0 failed, 0 skipped' 'lab-b: other' \
		'# Long form only.' 'exit 1'
	NC2_TEST_LONG=1 expect long 0 '2 passed, 0 failed, 0 skipped' 'lab-a: one' \
		'# Long form only.' 'echo "ok 1 - one"'
	options='--only lab-a --only lab-b --jobs 1'
	expect alone 1 '1 passed, 1 failed, 0 skipped' 'ok 2 - lab-b: other' 'exit 3'
	# No lab begins before the modules are made, whatever there is to do meanwhile.
	options='--only modules-7.3 --only lab-a --only size --only includes --only toolchain'
	# shellcheck disable=SC2016 # expanded there
	slow='sleep 2; touch "${0%/*}/made"' expect made 0 '5 passed, 0 failed, 0 skipped' 'lab-a: one' \
		'[ ! -e "${0%/*}/../../made" ] || echo "ok 1 - one"'
	# What is left when the time is over is named, and so are the rest of a script.
	options='--only lab-a --only lab-b --jobs 1'
	NC2_CHECK_WITHIN=2 expect late 0 '1 passed, 0 failed, 1 skipped' 'lab-b # SKIP no time left' \
		'sleep 3' 'echo "ok 1 - one"'
	options='--only lab-a'
	expect rest 0 '0 passed, 0 failed, 1 skipped' 'one, and what follows # SKIP no time' \
		"exec env NC2_TEST_UNTIL=1 bash -c '. $REPO/tools/testing/lab/tests/lib.sh
			t one true; t two true; finish'"
	options=
	# Toolchain, KUnit's case, two builds of modules, the lab's three results.
	all=$(wc -w <<<"$(plain_tests)")
	expect whole 0 "$((all + 8)) passed, 0 failed, 0 skipped" 'ok 1 - toolchain' 'echo "ok 1 - one"'
	options=--no-lab
	expect without 0 "$((all + 4)) passed, 0 failed, 4 skipped" 'lab-a # SKIP --no-lab' 'exit 1'
	rm -rf "$work"
	return "$bad"
}

# The cases above are the faults.
plants() { :; }

main "$@"
