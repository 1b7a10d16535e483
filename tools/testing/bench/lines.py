#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Which lines of memory the back passes from one CPU of dom0 to another (lines.c).

    lines.py watch DIRECTORY CPUS <kallsyms
    lines.py tell DIRECTORY FRAMES <kallsyms

DIRECTORY is the lab's; the standard input is all of dom0's /proc/kallsyms.  "watch"
begins to look at CPUS CPUs; "tell" ends that and says what was seen, while each of the
CPUs handled FRAMES frames or more.  Its last lines are "shared by: FUNCTION..." and
"shared lines: N".  Exit status 2: nothing can be said.
"""
import re
import struct
import sys

import counts

MODULE = 'xen_nc2_back'
SOCKET = 'lines.sock'
HEAD = struct.Struct('=8sIIQQ')
MAX_CPUS = 4
LINE = struct.Struct('=QQQ' + 'IIIIQQ' * MAX_CPUS)
# A line that moves at most once for so many frames is not shared on the hot path.  It
# is not never: twice a second netback/path.c looks at each interface, by a task that
# runs on any CPU, and takes its lines away from the CPU that serves it.
FRAMES_PER_MOVE = 50
# What is shared for a reason that is not in the back: functions, and why.
KNOWN = (
    (re.compile(r'(__)?evtchn_(fifo|2l)_\w+'),
     "Xen's words of events: 16 to a line, as its interface to domains has them"),
    (re.compile(r'pvclock_clocksource_read\w*'),
     "Linux's clock for PV: its last value, one word for all CPUs, so that none goes back"),
)
# Lines in the table, those that move most.
TABLE = 30


class Cpu:
    """What one CPU did with a line."""

    def __init__(self, fields):
        self.reads, self.writes, self.called, self.moves, *self.movers = fields


class Line:
    def __init__(self, fields):
        self.addr, self.vaddr, _ = fields[:3]
        self.cpus = [Cpu(fields[3 + 6 * n:9 + 6 * n]) for n in range(MAX_CPUS)]
        self.moves = sum(c.moves for c in self.cpus)

    def functions(self, symbols):
        """[(of a CPU's last move by reading, by writing)], '' where there was none"""
        return [tuple(symbols.find(a)[0] if a else '' for a in c.movers) for c in self.cpus]

    def names(self, symbols):
        return {name for cpu in self.functions(symbols) for name in cpu if name}

    def known(self, symbols):
        """Why it may be shared, or ''."""
        names = self.names(symbols)
        return next((why for pattern, why in KNOWN if all(map(pattern.fullmatch, names))), '')


class Lines:
    """All that was seen between "watch" and "tell"."""

    def __init__(self, raw):
        if len(raw) < HEAD.size:
            raise counts.CountError('the plugin sent no answer')
        magic, version, self.nr_cpus, n, self.lost = HEAD.unpack_from(raw)
        if magic != b'NC2LINES' or version != 1:
            raise counts.CountError('that is not the plugin, or not this version of it')
        if len(raw) != HEAD.size + n * LINE.size:
            raise counts.CountError(f'the plugin sent {len(raw)} bytes for {n} lines')
        self.lines = [Line(fields) for fields in LINE.iter_unpack(raw[HEAD.size:])]
        self.lines.sort(key=lambda line: -line.moves)

    def sums(self):
        """[(accesses, those in functions that were called, lines)] of each CPU"""
        found = []
        for n in range(self.nr_cpus):
            mine = [line.cpus[n] for line in self.lines
                    if line.cpus[n].reads or line.cpus[n].writes]
            found.append((sum(c.reads + c.writes for c in mine), sum(c.called for c in mine),
                          len(mine)))
        return found

    def check(self, frames):
        """Nothing moves where nothing is done or seen: that must not pass."""
        if self.lost:
            raise counts.CountError(f'{self.lost} accesses could not be noted')
        for n, (accesses, called, _) in enumerate(self.sums()):
            if accesses < 10 * frames or called * FRAMES_PER_MOVE < frames:
                raise counts.CountError(
                    f'CPU {n} accessed memory {accesses} times for {frames} frames, '
                    f'{called} of them in functions that were called: too few')

    def shared(self, frames):
        return [line for line in self.lines if line.moves * FRAMES_PER_MOVE > frames]


def code(text):
    """(begin, end) of the module's code, which has whole pages."""
    found = [int(addr, 16) for addr, _, _, module in counts.Symbols.LINE.findall(text)
             if module == MODULE]
    if not found or not min(found):
        raise counts.CountError(f'{MODULE} is not in the list of symbols')
    return min(found) & ~0xfff, (max(found) | 0xfff) + 1


def describe(line, nr_cpus, symbols):
    told = [f'{line.addr:#x} ({line.vaddr:#x}): {line.moves} moves']
    names = line.functions(symbols)
    for n, cpu in enumerate(line.cpus[:nr_cpus]):
        by = ', '.join(f'{verb} by {name}' for verb, name in zip(('read', 'written'), names[n])
                       if name)
        told.append(f'    CPU {n}: {cpu.moves} moves, {cpu.reads} reads, {cpu.writes} writes'
                    + (f'; {by}' if by else ''))
    return '\n'.join(told)


def report(seen, frames, symbols):
    """The table, as text; how many lines are shared and should not be"""
    told, bad, by = [f'{frames} frames for each CPU'], 0, set()
    for n, (accesses, called, lines) in enumerate(seen.sums()):
        told.append(f'CPU {n}: {accesses} accesses, {called} of them in functions that were '
                    f'called, to {lines} lines')
    moved = [line for line in seen.lines if line.moves]
    told.append(f'{sum(line.moves for line in moved)} moves of {len(moved)} lines; shared is '
                f'one that moves more than once for {FRAMES_PER_MOVE} frames')
    nr_shared = len(seen.shared(frames))
    for n, line in enumerate(moved[:max(TABLE, nr_shared)]):
        told.append(describe(line, seen.nr_cpus, symbols))
        if n >= nr_shared:
            continue
        why = line.known(symbols)
        told.append(f'    {f"known: {why}" if why else "shared"}')
        if not why:
            bad += 1
            by |= line.names(symbols)
    told.append(f'shared by: {" ".join(sorted(by)) or "nobody"}')
    return '\n'.join(told), bad


def main(argv):
    if len(argv) != 3 or argv[0] not in ('watch', 'tell') or not argv[2].isdigit():
        sys.exit(__doc__.strip())
    verb, directory, number = argv[0], argv[1], int(argv[2])
    text = sys.stdin.read()
    if verb == 'watch':
        begin, end = code(text)
        Lines(counts.ask(directory, SOCKET, f'watch {begin:x} {end:x} {number}\n'.encode()))
        return
    seen = Lines(counts.ask(directory, SOCKET, b'tell\n'))
    told, bad = report(seen, number, counts.Symbols(text))
    print(told)
    seen.check(number)
    print(f'shared lines: {bad}')


if __name__ == '__main__':
    try:
        main(sys.argv[1:])
    except counts.CountError as e:
        print(f'lines: {e}', file=sys.stderr)
        sys.exit(2)
