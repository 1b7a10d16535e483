#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Build what the benchmark runs beside Debian's programs, into build/bench/:
#   count.so   the plugin for QEMU that counts instructions
#   lines.so   the one that follows lines of memory from CPU to CPU
#   probe      for the wire and for guests (Debian trixie, as the root)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
out=${NC2_BUILD:-$top/build}/bench
root=$top/tools/testing/root.sh

# build NAME SOURCE... [HEADER] [-OPTION...]: unless it is newer than what it is made of.
build() {
	local name=$1 word sources=() options=() new=

	shift
	for word in "$@"; do
		case $word in
		-*) options+=("$word") ;;
		*.h) ;;
		*) sources+=("$here/$word") ;;
		esac
		[[ $word == -* || $out/$name -nt $here/$word ]] || new=1
	done
	[ -n "$new" ] || return 0
	"$root" run -- gcc -O2 -std=gnu11 -Wall -Wextra -Werror "${options[@]}" \
		-o "$out/$name.new" "${sources[@]}"
	mv "$out/$name.new" "$out/$name"
}

mkdir -p "$out"
# Tests that run side by side both come here.
exec 9>"$out/.build.lock"
flock 9
"$root" ensure
build count.so count.c sock.c qemu_plugin.h sock.h -shared -fPIC -pthread
build lines.so lines.c sock.c qemu_plugin.h sock.h -shared -fPIC -pthread
build probe probe.c probe_udp.c probe.h
