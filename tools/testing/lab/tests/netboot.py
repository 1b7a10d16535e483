# SPDX-License-Identifier: GPL-2.0
"""What a machine without a disk boots from: DHCP, TFTP and HTTP.

    netboot.py SERVER-ADDRESS DIRECTORY [MAC CLIENT-ADDRESS INTERFACE]

The machine with that MAC gets its address and the name of boot.ipxe by DHCP.  The rest of the world gets files of DIRECTORY, and bytes/N, which is N bytes.
Of HTTP next is DIRECTORY/next, once, or a pause: so the machine is told what to do.
What was done is in DIRECTORY/log, a line when it is complete.
"""
import http.server
import os
import random
import socket
import struct
import sys
import threading

SERVER, DIRECTORY = sys.argv[1:3]
PAUSE = b'#!ipxe\nsleep 1\n'


def log(text):
    with open(f'{DIRECTORY}/log', 'a', encoding='ascii') as f:
        f.write(f'{text}\n')


def content(name):
    """The bytes of a file, or None."""
    name = name.lstrip('/')
    if name.startswith('bytes/'):
        return random.Random(1).randbytes(int(name[6:]))
    if name.startswith('done/'):
        return b'#!ipxe\n'
    path = f'{DIRECTORY}/{name}'
    if name == 'next':
        try:
            os.rename(path, f'{path}.taken')
        except FileNotFoundError:
            return PAUSE
        path = f'{path}.taken'
    try:
        with open(path, 'rb') as f:
            return f.read()
    except FileNotFoundError:
        return None


def options(data):
    """Those of a DHCP message."""
    found, at = {}, 240
    while at < len(data) and data[at] != 255:
        if data[at]:
            n = data[at + 1]
            found[data[at]] = data[at + 2:at + 2 + n]
            at += n + 1
        at += 1
    return found


def dhcp(mac, client, interface):
    mac = bytes.fromhex(mac.replace(':', ''))
    me, you = socket.inet_aton(SERVER), socket.inet_aton(client)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    # There is no route to everybody.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    s.bind(('', 67))
    while True:
        data = s.recv(2048)
        kind = options(data).get(53, b'\0')[0]
        if data[28:34] != mac or kind not in (1, 3):
            continue
        answer = 2 if kind == 1 else 5
        out = struct.pack('!4B4sHH4s4s4s4s16s64s128s4s', 2, 1, 6, 0, data[4:8], 0, 0x8000,
                          b'', you, me, b'', data[28:44], b'', b'boot.ipxe', b'\x63\x82\x53\x63')
        for code, value in ((53, bytes([answer])), (54, me), (1, b'\xff\xff\xff\0'),
                            (51, struct.pack('!I', 86400)), (66, SERVER.encode()),
                            (67, b'boot.ipxe')):
            out += bytes([code, len(value)]) + value
        s.sendto(out + b'\xff', ('255.255.255.255', 68))
        log(f'dhcp {"offer" if kind == 1 else "ack"}')


def tftp_send(name, peer, wanted):
    data = content(name)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((SERVER, 0))
    s.settimeout(2)
    if data is None:
        s.sendto(b'\0\5\0\1no such file\0', peer)
        return
    size, agreed = 512, []
    if 'blksize' in wanted:
        size = min(int(wanted['blksize']), 1432)
        agreed += ['blksize', str(size)]
    if 'tsize' in wanted:
        agreed += ['tsize', str(len(data))]
    block = 0 if agreed else 1
    while True:
        part = data[(block - 1) * size:block * size] if block else b''
        out = struct.pack('!HH', 3, block & 0xffff) + part
        if not block:
            out = b'\0\6' + b''.join(f'{x}\0'.encode() for x in agreed)
        for _ in range(30):
            s.sendto(out, peer)
            try:
                op, got = struct.unpack('!HH', s.recv(2048)[:4])
            except TimeoutError:
                continue
            if op == 5:
                return
            if op == 4 and got == block & 0xffff:
                break
        else:
            return
        if block and len(part) < size:
            log(f'tftp {name} {len(data)}')
            return
        block += 1


def tftp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((SERVER, 69))
    while True:
        data, peer = s.recvfrom(2048)
        words = data[2:].decode('ascii').split('\0')
        wanted = dict(zip(words[2::2], words[3::2]))
        if data[:2] == b'\0\1':
            threading.Thread(target=tftp_send, args=(words[0], peer, wanted)).start()


class Http(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        data = content(self.path)
        self.send_response(404 if data is None else 200)
        self.send_header('Content-Length', str(len(data or b'')))
        self.end_headers()
        if data is None:
            return
        self.wfile.write(data)
        if data is not PAUSE:
            log(f'http {self.path[1:]} {len(data)}')

    def log_message(self, *_):      # pylint: disable=arguments-differ
        pass


if len(sys.argv) > 3:
    threading.Thread(target=dhcp, args=sys.argv[3:6]).start()
threading.Thread(target=tftp).start()
http.server.ThreadingHTTPServer((SERVER, 80), Http).serve_forever()
