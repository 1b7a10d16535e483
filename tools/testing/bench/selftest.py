#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The benchmark's arithmetic on planted inputs: losses, searches, meter, lines, verdicts.

    selftest.py [TEST...]

Needs no lab.
"""
import argparse
import array
import contextlib
import copy
import re
import tempfile
import unittest

import bench
import counts
import figures
import hypercalls
import labs
import lines
import loss
import meter
import plan
import report
import targets
import traffic

# A guest whose full sockets have refused 7 datagrams.
GUEST = '''Ip: Forwarding DefaultTTL InReceives InDelivers OutRequests
Ip: 2 64 131 130 40
Icmp: InMsgs InErrors
Icmp: 2 0
IcmpMsg: InType8 OutType0
IcmpMsg: 2 2
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn InSegs
Tcp: 1 200 120000 -1 27
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors
Udp: 90 1 7 1 7
UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors
UdpLite: 0 0 0 0 0
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
    lo:     140       2    0    0    0     0          0         0      140       2    0
  eth0:   12345     133    0    0    0     0          0         0     2345      41    0
'''


def end(sent, received, seconds=2.0, reading=None, control=2):
    """A sender's words about a test."""
    return {'sent': sent, 'seconds': seconds, 'received': received,
            'reading_seconds': seconds if reading is None else reading, 'control': control}


class FakeLab:
    """A way to one guest: who loses how many of the datagrams in a second, always the last
    ones; and how many the guest reads in a second (reader), which loses none."""

    def __init__(self, sender=10**9, control=2, **room):
        self.sender, self.control, self.room = sender, control, room
        self.guests = {'g1': 1}
        self.seen = dict.fromkeys(('tap', 'nic', 'guest', 'others', 'socket'), 0)

    def stages(self):
        return dict(self.seen)

    def clients(self, _lab, commands, seconds):
        (_, verb, address, port, ms, _, rate), = commands.values()
        assert (verb, address, port, int(ms)) == ('send', '10.99.0.11', '9', seconds * 1000)
        sent = left = min(int(rate), self.sender) * seconds
        # Somebody's TCP, 20 frames.
        self.seen['others'] += 20
        for stage in ('tap', 'nic', 'guest'):
            left = min(left, self.room.get(stage, 10**9) * seconds)
            self.seen[stage] += left + 20 + self.control
        read = min(left, self.room.get('socket', 10**9) * seconds)
        self.seen['socket'] += left - read
        reading = max(seconds, read / self.room.get('reader', 10**9))
        return [end(sent, read, seconds, reading, self.control)]


class FakeMeter:
    on = contextlib.nullcontext


class WithFakeLab(unittest.TestCase):
    def run_on(self, what, lab, test):
        real, traffic.clients = traffic.clients, lab.clients
        try:
            return what(lab, test, FakeMeter())
        finally:
            traffic.clients = real


