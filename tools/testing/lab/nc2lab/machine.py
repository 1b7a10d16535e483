# SPDX-License-Identifier: GPL-2.0
"""One lab: its network namespace (the wire), its QEMU, and the way into dom0."""
import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time

import initrd
from util import (BUILD, HERE, IMAGES, KERNELS, LABS, ROOT_ENV, LabError, in_root, release, run,
                  say, tail, wait_for)

DOM0_MEM = 1024
# Without the fast string instructions: one byte after the other they are copied by an
# emulated CPU, and kernel and libraries have better ways when they are not offered.
# A host boots, and a program starts, with a sixth less of a real CPU's time.
CPU = '-cpu max,-rdtscp,-erms,-fsrm,-fzrm,-fsrs'
BAD_BOOT = re.compile(r'Panic on CPU|Kernel panic|lab: initramfs: .*|lab: FAILED: .*')


def preflight(memory):
    """What is missing on this machine, and how to get it; within a second."""
    wrong = []
    if os.geteuid() != 0:
        wrong.append('root: network namespaces and taps need it; use sudo')
    if not os.path.exists('/dev/net/tun'):
        wrong.append('/dev/net/tun: modprobe tun; in a container, pass the device in '
                     '(docker: --device /dev/net/tun --cap-add NET_ADMIN)')
    elif os.geteuid() == 0:
        try:
            os.close(os.open('/dev/net/tun', os.O_RDWR))
        except OSError as e:
            wrong.append(f'/dev/net/tun cannot be opened ({e.strerror}): modprobe tun')
    where = BUILD
    while not os.path.isdir(where):
        where = os.path.dirname(where)
    first = not os.path.exists(f'{IMAGES}/lab.img')
    need, free = (8000 if first else 1000), shutil.disk_usage(where).free >> 20
    if free < need:
        wrong.append(f'disk: {where} has {free} MB free, {need} are needed; '
                     'set NC2_BUILD to a directory elsewhere')
    with open('/proc/meminfo', encoding='ascii') as f:
        avail = int(re.search(r'MemAvailable:\s+(\d+)', f.read()).group(1)) >> 10
    if avail < memory + 256:
        wrong.append(f'memory: {avail} MB available, {memory + 256} are needed; '
                     'ask for fewer guests or a smaller --guest-mem, or end other labs')
    if wrong:
        raise LabError('this machine lacks:\n' + '\n'.join(f'  - {w}' for w in wrong))


