#!/usr/bin/python3 -ISE
# SPDX-License-Identifier: GPL-2.0
"""gx [-i] GUEST -- CMD...: run CMD in a guest (dom0's side of agent.py).

Gives CMD's stdout, stderr and exit status; -i passes stdin.
Status 255: the guest is not there, has no agent, or went away.
"""
import os
import select
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from xs import CHUNK, SLOTS, XenStore, pack, unpack   # noqa: E402


def die(why):
    os.write(2, f'gx: {why}\n'.encode())
    sys.exit(255)


def domain(xs, name):
    for domid in xs.list('/local/domain'):
        if xs.read(f'/local/domain/{domid}/name') == name.encode():
            return domid
    die(f'no guest {name}')


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


def main():
    args = sys.argv[1:]
    stdin = args[:1] == ['-i']
    if stdin:
        args = args[1:]
    if len(args) < 3 or args[1] != '--':
        die('usage: gx [-i] GUEST -- CMD...')
    name, argv = args[0], args[2:]
    xs = XenStore()
    domid = domain(xs, name)
    base = f'/local/domain/{domid}/data/lab'
    if xs.read(f'{base}/ready') is None:
        die(f'{name} has no agent (yet)')
    sid = f'{os.getpid()}-{time.monotonic_ns() % 10**9}'
    c, o = f'{base}/c/{sid}', f'{base}/o/{sid}'
    try:
        return session(xs, c, o, argv, stdin, name, domid)
    except BrokenPipeError:
        return 141
    finally:
        if xs.read(f'/local/domain/{domid}/name') is not None:
            xs.rm(c)
            xs.rm(o)


def session(xs, c, o, argv, stdin, name, domid):
    request = b''.join(a.encode() + b'\0' for a in argv)
    if len(request) > 1900:
        die('command line longer than 1900 bytes: push a script instead')
    xs.watch(o)
    xs.watch(f'/local/domain/{domid}/name')
    xs.write(f'{c}/ack', b'0')
    if not stdin:
        xs.write(f'{c}/i0', pack(0, b'e'))
    xs.write(f'{c}/req', request)
    taken = acked = 0           # slots of output
    sent, confirmed = 0, 0      # slots of stdin
    poll = select.poll()
    poll.register(xs.fd, select.POLLIN)
    # A reader that went away (a killed `lab exec`) ends the command as well.
    poll.register(1, 0)
    reading = False
    while True:
        want = stdin and sent - confirmed < SLOTS
        if want != reading:
            (poll.register(0, select.POLLIN) if want else poll.unregister(0))
            reading = want
        for fd, _ in poll.poll() if not xs.events else ():
            if fd == xs.fd:
                xs.pump()
            elif fd == 1:
                return 141
            else:
                data = os.read(0, CHUNK)
                xs.write(f'{c}/i{sent % SLOTS}', pack(sent, b'd' if data else b'e', data))
                sent += 1
                if not data:
                    stdin = False
        if not xs.take_events():
            continue
        while True:
            value = xs.read(f'{o}/{taken % SLOTS}')
            if value is None:
                break
            seq, kind, data = unpack(value)
            if seq != taken:
                break
            taken += 1
            if kind == b'x':
                return int(data)
            write_all(int(kind), data)
            if taken - acked >= SLOTS // 4:
                acked = taken
                xs.write(f'{c}/ack', str(acked).encode())
        ack = xs.read(f'{o}/ack')
        if ack is not None:
            confirmed = int(ack)
        if xs.read(f'/local/domain/{domid}/name') != name.encode():
            die(f'{name} went away')


sys.exit(main())
