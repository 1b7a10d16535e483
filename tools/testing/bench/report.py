#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Writes Documentation/performance.rst and its pictures from results.json.

    report.py [RESULTS [PAGE]]

What stands in the page below the line KEEP is written by people and is kept.
"""
import itertools
import json
import os
import re
import sys
from statistics import median

import flame
import hypercalls
import loss
import plan
import svg
from figures import (DOMAINS, HYPERCALLS, Results, answers, domain_sum, everything, frames,
                     host_side, mbit, per_frame_less_idle, place, shared_by)
from labs import BUILD, REPO
from targets import targets

KEEP = '.. What follows is written by hand; make bench-report keeps it.'
TOP = 30
COSTS = (('dom0', 'xen'), ('dom0', 'kernel'), ('dom0', 'module'), ('guest', 'xen'),
         ('guest', 'kernel'), ('guest', 'module'), ('guest', 'user'))
COLOURS = ('#b5423c', '#d98880', '#f0c4bf', '#2c5f8a', '#6fa3cf', '#bcd6ec', '#cfcfcf')
CALLS = (('hypercalls', HYPERCALLS), ('events sent', ('evtchn_send',)),
         ('grant hypercalls', ('do_grant_table_op',)),
         ('grants copied', ('acquire_grant_for_copy',)), ('iret', ('do_iret',)),
         ('interrupts', ('do_IRQ',)))


def number(value):
    if value is None:
        return '-'
    if abs(value) >= 100 or value == 0:
        return f'{value:,.0f}'
    return f'{value:.1f}' if abs(value) >= 10 else f'{value:.3g}'


def spread(values):
    """Median, and the runs' least and most."""
    if not values:
        return '-'
    if min(values) == max(values):
        return number(values[0])
    return f'{number(median(values))} ({number(min(values))} to {number(max(values))})'


def cell(rows, key):
    """What rows have of one column."""
    values = [row[key] for row in rows if key in row]
    if key == 'limit':
        return ', '.join(dict.fromkeys(LIMITS[v] for v in values))
    if key == 'lost_at':
        most = {place: median(v[place] for v in values) for place in loss.PLACES} if values else {}
        return ', '.join(f'{name} {number(most[p])}' for p, name in loss.PLACES.items()
                         if most.get(p, 0) >= 1) or '-'
    return spread(values)


def best(row):
    """The try that showed a search's rate."""
    return max(row['trials'], key=lambda t: t['shown_fps'])


def losses(trials):
    """Sums: sent, received, lost, and lost where; and how late the latest was."""
    return [number(sum(t[key] for t in trials)) for key in ('sent', 'received', 'lost')] + [
        number(sum(t['lost_at'][place] for t in trials)) for place in loss.PLACES] + [
        number(max(t['late_percent'] for t in trials))]


