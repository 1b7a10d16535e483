# SPDX-License-Identifier: GPL-2.0
"""The initramfs of dom0 and of the guests: busybox, the modules that reach the
root file system, and the lab's own files under /lab.

Written here and not by cpio: it is a simple format, and several archives in a
row are one initramfs, which is how a guest gets the module under test.
"""
import fcntl
import os
import subprocess

from util import BUILD, FILES, IMAGES, LABS, REPO, ROOTSH, LabError

MGMT_MAC = '02:98:00:00:00:02'
NIC_MAC = '02:99:00:00:00:02'


class Cpio:
    def __init__(self):
        self.out = bytearray()
        self.ino = 0
        self.dirs = set()

    def _entry(self, name, mode, data=b'', rdev=(0, 0)):
        self.ino += 1
        raw = name.encode() + b'\0'
        fields = (self.ino, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(raw), 0)
        self.out += b'070701' + b''.join(b'%08X' % f for f in fields) + raw
        self.out += b'\0' * (-len(self.out) % 4)
        self.out += data
        self.out += b'\0' * (-len(self.out) % 4)

    def directory(self, name):
        parent = os.path.dirname(name)
        if parent:
            self.directory(parent)
        if name not in self.dirs:
            self.dirs.add(name)
            self._entry(name, 0o40755)

    def data(self, name, data, mode=0o644):
        self.directory(os.path.dirname(name))
        self._entry(name, 0o100000 | mode, data)

    def file(self, name, path, mode=0o644):
        with open(path, 'rb') as f:
            self.data(name, f.read(), mode)

    def link(self, name, target):
        self.directory(os.path.dirname(name))
        self._entry(name, 0o120777, target.encode())

    def node(self, name, mode, major, minor):
        self._entry(name, mode, rdev=(major, minor))

    def bytes(self):
        saved = bytes(self.out)
        self._entry('TRAILER!!!', 0)
        done, self.out = bytes(self.out), bytearray(saved)
        return done


def keys():
    """The lab's ssh keys, made once: they open nothing but labs of this tree.

    Locked, for two labs that are the first of a tree would otherwise make a pair
    each, and one of them would boot a dom0 that knows the other's no more.
    """
    where = os.path.join(BUILD, 'lab-keys')
    os.makedirs(where, mode=0o700, exist_ok=True)
    with open(f'{where}/.lock', 'w', encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in ('host', 'id'):
            if os.path.exists(f'{where}/{name}'):
                continue
            tmp = f'{where}/.{name}.{os.getpid()}'
            subprocess.run([ROOTSH, 'run', '--', 'ssh-keygen', '-q', '-t', 'ed25519',
                            '-N', '', '-C', 'netchannel2-lab', '-f', tmp], check=True)
            os.replace(f'{tmp}.pub', f'{where}/{name}.pub')
            os.replace(tmp, f'{where}/{name}')
    return where


def base(rel, role, device, images=IMAGES):
    c = Cpio()
    root = subprocess.run([ROOTSH, 'path'], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()
    for d in ('bin', 'dev', 'proc', 'sys', 'lower', 'rw', 'newroot', 'lab'):
        c.directory(d)
    # Without it the first words of init go nowhere.
    c.node('dev/console', 0o20600, 5, 1)
    c.file('bin/busybox', f'{root}/usr/bin/busybox', 0o755)
    c.link('bin/sh', 'busybox')
    c.file('init', f'{FILES}/init', 0o755)
    where = f'{images}/{rel}/initrd-modules'
    for name in sorted(os.listdir(where)):
        c.file(f'modules/{name}', f'{where}/{name}')
    c.data('lab/role', f'{role} {device}\n'.encode())
    return c


def guest(rel, images=IMAGES):
    c = base(rel, 'guest', '/dev/xvda', images)
    c.file('lab/rc', f'{FILES}/guest-rc', 0o755)
    c.file('lab/inittab', f'{FILES}/guest-inittab')
    c.file('lab/netwatch', f'{FILES}/guest-netwatch', 0o755)
    c.file('lab/agent.py', f'{FILES}/agent.py')
    c.file('lab/xs.py', f'{FILES}/xs.py')
    # Modules that lab.img does not have; see guest-kernel.sh.
    tree = f'{images}/{rel}/lib'
    for where, _, names in sorted(os.walk(tree)):
        for name in names:
            c.file(f'lab/lib/{os.path.relpath(where, tree)}/{name}', f'{where}/{name}')
    return c.bytes()


def guest_extra(files):
    """What one guest has beside guest()'s, as an archive to put after that.

    files: names below /lab and where their contents are.
    """
    c = Cpio()
    for name, path in files.items():
        c.file(f'lab/{name}', path)
    return c.bytes()


def hotplug():
    """The hotplug script under test."""
    path = os.path.join(REPO, 'tools', 'hotplug', 'vif-nc2')
    if not os.path.exists(path):
        raise LabError(f'{path} is missing')
    return path


def dom0(rel, guests):
    """guests: the kernel releases that guests may be started with."""
    c = base(rel, 'dom0', '/dev/vda')
    where = keys()
    for name in ('rc', 'net', 'vfs', 'back'):
        c.file(f'lab/{"rc" if name == "rc" else "dom0-" + name}',
               f'{FILES}/dom0-{name}', 0o755)
    c.file('lab/inittab', f'{FILES}/dom0-inittab')
    c.file('lab/modprobe.conf', f'{FILES}/modprobe.conf')
    c.file('lab/sshd_config', f'{FILES}/sshd_config')
    c.file('lab/ssh_host_key', f'{where}/host', 0o600)
    c.file('lab/authorized_keys', f'{where}/id.pub')
    c.file('lab/vif-nc2', hotplug(), 0o755)
    c.file('lab/gx', f'{FILES}/gx.pl', 0o755)
    c.link('lab/bin/gx', '../gx')
    c.directory('lab/modules')
    vfs = os.path.join(REPO, 'tools', 'nc2-vfs')
    if os.path.exists(vfs):
        c.file('lab/bin/nc2-vfs', vfs, 0o755)
    c.data('lab/nics', f'{MGMT_MAC} mgmt\n{NIC_MAC} nic0\n'.encode())
    for r in guests:
        c.data(f'lab/initrd-{r}', guest(r))
    return c.bytes()


def module(series, name):
    """A module under test, built by the top-level Makefile."""
    path = os.path.join(BUILD, 'modules', series, name)
    if not os.path.exists(path):
        raise LabError(f'{path} is not there: build the modules first (make)')
    return path


__all__ = ['LABS', 'dom0', 'guest', 'guest_extra', 'hotplug', 'keys', 'module']
