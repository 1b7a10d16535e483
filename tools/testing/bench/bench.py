#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The benchmark (Documentation/testing.rst): what a frame costs, and how fast it goes.

    bench.py quick|full [--rounds N] [--configs A,B] [--guests N,M] [--tests PATTERNS]

Writes build/bench/results.json after each measurement; report.py makes
Documentation/performance.rst of it.  All configurations are measured in one boot of
the lab.
"""
import argparse
import contextlib
import datetime
import fcntl
import json
import os
import platform
import signal
import subprocess
import sys
import time

import counts
import figures
import labs
import meter
import plan
import traffic
from labs import BenchError, Busy

# Guessed before the first of each is over; for the time that is left.
BOOT_S, UNIT_S, GUEST_S = 50, 10, 20
# A look at all counters after each test, and for each guest: they share a CPU.
LOOK_S, GUEST_LOOK_S = 1.5, 1
# Tests that a search consists of.
TRIALS = 11
# The modules, and the first time the root that they are built in.
BUILD_LIMIT_S = 3600
# The planted cost: instructions of a loop whose length is known.
LOOP_SHORT, LOOP_LONG = 50_000_000, 250_000_000
LOOP_TOLERANCE = 0.01
COPIES = 20_000
POLLED = ('Xen polled its serial line, maybe from some time on only: a second has two million '
          'instructions of Xen in dom0 more then, the idle system\'s as well')
# Of all functions of a profile; the rest is summed up.
FUNCTIONS = 400


class Progress:
    """Says what is done, which measurement of how many it is, and what is left."""

    def __init__(self, expected, steps):
        self.start = time.monotonic()
        self.expected = expected
        self.done = 0.0
        self.steps, self.step = steps, 0

    def say(self, text):
        now = time.monotonic() - self.start
        # The guess gives way to what has been seen.
        factor = (now + BOOT_S) / (self.done + BOOT_S)
        left = max(self.expected - self.done, 0) * factor / 60
        print(f'[{now:5.0f}s, about {left:.0f} min left] {text}', flush=True)

    def measuring(self, text):
        self.step += 1
        self.say(f'{self.step} of {self.steps}: {text}')

    def add(self, seconds):
        self.done += seconds

    def end(self, rows, failures, where):
        print(f'{rows} of {self.steps} measurements, {failures} failures'
              + (f': {where}; make bench-report' if rows else ''), flush=True)


def cost(test, guests):
    """Guessed seconds."""
    each = test.seconds + LOOK_S + guests * GUEST_LOOK_S
    return each * TRIALS if test.kind == 'max' else each


def share(configs, group, rounds):
    """(seconds, measurements) of one life of a group's guests, guessed"""
    tests = [t for c in configs for n in rounds for t in group.tests if t.fits(c, n)]
    return UNIT_S + group.guests * GUEST_S + sum(cost(t, group.guests) for t in tests), len(tests)


def told(guests):
    return '1 guest' if guests == 1 else f'{guests} guests'