def table(head, rows):
    """A simple table of reStructuredText; its first column must not be empty."""
    if not rows:
        return ''
    lines = [[str(c) for c in line] for line in [head, *rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    rule = '  '.join('=' * w for w in widths)
    text = ['  '.join(c.ljust(w) for c, w in zip(line, widths)).rstrip() for line in lines]
    return '\n'.join([rule, text[0], rule, *text[1:], rule, ''])


def literal(text):
    """Whatever a command said, in one line."""
    return '``' + ' '.join(text.replace('`', "'").split())[:300] + '``'


def title(text, mark='-'):
    return f'{text}\n{mark * len(text)}\n'


def described(test):
    m = re.fullmatch(r'udp_rx_(\d+)_at_(\d+)', test)
    if m:
        return f'UDP receive, {m[1]} bytes of payload, {int(m[2]):,} frames/s offered'
    m = re.fullmatch(r'udp_rx_(\d+)_max(?:_mtu(\d+))?', test)
    if m:
        return (f'UDP receive, {m[1]} bytes of payload, all rates of the search'
                + (f', MTU {m[2]}' if m[2] else ''))
    m = re.fullmatch(r'rr_(\d+)', test)
    if m:
        return f'UDP request and response, {m[1]} bytes, one after the other'
    m = re.fullmatch(r'tcp_(rx|tx)(?:_x(\d+))?(_switching)?(?:_mtu(\d+))?(?:_q(\d+))?', test)
    if m:
        return (f'TCP {"receive" if m[1] == "rx" else "transmit"}, '
                + (f'{m[2]} streams' if m[2] else 'one stream')
                + (', while the path changes' if m[3] else '')
                + (f', MTU {m[4]}' if m[4] else '')
                + (f', {m[5]} queues' if m[5] else ''))
    return test


class Report:
    def __init__(self, results, pictures):
        self.r = results
        self.pictures = pictures
        self.drawn = []

    def picture(self, name, text):
        self.drawn.append((name, text))
        return f'.. image:: {os.path.basename(self.pictures)}/{name}\n'

    # -- parts of the page -----------------------------------------------

    def intro(self):
        d = self.r.data
        v, c = d['versions'], d['calibration']
        loads = [r['host_load'] for r in d['rows']]
        off = abs(c['counted_insns'] / c['planted_insns'] - 1) * 100
        lines = [
            f'Run: ``{d["plan"]}``, rounds: {d["rounds"]}, {d["when"]}, '
            f'{d["seconds"] / 60:.0f} minutes' + ('' if d['complete'] else '; **not complete**')
            + '.',
            f'Sources: {v["source"]}.',
            f'{v["qemu"]}; Xen {v["xen"]}; Linux {v["linux_dom0"].split()[0]} in dom0 and guests; '
            f'{v["iperf3"].split(" (")[0]}.',
            f'Host: {d["host"]["cpus"]} CPUs ({d["host"]["cpu"]}), load {min(loads):.1f} to '
            f'{max(loads):.1f} during the tests (the benchmark itself makes about 2).',
            f'Planted cost: {c["planted_insns"]:,} instructions in the guest were counted as '
            f'{c["counted_insns"]:,} ({off:.3f} % off).',
            f'A copy of 4096 bytes by ``rep movsb`` counts as '
            f'{c["insns_per_rep_movsb_of_4096_bytes"]:.0f} instructions: **copying bytes costs '
            'nothing in these figures**, neither Xen\'s grant copies nor those to user space.',
            f'{len(d["rows"])} measurements, {sum(not r["ok"] for r in d["rows"])} of them not good '
            'and left out' + ('; what failed:' if d['failures'] else '.'),
        ]
        # What failed comes last, with its list.
        lines[-1:-1] = d.get('notes', [])
        return ('\n'.join(f'- {x}' for x in lines) + '\n'
                + ''.join(f'\n  - {literal(f)}' for f in d['failures']) + '\n')

    def targets(self):
        # A list, as the texts are too long for a table.
        out = []
        for n, what, found, verdict in targets(self.r):
            out.append(f'{n}. {what}.\n\n   **{verdict}**: {found}.\n')
        return '\n'.join(out)

    def rates(self, guests):
        out = []
        rows = []
        for test in self.r.tests(guests, 'tcp'):
            for config in self.r.configs():
                got = self.r.rows(config, test, guests)
                if got:
                    fps = [frames(x) / x['length'] for x in got]
                    rows.append((test, config, spread([x['mbit'] for x in got]), spread(fps),
                                 spread([answers(x) for x in got]),
                                 spread([x['retransmits'] for x in got])))
        out.append(table(('test', 'configuration', 'Mbit/s', 'frames/s', 'answers a frame',
                          'retransmits'), rows))
        for kind, columns in RATE_COLUMNS.items():
            rows = [(test, config, *(cell(got, key) for key in columns))
                    for test in self.r.tests(guests, kind) for config in self.r.configs()
                    if (got := self.r.rows(config, test, guests))]
            out.append(table(('test', 'configuration', *columns.values()), rows))
            if kind == 'max' and rows:
                out.append(self.searches(guests))
        return '\n'.join(x for x in out if x)

    def searches(self, guests):
        """Each search: the try that showed the rate, and all tries together."""
        rates, tries = [], []
        for test in self.r.tests(guests, 'max'):
            for config in self.r.configs():
                for row in self.r.rows(config, test, guests):
                    name = (test, config, row['round'])
                    if row['rate_fps']:
                        rates.append((*name, *losses([best(row)])))
                    tries.append((*name, *losses(row['trials'])))
        head = ('test', 'configuration', 'round', 'sent', 'received', 'lost',
                *loss.PLACES.values(), 'late %')
        return '\n'.join(x for x in (SEARCHES, SHOWN if rates else '', table(head, rates), TRIES,
                                     table(head, tries)) if x)

    def costs(self, test, guests):
        rows, bars = [], []
        for config in self.r.configs():
            got = [x for x in self.r.rows(config, test, guests) if shared_by(x)]
            if not got:
                continue
            parts = [median(x['insns'][d].get(k, 0) / shared_by(x) for x in got) for d, k in COSTS]
            rows.append((config, *map(number, parts),
                         spread([host_side(x) / shared_by(x) for x in got]),
                         spread([everything(x) / shared_by(x) for x in got]),
                         spread(per_frame_less_idle(self.r, config, test, everything, guests))))
            bars.append((config, parts))
        if not rows:
            return ''
        head = ('configuration', *(f'{d} {k}' for d, k in COSTS), 'dom0 and Xen', 'everything',
                'less the idle system')
        name = test if guests == 1 else f'{test}_g{guests}'
        unit = 'a round trip' if test.startswith('rr') else 'a frame'
        picture = self.picture(f'{name}.svg', svg.bars(
            f'{described(test)}: instructions {unit}',
            [(f'{d} {k}', c) for (d, k), c in zip(COSTS, COLOURS)], bars, ''))
        return f'{title(described(test), "~")}\n{table(head, rows)}\n{picture}'

    def calls(self, guests):
        rows = []
        for test in self.r.tests(guests):
            for config in self.r.configs():
                got = [x for x in self.r.rows(config, test, guests) if shared_by(x)]
                for domain in DOMAINS if got else ():
                    each = [median(sum(x['calls'][domain].get(f, 0) for f in names) / shared_by(x)
                                   for x in got) for _, names in CALLS]
                    rows.append((test, config, domain, *(f'{v:.3f}' for v in each)))
        return table(('test', 'configuration', 'domain', *(name for name, _ in CALLS)), rows)

    def hypercall_kinds(self):
        rows = []
        for test in self.r.tests():
            for config in self.r.configs() if test in KINDS_OF else ():
                got = [x for x in self.r.rows(config, test) if frames(x)]
                idle = hypercalls.of_idle(self.r.rows(config, 'idle'))
                for domain, kinds in hypercalls.for_frame(got, idle).items() if got else ():
                    rows.append((test, config, domain, *(hypercalls.listed(part) or '-'
                                                         for part in hypercalls.parted(kinds))))
        return table(('test', 'configuration', 'domain', 'for frames', 'events',
                      'of interrupts and sleep'), rows)

    def idle(self):
        rows = []
        for guests, config in itertools.product(sorted(self.r.seen('guests')), self.r.configs()):
            got = self.r.rows(config, 'idle', guests)
            for domain in DOMAINS if got else ():
                rows.append((str(guests), config, domain,
                             spread([domain_sum(x, domain) / x['seconds'] / 1e6 for x in got]),
                             spread([x['insns'][domain].get('wait', 0) / x['seconds'] / 1e6
                                     for x in got])))
        return table(('guests', 'configuration', 'domain', 'million/s',
                       'and waiting for the other CPU'),
                     rows)

    def profiles(self):
        """Of one guest, by test; all pictures of a test to one scale."""
        by_test = {}
        for p in self.r.data['profiles']:
            rows = [r for r in self.r.rows(p['config'], p['test'])
                    if r['round'] == p['round'] and frames(r)]
            if p['guests'] == 1 and rows:
                by_test.setdefault(p['test'], []).append((p, rows[0], flame.tree(p, rows[0])))
        order = self.r.configs()
        parts = []
        for test, found in by_test.items():
            widest = max(flame.total(tree) for _, _, tree in found)
            parts.append(title(described(test), '~'))
            for p, row, tree in sorted(found, key=lambda x: order.index(x[0]['config'])):
                n = frames(row)
                parts.append(f'**{p["config"]}**: {n:,} frames; {flame.total(tree):,.0f} '
                             'instructions a frame.\n')
                parts.append(self.picture(f'flame_{p["config"]}_{test}.svg', flame.flame(
                    f'{p["config"]}, {described(test)}: instructions a frame', tree, widest)))
                if test in TABLED:
                    parts += self.functions(p, n, tree)
        return parts

    @staticmethod
    def functions(p, n, tree):
        all_insns = flame.total(tree)
        places = [(d, where, flame.total(fs)) for d, found in tree.items()
                  for where, fs in found.items()]
        rows = [(domain, place(kind, name, module), f'``{name}``', number(insns / n),
                 f'{100 * insns / n / all_insns:.1f}', f'{calls / n:.3f}' if calls else '-')
                for domain, kind, name, module, insns, calls in p['functions'] if kind != 'wait']
        return [table(('domain', 'where', 'insns a frame'),
                      [(d, w, number(v)) for d, w, v in sorted(places, key=lambda x: -x[2])
                       if v >= 0.5]),
                table(('domain', 'where', 'function', 'insns a frame', '%', 'calls a frame'),
                      rows[:TOP])]

    def page(self):
        parts = [HEAD, title('The run'), self.intro(), title('What must be reached'),
                 TARGETS, self.targets()]
        throughput = [(c, mbit(self.r, c, 'tcp_rx')) for c in self.r.configs()]
        # What the tables mean is told once.
        rates, costs, calls = RATES, COST_TEXT, CALL_TEXT
        for guests in sorted(self.r.seen('guests')):
            many = '' if guests == 1 else f', {guests} guests'
            parts += [title(f'Rates{many}'), rates, self.rates(guests)]
            if guests == 1 and any(v for _, v in throughput):
                parts.append(self.picture('throughput.svg', svg.dots(
                    'TCP receive, one stream, each run', throughput, 'Mbit/s')))
            parts += [title(f'Instructions{many}'), costs]
            parts += [self.costs(t, guests) for t in self.r.tests(guests) if t != 'idle']
            parts += [title(f'Calls of Xen for a frame{many}'), calls, self.calls(guests)]
            rates = costs = calls = ''
        parts += [KINDS_TEXT, self.hypercall_kinds(),
                  title('The idle system'), IDLE_TEXT, self.idle()]
        profiles = self.profiles()
        if profiles:
            parts += [title('Where the instructions are'), PROFILE_TEXT, *profiles]
        return '\n'.join(x for x in parts if x)


RATE_COLUMNS = {
    'max': {'rate_fps': f'frames/s for each guest, less than {loss.LOSS_PERCENT} % lost, in time',
            'limit': 'what ended it'},
    'udp': {'loss_percent': 'lost %', 'lost_at': 'lost where', 'late_percent': 'late %',
            'mbit': 'Mbit/s received'},
    'rr': {'median_us': 'median us', 'p99_us': '99 % us', 'lost': 'lost'},
}
LIMITS = {'loss': 'loss', 'late': 'the reader', 'sender': 'the sender', 'none': 'nothing'}
# Tests whose hypercalls are told by kind; and those whose profiles are shown as tables
# too, not as pictures alone.
KINDS_OF = ('tcp_rx', 'tcp_tx', f'udp_rx_{plan.SMALL}_at_{plan.LOAD}')
TABLED = ('tcp_rx', 'tcp_tx')
HEAD = '''.. SPDX-License-Identifier: GPL-2.0
.. Written by make bench-report from the results of make bench or bench-quick.

===========
Performance
===========

One run of ``tools/testing/bench/bench.py`` in the lab: real Xen and Linux on an emulated
machine. ``stock`` is xen-netback with xen-netfront, ``nc2-bridged`` and ``nc2-direct`` are
our pair on either path, ``vf`` is a virtual function passed through to the guest, with
igbvf. All were measured in one boot. Figures are medians; the least and the most of the
runs are in brackets. How to run it: ``testing.rst``.
'''
TARGETS = '''Ratios of medians of this run. Where the single runs allow the other verdict as well,
the range that they allow is given.
'''
RATES = '''An emulated machine on a shared host: compare inside this table, and only differences that
are larger than the spread. Frames are those on the wire, in the direction of the test.
'''
COST_TEXT = '''Instructions that the emulated CPUs executed, divided by frames on the wire; of UDP by those
that the NIC gave out, as no CPU has seen the others. dom0 has CPU 0
to itself and the guests have CPU 1, so Xen's work is told by whose CPU did it. "dom0 and
Xen" is all of CPU 0 and Xen's part of CPU 1. The last column is everything less what the
idle system with as many guests takes in the same time; from the others nothing is
subtracted. Instructions are not time: device emulation, caches, TLBs and the copying of bytes do not appear. A search is
counted as a whole, without the time between its tries.
'''
CALL_TEXT = '''Counted where Xen's functions begin; "grants copied" are calls of
``acquire_grant_for_copy()``, "interrupts" of ``do_IRQ()``, timers included.
'''
IDLE_TEXT = '''Instructions. A system under load goes to sleep less often, so that its own idle cost is
smaller than this: with ``vf`` dom0 takes less under load than when nothing is done. So this is
subtracted only where it is said. Once a second Xen's CPUs wait for each other to set their clocks; how
long depends on the emulator, so that loop is kept out of all sums on this page.
'''
SEARCHES = f'''Lost is what was sent and not read by the guest's program, which has read all that there was.
Counters on the way tell where: sent and never taken from the wire; taken, and refused by the
NIC as its queue had no room; given out by the NIC, and not received by the guest's ``eth0``;
received there and not read, of which what found a full socket. ARP and the like are in the
counters: a place can have some frames too many or too few. A guest that reads more slowly
than is sent is late before it loses anything; a rate is shown only if the guest has read for
at most {loss.LATE_PART * 100:g} % and {loss.LATE_S * 1000:g} ms longer than was sent. A rate that the sender did not reach counts as
what it reached; where the sender ended the search, a higher one has not been tried.
'''
SHOWN = '''The tries that showed the rates:
'''
TRIES = '''All tries, with those at rates that were too high:
'''
KINDS_TEXT = '''By kind, for a frame, less what the idle system calls in the same time, if that was measured.
**Of interrupts and sleep** are those by which a PV kernel returns from an interrupt (``iret``),
looks for more (``xen_version``), sets timers (``vcpu_op``), sleeps (``sched_op``), changes tasks
(``set_segment_base``, ``stack_switch`` and others) and unmasks events (``event_channel_op`` that
sends none): they come with an interrupt, however many frames it finds. Anything else is taken
to be **for frames**, also what has none of the names that are looked for (``unknown``).
'''
PROFILE_TEXT = f'''One run of each test, the first round's, by function: what a function calls is not
included, what was inlined into it is. Functions of user space are not told apart.

The pictures are in the manner of flame graphs, but **of sums by function: there are no
call stacks in them**. From the bottom up: all, domain, place, function; a frame is as
wide as it has instructions, and the largest function of a place stands left. "Others"
are those of less than {flame.SMALL * 100:.1f} % or too thin to be seen. The pictures of a test have one
scale; one that comes out narrow is repeated as wide as there is room. Opened by itself
a picture tells name and number of what the pointer is on.

The tables have the sums of the places, and the {TOP} functions with most instructions.
"Provider" is the part of the back that drives the NIC's queue; "modules" is what is not
listed by function. Calls are counted at a function's first instruction.
'''


def main():
    where = sys.argv[1] if len(sys.argv) > 1 else f'{BUILD}/bench/results.json'
    page = sys.argv[2] if len(sys.argv) > 2 else f'{REPO}/Documentation/performance.rst'
    try:
        with open(where, encoding='utf-8') as f:
            results = Results(json.load(f))
    except (OSError, ValueError) as e:
        sys.exit(f'bench-report: {e}; make bench-quick writes them')
    if not results.data['rows']:
        sys.exit(f'bench-report: {where} has no rows')
    kept = ''
    if os.path.exists(page):
        with open(page, encoding='utf-8') as f:
            kept = f.read().partition(KEEP)[2]
    pictures = page.removesuffix('.rst')
    report = Report(results, pictures)
    text = report.page()
    os.makedirs(pictures, exist_ok=True)
    for name in os.listdir(pictures):
        if name.endswith('.svg'):
            os.unlink(os.path.join(pictures, name))
    for name, drawing in report.drawn:
        with open(os.path.join(pictures, name), 'w', encoding='utf-8') as f:
            f.write(drawing)
    with open(page, 'w', encoding='utf-8') as f:
        f.write(f'{text}\n{KEEP}\n\n{kept.strip()}'.rstrip() + '\n')
    print(f'{page}, {len(report.drawn)} pictures')
    for n, what, _, verdict in targets(results):
        print(f'  {n}. {verdict}: {what}')


if __name__ == '__main__':
    main()