class Loss(WithFakeLab):
    def test_counters_of_a_guest(self):
        self.assertEqual(loss.guest_counters(GUEST), {'guest': 133, 'others': 29, 'socket': 7})

    def test_no_counters(self):
        with self.assertRaises(ValueError):
            loss.guest_counters(GUEST.replace('eth0', 'eth1'))

    def test_both_ends(self):
        self.assertEqual(loss.ends([end(4000, 4000, reading=1.9), end(3000, 2991, control=5)]),
                         {'sent': 7000, 'received': 6991, 'lost': 9, 'loss_percent': 0.129,
                          'sent_fps': 1500, 'late': False, 'late_percent': 0, 'control': 7})

    def test_nothing_sent(self):
        got = loss.ends([end(0, 0, reading=0)])
        self.assertEqual((got['loss_percent'], loss.lossless(got)), (100, False))

    def lost(self, test=plan.udp(2, 22, 3000), **room):
        got = self.run_on(traffic.datagrams, FakeLab(**room), test)
        self.assertEqual(sum(got['lost_at'].values()), got['lost'])
        return got['lost'], {place: n for place, n in got['lost_at'].items() if n}

    def test_nothing_lost(self):
        self.assertEqual(self.lost(), (0, {}))

    def test_what_begins_and_ends_a_test_is_not_lost(self):
        self.assertEqual(self.lost(control=9), (0, {}))
        self.assertEqual(self.lost(control=9, nic=2900), (200, {'nic': 200}))

    def test_lost_at_the_end_of_a_run_by_each_place(self):
        for stage, place in (('tap', 'wire'), ('nic', 'nic'), ('guest', 'path'),
                             ('socket', 'socket')):
            with self.subTest(place):
                self.assertEqual(self.lost(**{stage: 2900}), (200, {place: 200}))

    def test_lost_in_two_places(self):
        self.assertEqual(self.lost(nic=2900, socket=2500), (1000, {'nic': 200, 'socket': 800}))

    def test_lost_by_the_stack(self):
        got = loss.ends([end(1000, 990)])
        passed = {'tap': 1022, 'nic': 1022, 'guest': 1022, 'others': 20, 'socket': 0}
        self.assertEqual(loss.places(got, passed)['guest'], 10)

    def test_an_end_that_was_lost(self):
        # One of three found a full socket.
        got = loss.ends([end(1000, 900, control=3)])
        passed = {'tap': 1023, 'nic': 1023, 'guest': 1023, 'others': 20, 'socket': 101}
        places = loss.places(got, passed)
        self.assertEqual((places['guest'], places['socket'], sum(places.values())), (-1, 101, 100))

    def test_a_frame_in_a_thousand(self):
        self.assertEqual([loss.lossless({'sent': 10000, 'lost': n}) for n in (9, 10)],
                         [True, False])

    def test_late(self):
        for seconds, reading, want in ((1, 1.039, False), (1, 1.041, True), (1, 0.5, False),
                                       (10, 10.21, False), (10, 10.23, True)):
            with self.subTest(f'{reading} of {seconds}'):
                # Of two guests, one is enough.
                got = loss.ends([end(1000, 1000, seconds), end(1000, 1000, seconds, reading)])
                self.assertEqual(got['late'], want)
                self.assertEqual(got['late_percent'],
                                 round(max(100 * (reading / seconds - 1), 0), 1))

    def test_what_is_read_late_counts_in_the_time_that_it_took(self):
        got = self.run_on(traffic.datagrams, FakeLab(reader=2000), plan.udp(2, 1250, 4000))
        self.assertEqual((got['mbit'], got['lost'], got['late_percent']), (20.0, 0, 100))

    def test_what_was_not_sent_is_not_shown(self):
        got = {'sent': 1000, 'sent_fps': 1000, 'lost': 0, 'late': False}
        self.assertEqual(loss.shown(got, 1000), (1000, ''))
        self.assertEqual(loss.shown(got, 999), (999, ''))
        self.assertEqual(loss.shown(got, 2000), (1000, 'sender'))
        self.assertEqual(loss.shown({**got, 'lost': 500}, 1000), (0, 'loss'))
        self.assertEqual(loss.shown({**got, 'late': True}, 1000), (0, 'late'))


class Search(WithFakeLab):
    def search(self, **room):
        got = self.run_on(traffic.highest, FakeLab(**room), plan.highest(1, 22))
        return got['rate_fps'], got['limit'], got['trials']

    def test_ended_by_each_place(self):
        for place in ('tap', 'nic', 'guest', 'socket'):
            with self.subTest(place):
                rate, limit, trials = self.search(**{place: 30000})
                self.assertTrue(30000 / traffic.NEAR <= rate <= 30000 * 1.001, rate)
                self.assertEqual(limit, 'loss')
                self.assertEqual(max(t['shown_fps'] for t in trials), rate)

    def test_ended_by_the_reader(self):
        rate, limit, trials = self.search(reader=30000)
        self.assertTrue(30000 / traffic.NEAR <= rate <= 30000 * 1.04, rate)
        self.assertEqual((limit, sum(t['lost'] for t in trials)), ('late', 0))

    def test_ended_by_the_sender(self):
        rate, limit, _ = self.search(sender=50000, nic=200000)
        self.assertEqual((rate, limit), (50000, 'sender'))

    def test_the_sender_is_no_excuse_for_loss(self):
        for place, why in (('nic', 'loss'), ('reader', 'late')):
            with self.subTest(place):
                rate, limit, _ = self.search(sender=50000, **{place: 30000})
                self.assertTrue(30000 / traffic.NEAR <= rate <= 30000 * 1.04, rate)
                self.assertEqual(limit, why)

    def test_slower_than_the_first(self):
        self.assertTrue(260 <= self.search(nic=300)[0] <= 300)

    def test_nothing_arrives(self):
        self.assertEqual(self.search(nic=0)[:2], (0, 'loss'))

    def test_no_end(self):
        rate, limit, trials = self.search()
        self.assertEqual((rate, limit, len(trials)),
                         (plan.FIRST << traffic.TRIALS - 1, 'none', traffic.TRIALS))

    def test_once_is_not_enough_to_be_bad(self):
        lab = FakeLab(nic=30000)
        real, falls = lab.clients, [2]

        def clients(*args):
            lab.room['nic'] = 100 if falls[0] == 0 else 30000
            falls[0] -= 1
            return real(*args)
        lab.clients = clients
        got = self.run_on(traffic.highest, lab, plan.highest(1, 22))
        self.assertEqual([t['shown_fps'] for t in got['trials'][:5]], [4000, 8000, 0, 16000, 0])
        self.assertTrue(30000 / traffic.NEAR <= got['rate_fps'] <= 30000 * 1.001)