class Bench:
    def __init__(self, options):
        self.o = options
        self.plan = plan.PLANS[options.plan]()
        self.rounds = options.rounds or self.plan.rounds
        groups = [g.only(options.tests) for g in self.plan.groups
                  if not options.guests or g.guests in options.guests]
        self.groups = [g for g in groups if g.tests]
        self.lab = labs.BenchLab(options.name)
        self.modules = {}
        self.xen = self.core = None
        self.results = {
            'schema': figures.SCHEMA, 'complete': False, 'plan': options.plan,
            'rounds': self.rounds,
            'when': datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds'),
            'command': ' '.join(sys.argv), 'host': host(), 'versions': {}, 'calibration': {},
            'rows': [], 'profiles': [], 'failures': [], 'notes': [],
        }
        self.progress = Progress(*self.expected())

    # -- the plan --------------------------------------------------------

    def units(self):
        """Configurations that share guests, in the order of the first round."""
        units = {}
        for name in self.o.configs:
            back, front, _ = labs.CONFIGS[name]
            units.setdefault((back, front), []).append(name)
        return list(units.items())

    def passes(self, group):
        """The rounds of each life of a group's guests."""
        numbers = range(1, self.rounds + 1)
        return [[n] for n in numbers] if group.again else [list(numbers)]

    def lives(self, group, rounds):
        """units() that have anything to do in these rounds."""
        found = [(unit, [c for c in configs if any(t.fits(c, n) for t in group.tests
                                                   for n in rounds)])
                 for unit, configs in self.units()]
        return [(unit, configs) for unit, configs in found if configs]

    def expected(self):
        """(seconds, measurements) of all"""
        parts = [share(configs, group, rounds) for group in self.groups
                 for rounds in self.passes(group) for _, configs in self.lives(group, rounds)]
        return BOOT_S + sum(s for s, _ in parts), sum(n for _, n in parts)

    # -- running ---------------------------------------------------------

    def run(self):
        self.progress.say('building modules, plugin and probe')
        for argv in (['make', '-s', '-C', labs.REPO, 'modules-6.12'],
                     [f'{labs.HERE}/build.sh']):
            subprocess.run(argv, check=True, timeout=BUILD_LIMIT_S)
        self.progress.say('booting the lab')
        most = max(g.guests for g in self.groups)
        # One that an ended run has left is in the way.
        self.lab.down()
        self.lab.up(most, 1500 + most * 300 if most > 2 else None)
        self.progress.add(BOOT_S)
        self.progress.say('reading versions and symbols')
        self.results['versions'] = self.lab.versions()
        xen, linux = self.lab.core_symbols()
        self.xen, self.core = counts.Symbols(xen), counts.Symbols(xen, linux)
        mtu = 1500
        for group in self.groups:
            if group.mtu != mtu:
                mtu = group.mtu
                self.progress.say(f'MTU {mtu}')
                self.lab.set_mtu(mtu)
            for turn, rounds in enumerate(self.passes(group)):
                units = self.lives(group, rounds)
                # Rotated: what drifts does not fall on the same one each time.
                turn %= len(units)
                for unit, configs in units[turn:] + units[:turn]:
                    self.unit(unit, configs, group, rounds)
        # A matter of the host's load, before or after the line was made quiet.
        if self.lab.polls_serial():
            self.results['notes'].append(POLLED)
            self.progress.say(POLLED)
        self.results['complete'] = True
        self.save()

    @contextlib.contextmanager
    def tolerated(self, what):
        """What fails leaves the others their turn, as long as there is a lab."""
        try:
            yield
        except BenchError as e:
            self.failed(f'{what}: {e}')
            self.lab.on('dom0', 'true')

    def unit(self, unit, configs, group, rounds):
        seconds, steps = share(configs, group, rounds)
        done, step = self.progress.done + seconds, self.progress.step + steps
        with self.tolerated(f'{told(group.guests)}, back end {unit[0]}, front end {unit[1]}'):
            self.make_guests(unit, group, rounds)
            for config in configs:
                with self.tolerated(f'{told(group.guests)}, {config}'):
                    self.configuration(config, group, rounds, unit)
        self.progress.done, self.progress.step = done, step

    def make_guests(self, unit, group, rounds):
        back, front = unit
        self.progress.say(f'making {told(group.guests)}: back end {back}, front end {front}')
        self.lab.make_guests(back, front, [f'g{i + 1}' for i in range(group.guests)], group.mtu,
                             group.queues)
        self.progress.add(UNIT_S + group.guests * GUEST_S)
        if not self.results['calibration']:
            self.progress.say('planting a cost of known size')
            self.calibrate()
        if group.guests == 1 and 1 in rounds and any(t.profile for t in group.tests):
            # They lie elsewhere with each pair of ends.
            self.progress.say("reading the modules' symbols")
            self.modules[unit] = {'dom0': counts.Symbols(self.lab.module_symbols('dom0')),
                                  'guest': counts.Symbols(self.lab.module_symbols('g1'))}

    def configuration(self, config, group, rounds, unit):
        path = labs.CONFIGS[config][2]
        self.progress.say(f'{config}: ' + (f'to the {path} path, ' if path else '') + 'warming up')
        if path:
            self.lab.choose_path(path)
        # The first frames make neighbours known and QEMU translate the code.
        for words in ([], ['-R']):
            traffic.patiently(traffic.iperf, self.lab, ['-t', '1', *words], 1)
        before = self.lab.drivers()
        for number in rounds:
            for test in group.tests:
                if not test.fits(config, number):
                    continue
                self.progress.measuring(f'round {number} of {self.rounds}, {told(group.guests)}, '
                                        f'{config}: {test.name}')
                before = self.measure(config, test, group.guests, number, unit, before)
                self.progress.add(cost(test, group.guests))
                self.save()

    def calibrate(self):
        """A cost of known size is planted: it must show, and in the right place."""
        if self.lab.banner('dom0') != self.lab.banner('g1'):
            raise BenchError('dom0 and the guest have their kernels at different addresses')

        def planted(command):
            before = self.lab.counters()
            self.lab.on('g1', f'/run/probe {command}')
            return counts.Delta(before, self.lab.counters()).by_kind(self.xen)
        short, long = planted(f'loop {LOOP_SHORT}'), planted(f'loop {LOOP_LONG}')
        want = 2 * (LOOP_LONG - LOOP_SHORT)
        got = long['guest']['user'] - short['guest']['user']
        # The command itself costs dom0 some, each time the same.
        astray = long['dom0']['user'] - short['dom0']['user']
        few, many = planted('copy 1'), planted(f'copy {COPIES + 1}')
        each = (many['guest']['user'] - few['guest']['user']) / COPIES
        found = {'planted_insns': want, 'counted_insns': got, 'dom0_user_insns_meanwhile': astray,
                 'insns_per_rep_movsb_of_4096_bytes': round(each, 2)}
        if abs(got - want) > want * LOOP_TOLERANCE or abs(astray) > want / 10:
            raise counts.CountError(f'the counters are wrong: {found}')
        self.results['calibration'] = found

    def measure(self, config, test, guests, number, unit, drivers):
        """One row; returns the drivers' counters after it."""
        row = {'config': config, 'guests': guests, 'test': test.name, 'kind': test.kind,
               'direction': test.direction, 'streams': test.streams, 'size': test.size,
               'offered_fps': test.rate, 'mtu': test.mtu, 'queues': test.queues,
               'length': test.seconds,
               'round': number, 'ok': True,
               'host_load': round(os.getloadavg()[0], 2)}
        met = self.run_test(test, row)
        after = self.lab.drivers()
        row.update(met.row(), drivers=labs.difference(drivers, after))
        wrong = row['ok'] and test.kind != 'idle' and wrong_path(config, test, row)
        if wrong:
            row.update(ok=False, why=wrong)
        self.results['rows'].append(row)
        if not row['ok']:
            self.failed(f'{config} {test.name} round {number}, guests {guests}: {row["why"]}')
            return after
        if test.profile and number == 1 and unit in self.modules:
            self.profile(row, met.delta.by_function(self.core, self.modules[unit]))
        self.progress.say(f'    {in_short(row)}')
        return after

    def run_test(self, test, row):
        """Runs the traffic; the meter that was on meanwhile."""
        for left in reversed(range(traffic.BEGINNINGS)):
            met = meter.Meter(self.lab, self.xen)
            try:
                row.update(traffic.run(self.lab, test, met))
            except Busy as e:
                if left:
                    time.sleep(2)
                    continue
                row.update(ok=False, why=str(e)[-500:])
            except (BenchError, ValueError, KeyError, TypeError) as e:
                row.update(ok=False, why=f'{type(e).__name__}: {e}'[-500:])
            break
        return met

    def profile(self, row, functions):
        self.results['profiles'].append({
            **{k: row[k] for k in ('config', 'guests', 'test', 'round', 'direction', 'wire')},
            'columns': ['domain', 'kind', 'function', 'module', 'insns', 'calls'],
            'functions': functions[:FUNCTIONS],
            'other_insns': sum(f[4] for f in functions[FUNCTIONS:]),
        })

    def failed(self, why):
        self.results['failures'].append(why[-800:])
        self.progress.say(f'NOT GOOD: {why}')
        self.save()

    def save(self):
        """Nothing yet is no reason to lose what an earlier run has found."""
        if not self.results['rows']:
            return
        where = self.o.output
        os.makedirs(os.path.dirname(where), exist_ok=True)
        self.results['seconds'] = round(time.monotonic() - self.progress.start)
        with open(f'{where}.new', 'w', encoding='utf-8') as f:
            json.dump(self.results, f, indent=None, separators=(',', ':'))
        os.replace(f'{where}.new', where)


