# SPDX-License-Identifier: GPL-2.0
"""Has the kernel start another one, as "kexec -l" and "kexec -e" do.

The other one is a loop: none is ever started in the lab, see life.sh.  In the
background and after a second, so that whoever asks has an answer.
"""
import ctypes as c
import os
import time

LOAD, REBOOT = 246, 169         # system calls of x86_64
AT = 16 << 20


class Segment(c.Structure):
    _fields_ = [('buf', c.c_void_p), ('bufsz', c.c_size_t),
                ('mem', c.c_void_p), ('memsz', c.c_size_t)]


def call(*args):
    libc = c.CDLL(None, use_errno=True)
    if libc.syscall(*(c.c_ulong(a) for a in args)) == -1:
        raise OSError(c.get_errno(), os.strerror(c.get_errno()))


code = c.create_string_buffer(b'\xf4\xeb\xfd')      # hlt, and again
segment = Segment(c.addressof(code), 3, AT, 4096)
call(LOAD, AT, 1, c.addressof(segment), 62 << 16)   # KEXEC_ARCH_X86_64
if os.fork() == 0:
    time.sleep(1)
    call(REBOOT, 0xfee1dead, 0x28121969, 0x45584543, 0)
