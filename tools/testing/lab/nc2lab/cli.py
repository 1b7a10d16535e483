# SPDX-License-Identifier: GPL-2.0
"""lab: the command line (see Documentation/lab.rst)."""
import argparse
import os
import shutil
import signal
import subprocess
import sys

import guests
import initrd
import logs
from machine import Lab, images, preflight, quote
from util import GUEST_KERNELS, KERNELS, LabError, say

# One more than the NIC has virtual functions: somebody has to wait.
MAX_GUESTS = 8
MAX_VFS = 7


def count(low, high):
    def parse(text):
        n = int(text)
        if not low <= n <= high:
            raise argparse.ArgumentTypeError(f'{n} is not in {low}..{high}')
        return n
    return parse


def guest_options(p, default):
    """The options that a guest is made by; with default False: those of `up`."""
    def d(value):
        return value if default else None
    p.add_argument('--type', choices=('pv', 'pvh'), default=d('pv'))
    p.add_argument('--front', choices=('nc2', 'stock', 'vf'), default=d('nc2'),
                   help='front end in the guest; vf: the guest owns a virtual function')
    p.add_argument('--kernel', choices=KERNELS if default else KERNELS + GUEST_KERNELS,
                   default=d('6.12'))
    p.add_argument('--vcpus', type=count(1, 8), default=d(1), metavar='N')
    p.add_argument('--guest-mem', type=count(96, 4096), default=d(256), metavar='M',
                   help='memory of a guest in MB')
    p.add_argument('--path', choices=('auto', 'bridged'), default=d('auto'),
                   help='bridged: no gatewaydev= in the vif line')
    p.add_argument('--vif', metavar='KEY=VALUE,...', help='more keys for the vif line')
    p.add_argument('--on-reboot', choices=('destroy', 'restart'), default=d('destroy'),
                   help='what xl does with a guest that reboots')
    p.add_argument('--extra', action='append', metavar='WORD',
                   help='more words for the kernel command line; '
                        'xen_nc2_front.X=Y are parameters of our front end')


def parser():
    top = argparse.ArgumentParser(
        prog='lab', description='A Xen host in QEMU with guests, on a wire of its own.',
        epilog='The wire is 10.99.0.1, dom0 10.99.0.2, guest gN 10.99.0.1N '
               '(fd99::1, ::2, ::1N). See Documentation/lab.rst.')
    sub = top.add_subparsers(dest='cmd', required=True, metavar='COMMAND')

    def add(name, **kw):
        p = sub.add_parser(name, **kw)
        p.add_argument('--name', default='main', help='which lab (default: main)')
        return p

    p = add('up', help='boot a lab')
    p.add_argument('--guests', type=count(0, MAX_GUESTS), default=1, metavar='0..8')
    p.add_argument('--back', choices=('nc2', 'stock', 'none'), default='nc2')
    guest_options(p, True)
    p.add_argument('--iommu', action='store_true', help='emulate an IOMMU; dom0-iommu=strict')
    p.add_argument('--vfs', type=count(0, MAX_VFS), metavar='N',
                   help='virtual functions of the NIC (default: as many as guests, or 7)')
    p.add_argument('--dom0-vcpus', type=count(1, 4), default=1, metavar='N',
                   help='CPUs of dom0 alone; the guests share one more (default: 1)')
    p.add_argument('--qemu', action='append', default=[], metavar='WORD',
                   help='one more word for QEMU\'s command line')
    p.add_argument('--xen', action='append', default=[], metavar='WORD',
                   help='one more word for Xen\'s command line')
    p.add_argument('--cpu', metavar='MODEL', help='QEMU\'s -cpu, instead of one that is fast to emulate')
    p.add_argument('--keep', action='store_true', help='leave the lab up when a step fails')

    p = add('exec', help='run a command: lab exec WHO -- CMD...')
    p.add_argument('-i', '--stdin', action='store_true', help='pass stdin')
    p.add_argument('--timeout', type=float, metavar='S', help='give up after S seconds (124)')
    p.add_argument('who', help='dom0, g1..g8 or wire')
    p.add_argument('argv', nargs=argparse.REMAINDER, metavar='-- CMD...')

    for name, text in (('push', 'copy a file to dom0, a guest or the wire'),
                       ('pull', 'copy a file from there')):
        p = add(name, help=text)
        p.add_argument('who')
        p.add_argument('src')
        p.add_argument('dst')

    p = add('guest', help='make or end a guest in a running lab')
    p.add_argument('action', choices=('create', 'destroy', 'shutdown', 'wait'))
    p.add_argument('guest')
    guest_options(p, False)
    p.add_argument('--driver-domain', action='store_true',
                   help='the guest serves interfaces of other guests (--vif backend=gI)')
    p.add_argument('--no-net', action='store_true', help='do not wait for eth0')

    p = add('back', help='choose the back end (no guest may be up)')
    p.add_argument('which', choices=('nc2', 'stock', 'none'))
    p.add_argument('params', nargs='*', metavar='PARAMETER=VALUE')

    p = add('logs', help='print a log')
    p.add_argument('who', nargs='?', help='dom0, g1..g8, xen, qemu; default: the serial line')

    p = add('check-logs', help='search all logs for what must not be there')
    p.add_argument('--mark', action='store_true', help='the next search starts here')
    p.add_argument('--also', default=':', metavar='CMD',
                   help='a shell command for dom0 that must say nothing')

    add('status', help='what is running')
    p = add('down', help='end a lab; nothing of it stays')
    p.add_argument('--all', action='store_true')
    return top