def in_short(row):
    """A row in a line."""
    words = []
    for key, text in (('mbit', '{:,.0f} Mbit/s'), ('loss_percent', '{:.2f} % lost'),
                      ('rate_fps', '{:,} frames/s without loss'),
                      ('median_us', '{:,.0f} us a round trip')):
        if key in row:
            words.append(text.format(row[key]))
    if row.get('late'):
        words.append(f'read {row["late_percent"]:.0f} % more slowly than sent')
    if row.get('limit') == 'sender':
        words.append('all that the sender gave')
    if figures.frames(row):
        words.append(f'{figures.everything(row) / figures.frames(row):,.0f} instructions a '
                     + ('round trip' if row['kind'] == 'rr' else 'frame'))
    return ', '.join(words) or 'done'


def wrong_path(config, test, row):
    """Why these frames did not go the way that they are said to have gone, or ''."""
    if not config.startswith('nc2-'):
        return ''
    if test.switches:
        back = row['drivers']['back']
        n = back.get('direct_entered', 0) + back.get('direct_left', 0)
        return '' if n >= test.switches else f'the path changed {n} times, not {test.switches}'
    front = row['drivers']['front']
    direct = front.get(f'{test.direction}_direct_frames', 0)
    bridged = front.get(f'{test.direction}_bridged_frames', 0)
    right, other = (direct, bridged) if config == 'nc2-direct' else (bridged, direct)
    # Whoever looks for a neighbour does it whenever it likes.
    if right < 20 or other > right / 100 + 10:
        return f'the front counted {direct} direct and {bridged} bridged frames'
    return ''


