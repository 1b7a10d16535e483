# SPDX-License-Identifier: GPL-2.0
"""The lab as the benchmark uses it: commands, configurations, counters."""
import json
import os
import re
import subprocess
import sys
import zlib

import counts

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
BUILD = os.environ.get('NC2_BUILD') or os.path.join(REPO, 'build')
LAB = os.path.join(REPO, 'tools', 'testing', 'lab', 'lab')
ROOTSH = os.path.join(REPO, 'tools', 'testing', 'root.sh')

# What has to be running for each: back end in dom0, front end in the guest, path.
CONFIGS = {
    'stock': ('stock', 'stock', None),
    'nc2-bridged': ('nc2', 'nc2', 'bridged'),
    'nc2-direct': ('nc2', 'nc2', 'direct'),
    'vf': ('none', 'vf', None),
}
MODULES = {'stock': ('xen_netback', 'xen_netfront'), 'nc2': ('xen_nc2_back', 'xen_nc2_front'),
           'vf': ('xen_pciback', 'igbvf')}


class BenchError(Exception):
    pass


def address(guest):
    return '10.99.0.1' + guest.removeprefix('g')


class BenchLab:
    """One lab with the plugin in its QEMU."""

    def __init__(self, name):
        self.name = name
        self.dir = os.path.join(BUILD, 'lab', name)
        self.guests = {}    # name -> domain id
        self.front = None

    def argv(self, verb, *args):
        return [LAB, verb, '--name', self.name, *args]

    def run(self, verb, *args, limit=300, check=True):
        try:
            done = subprocess.run(self.argv(verb, *args), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            raise BenchError(f'lab {verb} {" ".join(args)}: no end within {limit} s') from None
        if check and done.returncode:
            text = (done.stdout + done.stderr).decode(errors='replace')
            raise BenchError(f'lab {verb} {" ".join(args)} failed ({done.returncode}):\n{text}')
        return done.stdout

    def on(self, who, script, limit=120, check=True):
        return self.run('exec', who, '--', 'sh', '-c', script, limit=limit,
                        check=check).decode(errors='replace')

    def up(self, vfs, memory=None):
        qemu = ['-plugin', f'file={BUILD}/bench/count.so,sock=count.sock']
        if memory:
            qemu += ['-m', str(memory)]
        # An IOMMU in all configurations: pass-through cannot do without.
        argv = self.argv('up', '--guests', '0', '--vfs', str(vfs), '--iommu', '--back', 'none',
                         *(f'--qemu={word}' for word in qemu))
        # The first time the images are made, which takes minutes: its words are shown.
        if subprocess.run(argv, stdin=subprocess.DEVNULL, check=False).returncode:
            raise BenchError('the lab does not come up')

    def down(self):
        self.run('down', check=False)

    def counters(self):
        return counts.read(self.dir)

    # -- configurations --------------------------------------------------

    def make_guests(self, back, front, names):
        self.drop_guests()
        self.run('back', back)
        for name in names:
            self.create(name, front)
            self.guests[name] = int(self.on('dom0', f'xl domid {name}'))
            self.run('push', name, f'{BUILD}/bench/probe', '/run/probe')
            self.on(name, 'chmod +x /run/probe; iperf3 -s -D; /run/probe echo 7 >/dev/null 2>&1 &')
        self.front = front
        self.check_modules(back, front)

    def create(self, name, front):
        words = ['guest', 'create', name, '--front', front, '--type', 'pv']
        try:
            self.run(*words)
        except BenchError as e:
            # On a host that is busy with other things xl may be too slow, once.
            print(f'{e}\nonce more', file=sys.stderr)
            self.run('guest', 'destroy', name, check=False)
            self.run(*words)

    def check_modules(self, back, front):
        """Nothing else can be carrying the frames then."""
        of_guest = MODULES[front][1]
        of_dom0 = MODULES['vf' if front == 'vf' else back][0]
        for who, want in (('dom0', of_dom0), *((g, of_guest) for g in self.guests)):
            self.on(who, f'[ -d /sys/module/{want} ] || {{ echo {want} is not loaded; exit 1; }}')

    def drop_guests(self):
        for name in list(self.guests):
            self.run('guest', 'destroy', name)
            del self.guests[name]

    def choose_path(self, path):
        """Returns when both ends of all guests are on it."""
        policy = 'auto' if path == 'direct' else 'bridged'
        wait = ('n=0; until [ "$(cat $(echo %s))" = %s ]; do n=$((n + 1)); '
                '[ $n -lt 200 ] || { grep . $(dirname $(echo %s))/*; exit 1; }; sleep 0.2; done')
        for name, domid in self.guests.items():
            node = f'/sys/bus/xen-backend/devices/vif-{domid}-0/nc2'
            self.on('dom0', f'echo {policy} >{node}/path; '
                    + wait % (f'{node}/path', path, f'{node}/path'))
            mine = '/sys/bus/xen/devices/vif-*/nc2/path'
            self.on(name, wait % (mine, path, mine))

    # -- what is counted -------------------------------------------------

    def wire(self):
        """Frames at the tap, by direction as the guests see it."""
        text = subprocess.run(['ip', '-n', f'nc2-{self.name}', '-s', '-j', 'link', 'show',
                               'dev', 'wire'], stdout=subprocess.PIPE, check=True).stdout
        s = json.loads(text)[0]['stats64']
        return {'rx_frames': s['tx']['packets'], 'rx_bytes': s['tx']['bytes'],
                'rx_dropped': s['tx']['dropped'], 'tx_frames': s['rx']['packets'],
                'tx_bytes': s['rx']['bytes'], 'tx_dropped': s['rx']['dropped']}

    def drivers(self):
        """Counters of drivers and netdevs: {'back', 'front', 'pf'}, sums of all guests."""
        found = {'back': {}, 'front': {}, 'pf': {}}
        names = [('pf', 'nic0')]
        if self.front != 'vf':
            names += [('back', f'vif{domid}.0') for domid in self.guests.values()]
        script = 'for d in {}; do echo "@ $d"; ethtool -S $d 2>/dev/null; cd /sys/class/net/$d/' \
                 'statistics; grep -H . [rt]x_packets [rt]x_dropped; done'
        text = self.on('dom0', script.format(' '.join(dev for _, dev in names)))
        where = {dev: end for end, dev in names}
        for part in text.split('@ ')[1:]:
            dev, _, rest = part.partition('\n')
            add(found[where[dev.strip()]], rest)
        for name in self.guests:
            add(found['front'], self.on(name, script.format('eth0')))
        return found

    # -- names of addresses ----------------------------------------------

    def packed(self, who, command):
        raw = self.run('exec', who, '--', 'sh', '-c', f'{command} | gzip -1')
        return zlib.decompress(raw, 31).decode(errors='replace')

    def core_symbols(self):
        """(Xen's, Linux's): neither moves in the lab, and all run the same Linux."""
        xen = self.packed('dom0', 'cat /proc/xen/xensyms')
        linux = self.packed('dom0', "grep -v '\\[' /proc/kallsyms")
        return xen, linux

    def module_symbols(self, who):
        return self.packed(who, "grep '\\[' /proc/kallsyms")

    def banner(self, who):
        return self.on(who, "grep -w -e _stext -e linux_banner -e xen_evtchn_do_upcall "
                       "/proc/kallsyms; uname -r")

    def versions(self):
        def text(argv):
            return subprocess.run(argv, stdout=subprocess.PIPE, check=True,
                                  text=True).stdout.splitlines()[0].strip()
        git = subprocess.run(['git', '-C', REPO, 'log', '-1', '--format=%H'], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        dirty = subprocess.run(['git', '-C', REPO, 'status', '--porcelain', '--', 'netback',
                                'netfront', 'include'], text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, check=False).stdout.strip()
        info = dict(re.findall(r'^(\w+) *: (.*)$', self.on('dom0', 'xl info'), re.M))
        return {
            'source': (git.stdout.strip() or 'unknown') + (' and changes' if dirty else ''),
            'qemu': text([ROOTSH, 'run', '--', 'qemu-system-x86_64', '--version']),
            'iperf3': text([ROOTSH, 'run', '--', 'iperf3', '--version']),
            'xen': info.get('xen_version', ''),
            'xen_commandline': info.get('xen_commandline', ''),
            'linux_dom0': self.on('dom0', 'uname -rv').strip(),
            'dom0_cmdline': self.on('dom0', 'cat /proc/cmdline').strip(),
        }


def add(sums, text):
    """Adds "name: number" and "name:number" lines."""
    for name, value in re.findall(r'^ *([\w.\[\]-]+): *(\d+)$', text, re.M):
        sums[name] = sums.get(name, 0) + int(value)


def difference(before, after):
    """Nested dictionaries of numbers; what did not change is left out."""
    out = {}
    for key, value in after.items():
        if isinstance(value, dict):
            out[key] = difference(before.get(key, {}), value)
        elif value != before.get(key, 0):
            out[key] = value - before.get(key, 0)
    return out
