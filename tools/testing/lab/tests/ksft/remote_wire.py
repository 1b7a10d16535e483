# SPDX-License-Identifier: GPL-2.0
"""The remote end of the kernel's selftests: the wire.

remote_wire.py ADDRESS PORT  on the wire: runs the commands that it is sent

In the guest this is one of the selftests' own ways to a remote end, beside ssh:
REMOTE_TYPE=wire, REMOTE_ARGS=ADDRESS:PORT.  By ssh each command would cost seconds
of an emulated CPU, and the selftests wait for five at most.
"""
import io
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading

CONNECT = 60    # seconds


def put(sock, *parts):
    for part in parts:
        sock.sendall(struct.pack('!I', len(part)) + part)


def take(sock):
    def exactly(n):
        data = b''
        while len(data) < n:
            more = sock.recv(n - len(data))
            if not more:
                raise ConnectionError('the other end has gone away')
            data += more
        return data
    return exactly(struct.unpack('!I', exactly(4))[0])


class Process:
    """As much of a subprocess.Popen as the selftests use."""

    def __init__(self, where, comm, data=b''):
        self.args = comm
        self.returncode = None
        self.stdout = io.BytesIO()
        self.stderr = io.BytesIO()
        self.sock = socket.create_connection(where, CONNECT)
        self.sock.settimeout(None)
        put(self.sock, comm.encode(), data)

    def terminate(self):
        if self.returncode is None:
            self.sock.shutdown(socket.SHUT_WR)

    def poll(self):
        """The answer comes in one piece, when the command has ended."""
        if self.returncode is None and select.select([self.sock], (), (), 0)[0]:
            self.returncode = int(take(self.sock))
            self.stdout = io.BytesIO(take(self.sock))
            self.stderr = io.BytesIO(take(self.sock))
            self.sock.close()
        return self.returncode

    # Linux 6.12's selftests pass their timeout as the first argument, for nothing.
    def communicate(self, _=None, timeout=None):
        if self.returncode is None and not select.select([self.sock], (), (), timeout)[0]:
            raise subprocess.TimeoutExpired(self.args, timeout)
        self.poll()
        return self.stdout.getvalue(), self.stderr.getvalue()


class Remote:
    def __init__(self, name, dir_path):
        address, port = name.rsplit(':', 1)
        self.where = (address, int(port))
        self.dir_path = dir_path
        self.tmp = None

    def __del__(self):
        if self.tmp:
            Process(self.where, f'rm -r {self.tmp}').communicate()
            self.tmp = None

    def cmd(self, comm):
        return Process(self.where, comm)

    def _run(self, comm, data=b''):
        p = Process(self.where, comm, data)
        out, err = p.communicate()
        if p.returncode:
            raise OSError(f'{comm}: {p.returncode}: {err.decode()}')
        return out.decode().strip()

    def deploy(self, what):
        what = os.path.join(self.dir_path, what)
        if not self.tmp:
            self.tmp = self._run('mktemp -d')
        there = f'{self.tmp}/{os.path.basename(what)}'
        with open(what, 'rb') as f:
            self._run(f'cat >{there} && chmod 755 {there}', f.read())
        return there


def answer(conn):
    with conn:
        # By ssh it would be the user's shell, and xdp.py wants bash's /dev/udp.
        p = subprocess.Popen(take(conn).decode(), shell=True, executable='/bin/bash',
                             start_new_session=True, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        data = take(conn)

        def watch():
            # Nothing more is sent: this is the end, which is not waited for.
            try:
                conn.recv(1)
            except OSError:
                pass
            if p.returncode is None:
                try:
                    os.killpg(p.pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass
        threading.Thread(target=watch, daemon=True).start()
        out, err = p.communicate(data)
        try:
            put(conn, str(p.returncode).encode(), out, err)
        except OSError:
            pass


def serve(address, port):
    with socket.create_server((address, int(port))) as server:
        while True:
            conn, _ = server.accept()
            threading.Thread(target=answer, args=(conn,), daemon=True).start()


if __name__ == '__main__':
    serve(*sys.argv[1:])
