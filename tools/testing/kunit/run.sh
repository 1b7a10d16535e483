#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds and runs the KUnit suites on a User Mode Linux kernel made from
# Debian's linux-source, and prints one ok / not ok line for each case.
#
# usage: run.sh [GLOB]		e.g. 'nc2b_pool' or 'nc2b_*.double*'
#   NC2_KUNIT_PLANT=1		plant faults: the run must come out red

set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
REPO=$(cd "$HERE/../../.." && pwd -P)
BUILD=${NC2_BUILD:-$REPO/build}
ROOT=$REPO/tools/testing/root.sh
OUT=$BUILD/kunit
OBJ=$OUT/obj
GLOB=${1:-}

say() { echo "# $*"; }

SRC=$("$REPO/tools/testing/kernel-source.sh" 6.12)
KUNIT=$SRC/tools/testing/kunit/kunit.py
mkdir -p "$OBJ"
# One build tree, one user at a time.
exec 7>"$OUT/.lock"
flock 7

# Writes a file only when it changes, so that nothing is built without need.
put() {
	cat >"$1.new"
	if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1"; fi
}

# The suites become a directory of the kernel tree.  Links, not copies: the
# compiler's dependencies then name the files that people edit.
add_suites() {
	local dir=$SRC/lib/nc2 file name

	mkdir -p "$dir"
	find "$dir" -name '*_kunit.c' -exec rm {} +
	put "$dir/Kconfig" <<-END
		config NC2_KUNIT
			bool "KUnit suites of netchannel2"
			depends on KUNIT=y
	END
	{
		echo "ccflags-y += -I$REPO -I$REPO/include -Werror"
		for file in "$HERE"/*_kunit.c; do
			name=${file##*/}
			ln -s "$file" "$dir/$name"
			echo "obj-\$(CONFIG_NC2_KUNIT) += ${name%.c}.o"
		done
	} | put "$dir/Makefile"
	grep -q lib/nc2/ "$SRC/lib/Kconfig" || echo 'source "lib/nc2/Kconfig"' >>"$SRC/lib/Kconfig"
	grep -q 'nc2/' "$SRC/lib/Makefile" || echo 'obj-y += nc2/' >>"$SRC/lib/Makefile"
}

kunit() {
	"$ROOT" run -- nice -n 10 python3 "$KUNIT" "$@" --build_dir "$OBJ" --arch um
}

# The names of the source tree are looked up from the working directory.
cd "$SRC"
add_suites

say "configuring and building (log: $OUT/build.log)"
if ! { kunit config --kunitconfig "$HERE/kunitconfig" &&
	kunit build --kunitconfig "$HERE/kunitconfig" --jobs 2; } >"$OUT/build.log" 2>&1; then
	tail -n 30 "$OUT/build.log"
	echo "not ok 1 - kunit_kernel_builds"
	exit 1
fi

boot() {
	local json=$1
	shift
	rm -f "$json" "$OBJ/test.log"
	kunit exec --json="$json" --timeout 300 "$@" >"$json.log" 2>&1 || :
	[ -s "$json" ] || { tail -n 30 "$json.log"; return 1; }
}

say "running (log: $OUT/run.json.log, console: $OUT/console.log)"
args=()
[ -z "$GLOB" ] || args+=("$GLOB")
[ "${NC2_KUNIT_PLANT:-0}" != 1 ] || args+=(--kernel_args=nc2_plant_kunit.fault=1)
boot "$OUT/run.json" "${args[@]}" || { echo "not ok 1 - kunit_kernel_runs"; exit 1; }
cp "$OBJ/test.log" "$OUT/console.log"
red=0 count=0
python3 "$HERE/report.py" "$OUT/run.json" --log "$OUT/console.log" >"$OUT/results" || red=1
cat "$OUT/results"
count=$(grep -cE "^(not )?ok " "$OUT/results" || :)

# The runner proves itself: with the faults planted each case must be red.
boot "$OUT/plant.json" --kernel_args=nc2_plant_kunit.fault=1 'nc2_plant' || red=1
if python3 "$HERE/report.py" "$OUT/plant.json" --all-red >"$OUT/plant.log" 2>&1; then
	echo "ok $((count + 1)) - kunit_runner_sees_planted_faults"
else
	cat "$OUT/plant.log"
	echo "not ok $((count + 1)) - kunit_runner_sees_planted_faults"
	red=1
fi
exit $red
