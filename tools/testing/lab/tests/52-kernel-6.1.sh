#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Long form only.
#
# Guests of Debian 12, whose Linux is 6.1, with its own front end, on our back.  Our
# modules are not built for that kernel.
#   NC2_TEST_KERNELS="6.12 7.3"   which kernels in dom0
# shellcheck source=tools/testing/lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/testing/lab/tests/peers.sh
. "$TESTS/peers.sh"

# Fetched when it is not there.
build "what a guest with Linux 6.1 boots is" "$TESTS/../guest-kernel.sh" 6.1

version() {
	like "the guest's kernel" "$(on g1 uname -r)" '6.1.*'
}

for host in ${NC2_TEST_KERNELS:-6.12}; do
	lab down >/dev/null 2>&1
	up --kernel "$host" --guests 0 --vfs 1 --vcpus "$QUEUES"
	for type in pv pvh; do
		meets "$host" nc2 stock 6.1 "$type"
		t "dom0 $host, ${type^^}: the guest runs Linux 6.1" version
	done
done
finish
