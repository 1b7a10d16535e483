# SPDX-License-Identifier: GPL-2.0
"""Frames of a known kind, and the hash that the kernel has for them.

frames.py group ADDRESS FROM N    sends N datagrams to a multicast group
frames.py connect HOST PORT FROM_PORT
                                  begins a TCP connection from that port, whether
                                  anybody listens or not
frames.py toeplitz KEY FROM TO [FROM_PORT TO_PORT]
                                  prints the hash that such a frame has
frames.py hashed DEV HASH SECONDS waits for a received frame whose skb has that hash
"""
import ipaddress
import socket
import struct
import sys

SO_ATTACH_FILTER = 26
ETH_P_ALL = 3
# Classic BPF: load skb->hash, skip one if it is the value, drop, accept.
LD_RXHASH, JEQ, RET = 0x20, 0x15, 0x06
SKF_AD_RXHASH = 0xfffff000 + 32


def group(address, source, n):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    for _ in range(int(n)):
        s.sendto(b'x' * 100, (address, 4000))


def connect(host, port, from_port):
    s = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # No TIME-WAIT: the port is wanted again.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.settimeout(60)
    s.bind(('', int(from_port)))
    s.connect_ex((host, int(port)))
    s.close()


def toeplitz(key, source, to, *ports):
    data = ipaddress.ip_address(source).packed + ipaddress.ip_address(to).packed
    for port in ports:
        data += struct.pack('>H', int(port))
    bits = int(key.replace(':', ''), 16)
    n = 4 * len(key.replace(':', ''))
    value = 0
    for i in range(8 * len(data)):
        if data[i // 8] >> (7 - i % 8) & 1:
            value ^= bits >> (n - 32 - i) & 0xffffffff
    print(f'0x{value:08x}')


def hashed(dev, value, seconds):
    code = [(LD_RXHASH, 0, 0, SKF_AD_RXHASH), (JEQ, 1, 0, int(value, 16)), (RET, 0, 0, 0),
            (RET, 0, 0, 65535)]
    raw = struct.pack('HBBI' * len(code), *(x for line in code for x in line))
    keep = bytearray(raw)
    from ctypes import addressof, c_char
    program = struct.pack('HP', len(code), addressof((c_char * len(keep)).from_buffer(keep)))
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    s.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
    s.bind((dev, ETH_P_ALL))
    s.settimeout(float(seconds))
    print('listening', flush=True)
    try:
        while True:
            frame, where = s.recvfrom(2048)
            # What came before the filter, and what we send, do not count.
            if where[2] != socket.PACKET_OUTGOING and len(frame) > 14:
                break
    except TimeoutError:
        sys.exit(f'no frame with the hash {value}')
    print(f'a frame from {frame[6:12].hex(":")}')


if __name__ == '__main__':
    {'group': group, 'connect': connect, 'toeplitz': toeplitz,
     'hashed': hashed}[sys.argv[1]](*sys.argv[2:])
