# SPDX-License-Identifier: GPL-2.0
"""What no tool in the guests' image can do to a network interface.

netdev.py xdp IF PROGRAM [TO]
                           attaches a program in the driver, prints "attached" and
                           stays until it is ended, which detaches it
netdev.py flood IF FROM ADDRESS RATE
                           sends so many frames a second to ADDRESS in the name of the
                           interface FROM, of a type that nobody listens to, until it
                           is ended
netdev.py queues IF        queues and their counters as netlink has them, one number
                           in a line
netdev.py pools IF         its page pools as netlink has them: NAPI context, and pages
                           that are not in the pool

PROGRAM: pass; drop (ICMP over IPv4, the rest passes); tx and redirect (answer
pings in place, and send the answer by XDP_TX or by a redirect to IF itself);
headroom (passes what has 200 bytes of room in front, all else is aborted); forward
(redirects everything to TO).
"""
import ctypes
import errno
import os
import signal
import socket
import struct
import sys
import time

# Classes, sizes and operations of BPF instructions.
LDX_B, LDX_H, LDX_W = 0x71, 0x69, 0x61
STX_B, STX_H, STX_W = 0x73, 0x6b, 0x63
MOV, MOV_R, ADD, ADD_R, AND, RSH = 0xb7, 0xbf, 0x07, 0x0f, 0x57, 0x77
JGT_R, JNE, CALL, EXIT = 0x2d, 0x55, 0x85, 0x95
HELPER_REDIRECT, HELPER_ADJUST_HEAD = 23, 44
ABORTED, DROP, PASS, TX = range(4)


class Program:
    """An assembler of one label: "out" stands at the end."""

    def __init__(self):
        self.code = []

    def op(self, code, dst=0, src=0, off=0, imm=0):
        self.code.append([code, dst, src, off, imm])

    def out_if(self, code, dst, src=0, imm=0):
        self.op(code, dst, src, None, imm)

    def bytes(self, verdict):
        """With no verdict the program ends with what is in r0."""
        end = len(self.code)
        if verdict is not None:
            self.op(MOV, 0, imm=verdict)
        self.op(EXIT)
        return b''.join(
            struct.pack('<BBhi', code, dst | src << 4, end - i - 1 if off is None else off, imm)
            for i, (code, dst, src, off, imm) in enumerate(self.code))


def icmp(p, kind=None):
    """r2: a frame with an ICMP message of this kind; all else is let out."""
    p.op(LDX_W, 2, 1, 0)
    p.op(LDX_W, 3, 1, 4)
    p.op(MOV_R, 4, 2)
    p.op(ADD, 4, imm=42)
    p.out_if(JGT_R, 4, 3)
    p.op(LDX_H, 5, 2, 12)
    p.out_if(JNE, 5, imm=socket.htons(0x800))
    p.op(LDX_B, 5, 2, 23)
    p.out_if(JNE, 5, imm=1)
    if kind is not None:
        p.op(LDX_B, 5, 2, 34)
        p.out_if(JNE, 5, imm=kind)


def swap(p, load, store, a, b):
    p.op(load, 5, 2, a)
    p.op(load, 7, 2, b)
    p.op(store, 2, 7, a)
    p.op(store, 2, 5, b)


def answer(p):
    """Makes an echo reply of the request at r2."""
    icmp(p, 8)
    swap(p, LDX_W, STX_W, 0, 6)
    swap(p, LDX_H, STX_H, 4, 10)
    swap(p, LDX_W, STX_W, 26, 30)
    p.op(MOV, 5, imm=0)
    p.op(STX_B, 2, 5, 34)
    # The sum is smaller by the 8 of the type: it stands in the lower byte here.
    p.op(LDX_H, 5, 2, 36)
    p.op(ADD, 5, imm=8)
    p.op(MOV_R, 7, 5)
    p.op(RSH, 7, imm=16)
    p.op(AND, 5, imm=0xffff)
    p.op(ADD_R, 5, 7)
    p.op(STX_H, 2, 5, 36)


def program(name, ifindex):
    p = Program()
    if name == 'pass':
        return p.bytes(PASS)
    if name == 'drop':
        icmp(p)
        p.op(MOV, 0, imm=DROP)
        p.op(EXIT)
        return p.bytes(PASS)
    if name == 'tx':
        answer(p)
        p.op(MOV, 0, imm=TX)
        p.op(EXIT)
        return p.bytes(PASS)
    if name == 'redirect':
        answer(p)
        p.op(MOV, 1, imm=ifindex)
        p.op(MOV, 2, imm=0)
        p.op(CALL, imm=HELPER_REDIRECT)
        p.op(EXIT)
        return p.bytes(PASS)
    if name == 'forward':
        p.op(MOV, 1, imm=ifindex)
        p.op(MOV, 2, imm=0)
        p.op(CALL, imm=HELPER_REDIRECT)
        return p.bytes(None)
    if name == 'headroom':
        p.op(MOV_R, 6, 1)
        for delta in (-200, 200):
            p.op(MOV_R, 1, 6)
            p.op(MOV, 2, imm=delta)
            p.op(CALL, imm=HELPER_ADJUST_HEAD)
            p.out_if(JNE, 0)
        p.op(MOV, 0, imm=PASS)
        p.op(EXIT)
        return p.bytes(ABORTED)
    sys.exit(f'there is no program {name}')