class Lab:
    def __init__(self, name):
        if not re.fullmatch(r'[a-z0-9][a-z0-9-]{0,23}', name):
            raise LabError(f'bad name {name!r}: up to 24 of a-z, 0-9 and -')
        self.name = name
        self.dir = os.path.join(LABS, name)
        self.netns = f'nc2-{name}'
        self.serial = os.path.join(self.dir, 'serial.log')
        self.state = {}
        try:
            with open(f'{self.dir}/state.json', encoding='ascii') as f:
                self.state = json.load(f)
        except OSError:
            pass

    @staticmethod
    def all():
        names = set()
        if os.path.isdir(LABS):
            names |= {n for n in os.listdir(LABS)
                      if os.path.exists(f'{LABS}/{n}/state.json')}
        return [Lab(n) for n in sorted(names)]

    def save(self):
        tmp = f'{self.dir}/.state.{os.getpid()}'
        with open(tmp, 'w', encoding='ascii') as f:
            json.dump(self.state, f, indent=1)
        os.replace(tmp, f'{self.dir}/state.json')

    # -- what is running -------------------------------------------------

    def has_netns(self):
        return os.path.exists(f'/run/netns/{self.netns}')

    def pids(self):
        """Everything that runs in the lab's namespace was started by the lab."""
        if not self.has_netns():
            return []
        return [int(p) for p in run(['ip', 'netns', 'pids', self.netns]).split()]

    def qemu_pid(self):
        try:
            with open(f'{self.dir}/qemu.pid', encoding='ascii') as f:
                pid = int(f.read())
            with open(f'/proc/{pid}/cmdline', 'rb') as f:
                return pid if f'nc2-{self.name}\0'.encode() in f.read() else None
        except (OSError, ValueError):
            return None

    def need_up(self):
        if not self.state:
            raise LabError(f'no lab {self.name!r}: lab up' +
                           ('' if self.name == 'main' else f' --name {self.name}'))
        if not self.qemu_pid():
            raise LabError(f'lab {self.name!r} is not running any more (QEMU ended)',
                           self.serial)

    # -- up and down -----------------------------------------------------

    def lock(self, end_other=False):
        """One `up` or `down` at a time; a `down` ends an `up` that goes on."""
        os.makedirs(self.dir, exist_ok=True)
        fd = os.open(f'{self.dir}/.lock', os.O_RDWR | os.O_CREAT, 0o600)

        def take():
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                return False
        if not take():
            if not end_other:
                raise LabError(f'another command is making or ending lab {self.name!r}')
            say(f'lab {self.name} is still being made: ending that')
            try:
                pid = int(os.pread(fd, 16, 0))
                with open(f'/proc/{pid}/cmdline', 'rb') as f:
                    if b'nc2lab/cli.py' in f.read():
                        os.kill(pid, signal.SIGTERM)
            except (ValueError, OSError):
                pass
            wait_for(f'the end of the other command on lab {self.name!r}', 60, take)
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
        return fd

    def make_wire(self):
        ns = self.netns
        run(['ip', 'netns', 'add', ns])
        for line in (
                'link set lo up',
                'tuntap add wire mode tap',
                'link set wire address 02:99:00:00:00:01',
                'addr add 10.99.0.1/24 dev wire',
                'addr add fd99::1/64 dev wire nodad',
                'link set wire up',
                'tuntap add mgmt mode tap',
                'link set mgmt address 02:98:00:00:00:01',
                'addr add 10.98.0.1/24 dev mgmt',
                'link set mgmt up'):
            run(['ip', '-n', ns, *line.split()])
        # The emulated NIC, once it has virtual functions, gives the PF no
        # multicast but what dom0 itself joined: neighbour solicitations for
        # guests on the bridge would be lost.
        for n in range(1, 9):
            run(['ip', '-n', ns, '-6', 'neigh', 'add', f'fd99::1{n}', 'lladdr',
                 f'00:16:3e:99:00:{n:02x}', 'dev', 'wire', 'nud', 'permanent'])

    def memory(self, guests, guest_mem):
        # Room for two guests at least: `lab guest create` may add to none.
        return DOM0_MEM + 400 + max(guests, 2) * (guest_mem + 40)

    def start_qemu(self, opts):
        rel = release(opts['kernel'])
        kernels = [release(series) for series in KERNELS]
        os.makedirs(self.dir, exist_ok=True)
        for name in os.listdir(self.dir):
            if name not in ('.lock', 'state.json'):
                path = f'{self.dir}/{name}'
                (shutil.rmtree if os.path.isdir(path) else os.unlink)(path)
        with open(f'{self.dir}/initrd', 'wb') as f:
            f.write(initrd.dom0(rel, kernels))
        # Relative names below: QEMU's multiboot loader splits at blanks and
        # commas, and socket paths have a length limit.
        for name, path in (('xen', f'{IMAGES}/xen'), ('vmlinux', f'{IMAGES}/{rel}/vmlinux'),
                           ('lab.img', f'{IMAGES}/lab.img')):
            os.symlink(os.path.relpath(path, self.dir), f'{self.dir}/{name}')
        cpu, iommu = CPU, []
        cpus = opts.get('dom0_vcpus', 1)
        # eager-fpu: with the lazy switching that Xen picks for this CPU, guests on
        # one emulated CPU get each other's vector registers, and programs crash.
        # The rest of spec-ctrl costs instructions at each entry into Xen, and guards
        # nothing here; whoever chooses a CPU wants what Xen does on it.
        guards = 'eager-fpu' if opts.get('cpu') else 'no,eager-fpu=1'
        xen = (f'console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all conring_size=2M '
               f'dom0_mem={DOM0_MEM}M,max:{DOM0_MEM}M dom0_max_vcpus={cpus} dom0_vcpus_pin '
               f'sched=credit bootscrub=0 spec-ctrl={guards}')
        if opts['iommu']:
            # eim=on: without it interrupts for the second CPU are lost.
            cpu += ',vendor=GenuineIntel'
            iommu = ['-device', 'intel-iommu,intremap=on,eim=on']
            xen += ' iommu=verbose dom0-iommu=strict'
        xen = ' '.join([xen, *opts.get('xen', [])])
        cpu = f'-cpu {opts["cpu"]}' if opts.get('cpu') else cpu
        linux = ('console=hvc0 loglevel=8 printk.devkmsg=on log_buf_len=4M '
                 'mitigations=off net.ifnames=0 panic=1')
        argv = [
            'qemu-system-x86_64', '-name', self.netns, '-machine', 'q35',
            '-accel', 'tcg,thread=multi', *cpu.split(), '-smp', str(cpus + 1),
            '-m', str(self.memory(opts['guests'], opts['guest_mem'])),
            '-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none',
            '-serial', 'file:serial.log',
            '-monitor', 'unix:monitor.sock,server=on,wait=off',
            *iommu,
            '-kernel', 'xen', '-append', xen,
            '-initrd', f'vmlinux {linux},initrd',
            # The same image twice: dom0's changes are thrown away, and the
            # guests get it read only.
            '-drive', 'file=lab.img,format=raw,if=none,id=root,snapshot=on,cache=unsafe',
            '-device', 'virtio-blk-pci,drive=root',
            '-drive', 'file=lab.img,format=raw,if=none,id=guests,readonly=on,cache=unsafe',
            '-device', 'virtio-blk-pci,drive=guests',
            # Virtual functions have working BARs only behind a root port.
            '-device', 'pcie-root-port,id=rp0,chassis=1,slot=1',
            '-netdev', 'tap,id=wire,ifname=wire,script=no,downscript=no,vhost=off',
            '-device', f'igb,bus=rp0,netdev=wire,mac={initrd.NIC_MAC}',
            '-netdev', 'tap,id=mgmt,ifname=mgmt,script=no,downscript=no,vhost=off',
            '-device', f'virtio-net-pci,netdev=mgmt,mac={initrd.MGMT_MAC}',
            *opts.get('qemu', []),
            '-daemonize', '-pidfile', 'qemu.pid',
        ]
        with open(f'{self.dir}/qemu.cmd', 'w', encoding='ascii') as f:
            f.write(shlex.join(argv) + '\n')
        with open(f'{self.dir}/qemu.log', 'wb') as log:
            r = subprocess.run(in_root(argv, self.netns), cwd=self.dir, check=False,
                               stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                               env={**os.environ, 'TMPDIR': self.dir})
        if r.returncode:
            raise LabError('QEMU did not start', f'{self.dir}/qemu.log')

    def boot(self, limit=600):
        def ready():
            if not self.qemu_pid():
                raise LabError('QEMU ended while dom0 was booting', self.serial)
            text = open(self.serial, 'rb').read().decode(errors='replace')
            bad = BAD_BOOT.search(text)
            if bad:
                time.sleep(2)       # the rest of the message
                raise LabError(f'dom0 did not boot: {bad.group(0)}', self.serial)
            return 'lab: dom0 ready' in text
        wait_for('dom0 ready', limit, ready, 0.3, self.serial)
        wait_for('ssh into dom0', 180, self.ssh_master, 0.3, self.serial)

    def down(self):
        """Ends whatever is there of the lab; True when there was something."""
        found = self.has_netns()
        for sig, limit in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            pids = set(self.pids())
            if self.qemu_pid():
                pids.add(self.qemu_pid())
            pids.discard(os.getpid())
            for pid in pids:
                try:
                    os.kill(pid, sig)
                except ProcessLookupError:
                    pass
            end = time.monotonic() + limit
            while (self.pids() or self.qemu_pid()) and time.monotonic() < end:
                time.sleep(0.05)
        if found:
            run(['ip', 'netns', 'del', self.netns])
        for name in ('state.json', 'qemu.pid', 'monitor.sock', 'ssh.sock'):
            if os.path.lexists(f'{self.dir}/{name}'):
                os.unlink(f'{self.dir}/{name}')
        self.state = {}
        return found

    # -- dom0 ------------------------------------------------------------

    def ssh(self, *options):
        key = os.path.join(BUILD, 'lab-keys', 'id')
        return [
            'ssh', '-F', 'none', '-q', '-i', key, '-o', 'ControlPath=ssh.sock',
            '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null',
            '-o', 'ConnectTimeout=60', '-o', 'ServerAliveInterval=20',
            '-o', 'ServerAliveCountMax=10', '-o', 'LogLevel=ERROR',
            *options, 'root@10.98.0.2']

    def ssh_master(self):
        """One connection for all commands: a new one costs emulated seconds."""
        if os.path.lexists(f'{self.dir}/ssh.sock'):
            os.unlink(f'{self.dir}/ssh.sock')
        with open(f'{self.dir}/ssh.log', 'ab') as log:
            r = subprocess.run(
                in_root(self.ssh('-o', 'ControlMaster=yes', '-N', '-f'), self.netns),
                cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
        if r.returncode:
            return False
        r = subprocess.run(in_root(self.ssh('-O', 'check'), self.netns), cwd=self.dir,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, check=False)
        self.state['inside'] = int(re.search(r'pid=(\d+)', r.stdout).group(1))
        self.save()
        return True

    def inside(self, argv):
        """argv, to be run in the toolchain root and on the wire.

        The ssh connection lives there already: joining it costs a hundredth of what
        making a root anew does, and tests run thousands of commands.
        """
        return ['nsenter', '-t', str(self.state['inside']), '-m', '-n', '-r', '-w', '--',
                '/usr/bin/env', *ROOT_ENV, *argv]

    def dom0_argv(self, argv):
        return self.inside([*self.ssh('-o', 'ControlMaster=no', '-o', 'BatchMode=yes', '-T'),
                            shlex.join(argv)])

    def dom0(self, *argv, data=None, limit=300, check=True):
        """Runs a command in dom0; gives its output (both kinds), or raises."""
        try:
            r = subprocess.run(self.dom0_argv(argv), cwd=self.dir, check=False,
                               input=data, stdin=None if data else subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               timeout=limit)
        except subprocess.TimeoutExpired:
            raise LabError(f'dom0: no answer within {limit} s: {shlex.join(argv)}',
                           self.serial) from None
        text = r.stdout.decode(errors='replace')
        if check and r.returncode:
            self.need_up()
            raise LabError(f'dom0: failed ({r.returncode}): {shlex.join(argv)}\n{text.strip()}')
        return text

    def dom0_put(self, data, path, mode='644'):
        self.dom0('sh', '-c', f'cat >"$0" && chmod {mode} "$0"', path, data=data or b'\n')

    def setup_dom0(self, opts):
        say('bridge xenbr0 on nic0')
        self.dom0('/lab/dom0-net')
        if opts['vfs']:
            say(f'{opts["vfs"]} virtual functions')
            self.dom0('/lab/dom0-vfs', str(opts['vfs']))
        self.back(opts['back'])

    def back(self, which, params=()):
        say(f'back end: {which}')
        if which == 'nc2':
            path = initrd.module(self.state['kernel'], 'xen-nc2-back.ko')
            with open(path, 'rb') as f:
                self.dom0_put(f.read(), '/lab/modules/xen-nc2-back.ko')
        out = self.dom0('/lab/dom0-back', which, *params)
        if out.strip():
            say(out.strip())
        self.state['back'] = which
        self.save()


def images():
    """Makes the root and the images when they are not there (progress is theirs)."""
    r = subprocess.run([f'{HERE}/images.sh'], check=False, stdin=subprocess.DEVNULL)
    if r.returncode:
        raise LabError('could not make the images (see above)')


def quote(path):
    return f'--- last lines of {path}\n{tail(path)}\n--- all of it: {path}'
