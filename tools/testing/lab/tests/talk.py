# SPDX-License-Identifier: GPL-2.0
"""Data there and back, by TCP and UDP, each byte looked at.

talk.py serve PORT          sends back what comes, by IPv4 and IPv6
talk.py check PORT HOST...  sends data of many lengths to each host, and sees that the same
                            comes back; a datagram that is lost is sent again
"""
import os
import socket
import sys
import threading

# No two are alike: a late answer is known by its length.  Odd ones, of which a sum has
# half a word at the end; more than a frame, and more than a datagram in one frame.
LENGTHS = 1, 2, 17, 100, 511, 1001, 1400, 4001
PIECES = 1, 1001, 5000, 60001
TRIES = 20


def serve_tcp(connection):
    with connection:
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            pass


def serve_udp(s):
    while True:
        data, sender = s.recvfrom(65536)
        s.sendto(data, sender)


def serve(port):
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    udp.bind(('', int(port)))
    threading.Thread(target=serve_udp, args=(udp,), daemon=True).start()
    server = socket.create_server(('', int(port)), family=socket.AF_INET6,
                                  dualstack_ipv6=True)
    print('listening', flush=True)
    while True:
        connection, _ = server.accept()
        threading.Thread(target=serve_tcp, args=(connection,), daemon=True).start()


def same(what, got, sent):
    if got != sent:
        sys.exit(f'{what}: other data has come back')


def check_tcp(host, port):
    with socket.create_connection((host, port), 60) as s:
        for n in PIECES:
            sent, got = os.urandom(n), b''
            s.sendall(sent)
            while len(got) < n:
                data = s.recv(65536)
                if not data:
                    sys.exit(f'TCP to {host}: closed by the peer')
                got += data
            same(f'TCP to {host}, {n} bytes', got, sent)


def answer(s, sent):
    """What comes back of that length, or None."""
    try:
        s.send(sent)
        while True:
            got = s.recv(65536)
            if len(got) == len(sent):
                return got
    except (TimeoutError, ConnectionRefusedError):
        return None


def check_udp(host, port):
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(1)
        s.connect((host, port))
        for n in LENGTHS:
            sent = os.urandom(n)
            for _ in range(TRIES):
                got = answer(s, sent)
                if got is not None:
                    break
            else:
                sys.exit(f'UDP to {host}, {n} bytes: no answer')
            same(f'UDP to {host}, {n} bytes', got, sent)


def check(port, *hosts):
    for host in hosts:
        check_tcp(host, int(port))
        check_udp(host, int(port))
        print(f'{host}: all is well', flush=True)


if __name__ == '__main__':
    {'serve': serve, 'check': check}[sys.argv[1]](*sys.argv[2:])
