# SPDX-License-Identifier: GPL-2.0
"""Frames of a kind that nothing else sends, each with a number, and who got them.

once.py count DEV GROUP           counts those that arrive, and is a member of GROUP; says
                                  so, and after each second of silence all that it has seen
once.py send DEV ROUND SOURCE N KIND=ADDRESS...
                                  sends N of each kind, slowly: "u-NAME" is for NAME alone,
                                  "b" for everybody, "m" for the members of the group
once.py flood DEV                 sends without end to everybody what nobody counts
once.py judge DIR ROUND N NAME=WHERE...
                                  whether DIR/count.NAME say that each frame arrived once
                                  where it should; WHERE is wire, dom0, queue or bridge
once.py got FILE ROUND SOURCE KIND
                                  whether such a frame has arrived
once.py single FILE ROUND SOURCE KIND LEAST MOST
                                  whether so many different ones have, and so many at most
                                  twice

What the emulated NIC does otherwise than a real one (Documentation/lab.rst) is allowed:
- what leaves the bridge for the wire and is for many comes back to it, so that who is on
  the bridge may get that of another one there twice, and its own;
- multicast does not reach the bridge from outside.
"""
import collections
import json
import socket
import struct
import sys
import time

# For local experiments.
ETH_P, UNCOUNTED = 0x88b5, 0x88b6
SO_RCVBUFFORCE = 33
SOL_PACKET, ADD_MEMBERSHIP, STATISTICS, MR_MULTICAST = 263, 1, 6, 0
GAP, FLOOD_GAP = 0.02, 0.0005


def address(text):
    return bytes.fromhex(text.replace(':', ''))


def packets(dev, protocol):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
    s.bind((dev, protocol))
    return s


def count(dev, group):
    s = packets(dev, ETH_P)
    # What waits while the CPU is busy with the flood is not lost.
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    s.setsockopt(SOL_PACKET, ADD_MEMBERSHIP,
                 struct.pack('iHH8s', socket.if_nametoindex(dev), MR_MULTICAST, 6, address(group)))
    s.settimeout(1)
    seen = collections.defaultdict(collections.Counter)
    lost = 0
    print('listening', flush=True)
    while True:
        try:
            frame, where = s.recvfrom(2048)
        except TimeoutError:
            lost += struct.unpack('II', s.getsockopt(SOL_PACKET, STATISTICS, 8))[1]
            sums = {k: [c.total(), len(c)] for k, c in seen.items()}
            print(json.dumps({'lost': lost, **sums}), flush=True)
            continue
        if where[2] != socket.PACKET_OUTGOING:
            what, number = frame[14:].rstrip(b'\0').decode().rsplit(' ', 1)
            seen[what][number] += 1


def send(dev, turn, source, n, *kinds):
    s = packets(dev, 0)
    own = s.getsockname()[4]
    for number in range(int(n)):
        for kind in kinds:
            kind, _, to = kind.partition('=')
            frame = address(to) + own + struct.pack('>H', ETH_P)
            frame += f'{turn} {source} {kind} {number}'.encode()
            # Short ones and long ones go different ways in the drivers.
            s.send(frame.ljust(1400 if number % 2 else 60, b'\0'))
            time.sleep(GAP)


def flood(dev):
    s = packets(dev, 0)
    frame = b'\xff' * 6 + s.getsockname()[4] + struct.pack('>H', UNCOUNTED)
    while True:
        s.send(frame.ljust(60, b'\0'))
        time.sleep(FLOOD_GAP)


def last(name):
    with open(name, encoding='ascii') as f:
        # What is longer than one message of a guest's comes in parts.
        return json.loads(f.read().rpartition('\n')[0].splitlines()[-1])


def want(n, kind, source, there, receiver, here):
    """Least and most that may arrive, and how many different ones at least."""
    if kind.startswith('u-'):
        n = n if kind == f'u-{receiver}' else 0
        return n, n, n
    inside = {'dom0', 'bridge'}
    if source == receiver:
        return 0, (n if here in inside else 0), 0
    if there in inside and here in inside:
        return n, 2 * n, n
    if kind == 'm' and here in inside:
        return 0, n, 0
    return n, n, n


def judge(where, turn, n, *places):
    n = int(n)
    places = dict(p.split('=') for p in places)
    bad = 0
    for receiver, here in places.items():
        got = last(f'{where}/count.{receiver}')
        if got['lost']:
            print(f'{receiver}: its socket has lost {got["lost"]} frames')
            bad = 1
        for source, there in places.items():
            for kind in [f'u-{p}' for p in places if p != source] + ['b', 'm']:
                total, different = got.get(f'{turn} {source} {kind}', (0, 0))
                least, most, all_of = want(n, kind, source, there, receiver, here)
                line = f'{kind} from {source} ({there}) at {receiver} ({here}): {total}'
                print(f'{line}, {different} different')
                # With nothing sent twice, none may arrive twice.
                if not least <= total <= most or different < all_of or \
                        (most <= n and total != different):
                    print(f'WRONG: want {least} to {most}, {all_of} different')
                    bad = 1
    return bad


def arrived(name, turn, source, kind):
    return 0 if f'{turn} {source} {kind}' in last(name) else 1


def single(name, turn, source, kind, least, most):
    got = last(name)
    total, different = got.get(f'{turn} {source} {kind}', (0, 0))
    print(f'{total} frames, {different} different; {got["lost"]} lost by the socket')
    twice = total - different
    return 0 if different >= int(least) and twice <= int(most) and not got['lost'] else 1


if __name__ == '__main__':
    sys.exit({'count': count, 'send': send, 'flood': flood, 'judge': judge, 'got': arrived,
              'single': single}[sys.argv[1]](*sys.argv[2:]))
