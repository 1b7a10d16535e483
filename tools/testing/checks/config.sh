#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# required.config: each kernel that we build for has it all, and a kernel that
# does not is refused by name.
# shellcheck source=tools/testing/checks/lib.sh
. "$(dirname "$0")/lib.sh"

# The tree under test is a kernel's here.
check() {
	local series

	if [ "$TREE" != "$REPO" ]; then
		"$CHECKS/required-config.sh" "$TREE"
		return
	fi
	for series in $SERIES; do
		"$CHECKS/required-config.sh" "$("$ROOT" path)$("$ROOT" kdir "$series")" || bad=1
	done
	return "$bad"
}

without() {
	grep '^CONFIG_' "$REPO/required.config" | grep -v "^$1=" >.config
}

plants() {
	clean good without nothing
	plant missing 'lacks: CONFIG_PCI_IOV=y' without CONFIG_PCI_IOV
	plant two 'lacks: CONFIG_NET=y CONFIG_XEN=y' sh -c \
		"grep -vE '^CONFIG_(NET|XEN)=' '$REPO/required.config' >.config"
	plant module 'lacks: CONFIG_XEN_BACKEND=y' sh -c \
		"sed 's/^CONFIG_XEN_BACKEND=y/CONFIG_XEN_BACKEND=m/' '$REPO/required.config' >.config"
	plant unconfigured 'not a configured kernel tree' true
}

main "$@"
