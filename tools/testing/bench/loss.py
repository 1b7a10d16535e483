# SPDX-License-Identifier: GPL-2.0
"""What of the datagrams that were sent was received, and where the rest was lost.

iperf3's own "lost" are the gaps in what its server has read.  What is missing behind
the last datagram that the server read is no gap: a guest that has fallen behind, or a
NIC that drops until the end, loses without it.  Lost is here what the sender has sent
and the server's application has not received, and counters along the way tell where.
"""
import re

# A frame lost in a thousand counts as none: the emulated machine loses some at any rate.
LOSS_PERCENT = 0.1
# The server stops reading when the test ends.  What lies in its socket then, up to this
# part of what was sent, is late and not lost: a rate is found too high by no more.
UNREAD_PART = 0.01
# A sender that comes this near to what it was asked for has reached it.
NEARLY = 0.95

# In the order of the way.  The parts add up to what is lost.
PLACES = {
    'wire': 'the wire',         # sent, and never read from the tap
    'nic': 'the NIC',           # read from the tap by the NIC that refused them
    'path': 'the path',         # given out by the NIC and not received by the guest's eth0
    'guest': "the guest's stack",
    'socket': 'full sockets',
    'unread': 'unread at the end',
}


def guest_counters(text):
    """{stage: count} from a guest's /proc/net/snmp and /proc/net/dev."""
    lines = [line.split() for line in text.splitlines() if re.match('(Ip|Icmp|Tcp|Udp): ', line)]
    snmp = {names[0] + name: int(value) for names, values in zip(lines[::2], lines[1::2])
            if names[0] == values[0] for name, value in zip(names[1:], values[1:])}
    eth0 = re.search(r'^ *eth0: *\d+ +(\d+) ', text, re.M)
    if not eth0:
        raise ValueError('no counters of eth0')
    others = snmp['Tcp:InSegs'] + snmp['Icmp:InMsgs']
    # UDP counts a datagram when it is read, and when it is refused; in between it is in a
    # socket, and nobody counts those that go with a socket that is closed.
    udp = snmp['Udp:InDatagrams'] + snmp['Udp:InErrors'] + snmp['Udp:NoPorts']
    return {'guest': int(eth0[1]), 'others': others, 'socket': snmp['Udp:RcvbufErrors'],
            'unread': snmp['Ip:InDelivers'] - others - udp}


def ends(results, size):
    """Both ends of what iperf3's clients tell, one for each guest."""
    sent = sum(r['sum_sent']['packets'] for r in results)
    received = sum(round(r['sum_received']['bytes'] / size) for r in results)
    lost = sent - received
    return {'sent': sent, 'received': received, 'lost': lost,
            'loss_percent': round(100 * lost / sent, 3) if sent else 100,
            # For each guest: that of the slowest.
            'sent_fps': int(min(r['sum_sent']['packets'] / r['sum_sent']['seconds']
                                for r in results))}


def places(got, passed, streams):
    """Where it was lost: {place: datagrams}.

    got: ends() of it.  passed: by how much the counters on the way went up: frames that
    the NIC read from the tap and gave out, guest_counters() of all guests.  Each of the
    streams begins with a datagram that is in these, and not in what iperf3 tells; neither
    are iperf3's control connections.  ARP and the like are, so that a place can have some
    frames too many, and the next one too few."""
    strange = passed['others'] + streams
    tap, nic, guest = (passed[stage] - strange for stage in ('tap', 'nic', 'guest'))
    return {'wire': got['sent'] - tap, 'nic': tap - nic, 'path': nic - guest,
            'guest': guest - got['received'] - passed['socket'] - passed['unread'],
            'socket': passed['socket'], 'unread': passed['unread']}


def lossless(got):
    """Whether next to nothing was lost."""
    if not got['sent']:
        return False
    late = min(max(got['lost_at']['unread'], 0), got['sent'] * UNREAD_PART)
    return 100 * (got['lost'] - late) / got['sent'] < LOSS_PERCENT


def shown(got, rate):
    """(frames a second shown to get through, or 0; whether that is the rate asked for)

    What the sender has not sent has not been shown to arrive."""
    if not lossless(got):
        return 0, False
    return min(rate, got['sent_fps']), got['sent_fps'] >= NEARLY * rate
