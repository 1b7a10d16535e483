# SPDX-License-Identifier: GPL-2.0
"""Trains of datagrams, each sent by one system call, there and back while a test goes on.

segments.py echo PORT      sends back what comes, cut as it has come
segments.py run HOST PORT  sends five trains a second; prints twice a second how many
                           datagrams have come back as they were, and why it ended
"""
import socket
import struct
import sys
import threading
import time

UDP_SEGMENT, UDP_GRO = 103, 104
N, SIZE = 40, 1000


def trains():
    """A socket that sends trains, and gets what comes as one frame in one piece."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, SIZE)
    s.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
    return s


def receive(s):
    """What has come in one piece, the size of its datagrams, and whose it is."""
    data, control, _, sender = s.recvmsg(65536, socket.CMSG_SPACE(4))
    size = len(data)
    for level, kind, value in control:
        if (level, kind) == (socket.IPPROTO_UDP, UDP_GRO):
            size = struct.unpack('i', value[:4])[0]
    return data, size, sender


def echo(port):
    s = trains()
    s.bind(('', int(port)))
    while True:
        data, size, sender = receive(s)
        try:
            s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
            s.sendto(data, sender)
        except OSError:
            # No way there at the moment: a train is lost, as others may be.
            pass


def datagram(number, i):
    return struct.pack('!II', number, i) * (SIZE // 8)


def good(data):
    return len(data) == SIZE and data == data[:8] * (SIZE // 8)


class Trains:
    def __init__(self, host, port):
        self.socket = trains()
        self.to = host, int(port)
        self.good = 0
        self.why = None

    def send(self):
        number = 0
        while True:
            data = b''.join(datagram(number, i) for i in range(N))
            try:
                self.socket.sendto(data, self.to)
            except OSError:
                pass
            number += 1
            time.sleep(0.2)

    def check(self):
        while True:
            data, size, _ = receive(self.socket)
            for at in range(0, len(data), size):
                if not good(data[at:at + size]):
                    self.why = f'{size} bytes of something else have come back'
                    return
                self.good += 1


def run(host, port):
    t = Trains(host, port)
    for f in (t.send, t.check):
        threading.Thread(target=f, daemon=True).start()
    while t.why is None:
        print(t.good, flush=True)
        time.sleep(0.5)
    print('ended:', t.why, flush=True)
    return 1


if __name__ == '__main__':
    sys.exit({'echo': echo, 'run': run}[sys.argv[1]](*sys.argv[2:]))
