# SPDX-License-Identifier: GPL-2.0
"""falls.py IF FILE SECONDS: whether a counter of IF ever goes backward.

Reads them again and again until FILE is there, but no longer than SECONDS.  Says when it
begins, and how often it has read; ends with 1 if one has fallen, or if time was up.
"""
import os
import sys
import time

NAMES = [f'{way}_{what}' for way in ('rx', 'tx') for what in ('bytes', 'packets')]


def read(interface):
    counters = {}
    for name in NAMES:
        with open(f'/sys/class/net/{interface}/statistics/{name}', encoding='ascii') as f:
            counters[name] = int(f.read())
    return counters


def main(interface, file, seconds):
    end = time.monotonic() + int(seconds)
    last, times, fallen = read(interface), 0, 0
    print('reading', flush=True)
    while not os.path.exists(file):
        if time.monotonic() > end:
            sys.exit('time is up')
        now = read(interface)
        for name in NAMES:
            if now[name] < last[name]:
                print(f'{name} has fallen from {last[name]} to {now[name]}')
                fallen = 1
        last = now
        times += 1
        # dom0 has one CPU, and others want it, too.
        time.sleep(0.003)
    print(f'read {times} times')
    return fallen


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
