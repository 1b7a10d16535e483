#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whether a kernel has what required.config wants.
#
# usage: required-config.sh KDIR	e.g. /lib/modules/$(uname -r)/build
set -euo pipefail

PROG=${0##*/}
REPO=$(cd "$(dirname "$0")/../../.." && pwd -P)

[ $# -eq 1 ] || { echo "usage: $PROG KDIR" >&2; exit 2; }
config=$1/.config
if [ ! -d "$1" ]; then
	echo "$PROG: $1: no such directory: install the kernel's headers or say make KDIR=..." >&2
	exit 1
elif [ ! -r "$config" ]; then
	echo "$PROG: $config is missing: $1 is not a configured kernel tree" >&2
	exit 1
fi

missing=()
wanted=0
while IFS='=' read -r option value; do
	case $option in
	CONFIG_*) ;;
	*) continue ;;
	esac
	wanted=$((wanted + 1))
	# A built-in part serves where a module would.
	[ "$value" = y ] || value='[ym]'
	grep -qx "$option=$value" "$config" || missing+=("$option=${value/\[ym\]/m}")
done <"$REPO/required.config"

if [ "$wanted" = 0 ]; then
	echo "$PROG: required.config names no option" >&2
	exit 1
fi
if [ ${#missing[@]} -gt 0 ]; then
	echo "$PROG: the kernel in $1 lacks: ${missing[*]}" >&2
	echo "$PROG: required.config says what each is for" >&2
	exit 1
fi
