# SPDX-License-Identifier: GPL-2.0
"""A TCP connection that checks every byte, and lives on while a test goes on.

stream.py echo PORT          sends back what comes, for any number of connections
stream.py run HOST PORT [RATE]
                             sends a pattern, at most RATE bytes a second, and checks
                             what comes back; prints the number of good bytes twice a
                             second, and why it ended
"""
import os
import socket
import sys
import threading
import time

# A prime length: bytes of the wrong page or the wrong frame never fit.
PATTERN = os.urandom(65521)
WINDOW = 256 * 1024


def echo(port):
    server = socket.create_server(('', port))
    while True:
        connection, _ = server.accept()
        threading.Thread(target=echo_one, args=(connection,), daemon=True).start()


def echo_one(connection):
    with connection:
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            pass


class Stream:
    def __init__(self, host, port, rate):
        self.rate = rate
        self.socket = socket.create_connection((host, port), 60)
        self.socket.settimeout(None)
        self.good = self.sent = 0
        self.more = threading.Condition()
        self.why = None

    def send(self):
        try:
            while True:
                with self.more:
                    self.more.wait_for(lambda: self.sent - self.good < WINDOW)
                at = self.sent % len(PATTERN)
                n = self.socket.send(PATTERN[at:at + 32768])
                self.sent += n
                if self.rate:
                    time.sleep(n / self.rate)
        except OSError as e:
            self.why = self.why or f'send: {e.strerror}'

    def check(self):
        try:
            while data := self.socket.recv(65536):
                at = self.good % len(PATTERN)
                want = PATTERN[at:] + PATTERN * (len(data) // len(PATTERN) + 1)
                if data != want[:len(data)]:
                    bad = next(i for i, x in enumerate(data) if x != want[i])
                    self.why = f'wrong data at byte {self.good + bad}'
                    return
                with self.more:
                    self.good += len(data)
                    self.more.notify()
            self.why = self.why or 'closed by the peer'
        except OSError as e:
            self.why = self.why or f'receive: {e.strerror}'


def run(host, port, rate=0):
    s = Stream(host, port, rate)
    for f in (s.send, s.check):
        threading.Thread(target=f, daemon=True).start()
    while s.why is None:
        print(s.good, flush=True)
        time.sleep(0.5)
    print('ended:', s.why, flush=True)
    return 1


if sys.argv[1] == 'echo':
    echo(int(sys.argv[2]))
else:
    sys.exit(run(sys.argv[2], *map(int, sys.argv[3:])))