class Plans(unittest.TestCase):
    def bench(self, name):
        made = bench.Bench.__new__(bench.Bench)
        made.plan = plan.PLANS[name]()
        made.rounds, made.groups = made.plan.rounds, made.plan.groups
        made.o = argparse.Namespace(configs=list(labs.CONFIGS))
        return made

    def test_lives_of_guests(self):
        for name, want in (('quick', [1]), ('full', [3, 3, 1, 1, 1, 3])):
            made = self.bench(name)
            self.assertEqual([len(made.passes(g)) for g in made.groups], want)
            self.assertTrue(all(sum(made.passes(g), []) == [1, 2, 3] for g in made.groups))

    def test_measurements(self):
        # Configurations times rounds times tests, those of the first round, the switching,
        # several queues, which two configurations have.
        self.assertEqual(self.bench('quick').expected()[1], 4 * (3 * 5 + 2))
        self.assertEqual(self.bench('full').expected()[1],
                         4 * 3 * 14 + 3 + 2 * 3 * 4 + 3 * 4 * (3 * 4 + 1) + 4 * 3 * 3)

    def test_names_are_different(self):
        for name in plan.PLANS:
            for group in self.bench(name).groups:
                names = [t.name for t in group.tests]
                self.assertEqual(len(set(names)), len(names))


class CountingLab:
    """One block of Xen on CPU 0, one of the kernel on CPU 1."""

    def __init__(self):
        self.done = 0

    def wire(self):
        return {'rx_frames': self.done}

    def counters(self):
        blocks = array.array('Q', (0, 1, 0, 1, 0xffff82d040200000, 5, 0xffffffff81000000, 7))
        runs = array.array('Q', (0, 0, self.done, 0, 0, 0, 0, 2 * self.done))
        return counts.Counters(counts.HEAD.pack(b'NC2COUNT', 1, 2, 4, 0) + blocks.tobytes()
                               + runs.tobytes())


class Meter(unittest.TestCase):
    def test_only_what_runs_while_it_is_on(self):
        lab = CountingLab()
        met = meter.Meter(lab, counts.Symbols('ffff82d040200000 T do_iret\n'))
        for n in (10, 3):
            with met.on():
                lab.done += n
            # Somebody looks at other counters.
            lab.done += 1000
        row = met.row()
        self.assertEqual((row['insns']['dom0']['xen'], row['insns']['guest']['kernel']),
                         (13 * 5, 26 * 7))
        self.assertEqual((row['calls']['dom0'], row['wire']), ({'do_iret': 13}, {'rx_frames': 13}))

    def test_of_a_failure_too(self):
        lab = CountingLab()
        met = meter.Meter(lab, counts.Symbols('ffff82d040200000 T do_iret\n'))
        with contextlib.suppress(ValueError), met.on():
            lab.done += 2
            raise ValueError
        self.assertEqual(met.row()['insns']['dom0']['xen'], 10)


FRAMES = 100000
AT_LOAD = f'udp_rx_{plan.SMALL}_at_{plan.LOAD}'
# For each frame, as a system does whose interrupts find many of them.
CALLS = {
    'dom0': {'do_iret': .015, 'do_sched_op': .009, 'do_event_channel_op': .009,
             'evtchn_send': .008, 'do_vcpu_op': .002},
    'guest': {'do_iret': .023, 'do_event_channel_op': .006, 'evtchn_send': .005,
              'do_vcpu_op': .005, 'do_multicall': .004, 'do_set_segment_base': .004},
}


