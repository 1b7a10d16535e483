# SPDX-License-Identifier: GPL-2.0
"""Hypercalls by what they are made for: for frames, to notify, of interrupts and sleep.

A kind that is not known to belong to interrupts and sleep is taken to be for frames.
"""
from statistics import median

from counts import DOMAINS, HYPERCALLS
from figures import frames

GRANTS = ('do_grant_table_op',)
# Of a PV kernel page tables are memory too; it changes them when processes change.
MEMORY = ('do_memory_op', 'do_mmu_update', 'do_mmuext_op', 'do_update_va_mapping')
SENT = 'evtchn_send'
# What a PV kernel does by hypercall where another has instructions.  From an interrupt it
# returns by iret, and looks for the next event by xen_version; it sets timers by vcpu_op,
# sleeps by sched_op and changes tasks by the four that follow.  A multicall is a bundle,
# whose parts are counted as well.  Events are unmasked by event_channel_op, which sends
# them too, and interrupts ended by physdev_op.
INTERRUPTS = ('do_iret', 'do_xen_version', 'do_vcpu_op', 'do_set_timer_op', 'do_sched_op',
              'do_set_segment_base', 'do_stack_switch', 'do_fpu_taskswitch',
              'do_update_descriptor', 'do_multicall', 'do_event_channel_op', 'do_physdev_op')
# All that entered Xen by a hypercall and has none of the names that are looked for.
UNKNOWN = 'unknown'


def made(row):
    """{domain: {kind: calls}}; sent events are not in event_channel_op."""
    found = {}
    for domain in DOMAINS:
        calls = row['calls'][domain]
        kinds = {name: n for name, n in calls.items() if name in HYPERCALLS}
        # Parts of a multicall are hypercalls that did not enter Xen by themselves.
        missing = calls.get('pv_hypercall', 0) - sum(kinds.values())
        if missing > 0:
            kinds[UNKNOWN] = missing
        if SENT in calls:
            others = kinds.get('do_event_channel_op', 0) - calls[SENT]
            kinds.update({SENT: calls[SENT], 'do_event_channel_op': max(others, 0)})
        found[domain] = kinds
    return found


def of_idle(rows):
    """{domain: {kind: calls a second}} of the idle system; None if there is no such row."""
    if not rows:
        return None
    each = [(made(row), row['seconds']) for row in rows]
    return {d: {kind: median(m[d].get(kind, 0) / s for m, s in each)
                for kind in {k for m, _ in each for k in m[d]}} for d in DOMAINS}


def for_frame(rows, idle=None):
    """{domain: {kind: median calls a frame}}, most first, without what the idle system
    makes in the time."""
    each = []
    for row in rows:
        kinds = made(row)
        for domain in DOMAINS if idle else ():
            kinds[domain] = {k: max(n - idle[domain].get(k, 0) * row['seconds'], 0)
                             for k, n in kinds[domain].items()}
        each.append((kinds, frames(row)))
    found = {}
    for domain in DOMAINS:
        sums = {kind: median(m[domain].get(kind, 0) / n for m, n in each)
                for kind in {k for m, _ in each for k in m[domain]}}
        found[domain] = dict(sorted(sums.items(), key=lambda x: (-x[1], x[0])))
    return found


def parted(kinds):
    """(for frames, events sent, of interrupts and sleep) of one domain's kinds."""
    events = {k: v for k, v in kinds.items() if k == SENT}
    interrupts = {k: v for k, v in kinds.items() if k in INTERRUPTS}
    return ({k: v for k, v in kinds.items() if k not in events and k not in interrupts},
            events, interrupts)


def listed(kinds, most=9):
    """Those that a thousand frames see half of, or more."""
    return ', '.join(f'{k.removeprefix("do_")} {v:.3f}' for k, v in list(kinds.items())[:most]
                     if v >= 0.0005)
