#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Perl: it compiles, and without a warning.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

check() {
	local file said

	cd "$TREE" || return 1
	while read -r file; do
		said=$(in_root perl -wc "$file" 2>&1)
		[ "$said" = "$file syntax OK" ] || finding "$said"
	done < <(files '*.pl')
	return "$bad"
}

# shellcheck disable=SC2016 # Perl's
plants() {
	clean good put a.pl 'use strict;' 'my $n = 1;' 'print "$n\n";'
	plant syntax 'syntax error' put a.pl 'my $n = ;'
	plant undeclared 'Global symbol' put dir/a.pl 'use strict;' '$n = 1;'
	plant warning 'used only once' put a.pl '$main::n = 1;'
}

main "$@"
