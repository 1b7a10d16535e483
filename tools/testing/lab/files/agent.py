# SPDX-License-Identifier: GPL-2.0
"""Runs commands in a guest for `lab exec`, over xenstore.

Not over the network, because the tests break that; not over the console,
because that belongs to the kernel's log.  Protocol, below the guest's own
data/lab/ (SID is a command's name, chosen by dom0's gx):

  c/SID/req      dom0 -> guest: argv, each ended by a NUL byte
  c/SID/i<n>     dom0 -> guest: stdin, a ring of slots (xs.pack); kind 'd' data,
                 'e' end of file
  c/SID/ack      dom0 -> guest: how many slots of the output dom0 has taken
  o/SID/<n>      guest -> dom0: output, a ring; kind '1' stdout, '2' stderr,
                 'x' exit status, the last one
  o/SID/ack      guest -> dom0: how many slots of stdin are taken
  ready          guest -> dom0: the agent listens

dom0 removes c/SID and o/SID when it is done; c/SID gone before the command
ended means that nobody wants it any more, and it is killed.  After a resume
(save, restore, migration) the nodes of the old domain are gone: the watch, which the
kernel sets up again, fires, the agent says ready anew, and commands that were running
run on with nobody listening.
"""
import os
import select
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from xs import CHUNK, SLOTS, XenStore, pack, unpack   # noqa: E402

BASE = 'data/lab'
# A command has ended when its process has and its pipes are quiet for this
# long: what it left in the background may hold them open for ever.
QUIET = 0.15