def calls(more, frames=FRAMES):
    """CALLS and what is planted: {(domain, kind): calls a frame}"""
    each = copy.deepcopy(CALLS)
    for (domain, kind), n in more.items():
        each[domain][kind] = each[domain].get(kind, 0) + n
    for kinds in each.values():
        # Parts of a multicall do not enter Xen by themselves.
        entered = sum(n for k, n in kinds.items()
                      if k in counts.HYPERCALLS and k != 'do_set_segment_base')
        kinds['pv_hypercall'] = kinds.get('pv_hypercall', 0) + entered
    return {d: {k: round(n * frames) for k, n in kinds.items()} for d, kinds in each.items()}


def row(config, test, more=(), **found):
    """A row of a test of the quick plan."""
    insns = {d: dict.fromkeys(counts.KINDS, 1000) for d in counts.DOMAINS}
    return {'config': config, 'guests': 1, 'test': test.name, 'kind': test.kind,
            'direction': test.direction, 'streams': test.streams, 'size': test.size,
            'offered_fps': test.rate, 'mtu': test.mtu, 'length': test.seconds, 'round': 1,
            'ok': True, 'host_load': 1.0, 'seconds': 2.0, 'blocks_without_room': 0,
            'wire': {'rx_frames': FRAMES, 'tx_frames': FRAMES}, 'insns': insns,
            'calls': calls(dict(more)),
            'drivers': {'back': {}, 'front': {}, 'pf': {'rx_packets': FRAMES}}, **found}


def received(sent, **lost_at):
    """What a row has of datagrams."""
    lost = sum(lost_at.values())
    return {'mbit': 1.0, 'sent': sent, 'received': sent - lost, 'lost': lost,
            'loss_percent': round(100 * lost / sent, 3), 'sent_fps': sent, 'late': False,
            'late_percent': 0.4, 'control': 2,
            'lost_at': {**dict.fromkeys(loss.PLACES, 0), **lost_at}}


def found_of(config, test, rate=30000, limit='loss'):
    if test.kind == 'tcp':
        return {'mbit': 100.0, 'retransmits': 0}
    if test.kind == 'udp':
        return received(FRAMES)
    if test.kind == 'rr':
        return {'trips': 100, 'lost': 0, 'median_us': 9.0 if config == 'stock' else 8.0,
                'p99_us': 10.0}
    if test.kind == 'max':
        trials = [(rate, rate, received(rate)), (2 * rate, 0, received(2 * rate, nic=rate))]
        return {'rate_fps': rate, 'limit': limit,
                'trials': [{'offered_fps': r, 'shown_fps': s, **got} for r, s, got in trials]}
    return {}


def results(planted=None, config='nc2-direct', idle=None, rates=None):
    """Of the quick plan.  planted: {test: {(domain, kind): calls a frame}} in a
    configuration; idle: {(domain, kind): calls in its two seconds}, () for no such row."""
    rows = []
    for c in ('stock', 'nc2-direct'):
        for test in plan.quick().groups[0].tests:
            if test.kind == 'idle' and idle == ():
                continue
            more = (planted or {}).get(test.name, {}) if c == config else {}
            args = (rates or {}).get(c, ()) if test.kind == 'max' else ()
            rows.append(row(c, test, more, **found_of(c, test, *args)))
            if test.kind == 'idle':
                rows[-1]['calls'] = {d: {k: n for (e, k), n in dict(idle or {}).items() if e == d}
                                     for d in counts.DOMAINS}
    return figures.Results({
        'schema': figures.SCHEMA, 'complete': True, 'plan': 'quick', 'rounds': 1, 'when': 'now', 'seconds': 60,
        'command': 'bench.py quick', 'host': {'cpus': 2, 'cpu': 'any', 'kernel': '6.1'},
        'versions': {'source': 'abc', 'qemu': 'QEMU', 'iperf3': 'iperf 3.18 (cJSON)',
                     'xen': '4.20', 'linux_dom0': '6.12 #1'},
        'calibration': {'planted_insns': 400, 'counted_insns': 400,
                        'insns_per_rep_movsb_of_4096_bytes': 6.0},
        'rows': rows, 'profiles': [], 'failures': []})


