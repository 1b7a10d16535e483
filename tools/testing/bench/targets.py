# SPDX-License-Identifier: GPL-2.0
"""What netchannel2 must reach, and whether the rows say that it has.

Every figure is a ratio of medians of one run of the benchmark.  A verdict that the
spread of the runs could turn is marked as such; what was not measured is said to be.
"""
from statistics import fmean, median

import hypercalls
from figures import (answers, everything, frames, host_side, mbit, per_frame,
                     per_frame_less_idle)

REACHED, MISSED, UNKNOWN = 'reached', 'MISSED', 'not measured'
# Noise: fewer hypercalls than one for 200 frames are none "for a frame".  A test begins and
# ends, and other processes run meanwhile; what is done for a batch of frames is more often.
RARE = 0.005
EVENTS_PER_FRAME = 1 / 8
# A kind that comes more often is for frames, even if others of its name are for interrupts.
INTERRUPTS_PER_FRAME = 1 / 8
FULL_RATE = ('tcp_rx', 'tcp_tx')


def judge(name, top, bottom, limit, at_most=True):
    """Compares median(top) / median(bottom) with limit: (text, verdict)."""
    if not top or not bottom or median(bottom) <= 0 or median(top) <= 0:
        return f'{name}: nothing to compare', UNKNOWN
    ratio = median(top) / median(bottom)
    extremes = (min(top) / max(bottom), max(top) / max(min(bottom), 1e-9))
    good = ratio <= limit if at_most else ratio >= limit
    sure = (extremes[0] > limit) == (extremes[1] > limit)
    text = f'{name}: {ratio:.2f}' + ('' if sure else
                                    f' (runs allow {extremes[0]:.2f} to {extremes[1]:.2f})')
    return text, REACHED if good else MISSED


def together(parts):
    """One verdict of several: the worst, but what is unknown does not hide a miss."""
    texts = '; '.join(text for text, _ in parts)
    verdicts = [v for _, v in parts]
    for v in (MISSED, UNKNOWN):
        if v in verdicts:
            return texts, v
    return texts, REACHED


def at_load(r):
    """The test of small frames at the highest rate that is given, which the plans have last:
    at a low one an interrupt is what is compared."""
    return ([t for t in r.tests(kind='udp') if t.startswith('udp_rx_22_at_')] or [''])[-1]


def rates(r):
    """Compares rates without loss; one that only the sender limits may be higher."""
    found = {c: r.rows(c, 'udp_rx_22_max') for c in ('nc2-direct', 'stock')}
    text, verdict = judge('rate without loss', *([row['rate_fps'] for row in rows]
                                                 for rows in found.values()), 3, at_most=False)
    short = [c for c, rows in found.items()
             if any(row['limit'] in ('sender', 'none') for row in rows)]
    if short:
        text += f' (nothing faster was sent: {", ".join(short)})'
    # The ratio is then a least, or a most.
    unsure = 'stock' if verdict == REACHED else 'nc2-direct'
    return text, UNKNOWN if unsure in short else verdict


def target_udp(r):
    test = at_load(r)
    return together([
        rates(r),
        judge('dom0 and Xen, a frame', per_frame(r, 'nc2-direct', test, host_side),
              per_frame(r, 'stock', test, host_side), 1 / 8)])


def target_many(r):
    """Seven guests that do nothing cost several times what one does, which is no part of a
    frame's cost; what is not subtracted is told as well."""
    def ratio(name, of):
        return judge(name, *(of(r, 'nc2-direct', 'tcp_rx', host_side, n) for n in (7, 1)), 1.1)
    text, verdict = ratio('dom0 and Xen less the idle system, 7 guests to 1', per_frame_less_idle)
    return f'{text}; {ratio("nothing subtracted", per_frame)[0]}', verdict


def calls_of(r, test, idle):
    """What is asked of Xen for the frames of one test."""
    rows = [row for row in r.rows('nc2-direct', test) if frames(row)]
    if not rows:
        return f'{test}: no rows', UNKNOWN
    texts, others, sent, good = [], [], 0, True
    for domain, kinds in hypercalls.for_frame(rows, idle).items():
        mine, events, rest = hypercalls.parted(kinds)
        each = sum(mine.values())
        grants, memory = (sum(mine.get(k, 0) for k in names)
                          for names in (hypercalls.GRANTS, hypercalls.MEMORY))
        texts.append(f'{domain} {each:.4f} (grants {grants:.4f}, memory {memory:.4f}, '
                     f'others {each - grants - memory:.4f})')
        often = [k for k, n in rest.items() if n > INTERRUPTS_PER_FRAME and test in FULL_RATE]
        others.append(f'{domain} {sum(rest.values()):.3f}'
                      + (f' (too many {", ".join(often)})' if often else ''))
        sent += sum(events.values())
        good &= each <= RARE and not often
    good &= sent <= EVENTS_PER_FRAME or test not in FULL_RATE
    return (f'{test}, for a frame: {", ".join(texts)}, {sent:.3f} events, not counting those of '
            f'interrupts and sleep: {", ".join(others)}', REACHED if good else MISSED)


