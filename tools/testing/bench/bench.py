#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The benchmark (Documentation/testing.rst): what a frame costs, and how fast it goes.

    bench.py quick|full [--rounds N] [--configs A,B] [--guests N,M] [--tests PATTERN]

Writes build/bench/results.json; report.py makes Documentation/performance.rst of it.
All configurations are measured in one boot of the lab, in turn, once in each round.
"""
import argparse
import datetime
import fnmatch
import json
import os
import platform
import signal
import subprocess
import sys
import time

import counts
import labs
import plan
from labs import BenchError

# Guessed before the first of each is over; for the time that is left.
BOOT_S, GUEST_S, TEST_S = 90, 18, 5
# The planted cost: instructions of a loop whose length is known.
LOOP_SHORT, LOOP_LONG = 50_000_000, 250_000_000
LOOP_TOLERANCE = 0.01
COPIES = 20_000
# Of all functions of a profile; the rest is summed up.
FUNCTIONS = 150


class Progress:
    def __init__(self, expected):
        self.start = time.monotonic()
        self.expected = expected
        self.done = 0.0

    def say(self, text):
        now = time.monotonic() - self.start
        left = ''
        if self.done:
            # The guess gives way to what has been seen.
            factor = (now + BOOT_S) / (self.done + BOOT_S)
            left = f', about {max(self.expected - self.done, 0) * factor / 60:.0f} min left'
        print(f'[{now:5.0f}s{left}] {text}', flush=True)

    def add(self, seconds):
        self.done += seconds


class Bench:
    def __init__(self, options):
        self.o = options
        self.plan = plan.PLANS[options.plan]()
        self.rounds = options.rounds or self.plan['rounds']
        self.lab = labs.BenchLab(options.name)
        self.symbols = {}
        self.xen = None
        self.core = None
        self.results = {
            'schema': 1, 'complete': False, 'plan': options.plan, 'rounds': self.rounds,
            'when': datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds'),
            'command': ' '.join(sys.argv), 'host': host(), 'versions': {}, 'calibration': {},
            'rows': [], 'profiles': [], 'failures': [],
        }
        steps = sum(self.cost(n) for n in self.guest_counts())
        self.progress = Progress(BOOT_S + self.rounds * steps)

    # -- the plan --------------------------------------------------------

    def guest_counts(self):
        return [n for n in self.plan['guests'] if not self.o.guests or n in self.o.guests]

    def tests(self, guests):
        return [t for t in self.plan['guests'][guests]
                if fnmatch.fnmatch(t.name, self.o.tests)]

    def units(self):
        """Configurations that share guests, in the order of the first round."""
        units = {}
        for name in self.o.configs:
            back, front, _ = labs.CONFIGS[name]
            units.setdefault((back, front), []).append(name)
        return list(units.items())

    def cost(self, guests):
        tests = sum(t.seconds + TEST_S for t in self.tests(guests))
        return tests * len(self.o.configs) + guests * GUEST_S * len(self.units())

    # -- running ---------------------------------------------------------

    def run(self):
        most = max(self.guest_counts())
        self.progress.say('modules, plugin, probe')
        for argv in (['make', '-s', '-C', labs.REPO, 'modules-6.12'],
                     [f'{labs.HERE}/build.sh']):
            subprocess.run(argv, check=True)
        self.progress.say('booting the lab')
        self.lab.up(most, 1500 + most * 300 if most > 2 else None)
        self.progress.add(BOOT_S)
        self.results['versions'] = self.lab.versions()
        xen, linux = self.lab.core_symbols()
        self.xen, self.core = counts.Symbols(xen), (xen, linux)
        for guests in self.guest_counts():
            for number in range(1, self.rounds + 1):
                units = self.units()
                # Rotated: what drifts does not fall on the same one each time.
                turn = (number - 1) % len(units)
                for unit, configs in units[turn:] + units[:turn]:
                    self.unit(unit, configs, guests, number)
        self.lab.drop_guests()
        self.results['complete'] = True
        self.save()

    def unit(self, unit, configs, guests, number):
        back, front = unit
        what = f'round {number} of {self.rounds}, {guests} guest{"s" if guests > 1 else ""}'
        self.progress.say(f'{what}: back end {back}, front end {front}')
        self.lab.make_guests(back, front, [f'g{i + 1}' for i in range(guests)])
        if not self.results['calibration']:
            self.calibrate()
        if number == 1:
            self.name_addresses(unit)
        for config in configs:
            path = labs.CONFIGS[config][2]
            if path:
                self.lab.choose_path(path)
            self.warm_up()
            before = self.lab.drivers()
            for test in self.tests(guests):
                self.progress.say(f'{what}: {config} {test.name}')
                before = self.measure(config, test, guests, number, unit, before)
                self.progress.add(test.seconds + TEST_S)
                self.save()
        self.progress.add(guests * GUEST_S)

    def name_addresses(self, unit):
        """Modules of both domains lie elsewhere with each pair of ends."""
        if self.lab.banner('dom0') != self.lab.banner('g1'):
            raise BenchError('dom0 and the guest have their kernels at different addresses')
        self.symbols[unit] = {
            'dom0': counts.Symbols(*self.core, self.lab.module_symbols('dom0')),
            'guest': counts.Symbols(*self.core, self.lab.module_symbols('g1')),
        }

    def warm_up(self):
        """The first frames make neighbours known and QEMU translate the code."""
        for guest in self.lab.guests:
            for words in ([], ['-R']):
                self.iperf(guest, ['-t', '1', *words])

    def calibrate(self):
        """A cost of known size is planted: it must show, and in the right place."""
        def cost(command):
            before = self.lab.counters()
            self.lab.on('g1', f'/run/probe {command}')
            return counts.Delta(before, self.lab.counters()).by_kind(self.xen)
        short, long = cost(f'loop {LOOP_SHORT}'), cost(f'loop {LOOP_LONG}')
        want = 2 * (LOOP_LONG - LOOP_SHORT)
        got = long['guest']['user'] - short['guest']['user']
        # The command itself costs dom0 some, each time the same.
        astray = long['dom0']['user'] - short['dom0']['user']
        few, many = cost('copy 1'), cost(f'copy {COPIES + 1}')
        each = (many['guest']['user'] - few['guest']['user']) / COPIES
        self.results['calibration'] = {
            'planted_insns': want, 'counted_insns': got,
            'dom0_user_insns_meanwhile': astray,
            'insns_per_rep_movsb_of_4096_bytes': round(each, 2),
        }
        if abs(got - want) > want * LOOP_TOLERANCE or abs(astray) > want / 10:
            raise BenchError(f'the counters are wrong: {self.results["calibration"]}')

    def measure(self, config, test, guests, number, unit, drivers):
        """One row; returns the drivers' counters after it."""
        wire, begin = self.lab.wire(), self.lab.counters()
        start = time.monotonic()
        row = {'config': config, 'guests': guests, 'test': test.name, 'kind': test.kind,
               'direction': test.direction, 'streams': test.streams, 'size': test.size,
               'offered_fps': test.rate, 'mtu': 1500, 'round': number, 'ok': True,
               'host_load': round(os.getloadavg()[0], 2)}
        try:
            row.update(self.traffic(test))
        except (BenchError, ValueError, KeyError) as e:
            row.update(ok=False, why=str(e)[-500:])
        row['seconds'] = round(time.monotonic() - start, 3)
        delta = counts.Delta(begin, self.lab.counters())
        row['wire'] = labs.difference(wire, self.lab.wire())
        after = self.lab.drivers()
        row['drivers'] = labs.difference(drivers, after)
        row['insns'] = delta.by_kind(self.xen)
        row['calls'] = delta.calls(self.xen)
        row['blocks_without_room'] = delta.rest_blocks
        wrong = row['ok'] and test.kind != 'idle' and wrong_path(config, test, row)
        if wrong:
            row.update(ok=False, why=wrong)
        self.results['rows'].append(row)
        if not row['ok']:
            self.results['failures'].append(f'{config} {test.name} round {number}: {row["why"]}')
            self.progress.say(f'NOT GOOD: {self.results["failures"][-1]}')
        elif test.profile and number == 1:
            self.profile(row, delta.by_function(self.symbols[unit]))
        return after

    def profile(self, row, functions):
        self.results['profiles'].append({
            **{k: row[k] for k in ('config', 'guests', 'test', 'round', 'direction', 'wire')},
            'columns': ['domain', 'kind', 'function', 'module', 'insns', 'calls'],
            'functions': functions[:FUNCTIONS],
            'other_insns': sum(f[4] for f in functions[FUNCTIONS:]),
        })

    # -- traffic ---------------------------------------------------------

    def iperf(self, guest, words, seconds=1):
        return self.clients({guest: ['iperf3', '-J', '-c', labs.address(guest), *words]},
                            seconds)[guest]

    def clients(self, commands, seconds):
        """Runs one client for each guest at once; {guest: what it printed}."""
        running = {}
        for guest, argv in commands.items():
            running[guest] = subprocess.Popen(     # pylint: disable=consider-using-with
                self.lab.argv('exec', '--timeout', str(int(seconds + 60)), 'wire', '--', *argv),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        found, errors = {}, []
        for guest, p in running.items():
            out, err = p.communicate()
            try:
                found[guest] = json.loads(out)
            except ValueError:
                errors.append(f'{guest}: {(out + err).decode(errors="replace").strip()}')
                continue
            if p.returncode or 'error' in found[guest]:
                errors.append(f'{guest}: {found[guest].get("error", p.returncode)}')
        if errors:
            raise BenchError('; '.join(errors))
        return found

    def traffic(self, test):
        if test.kind == 'idle':
            time.sleep(test.seconds)
            return {}
        if test.kind == 'rr':
            return self.round_trips(test)
        words = ['-t', str(test.seconds)]
        if test.kind == 'tcp':
            # The machine's own choice may be any.
            words += ['-C', 'cubic']
        else:
            words += ['-u', '-b', str(test.rate * test.size * 8), '-l', str(test.size)]
        if test.streams > 1:
            words += ['-P', str(test.streams)]
        if test.direction == 'tx':
            words.append('-R')
        got = self.clients({g: ['iperf3', '-J', '-c', labs.address(g), *words]
                            for g in self.lab.guests}, test.seconds)
        ends = [r['end'] for r in got.values()]
        found = {'mbit': round(sum(e['sum_received']['bits_per_second'] for e in ends) / 1e6, 2)}
        if test.kind == 'tcp':
            found['retransmits'] = sum(e['sum_sent'].get('retransmits', 0) for e in ends)
            return found
        sent = sum(e['sum']['packets'] for e in ends)
        lost = sum(e['sum']['lost_packets'] for e in ends)
        return {**found, 'sent': sent, 'lost': lost,
                'loss_percent': round(100 * lost / sent, 3) if sent else 100}

    def round_trips(self, test):
        probe = f'{labs.BUILD}/bench/probe'
        got = self.clients({g: [probe, 'ask', labs.address(g), '7', str(int(test.seconds * 1000)),
                                str(test.size)] for g in self.lab.guests}, test.seconds)
        trips = sum(r['trips'] for r in got.values())
        return {'trips': trips, 'lost': sum(r['lost'] for r in got.values()),
                'median_us': max(r['median_us'] for r in got.values()),
                'p99_us': max(r['p99_us'] for r in got.values())}

    def save(self):
        where = self.o.output
        os.makedirs(os.path.dirname(where), exist_ok=True)
        self.results['seconds'] = round(time.monotonic() - self.progress.start)
        with open(f'{where}.new', 'w', encoding='utf-8') as f:
            json.dump(self.results, f, indent=None, separators=(',', ':'))
        os.replace(f'{where}.new', where)


def wrong_path(config, test, row):
    """Why these frames did not go the way that they are said to have gone, or ''."""
    if not config.startswith('nc2-'):
        return ''
    front = row['drivers']['front']
    direct = front.get(f'{test.direction}_direct_frames', 0)
    bridged = front.get(f'{test.direction}_bridged_frames', 0)
    right, other = (direct, bridged) if config == 'nc2-direct' else (bridged, direct)
    # Whoever looks for a neighbour does it whenever it likes.
    if right < 100 or other > right / 100:
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
    p.add_argument('--tests', default='*', metavar='PATTERN', help='only tests so named')
    p.add_argument('--name', default='bench', help="the lab's name")
    p.add_argument('--output', default=f'{labs.BUILD}/bench/results.json')
    o = p.parse_args()
    o.output = os.path.abspath(o.output)
    unknown = set(o.configs) - set(labs.CONFIGS)
    if unknown:
        p.error(f'no such configuration: {", ".join(sorted(unknown))}')
    return o


def main():
    o = options()
    bench = Bench(o)
    if not bench.guest_counts() or not any(bench.tests(n) for n in bench.guest_counts()):
        sys.exit('bench: nothing to measure')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        bench.run()
    except (BenchError, counts.CountError, subprocess.CalledProcessError) as e:
        print(f'bench: {e}', file=sys.stderr)
        print(f"bench: the lab's logs are in {bench.lab.dir}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        bench.lab.down()
    bad = bench.results['failures']
    bench.progress.say(f'{len(bench.results["rows"])} rows, {len(bad)} of them not good: {o.output}')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
