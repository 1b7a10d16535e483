# SPDX-License-Identifier: GPL-2.0
"""The lab as the benchmark uses it: commands, configurations, counters."""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import zlib

import counts
import loss

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
# Where the guests' servers for UDP listen.
ECHO_PORT, SINK_PORT = 7, 9
# Seconds.  No lab needs half of these; one whose QEMU hangs is to be given up.
COMMAND_S, EXEC_S, CREATE_S, UP_S = 300, 240, 900, 3600


class BenchError(Exception):
    pass


class Busy(BenchError):
    """The guest's server is between two clients."""


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

    def run(self, verb, *args, limit=COMMAND_S, check=True):
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

    def on(self, who, script, limit=EXEC_S, check=True):
        return self.run('exec', who, '--', 'sh', '-c', script, limit=limit,
                        check=check).decode(errors='replace')

    def up(self, vfs, memory=None):
        qemu = ['-plugin', f'file={BUILD}/bench/count.so,sock=count.sock']
        if memory:
            qemu += ['-m', str(memory)]
        # An IOMMU in all configurations: pass-through cannot do without.
        argv = self.argv('up', '--guests', '0', '--vfs', str(vfs), '--iommu', '--back', 'none',
                         # What hosts have, not what is fast to emulate.
                         '--cpu', 'max,vendor=GenuineIntel,-rdtscp',
                         *(f'--qemu={word}' for word in qemu))
        # The first time the images are made, which takes minutes: its words are shown.
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, timeout=UP_S, check=False)
        except subprocess.TimeoutExpired:
            raise BenchError(f'the lab is not up within {UP_S} s') from None
        if done.returncode:
            raise BenchError('the lab does not come up')
        # What goes to the serial line does so by interrupts.  If the host lets one take 4 ms,
        # Xen polls the line from then on, a thousand times a second.
        self.on('dom0', "dmesg -n 1; xl set-parameters 'loglvl=warning guest_loglvl=none'")

    def polls_serial(self):
        """Whether Xen has begun to poll its serial line: a second costs two million
        instructions more then."""
        with open(f'{self.dir}/serial.log', encoding='utf-8', errors='replace') as f:
            return 'switched to polling' in f.read()

    def down(self):
        try:
            self.run('down', check=False)
        except BenchError as e:
            print(f'bench: {e}', file=sys.stderr)

    def counters(self):
        return counts.read(self.dir)

    # -- configurations --------------------------------------------------

    def make_guests(self, back, front, names, mtu=1500, queues=1):
        self.drop_guests()
        # Not before the last one's interface is gone: "lab back" refuses.
        self.on('dom0', wait('[ -z "$(xenstore-list /local/domain/0/backend/vif 2>/dev/null)" ]'))
        self.run('back', back, *([f'max_queues={queues}'] if queues > 1 else []))
        self.front = front
        for name in names:
            self.guests[name] = 0
            self.create(name, front, queues)
            self.guests[name] = int(self.on('dom0', f'xl domid {name}'))
            self.run('push', name, f'{BUILD}/bench/probe', '/run/probe')
            self.on(name, self.serve(MODULES[front][1], mtu, queues))
        # Nothing else can be carrying the frames then.
        self.on('dom0', loaded(MODULES['vf' if front == 'vf' else back][0]))

    def create(self, name, front, vcpus):
        words = ['guest', 'create', name, '--front', front, '--type', 'pv', '--vcpus', str(vcpus)]
        try:
            self.run(*words, limit=CREATE_S)
        except BenchError as e:
            # On a host that is busy with other things xl may be too slow, once.
            print(f'{e}\nonce more', file=sys.stderr)
            self.run('guest', 'destroy', name, check=False)
            self.run(*words, limit=CREATE_S)

    @staticmethod
    def serve(module, mtu, queues):
        """A guest's servers; they listen when it returns."""
        udp = {'echo': ECHO_PORT, 'sink': SINK_PORT}
        # A datagram takes a page or more of a socket's memory; by default some hundred
        # have room, and a pause of the emulated CPU would lose frames that came through.
        # It hides nothing: who reads more slowly than is sent is found to be late.
        return '\n'.join((
            loaded(module),
            'for f in rmem_max rmem_default; do echo 8388608 >/proc/sys/net/core/$f; done',
            f'[ -d /sys/class/net/eth0/queues/tx-{queues - 1} ] || '
            f'{{ echo "fewer than {queues} queues"; exit 1; }}',
            f'[ "$(cat /sys/class/net/eth0/mtu)" = {mtu} ] || ip link set eth0 mtu {mtu}',
            'iperf3 -s -D >/dev/null',
            *(f'setsid /run/probe {verb} {port} >/dev/null 2>&1 </dev/null &'
              for verb, port in udp.items()),
            wait('ss -ltnH | grep -q :5201 && '
                 + ''.join(f'ss -lunH | grep -q ":{port} " && ' for port in udp.values())
                 + '[ "$(cat /sys/class/net/eth0/carrier)" = 1 ]')))

    def drop_guests(self):
        for name in self.guests:
            # Of one that is not there: what is left of it is found by who comes next.
            self.run('guest', 'destroy', name, check=False)
        self.guests = {}

    def set_mtu(self, mtu):
        """Of the wire and of all that is between it and the guests, which are not there."""
        self.drop_guests()
        subprocess.run(['ip', '-n', f'nc2-{self.name}', 'link', 'set', 'wire', 'mtu', str(mtu)],
                       check=True, timeout=EXEC_S)
        self.on('dom0', f'ip link set nic0 mtu {mtu} && ip link set xenbr0 mtu {mtu}\n'
                + wait('[ "$(cat /sys/class/net/nic0/carrier)" = 1 ]'))

    def path_script(self, path):
        """For dom0: all guests to a path; it ends when all are there."""
        policy = 'auto' if path == 'direct' else 'bridged'
        nodes = ' '.join(f'/sys/bus/xen-backend/devices/vif-{domid}-0/nc2'
                         for domid in self.guests.values())
        return (f'for n in {nodes}; do echo {policy} >$n/path; done\n'
                f'for n in {nodes}; do\n{wait(f"grep -qx {path} $n/path", "grep . $n/*")}\ndone\n')

    def choose_path(self, path):
        self.on('dom0', self.path_script(path))

    def switch_paths(self, times):
        """From the direct path to the bridge and back, so many changes in all."""
        self.on('dom0', f'for i in $(seq {times // 2}); do\n'
                f'{self.path_script("bridged")}sleep 1\n'
                f'{self.path_script("direct")}sleep 1\ndone', limit=EXEC_S * 2)

    # -- what is counted -------------------------------------------------

    def wire(self):
        """Frames at the tap, by direction as the guests see it."""
        text = subprocess.run(['ip', '-n', f'nc2-{self.name}', '-s', '-j', 'link', 'show',
                               'dev', 'wire'], stdout=subprocess.PIPE, check=True,
                              timeout=EXEC_S).stdout
        s = json.loads(text)[0]['stats64']
        return {'rx_frames': s['tx']['packets'], 'rx_bytes': s['tx']['bytes'],
                'rx_dropped': s['tx']['dropped'], 'tx_frames': s['rx']['packets'],
                'tx_bytes': s['rx']['bytes'], 'tx_dropped': s['rx']['dropped']}

    def drivers(self):
        """Counters of drivers and netdevs: {'back', 'front', 'pf'}, sums of all guests.

        Of the front ends only ours is asked: it alone tells the way that frames went, and
        a command in a guest takes longer than all the rest."""
        found = {'back': {}, 'front': {}, 'pf': {}}
        names = [('pf', 'nic0')]
        if self.front != 'vf':
            names += [('back', f'vif{domid}.0') for domid in self.guests.values()]
        script = ('for d in {}; do echo "@ $d"; ethtool -S $d 2>/dev/null; '
                  'cd /sys/class/net/$d/statistics; '
                  'grep -H . [rt]x_packets [rt]x_dropped | sed s/^/netdev_/; done')
        text = self.on('dom0', script.format(' '.join(dev for _, dev in names)))
        where = {dev: end for end, dev in names}
        for part in text.split('@ ')[1:]:
            dev, _, rest = part.partition('\n')
            add(found[where[dev.strip()]], rest)
        for name in self.guests if self.front == 'nc2' else ():
            add(found['front'], self.on(name, script.format('eth0')))
        return found

    def stages(self):
        """Frames by stage of the way from the wire to the guests' sockets (loss.py), sums
        of all guests.  Each command takes a second or so: all at once."""
        with concurrent.futures.ThreadPoolExecutor(len(self.guests) + 1) as pool:
            nic = pool.submit(self.on, 'dom0', 'ethtool -S nic0')
            guests = [pool.submit(self.on, name, 'cat /proc/net/snmp /proc/net/dev')
                      for name in self.guests]
        counted = re.search(r'^ *rx_packets: (\d+)$', nic.result(), re.M)
        if not counted:
            raise BenchError('nic0 does not count what it receives')
        found = {'tap': self.wire()['rx_frames'], 'nic': int(counted[1])}
        for guest in guests:
            for stage, count in loss.guest_counters(guest.result()).items():
                found[stage] = found.get(stage, 0) + count
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
            return subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True,
                                  timeout=EXEC_S).stdout.splitlines()[0].strip()
        info = dict(re.findall(r'^(\w+) *: (.*)$', self.on('dom0', 'xl info'), re.M))
        return {
            'source': source(),
            'qemu': text([ROOTSH, 'run', '--', 'qemu-system-x86_64', '--version']),
            'iperf3': text([ROOTSH, 'run', '--', 'iperf3', '--version']),
            'xen': info.get('xen_version', ''),
            'xen_commandline': info.get('xen_commandline', ''),
            'linux_dom0': self.on('dom0', 'uname -rv').strip(),
            'dom0_cmdline': self.on('dom0', 'cat /proc/cmdline').strip(),
        }


def source():
    """The commit, and whether what is built is just that."""
    def git(*args):
        try:
            return subprocess.run(['git', '-C', REPO, *args], text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, check=False).stdout.strip()
        except OSError:
            return ''
    dirty = git('status', '--porcelain', '--', 'netback', 'netfront', 'include')
    return (git('log', '-1', '--format=%H') or 'unknown') + (' and changes' if dirty else '')


def wait(condition, otherwise=':'):
    """A piece of shell that waits for something, for a minute or somewhat more."""
    return (f'k=0; until {condition}; do k=$((k + 1)); '
            f'[ $k -lt 300 ] || {{ {otherwise}; echo "not within the limit"; exit 1; }}; '
            'sleep 0.2; done')


def loaded(module):
    return f'[ -d /sys/module/{module} ] || {{ echo "{module} is not loaded"; exit 1; }}'


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