class Session:
    def __init__(self, agent, sid, argv):
        self.agent = agent
        self.xs = agent.xs
        self.c = f'{BASE}/c/{sid}'
        self.o = f'{BASE}/o/{sid}'
        self.argv = argv
        self.sent = self.acked = 0      # slots of output
        self.taken = 0                  # slots of stdin
        self.stdin_data = b''
        self.stdin_end = False
        self.orphan = False
        self.status = None
        self.quiet_since = None
        self.done = False
        self.start()

    def start(self):
        in_r, self.stdin = os.pipe()
        out_r, out_w = os.pipe()
        err_r, err_w = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()
                for src, dst in ((in_r, 0), (out_w, 1), (err_w, 2)):
                    os.dup2(src, dst)
                os.closerange(3, 1024)
                # Python ignores SIGPIPE, and children inherit that.
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)
                os.chdir('/root')
                os.environ.update(
                    PATH='/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
                    HOME='/root', LC_ALL='C.UTF-8', TERM='dumb')
                os.execvp(self.argv[0], self.argv)
            except OSError as e:
                os.write(2, f'{self.argv[0]}: {e.strerror}\n'.encode())
                os._exit(127 if isinstance(e, FileNotFoundError) else 126)
        for fd in (in_r, out_w, err_w):
            os.close(fd)
        os.set_blocking(self.stdin, False)
        self.pipes = {out_r: b'1', err_r: b'2'}

    def room(self):
        return self.orphan or self.sent - self.acked < SLOTS

    def send(self, kind, data):
        if self.orphan:
            return
        try:
            self.xs.write(f'{self.o}/{self.sent % SLOTS}', pack(self.sent, kind, data))
        except OSError as e:
            print(f'agent: {self.o}: {e}', file=sys.stderr)
            self.orphan = True
        self.sent += 1

    def read_pipe(self, fd):
        data = os.read(fd, CHUNK)
        if data:
            self.send(self.pipes[fd], data)
            self.quiet_since = time.monotonic()
        else:
            os.close(fd)
            del self.pipes[fd]

    def write_stdin(self):
        if self.stdin is None:
            return
        try:
            while self.stdin_data:
                n = os.write(self.stdin, self.stdin_data)
                self.stdin_data = self.stdin_data[n:]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.stdin_data = b''
            self.stdin_end = True
        if self.stdin_end:
            os.close(self.stdin)
            self.stdin = None

    def news(self):
        """dom0 wrote something: an acknowledgement, or stdin."""
        ack = self.xs.read(f'{self.c}/ack')
        if ack is not None:
            self.acked = int(ack)
        elif self.xs.read(f'{self.c}/req') is None:
            self.abandon()
            return
        before = self.taken
        # Take no more than a ring's worth ahead of a command that is slow to read.
        while len(self.stdin_data) < CHUNK * SLOTS:
            value = self.xs.read(f'{self.c}/i{self.taken % SLOTS}')
            if value is None:
                break
            seq, kind, data = unpack(value)
            if seq != self.taken:
                break
            self.taken += 1
            if kind == b'e':
                self.stdin_end = True
                break
            if self.stdin is not None:
                self.stdin_data += data
        if self.taken != before:
            self.xs.write(f'{self.o}/ack', str(self.taken).encode())
        self.write_stdin()

    def abandon(self):
        if self.orphan:
            return
        self.orphan = True
        if self.status is None:
            for sig in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(self.pid, sig)
                except ProcessLookupError:
                    break
                time.sleep(0.05)

    def tick(self):
        """Looks whether the command has ended; returns True when it may soon."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid == 0:
                return False
            code = os.waitstatus_to_exitcode(status)
            self.status = code if code >= 0 else 128 - code
            self.quiet_since = time.monotonic()
        quiet = time.monotonic() - self.quiet_since > QUIET
        # What a full ring has left in the pipes is not silence.
        if quiet and self.pipes:
            quiet = not select.select(list(self.pipes), (), (), 0)[0]
        if (not self.pipes or quiet) and self.room():
            self.send(b'x', str(self.status).encode())
            for fd in self.pipes:
                os.close(fd)
            if self.stdin is not None:
                os.close(self.stdin)
            self.pipes, self.stdin, self.done = {}, None, True
        return True


class Agent:
    def __init__(self):
        self.xs = XenStore()
        self.sessions = {}
        # SIGCHLD must wake poll().
        self.wake, wake_w = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(wake_w, False)
        signal.set_wakeup_fd(wake_w, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.xs.rm(f'{BASE}/c')
        self.xs.rm(f'{BASE}/o')
        self.announce()
        self.xs.watch(f'{BASE}/c')

    def announce(self):
        self.domid = self.xs.read('domid')
        self.xs.write(f'{BASE}/c', b'')
        self.xs.write(f'{BASE}/o', b'')
        self.xs.write(f'{BASE}/ready', b'1')

    def events(self, paths):
        # What the watch says that has been set up anew, after a resume.
        if f'{BASE}/c' in paths and (self.xs.read('domid') != self.domid or
                                     self.xs.read(f'{BASE}/ready') is None):
            for s in self.sessions.values():
                s.orphan = True
            self.sessions = {f'{k}.old': s for k, s in self.sessions.items()}
            self.announce()
        sids = []
        for path in paths:
            parts = path.split(f'{BASE}/c', 1)[-1].strip('/').split('/')
            if parts == ['']:
                parts = None
            for sid in [parts[0]] if parts else self.xs.list(f'{BASE}/c'):
                if sid not in sids:
                    sids.append(sid)
        for sid in sids:
            if sid in self.sessions:
                self.sessions[sid].news()
                continue
            req = self.xs.read(f'{BASE}/c/{sid}/req')
            if req and self.xs.read(f'{BASE}/o/{sid}/0') is None:
                argv = [a.decode() for a in req.split(b'\0')[:-1]]
                self.sessions[sid] = Session(self, sid, argv)
                self.sessions[sid].news()

    def run(self):
        while True:
            poll = select.poll()
            poll.register(self.xs.fd, select.POLLIN)
            poll.register(self.wake, select.POLLIN)
            timeout = None
            fds = {}
            for sid, s in list(self.sessions.items()):
                if s.tick():
                    timeout = QUIET * 1000
                if s.done:
                    del self.sessions[sid]
                    continue
                for fd in s.pipes if s.room() else ():
                    fds[fd] = s
                    poll.register(fd, select.POLLIN)
                if s.stdin is not None and s.stdin_data:
                    fds[s.stdin] = s
                    poll.register(s.stdin, select.POLLOUT)
            # Events that came while a request waited for its answer do not show
            # in poll().
            for fd, _ in poll.poll(0 if self.xs.events else timeout):
                if fd == self.xs.fd:
                    self.xs.pump()
                elif fd == self.wake:
                    os.read(self.wake, 4096)
                elif fd in fds:
                    s = fds[fd]
                    if fd == s.stdin:
                        s.write_stdin()
                        s.news()
                    elif fd in s.pipes:
                        s.read_pipe(fd)
            events = self.xs.take_events()
            if events:
                self.events(events)


Agent().run()