class Verdicts(unittest.TestCase):
    @staticmethod
    def row(config, test, cost, **more):
        return {'ok': True, 'config': config, 'guests': 1, 'test': test, 'kind': 'tcp',
                'direction': 'tx', 'insns': {'dom0': {'kernel': cost}, 'guest': {}}, **more}

    def sent(self, config, base, shares):
        """Rows of 1000 frames that cost base each, and 4 times 1000 for each answer."""
        return [self.row(config, 'tcp_tx', 1000 * (base + 4000 * share),
                         wire={'tx_frames': 1000, 'rx_frames': 1000 * share})
                for share in shares]

    def equal(self, *rows):
        r = figures.Results({'schema': figures.SCHEMA, 'rows': sum(rows, [])})
        return targets.at_equal_answers(r, 'nc2-direct', 'vf', 'tcp_tx')

    def test_cost_at_equal_answers(self):
        self.assertAlmostEqual(self.equal(self.sent('nc2-direct', 900, (0.4, 0.45, 0.5)),
                                          self.sent('vf', 1000, (0.2, 0.25, 0.3))), 1900 / 2000)

    def test_answers_that_are_always_the_same_tell_nothing(self):
        self.assertIsNone(self.equal(self.sent('nc2-direct', 900, (0.5, 0.5)),
                                     self.sent('vf', 1000, (0.25, 0.25))))
        self.assertIsNone(self.equal(self.sent('nc2-direct', 900, (0.4, 0.5))))

    def bridged(self, stock, bridged):
        """Of 1000 frames so many are read, at a cost of 1000 for all that came."""
        rows = [self.row(config, 'udp_rx_22_at_9', cost, sent=1000, received=got,
                         lost_at={'wire': 0, 'nic': 0})
                for config, (cost, got) in (('stock', stock), ('nc2-bridged', bridged))]
        return targets.target_bridged(figures.Results({'schema': figures.SCHEMA, 'rows': rows}))

    def many(self, seven, idle):
        """Of 1000 frames in 5 s, 1000 each with one guest; idle: of 7 guests, in 3 s."""
        rows = [self.row('nc2-direct', test, cost, guests=guests, direction='rx', kind=kind,
                         seconds=seconds, wire={'rx_frames': 1000})
                for test, kind, guests, cost, seconds in (
                    ('tcp_rx', 'tcp', 1, 1_000_000, 5), ('tcp_rx', 'tcp', 7, seven, 5),
                    ('idle', 'idle', 1, 0, 3), ('idle', 'idle', 7, idle, 3))]
        return targets.target_many(figures.Results({'schema': figures.SCHEMA, 'rows': rows}))

    def test_what_many_guests_cost_that_do_nothing(self):
        text, verdict = self.many(2_000_000, 600_000)
        self.assertEqual(verdict, targets.REACHED, text)
        self.assertIn('7 guests to 1: 1.00', text)
        self.assertIn('nothing subtracted: 2.00', text)
        text, verdict = self.many(2_000_000, 500_000)
        self.assertEqual(verdict, targets.MISSED, text)
        # More than there was is not less than nothing.
        self.assertEqual(self.many(900_000, 600_000)[1], targets.UNKNOWN)

    def test_an_idle_system_that_was_not_measured(self):
        r = figures.Results({'schema': figures.SCHEMA, 'rows': self.sent('nc2-direct', 9, (.1,))})
        self.assertEqual(figures.per_frame_less_idle(r, 'nc2-direct', 'tcp_tx',
                                                     figures.everything), [])

    def test_to_lose_a_frame_is_not_to_serve_it(self):
        text, verdict = self.bridged((1000, 100), (2000, 1000))
        self.assertEqual(verdict, targets.REACHED, text)
        text, verdict = self.bridged((1000, 1000), (2000, 1000))
        self.assertEqual(verdict, targets.MISSED, text)


