# SPDX-License-Identifier: GPL-2.0
"""What is measured: tests, and the two plans (quick, full)."""
import dataclasses
import fnmatch

# A UDP frame of 64 bytes (without the FCS) carries this many.
SMALL = 22
# All that fits into a frame at an MTU of 9000.
JUMBO = 8972
# Small frames a second: enough that every configuration works at its best batches.  The
# stock pair loses a part of them; costs are divided by frames that the NIC gave out.
LOAD = 60000
# The rate that a search begins at.
FIRST = 4000
# Configurations with queues in shared memory, of which there can be several.
BRIDGED = ('stock', 'nc2-bridged')


@dataclasses.dataclass(frozen=True)
class Test:
    """One measurement.  kind: tcp; udp (a rate that is given); max (the highest rate
    that loses next to nothing); rr (request and response); idle."""
    kind: str
    seconds: int            # iperf3 knows no fractions; max: of one try
    direction: str = 'rx'   # as the guest sees it; all but TCP is received
    streams: int = 1        # TCP
    size: int = 0           # bytes of payload; tcp: as many as fit
    rate: int = 0           # frames a second that are offered to each guest (max: at first)
    mtu: int = 1500
    switches: int = 0       # changes of path meanwhile; of the direct configuration only
    queues: int = 1         # of the bridged path; with more, of those who have it only
    once: bool = False      # in the first round only
    profile: bool = False

    @property
    def name(self):
        if self.kind == 'tcp':
            name = f'tcp_{self.direction}' + (f'_x{self.streams}' if self.streams > 1 else '')
        elif self.kind == 'udp':
            name = f'udp_rx_{self.size}_at_{self.rate}'
        elif self.kind == 'max':
            name = f'udp_rx_{self.size}_max'
        elif self.kind == 'rr':
            name = f'rr_{self.size}'
        else:
            name = self.kind
        return (name + ('_switching' if self.switches else '')
                + (f'_mtu{self.mtu}' if self.mtu != 1500 else '')
                + (f'_q{self.queues}' if self.queues > 1 else ''))

    def fits(self, config, number):
        """Whether it is to be run with a configuration, in a round."""
        return ((config == 'nc2-direct' or not self.switches) and (number == 1 or not self.once)
                and (config in BRIDGED or self.queues == 1))


@dataclasses.dataclass(frozen=True)
class Group:
    """Tests for which the guests are made alike.  again: anew for each round, one
    configuration after the other; of several guests that costs more than what is measured."""
    guests: int
    tests: list
    mtu: int = 1500
    again: bool = False
    queues: int = 1

    def only(self, patterns):
        tests = [t for t in self.tests if any(fnmatch.fnmatch(t.name, p) for p in patterns)]
        return dataclasses.replace(self, tests=tests)


@dataclasses.dataclass(frozen=True)
class Plan:
    rounds: int             # how often everything is measured
    groups: list


def udp(seconds, size, rate, **more):
    return Test('udp', seconds, size=size, rate=rate, **more)


def highest(seconds, size, **more):
    return Test('max', seconds, size=size, rate=FIRST, **more)


def quick():
    return Plan(rounds=3, groups=[Group(1, [
        Test('tcp', 3, profile=True),
        Test('tcp', 3, direction='tx', profile=True),
        udp(2, SMALL, 3000, profile=True),
        udp(2, SMALL, LOAD, profile=True),
        Test('rr', 2, size=64),
        highest(1, SMALL, once=True),
        Test('idle', 2, once=True),
    ])])


def full():
    alone = [
        Test('tcp', 5, profile=True),
        Test('tcp', 5, streams=8),
        Test('tcp', 5, direction='tx', profile=True),
        Test('tcp', 5, direction='tx', streams=8),
        udp(3, 1472, 3000),
        udp(3, SMALL, 3000, profile=True),
        udp(3, SMALL, LOAD, profile=True),
        *(highest(1, size) for size in (SMALL, 256, 512, 1472)),
        Test('rr', 3, size=64),
        Test('rr', 3, size=1400),
        Test('idle', 3),
        Test('tcp', 25, switches=10),
    ]
    together = [
        Test('tcp', 5),
        Test('tcp', 5, direction='tx'),
        udp(3, SMALL, 1000),
        highest(1, SMALL, once=True),
        Test('idle', 3),
    ]
    queued = [Test('tcp', 5, direction=d, streams=n, queues=4)
              for d in ('rx', 'tx') for n in (1, 8)]
    # Last, as it changes the NIC.
    jumbo = [
        Test('tcp', 5, mtu=9000),
        Test('tcp', 5, direction='tx', mtu=9000),
        highest(1, JUMBO, mtu=9000),
    ]
    return Plan(rounds=3, groups=[
        Group(1, alone, again=True), Group(1, queued, queues=4, again=True),
        *(Group(n, together) for n in (2, 4, 7)), Group(1, jumbo, mtu=9000, again=True)])


PLANS = {'quick': quick, 'full': full}