def host():
    model = ''
    with open('/proc/cpuinfo', encoding='utf-8') as f:
        for line in f:
            if line.startswith('model name'):
                model = line.split(':', 1)[1].strip()
                break
    return {'cpus': os.cpu_count(), 'cpu': model, 'kernel': platform.release()}


def options():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('plan', choices=sorted(plan.PLANS))
    p.add_argument('--rounds', type=int, help='measure everything so many times')
    p.add_argument('--configs', type=lambda t: t.split(','), default=list(labs.CONFIGS))
    p.add_argument('--guests', type=lambda t: [int(n) for n in t.split(',')], default=[])
    p.add_argument('--tests', type=lambda t: t.split(','), default=['*'], metavar='PATTERN,...',
                   help='only tests so named')
    p.add_argument('--name', default='bench', help="the lab's name")
    p.add_argument('--output', default=f'{labs.BUILD}/bench/results.json')
    o = p.parse_args()
    o.output = os.path.abspath(o.output)
    unknown = set(o.configs) - set(labs.CONFIGS)
    if unknown:
        p.error(f'no such configuration: {", ".join(sorted(unknown))}')
    return o


def lock(name):
    """One run at a time: another would end this one's lab."""
    os.makedirs(f'{labs.BUILD}/bench', exist_ok=True)
    # pylint: disable-next=consider-using-with
    f = open(f'{labs.BUILD}/bench/.{name}.lock', 'w', encoding='ascii')
    try:
        fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f'bench: another run has the lab {name!r}; see --name and --output')
    return f


def main():
    bench = Bench(options())
    if not bench.progress.steps:
        sys.exit('bench: nothing to measure')
    # A terminal that goes away ends the run, and the lab with it.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    held = lock(bench.o.name)
    try:
        bench.run()
    except (BenchError, counts.CountError, subprocess.SubprocessError) as e:
        print(f'bench: {e}', file=sys.stderr)
        print(f"bench: the lab's logs are in {bench.lab.dir}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        bench.lab.down()
        held.close()
        bench.progress.end(len(bench.results['rows']), len(bench.results['failures']),
                           bench.o.output)
    return 1 if bench.results['failures'] else 0


if __name__ == '__main__':
    sys.exit(main())