def up(lab, a):
    if lab.state and lab.qemu_pid():
        raise LabError(f'lab {lab.name!r} is up: lab down first, or another --name')
    opts = {k: getattr(a, k) for k in ('guests', 'type', 'back', 'front', 'kernel', 'vcpus',
                                       'guest_mem', 'iommu', 'vfs', 'path', 'vif', 'on_reboot',
                                       'qemu', 'xen', 'cpu', 'dom0_vcpus')}
    opts['extra'] = a.extra or []
    if opts['vfs'] is None:
        opts['vfs'] = min(opts['guests'], MAX_VFS)
    if opts['front'] == 'vf':
        if not opts['iommu']:
            say('--front vf: turning the IOMMU on, Xen passes no device through without')
            opts['iommu'] = True
        if opts['vfs'] < opts['guests']:
            raise LabError(f'{opts["guests"]} guests with --front vf need as many --vfs')
    preflight(lab.memory(opts['guests'], opts['guest_mem']))
    # Missing modules are said now, not after a minute of booting.
    if opts['guests']:
        guests.check(opts, opts['iommu'])
    if opts['back'] == 'nc2':
        initrd.module(opts['kernel'], 'xen-nc2-back.ko')
    images()
    lock = lab.lock()
    try:
        lab.down()
        lab.state = {**opts, 'guests': {}, 'back': 'none'}
        lab.save()
        say(f'wire: network namespace {lab.netns}')
        lab.make_wire()
        say(f'booting Xen and dom0 (log: {lab.serial})')
        lab.start_qemu(opts)
        lab.boot()
        say('dom0 is up')
        lab.setup_dom0(opts)
        guests.create(lab, [f'g{i + 1}' for i in range(opts['guests'])], opts)
        say(f'lab {lab.name} is up')
    except BaseException as e:
        if isinstance(e, LabError) and a.keep:
            raise
        # The logs stay; what runs does not.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        say('failed: ending the lab' if isinstance(e, LabError) else 'interrupted: ending the lab')
        if isinstance(e, LabError) and e.console:
            e = LabError(f'{e}\n{quote(e.console)}')
        lab.down()
        raise e
    finally:
        os.close(lock)


def run_exec(lab, a):
    argv = a.argv[1:] if a.argv[:1] == ['--'] else a.argv
    if not argv:
        raise LabError('exec: no command')
    lab.need_up()
    cwd = None
    if a.who == 'wire':
        argv = lab.inside(argv)
    elif a.who == 'dom0':
        argv, cwd = lab.dom0_argv(argv), lab.dir
    else:
        argv, cwd = guests.exec_argv(lab, a.who, argv, a.stdin), lab.dir
    stdin = None if a.stdin else subprocess.DEVNULL
    p = subprocess.Popen(argv, stdin=stdin, cwd=cwd)    # pylint: disable=consider-using-with
    try:
        return p.wait(a.timeout)
    except subprocess.TimeoutExpired:
        p.terminate()
        p.wait()
        print(f'lab: exec {a.who}: no end within {a.timeout:g} s', file=sys.stderr)
        return 124
    except KeyboardInterrupt:
        p.terminate()
        p.wait()
        return 130


