# SPDX-License-Identifier: GPL-2.0
"""Figures from the rows of results.json."""
import re
from statistics import median

from counts import DOMAINS, HYPERCALLS

# What is summed up; waits for the other CPU's clock are shown and not added.
KINDS = ('xen', 'kernel', 'module', 'user', 'rest')


# Of results.json (Documentation/testing.rst).
SCHEMA = 3


class Results:
    def __init__(self, data):
        if data.get('schema') != SCHEMA:
            raise ValueError(f'results of schema {data.get("schema")}, not {SCHEMA}')
        self.data = data

    def rows(self, config, test, guests=1):
        """Rows that are good."""
        return [r for r in self.data['rows'] if r['ok'] and r['config'] == config
                and r['test'] == test and r['guests'] == guests]

    def seen(self, key):
        return list(dict.fromkeys(r[key] for r in self.data['rows']))

    def configs(self):
        order = ('stock', 'nc2-bridged', 'nc2-direct', 'vf')
        return sorted(self.seen('config'), key=order.index)

    def tests(self, guests=1, kind=None):
        return list(dict.fromkeys(r['test'] for r in self.data['rows']
                                  if r['guests'] == guests and kind in (None, r['kind'])))


def frames(row):
    """What a row's costs are divided by: frames that came to or from the wire, or round
    trips."""
    if row['kind'] in ('max', 'idle'):
        # A search is many rates, some of them too high; of nothing there is no part.
        return 0
    if row['kind'] == 'rr':
        return row['trips']
    if 'lost_at' in row:
        # Nobody in the machine has seen what the NIC did not give out.
        return max(row['sent'] - row['lost_at']['wire'] - row['lost_at']['nic'], 0)
    return row['wire'].get(f'{row["direction"]}_frames', 0)


def answers(row):
    """Frames the other way, acknowledgements nearly all of them, for one of frames().

    How often a peer acknowledges is its own affair and that of the moment; each one
    costs the guest more than a frame of those that it sends in lots."""
    other = {'rx': 'tx', 'tx': 'rx'}[row['direction']]
    return row['wire'].get(f'{other}_frames', 0) / frames(row) if frames(row) else 0


def received(row):
    """What the costs of a search are divided by: frames that the NIC counted in all of it.

    Not those that were sent: a rate that is too high loses most of them on the way."""
    return row['drivers'].get('pf', {}).get('rx_packets', 0) if row['kind'] == 'max' else 0


def shared_by(row):
    """frames(), also of a search."""
    return frames(row) or received(row)


# Functions of the back that belong to the provider of NIC queues (netback/rxq_ivf.c and
# what it is made of); a name is all that a profile has.
PROVIDER = re.compile(r'(nc2b_)?(ivf|igbvf|ixgbevf)_|(data|mbx)_irq$')


def place(kind, function, module):
    """Where a function is: Xen, the kernel, a module, the provider in one of them."""
    if module == 'xen_nc2_back' and PROVIDER.match(function):
        return 'xen_nc2_back, provider'
    return module or {'kernel': 'vmlinux'}.get(kind, kind)


def domain_sum(row, domain):
    return sum(row['insns'][domain].get(k, 0) for k in KINDS)


def everything(row):
    return sum(domain_sum(row, d) for d in DOMAINS)


def host_side(row):
    """The control domain, and Xen wherever it runs."""
    return domain_sum(row, 'dom0') + row['insns']['guest'].get('xen', 0)


def per_frame(results, config, test, what, guests=1):
    return [what(row) / frames(row) for row in results.rows(config, test, guests) if frames(row)]


def idle_second(results, config, what, guests=1):
    """What a second of the idle system costs; None if that was not measured."""
    rows = results.rows(config, 'idle', guests)
    return median(what(row) / row['seconds'] for row in rows) if rows else None


def per_frame_less_idle(results, config, test, what, guests=1):
    """per_frame() without what the idle system costs in the time; nothing if that is not
    known."""
    second = idle_second(results, config, what, guests)
    return [] if second is None else [
        (what(row) - second * row['seconds']) / shared_by(row)
        for row in results.rows(config, test, guests) if shared_by(row)]


def mbit(results, config, test, guests=1):
    return [row['mbit'] for row in results.rows(config, test, guests) if 'mbit' in row]


__all__ = ['DOMAINS', 'HYPERCALLS', 'KINDS', 'SCHEMA', 'Results', 'answers', 'domain_sum',
           'everything', 'frames', 'host_side', 'idle_second', 'mbit', 'per_frame',
           'per_frame_less_idle', 'place', 'received', 'shared_by']
