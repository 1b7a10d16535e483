#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Build what the benchmark runs beside Debian's programs, into build/bench/:
#   count.so   the plugin for QEMU
#   probe      for the wire and for guests (Debian trixie, as the root)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
out=${NC2_BUILD:-$top/build}/bench
root=$top/tools/testing/root.sh

mkdir -p "$out"
"$root" ensure
for name in count.so probe; do
	src=$here/${name%.so}.c
	options=()
	[ "$name" = probe ] || options=(-shared -fPIC -pthread)
	if [ "$out/$name" -nt "$src" ] && [ "$out/$name" -nt "$here/qemu_plugin.h" ]; then
		continue
	fi
	"$root" run -- gcc -O2 -std=gnu11 -Wall -Wextra -Werror "${options[@]}" \
		-o "$out/$name.new" "$src"
	mv "$out/$name.new" "$out/$name"
done
