#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Both modules for both kernels with W=1, any warning an error.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

# Kept between runs, apart from what `make modules` builds: the flags differ.
build() {
	local series=$1 dir=$BUILD/check/w1/$1 log

	[ "$TREE" = "$REPO" ] || dir=$TREE
	mkdir -p "$dir"
	[ "$TREE" != "$REPO" ] || copy_modules "$dir"
	log=$dir/build.log
	if ! in_root nice -n 10 make -s -C "$("$ROOT" kdir "$series")" M="$dir" -j2 W=1 \
		KCFLAGS=-Werror modules >"$log" 2>&1; then
		grep -E 'error|Error|warning|ERROR' "$log" | sed "s,$dir/,," | head -n 40
		finding "$series: build failed"
		return
	fi
	if grep -E 'warning:|WARNING:' "$log"; then
		finding "$series: build warns"
	fi
	[ "$TREE" = "$REPO" ] || return 0
	for module in netback/xen-nc2-back netfront/xen-nc2-front; do
		[ -e "$dir/$module.ko" ] || finding "$series: no $module.ko"
		[ -e "$dir/$module.ko" ] && echo "$series: $module.ko"
	done
}

check() {
	local series

	for series in $SERIES; do
		build "$series"
		# A planted tree proves the same with any kernel.
		[ "$TREE" = "$REPO" ] || break
	done
	return "$bad"
}

plants() {
	clean good planted_module . 'static int nc2_planted;' 'module_param(nc2_planted, int, 0);'
	# Both kinds: what every build warns of, and what W=1 adds.
	plant prototype 'no previous prototype' planted_module . 'int nc2_planted(void);' \
		'int nc2_other(void)' '{' '	return 0;' '}'
	plant w1 'set but not used' planted_module . 'static int __init nc2_planted(void)' '{' \
		'	int unused;' '	unused = 1;' '	return 0;' '}' 'module_init(nc2_planted);'
	plant symbol 'undefined' planted_module . 'void nc2_nowhere(void);' \
		'static int __init nc2_planted(void)' '{' '	nc2_nowhere();' '	return 0;' '}' \
		'module_init(nc2_planted);'
}

main "$@"
