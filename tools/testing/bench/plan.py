# SPDX-License-Identifier: GPL-2.0
"""What is measured: tests, and the two plans (quick, full)."""
import dataclasses

# A UDP frame of 64 bytes (without the FCS) carries this many.
SMALL = 22


@dataclasses.dataclass(frozen=True)
class Test:
    """One measurement.  kind: tcp, udp, rr (request and response), idle."""
    kind: str
    seconds: float
    direction: str = 'rx'   # as the guest sees it
    streams: int = 1
    size: int = 0           # bytes of payload; tcp: as many as fit
    rate: int = 0           # frames a second that are offered, to each guest
    profile: bool = False

    @property
    def name(self):
        if self.kind == 'tcp':
            return f'tcp_{self.direction}' + (f'_x{self.streams}' if self.streams > 1 else '')
        if self.kind == 'udp':
            return f'udp_{self.direction}_{self.size}_at_{self.rate}'
        if self.kind == 'rr':
            return f'rr_{self.size}'
        return self.kind


def udp(seconds, size, rate, profile=False):
    return Test('udp', seconds, size=size, rate=rate, profile=profile)


def quick():
    return {
        'rounds': 3,
        'guests': {1: [
            Test('tcp', 4, profile=True),
            Test('tcp', 4, direction='tx', profile=True),
            udp(2, 1472, 3400),
            udp(2, SMALL, 3000, profile=True),
            udp(2, SMALL, 6000),
            udp(2, SMALL, 12000),
            Test('rr', 2, size=64),
            Test('idle', 2),
        ]},
    }


def full():
    alone = [
        Test('tcp', 10, profile=True),
        Test('tcp', 10, streams=8),
        Test('tcp', 10, direction='tx', profile=True),
        Test('tcp', 10, direction='tx', streams=8),
        *(udp(5, 1472, rate) for rate in (3400, 6000, 12000)),
        *(udp(5, size, 3000) for size in (256, 512)),
        *(udp(5, SMALL, rate, profile=rate == 3000)
          for rate in (2000, 3000, 4000, 6000, 8000, 12000, 16000, 24000)),
        Test('rr', 5, size=64),
        Test('rr', 5, size=1400),
        Test('idle', 5),
    ]
    together = [
        Test('tcp', 10, profile=True),
        Test('tcp', 10, direction='tx'),
        udp(5, SMALL, 1000),
        Test('idle', 5),
    ]
    return {'rounds': 3, 'guests': {1: alone, 2: together, 4: together, 7: together}}


PLANS = {'quick': quick, 'full': full}