def bpf(command, attributes, what):
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, 128)
    fd = libc.syscall(321, command, buffer, 128)
    if fd < 0:
        sys.exit(f'{what}: {os.strerror(ctypes.get_errno())}')
    return fd


def xdp(interface, name, to=None):
    ifindex = socket.if_nametoindex(interface)
    code = ctypes.create_string_buffer(program(name, socket.if_nametoindex(to or interface)))
    gpl = ctypes.create_string_buffer(b'GPL')
    log = ctypes.create_string_buffer(65536)
    try:
        prog = bpf(5, struct.pack('<IIQQIIQ', 6, len(code) // 8, ctypes.addressof(code),
                                  ctypes.addressof(gpl), 1, len(log), ctypes.addressof(log)),
                   'loading')
    except SystemExit:
        print(log.value.decode())
        raise
    # A link, of type BPF_XDP, in the driver; it goes with this process.
    bpf(28, struct.pack('<IIII', prog, ifindex, 37, 4), 'attaching')
    print('attached', flush=True)
    signal.pause()


def flood(interface, source, to, rate):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind((interface, 0))
    with open(f'/sys/class/net/{source}/address', encoding='ascii') as f:
        addresses = to + f.read()
    # For local experiments.
    frame = bytes.fromhex(addresses.replace(':', '')) + struct.pack('>H', 0x88b5)
    frame = frame.ljust(1000, b'\0')
    while True:
        for _ in range(10):
            try:
                s.send(frame)
            except OSError as e:
                # The other end of a pair is busy.
                if e.errno != errno.ENOBUFS:
                    raise
        time.sleep(10 / int(rate))


class Netlink:
    """Dumps of the generic netlink family "netdev"."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.socket.bind((0, 0))
        family, = self.request(16, 3, 0, {2: b'netdev\0'})
        self.family = struct.unpack('<H', family[1][:2])[0]

    def request(self, family, command, flags, attributes):
        payload = struct.pack('<BBH', command, 1, 0)
        for kind, value in attributes.items():
            payload += struct.pack('<HH', len(value) + 4, kind) + value
            payload += b'\0' * (-len(value) % 4)
        self.socket.send(struct.pack('<IHHII', len(payload) + 16, family, 5 | flags, 1, 0) +
                         payload)
        while True:
            data = self.socket.recv(65536)
            while data:
                length, kind = struct.unpack('<IH', data[:6])
                message, data = data[16:length], data[(length + 3) & ~3:]
                if kind == 2:
                    error = struct.unpack('<i', message[:4])[0]
                    if error:
                        sys.exit(f'netlink: {os.strerror(-error)}')
                    return
                if kind == 3:
                    return
                yield self.parse(message[4:])

    @staticmethod
    def parse(data):
        attributes = {}
        while data:
            length, kind = struct.unpack('<HH', data[:4])
            attributes[kind & 0x3fff] = data[4:length]
            data = data[(length + 3) & ~3:]
        return attributes

    def dump(self, command, attributes):
        return list(self.request(self.family, command, 0x300, attributes))


def number(value):
    return int.from_bytes(value, 'little')


# Attributes of NETDEV_CMD_QSTATS_GET.
COUNTERS = {8: 'rx_packets', 9: 'rx_bytes', 10: 'tx_packets', 11: 'tx_bytes'}


def queues(interface):
    netlink = Netlink()
    ifindex = struct.pack('<I', socket.if_nametoindex(interface))
    for q in netlink.dump(10, {2: ifindex}):
        napi = number(q[4]) if 4 in q else 0
        print(f'{("rx", "tx")[number(q[3])]}_{number(q[1])}_napi', napi)
    for scope in ({}, {4: struct.pack('<I', 1) + b'\0' * 4}):
        for q in netlink.dump(12, {1: ifindex, **scope}):
            name = f'q{number(q[3])}_' if 3 in q else ''
            for kind, counter in COUNTERS.items():
                if kind in q:
                    print(name + counter, number(q[kind]))


def pools(interface):
    ifindex = socket.if_nametoindex(interface)
    for p in Netlink().dump(5, {}):
        if 2 in p and number(p[2]) == ifindex:
            print(number(p.get(3, b'')), number(p[4]))


{'xdp': xdp, 'flood': flood, 'queues': queues, 'pools': pools}[sys.argv[1]](*sys.argv[2:])
