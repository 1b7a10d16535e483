# SPDX-License-Identifier: GPL-2.0
"""What of the datagrams that were sent was read, and where the rest was lost.

Lost is what was sent and what the guest's program had not read when it had read all that
there was: what is missing at the end is lost like any other.  Counters along the way tell
where.
"""
import re

# A frame lost in a thousand counts as none: the emulated machine loses some at any rate.
LOSS_PERCENT = 0.1
# A guest that reads more slowly than is sent loses nothing until its socket is full: it is
# late.  So much longer than the sending the reading may take, for two clocks and a pause of
# the emulated CPU; a rate that a try of a second shows is too high by no more than 4 %.
LATE_PART, LATE_S = 0.02, 0.02
# A sender that comes this near to what it was asked for has reached it.
NEARLY = 0.95

# In the order of the way.  The parts add up to what is lost.
PLACES = {
    'wire': 'the wire',         # sent, and never read from the tap
    'nic': 'the NIC',           # read from the tap by the NIC that refused them
    'path': 'the path',         # given out by the NIC and not received by the guest's eth0
    'guest': "the guest's stack",
    'socket': 'full sockets',
}


def guest_counters(text):
    """{stage: count} from a guest's /proc/net/snmp and /proc/net/dev."""
    lines = [line.split() for line in text.splitlines() if re.match('(Icmp|Tcp|Udp): ', line)]
    snmp = {names[0] + name: int(value) for names, values in zip(lines[::2], lines[1::2])
            if names[0] == values[0] for name, value in zip(names[1:], values[1:])}
    eth0 = re.search(r'^ *eth0: *\d+ +(\d+) ', text, re.M)
    if not eth0:
        raise ValueError('no counters of eth0')
    return {'guest': int(eth0[1]), 'others': snmp['Tcp:InSegs'] + snmp['Icmp:InMsgs'],
            'socket': snmp['Udp:RcvbufErrors']}


def ends(results):
    """Both ends of what the senders tell (probe_udp.c), one for each guest."""
    sent = sum(r['sent'] for r in results)
    received = sum(r['received'] for r in results)
    lost = sent - received
    behind = max(r['reading_seconds'] / r['seconds'] for r in results)
    return {'sent': sent, 'received': received, 'lost': lost,
            'loss_percent': round(100 * lost / sent, 3) if sent else 100,
            # Of the worst guest.
            'sent_fps': int(min(r['sent'] / r['seconds'] for r in results)),
            'late': any(late(r) for r in results),
            'late_percent': round(max(100 * (behind - 1), 0), 1),
            'control': sum(r['control'] for r in results)}


def late(result):
    """Whether a guest was still reading when it should have been done."""
    return result['reading_seconds'] > result['seconds'] * (1 + LATE_PART) + LATE_S


def places(got, passed):
    """Where it was lost: {place: datagrams}.

    got: ends() of it.  passed: by how much the counters on the way went up: frames that
    the NIC read from the tap and gave out, guest_counters() of all guests.  In these, and
    not in what was sent, are the datagrams by which a test begins and ends, and TCP and
    ICMP.  ARP and the like are, too, so that a place can have some frames too many, and
    the next one too few.  So it is with a "begin" or "end" that was lost and repeated:
    lost where it was, and one too few in the guest."""
    strange = passed['others'] + got['control']
    tap, nic, guest = (passed[stage] - strange for stage in ('tap', 'nic', 'guest'))
    return {'wire': got['sent'] - tap, 'nic': tap - nic, 'path': nic - guest,
            'guest': guest - got['received'] - passed['socket'], 'socket': passed['socket']}


def lossless(got):
    """Whether next to nothing was lost."""
    return bool(got['sent']) and 100 * got['lost'] / got['sent'] < LOSS_PERCENT


def shown(got, rate):
    """(frames a second shown to get through, or 0; what was wrong: 'loss', 'late',
    'sender', or '')

    What the sender has not sent has not been shown to arrive."""
    if not lossless(got):
        return 0, 'loss'
    if got['late']:
        return 0, 'late'
    return min(rate, got['sent_fps']), '' if got['sent_fps'] >= NEARLY * rate else 'sender'