class Hypercalls(unittest.TestCase):
    def verdict(self, *args, **words):
        return targets.target_hypercalls(results(*args, **words))

    def planted(self, want, kind, rate, tests=('tcp_rx', 'tcp_tx', AT_LOAD), **words):
        for test in tests:
            for domain in counts.DOMAINS:
                with self.subTest(f'{kind} {test} {domain}'):
                    text, got = self.verdict({test: {(domain, kind): rate}}, **words)
                    self.assertEqual(got, want, text)

    def test_interrupts_are_not_for_frames(self):
        text, verdict = self.verdict()
        self.assertEqual(verdict, targets.REACHED, text)
        self.assertIn('tcp_rx, for a frame: dom0 0.0000 (grants 0.0000, memory 0.0000, '
                      'others 0.0000), guest 0.0000', text)
        self.assertIn('0.013 events', text)
        self.assertIn('interrupts and sleep: dom0 0.027, guest 0.037', text)

    def test_a_grant_hypercall_for_a_frame(self):
        self.planted(targets.MISSED, 'do_grant_table_op', 1)

    def test_one_for_64_frames(self):
        for kind in (*hypercalls.GRANTS, *hypercalls.MEMORY):
            self.planted(targets.MISSED, kind, 1 / 64)

    def test_noise(self):
        self.planted(targets.REACHED, 'do_memory_op', 1 / 1000)

    def test_a_kind_that_is_not_known(self):
        self.planted(targets.MISSED, 'pv_hypercall', 1 / 64)
        self.planted(targets.MISSED, 'do_console_io', 1 / 64)

    def test_an_event_for_4_frames(self):
        for domain in counts.DOMAINS:
            plant = {(domain, 'evtchn_send'): .25, (domain, 'do_event_channel_op'): .25}
            self.assertEqual(self.verdict({'tcp_rx': plant})[1], targets.MISSED)
            # It is at full rate that there must be few.
            self.assertEqual(self.verdict({AT_LOAD: plant})[1], targets.REACHED)

    def test_an_interrupt_for_a_frame(self):
        self.planted(targets.MISSED, 'do_physdev_op', 1, ('tcp_rx', 'tcp_tx'))
        self.planted(targets.REACHED, 'do_iret', 1, (AT_LOAD,))

    def test_the_idle_system_is_subtracted(self):
        idle = {(d, 'do_grant_table_op'): FRAMES / 64 for d in counts.DOMAINS}
        self.planted(targets.REACHED, 'do_grant_table_op', 1 / 64, idle=idle)
        self.planted(targets.MISSED, 'do_grant_table_op', 1 / 64 + .006, idle=idle)
        self.planted(targets.MISSED, 'do_grant_table_op', 1 / 64, idle=())
        self.assertIn('nothing subtracted', self.verdict(idle=())[0])

    def test_another_configuration_does_not_count(self):
        self.planted(targets.REACHED, 'do_grant_table_op', 1, config='stock')

    def test_not_measured(self):
        r = results()
        r.data['rows'] = [x for x in r.data['rows'] if x['test'] != 'tcp_tx']
        self.assertEqual(targets.target_hypercalls(r)[1], targets.UNKNOWN)


class Rates(unittest.TestCase):
    def verdict(self, direct, stock):
        return targets.rates(results(rates={'nc2-direct': direct, 'stock': stock}))[1]

    def test_rates(self):
        self.assertEqual(self.verdict((90000,), (30000,)), targets.REACHED)
        self.assertEqual(self.verdict((80000,), (30000,)), targets.MISSED)

    def test_a_reader_that_is_late_is_a_limit(self):
        self.assertEqual(self.verdict((90000, 'late'), (30000, 'late')), targets.REACHED)
        self.assertEqual(self.verdict((80000, 'late'), (30000, 'late')), targets.MISSED)

    def test_what_the_sender_limits_may_be_more(self):
        self.assertEqual(self.verdict((90000, 'sender'), (30000,)), targets.REACHED)
        self.assertEqual(self.verdict((80000, 'sender'), (30000,)), targets.UNKNOWN)
        self.assertEqual(self.verdict((90000,), (30000, 'sender')), targets.UNKNOWN)
        self.assertEqual(self.verdict((80000,), (30000, 'sender')), targets.MISSED)