def copy(lab, a):
    lab.need_up()
    local = a.src if a.cmd == 'push' else a.dst
    if a.who == 'wire':
        shutil.copy(a.src, a.dst)
        return 0
    if os.path.isdir(local) and a.cmd == 'push':
        raise LabError(f'{local} is a directory: push files, or a tar archive')
    if os.path.isdir(local):
        a.dst = os.path.join(a.dst, os.path.basename(a.src))
    if a.cmd == 'push':
        mode = os.stat(a.src).st_mode & 0o777
        argv = ['sh', '-c', f'd=$1; [ ! -d "$d" ] || d=$d/$2; cat >"$d" && chmod {mode:o} "$d"',
                'sh', a.dst, os.path.basename(a.src)]
        with open(a.src, 'rb') as f:
            r = subprocess.run(way(lab, a.who, argv, True), cwd=lab.dir, stdin=f, check=False)
        return r.returncode
    tmp = f'{a.dst}.lab-pull'
    with open(tmp, 'wb') as f:
        r = subprocess.run(way(lab, a.who, ['cat', a.src], False), cwd=lab.dir, check=False,
                           stdin=subprocess.DEVNULL, stdout=f)
    if r.returncode:
        os.unlink(tmp)
    else:
        os.replace(tmp, a.dst)
    return r.returncode


def way(lab, who, argv, stdin):
    if who == 'dom0':
        return lab.dom0_argv(argv)
    return guests.exec_argv(lab, who, argv, stdin)


def guest(lab, a):
    lab.need_up()
    guests.number(a.guest)
    if a.action == 'wait':
        guests.wait_ready(lab, a.guest, net=not a.no_net)
        return 0
    if a.action != 'create':
        guests.remove(lab, a.guest, a.action)
        return 0
    opts = dict(lab.state)
    keep = ('type', 'front', 'kernel', 'vcpus', 'guest_mem', 'path', 'vif', 'on_reboot', 'extra')
    for k in keep:
        if getattr(a, k) is not None:
            opts[k] = getattr(a, k)
    guests.create(lab, [a.guest], {**{k: opts[k] for k in keep}, 'driver_domain': a.driver_domain},
                  net=not a.no_net)
    return 0


def status(lab, chosen):
    labs = [lab] if chosen else Lab.all()
    if not labs:
        print('no lab is up')
    for x in labs:
        if not x.state:
            print(f'{x.name}: not up')
            continue
        s = x.state
        pid = x.qemu_pid()
        print(f'{x.name}: {"up, QEMU " + str(pid) if pid else "QEMU has ended"}; '
              f'dom0 Linux {s["kernel"]}, back {s["back"]}, {s["vfs"]} VFs, '
              f'IOMMU {"on" if s["iommu"] else "off"}; logs in {x.dir}')
        if pid:
            print(x.dom0('xl', 'list', check=False).rstrip())
        for name, g in s['guests'].items():
            print(f'  {name}: {g["type"]}, front {g["front"]}, Linux {g["kernel"]}')


def main():
    argv = sys.argv[1:]
    a = parser().parse_args(argv)
    lab = Lab(a.name)
    if os.geteuid() != 0 and a.cmd not in ('up',):
        raise LabError('must run as root (network namespaces): use sudo')
    if a.cmd == 'up':
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        up(lab, a)
    elif a.cmd == 'exec':
        return run_exec(lab, a)
    elif a.cmd in ('push', 'pull'):
        return copy(lab, a)
    elif a.cmd == 'guest':
        return guest(lab, a)
    elif a.cmd == 'back':
        lab.need_up()
        lab.back(a.which, a.params)
    elif a.cmd == 'logs':
        if not os.path.exists(lab.serial):
            raise LabError(f'no lab {lab.name!r}, and none left logs')
        sys.stdout.write(logs.show(lab, a.who))
    elif a.cmd == 'check-logs':
        if not lab.state:
            lab.need_up()
        found = logs.check(lab, a.mark, a.also)
        for source, line in found:
            print(f'{source}: {line}')
        return 1 if found else 0
    elif a.cmd == 'status':
        status(lab, '--name' in argv)
    elif a.cmd == 'down':
        for x in Lab.all() if a.all else [lab]:
            lock = x.lock(end_other=True)
            print(f'{x.name}: {"down" if x.down() else "was not up"}', file=sys.stderr)
            os.close(lock)
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except LabError as e:
        print(f'lab: {e}', file=sys.stderr)
        if e.console:
            print(quote(e.console), file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