def target_hypercalls(r):
    idle = hypercalls.of_idle(r.rows('nc2-direct', 'idle'))
    parts = [calls_of(r, test, idle) for test in (*FULL_RATE, at_load(r)) if test]
    slow = {c: [row['median_us'] for row in r.rows(c, 'rr_64')] for c in ('nc2-direct', 'stock')}
    parts.append(judge('round trip, direct to stock', slow['nc2-direct'], slow['stock'], 1.0))
    text, verdict = together(parts)
    return text + ('' if idle else '; nothing subtracted, as there is no idle system'), verdict


def at_equal_answers(r, config, base, test):
    """Ratio of what a frame costs if its peer answered config as often as base, or None.

    What one answer more costs is seen from round to round, within each configuration."""
    points = {c: [(answers(row), everything(row) / frames(row)) for row in r.rows(c, test)
                  if frames(row)] for c in (config, base)}
    if not all(points.values()):
        return None
    middle = {c: (fmean(x for x, _ in p), fmean(y for _, y in p)) for c, p in points.items()}
    off = [(x - middle[c][0], y - middle[c][1]) for c, p in points.items() for x, y in p]
    spread = sum(x * x for x, _ in off)
    if not spread:
        return None
    each = sum(x * y for x, y in off) / spread
    apart = middle[config][0] - middle[base][0]
    return (middle[config][1] - each * apart) / middle[base][1]


def target_tx(r):
    direct = per_frame(r, 'nc2-direct', 'tcp_tx', everything)
    text, verdict = together([
        judge('everything, direct to vf', direct, per_frame(r, 'vf', 'tcp_tx', everything), 1.15),
        judge('direct to stock', direct, per_frame(r, 'stock', 'tcp_tx', everything), 1.0)])
    # What the peer answers is no doing of ours, and a good part of the cost.
    each = ', '.join(f'{c} {median(answers(row) for row in rows):.2f}'
                     for c in ('nc2-direct', 'vf', 'stock') if (rows := r.rows(c, 'tcp_tx')))
    text = f'{text}; answers a frame: {each}'
    equal = at_equal_answers(r, 'nc2-direct', 'vf', 'tcp_tx')
    if equal is not None:
        text += f'; direct to vf if there were as many: {equal:.2f}'
    return text, verdict


def served(r, config, test):
    """What a frame costs, by those that the guest's program has read where that is known: who
    loses most of them before they cost anything is not cheaper."""
    return [everything(row) / row.get('received', frames(row))
            for row in r.rows(config, test) if frames(row) and row.get('received', 1)]


def target_bridged(r):
    parts = []
    for test in r.tests():
        if stock := served(r, 'stock', test):
            parts.append(judge(test, served(r, 'nc2-bridged', test), stock, 1.0))
    return together(parts) if parts else ('no rows', UNKNOWN)


def target_throughput(r):
    best = max((mbit(r, c, 'tcp_rx') for c in ('stock', 'vf') if mbit(r, c, 'tcp_rx')),
               key=median, default=[])
    return judge('TCP receive, direct to the better of stock and vf', mbit(r, 'nc2-direct', 'tcp_rx'),
                 best, 1.0, at_most=False)


def targets(r):
    """[(number, what is wanted, what was found, verdict)]"""
    def rx(config, what):
        return per_frame(r, config, 'tcp_rx', what)
    found = [
        ('TCP receive, dom0 and Xen: direct at most 1/5 of stock',
         judge('instructions a frame', rx('nc2-direct', host_side), rx('stock', host_side), 1 / 5)),
        ('TCP receive, everything: direct at most 1.0 of vf (aim 0.8)',
         judge('instructions a frame', rx('nc2-direct', everything), rx('vf', everything), 1.0)),
        ('Throughput, one guest: direct no less than the better of stock and vf',
         target_throughput(r)),
        ('UDP receive, 64 bytes: rate without loss at least 3 times stock; dom0 and Xen at most '
         '1/8 of stock', target_udp(r)),
        ('7 guests: dom0 and Xen a frame at most 1.1 times that of 1 guest', target_many(r)),
        ('No hypercall for a frame but events (none: at most 1 for 200 frames), those at most 1 '
         'for 8 frames at full rate; latency no worse than stock', target_hypercalls(r)),
        ('TCP transmit, everything: direct at most 1.15 of vf, and no worse than stock',
         target_tx(r)),
        ('Bridged path: at most 1.0 times stock in everything (instructions)', target_bridged(r)),
    ]
    return [(i + 1, what, *result) for i, (what, result) in enumerate(found)]