class Page(unittest.TestCase):
    def test_what_the_nic_dropped_has_no_part_of_the_cost(self):
        x = row('nc2-direct', plan.udp(2, 22, 3000), **received(6000, wire=100, nic=900, path=50))
        self.assertEqual(figures.frames(x), 5000)

    def test_a_page(self):
        plant = {'tcp_rx': {('guest', 'do_grant_table_op'): .5}}
        with tempfile.TemporaryDirectory() as where:
            page = report.Report(results(plant, rates={'stock': (30000, 'sender')}), where).page()
        for text in (r'tcp_rx +nc2-direct +guest +grant_table_op 0\.500 +evtchn_send 0\.005 +iret',
                     r'udp_rx_22_max +stock +30,000 +the sender',
                     r'udp_rx_22_max +nc2-direct +30,000 +loss',
                     r'udp_rx_22_max +nc2-direct +1 +30,000 +30,000 +0 +0 +0 +0 +0 +0 +0\.4\n',
                     r'udp_rx_22_max +nc2-direct +1 +90,000 +60,000 +30,000 +0 +30,000 +0 +0 +0 +0\.4\n',
                     r'udp_rx_22_at_3000 +stock +0 +- +0\.4 +1\n'):
            self.assertTrue(re.search(text, page), text)

    def test_results_of_another_schema(self):
        with self.assertRaises(ValueError):
            figures.Results({'schema': figures.SCHEMA - 1})


KALLSYMS = '''ffffffff81000100 T napi_schedule_prep
ffffffff81000200 t evtchn_fifo_unmask
ffffffffc0201000 t nc2b_direct_poll\t[xen_nc2_back]
ffffffffc0203010 t nc2b_exit\t[xen_nc2_back]
ffffffffc0204000 t igb_poll\t[igb]
'''
PREP, UNMASK, POLL = 0xffffffff81000108, 0xffffffff81000208, 0xffffffffc0201008


class SharedLines(unittest.TestCase):
    FRAMES = 1000
    LIMIT = FRAMES // lines.FRAMES_PER_MOVE

    def answer(self, *plants, lost=0, cpus=(0, 1)):
        """Each CPU with lines of its own, and planted ones: (moves, by whom)."""
        one = [20000, 5000, 500, 0, 0, 0]
        rows = [(n, one if n == 0 else None, one if n == 1 else None) for n in cpus]
        for n, (moves, by) in enumerate(plants):
            rows.append((9 + n, [moves, 0, 0, moves // 2, by, 0],
                         [0, moves, 0, moves - moves // 2, 0, by]))
        none = [0] * 6
        raw = [lines.LINE.pack((n + 1) * 64, 0xffff888000000000 + n * 64, 3, *(a or none),
                               *(b or none), *none, *none) for n, a, b in rows]
        head = lines.HEAD.pack(b'NC2LINES', 1, 2, len(raw), lost)
        return lines.Lines(head + b''.join(raw))

    def verdict(self, *plants):
        seen = self.answer(*plants)
        seen.check(self.FRAMES)
        return lines.report(seen, self.FRAMES, counts.Symbols(KALLSYMS))

    def test_nothing_shared(self):
        self.assertEqual(self.verdict()[1], 0)

    def test_a_line_that_moves(self):
        told, bad = self.verdict((self.LIMIT + 1, POLL), (300, PREP))
        self.assertEqual(bad, 2)
        for text in ('written by nc2b_direct_poll', 'read by napi_schedule_prep',
                     'shared by: napi_schedule_prep nc2b_direct_poll'):
            self.assertIn(text, told)

    def test_a_line_that_moves_seldom(self):
        told, bad = self.verdict((self.LIMIT, POLL))
        self.assertEqual(bad, 0)
        self.assertIn('nc2b_direct_poll', told)
        self.assertIn('shared by: nobody', told)

    def test_a_line_that_is_known(self):
        told, bad = self.verdict((300, UNMASK), (300, POLL))
        self.assertEqual(bad, 1)
        self.assertIn('known: Xen', told)

    def test_nothing_seen(self):
        for seen in (self.answer(cpus=(0,)), self.answer(lost=1)):
            with self.assertRaises(counts.CountError):
                seen.check(self.FRAMES)
        with self.assertRaises(counts.CountError):
            self.answer().check(self.FRAMES * 1000)

    def test_code_of_the_module(self):
        self.assertEqual(lines.code(KALLSYMS), (0xffffffffc0201000, 0xffffffffc0204000))
        with self.assertRaises(counts.CountError):
            lines.code(KALLSYMS.replace('xen_nc2_back', 'igb'))

    def test_another_plugin(self):
        with self.assertRaises(counts.CountError):
            lines.Lines(lines.HEAD.pack(b'NC2COUNT', 1, 2, 0, 0))


if __name__ == '__main__':
    unittest.main()
