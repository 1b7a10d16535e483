# SPDX-License-Identifier: GPL-2.0
"""A xenstore client on /dev/xen/xenbus (values are bytes), for the agent.

Imports as little as possible: Python's start-up is what an emulated CPU feels.
"""
import errno
import os
import struct

DIRECTORY, READ, WATCH, UNWATCH, WRITE, RM = 1, 2, 4, 5, 11, 13
WATCH_EVENT, ERROR = 15, 16

# One slot of a session's ring: sequence number, kind, data.  xenstored limits
# a value of an unprivileged domain to 2 KiB.
SLOTS = 32
CHUNK = 1400


def pack(seq, kind, data=b''):
    return struct.pack('>Ic', seq, kind) + data


def unpack(value):
    seq, kind = struct.unpack('>Ic', value[:5])
    return seq, kind, value[5:]


class XenStore:
    def __init__(self):
        self.fd = os.open('/dev/xen/xenbus', os.O_RDWR)
        self.buf = b''
        self.events = []

    def _message(self):
        while True:
            if len(self.buf) >= 16:
                kind, _, _, length = struct.unpack('<IIII', self.buf[:16])
                if len(self.buf) >= 16 + length:
                    body = self.buf[16:16 + length]
                    self.buf = self.buf[16 + length:]
                    return kind, body
            self.buf += os.read(self.fd, 65536)

    def _request(self, kind, body):
        os.write(self.fd, struct.pack('<IIII', kind, 0, 0, len(body)) + body)
        while True:
            got, reply = self._message()
            if got == WATCH_EVENT:
                self.events.append(reply.split(b'\0')[0].decode())
                continue
            self._queued()
            if got == ERROR:
                name = reply.rstrip(b'\0').decode()
                raise OSError(getattr(errno, name, errno.EIO), name)
            return reply

    def _queued(self):
        """Takes the events that were read along with what was waited for: poll()
        shows the kernel's queue only, not ours."""
        while len(self.buf) >= 16:
            if len(self.buf) < 16 + struct.unpack('<IIII', self.buf[:16])[3]:
                break
            got, reply = self._message()
            if got == WATCH_EVENT:
                self.events.append(reply.split(b'\0')[0].decode())

    def read(self, path):
        """The value, or None where there is no such node (or no right)."""
        try:
            return self._request(READ, path.encode() + b'\0')
        except OSError as e:
            if e.errno in (errno.ENOENT, errno.EACCES):
                return None
            raise

    def list(self, path):
        try:
            names = self._request(DIRECTORY, path.encode() + b'\0')
        except OSError as e:
            if e.errno in (errno.ENOENT, errno.EACCES):
                return []
            raise
        return [n.decode() for n in names.split(b'\0') if n]

    def write(self, path, value):
        self._request(WRITE, path.encode() + b'\0' + value)

    def rm(self, path):
        try:
            self._request(RM, path.encode() + b'\0')
        except OSError as e:
            if e.errno != errno.ENOENT:
                raise

    def watch(self, path):
        self._request(WATCH, path.encode() + b'\0lab\0')

    def take_events(self):
        """Paths of the watches that fired; may block unless fd is readable."""
        events, self.events = self.events, []
        return events

    def pump(self):
        """Reads what made fd readable."""
        got, reply = self._message()
        if got == WATCH_EVENT:
            self.events.append(reply.split(b'\0')[0].decode())
        self._queued()
