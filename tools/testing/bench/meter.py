# SPDX-License-Identifier: GPL-2.0
"""What is counted while traffic runs, and not while somebody looks at other counters."""
import contextlib
import time

import counts
from labs import difference


def add(sums, found):
    """Adds nested dictionaries of numbers."""
    for key, value in found.items():
        if isinstance(value, dict):
            add(sums.setdefault(key, {}), value)
        else:
            sums[key] = sums.get(key, 0) + value


class Meter:
    """The sums of all times that it was on; delta: of the last one."""

    def __init__(self, lab, xen):
        self.lab, self.xen = lab, xen
        self.insns, self.calls, self.wire = {}, {}, {}
        self.seconds = 0.0
        self.delta = None

    @contextlib.contextmanager
    def on(self):
        wire, begin, start = self.lab.wire(), self.lab.counters(), time.monotonic()
        try:
            yield
        finally:
            self.seconds += time.monotonic() - start
            self.delta = counts.Delta(begin, self.lab.counters())
            add(self.wire, difference(wire, self.lab.wire()))
            add(self.insns, self.delta.by_kind(self.xen))
            add(self.calls, self.delta.calls(self.xen))

    def row(self):
        return {'seconds': round(self.seconds, 3), 'wire': self.wire, 'insns': self.insns,
                'calls': self.calls,
                'blocks_without_room': self.delta.rest_blocks if self.delta else 0}
