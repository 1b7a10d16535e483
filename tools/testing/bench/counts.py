# SPDX-License-Identifier: GPL-2.0
"""Counters of the plugin (count.c): read, subtract, and give names to addresses."""
import array
import bisect
import os
import re
import socket
import struct

HEAD = struct.Struct('=8sIIQQ')
READ_LIMIT = 20     # seconds; an answer takes a tenth of one

# A domain has a CPU to itself in the lab: what a vCPU runs tells who did it.
DOMAINS = ('dom0', 'guest')
# Linux and Xen on x86_64; a class is what lies between two of these addresses.
KINDS = ('xen', 'wait', 'kernel', 'module', 'user', 'rest')
XEN = 0xffff800000000000
XEN_END = 0xffff880000000000
KERNEL = 0xffffffff80000000
MODULES = 0xffffffffc0000000

# Xen's functions whose calls are told for each test.
HYPERCALLS = frozenset('do_' + name for name in (
    'mmu_update', 'mmuext_op', 'update_va_mapping', 'stack_switch', 'fpu_taskswitch',
    'set_segment_base', 'sched_op', 'set_timer_op', 'event_channel_op', 'physdev_op',
    'grant_table_op', 'iret', 'vcpu_op', 'multicall', 'memory_op', 'xen_version',
    'console_io', 'set_trap_table', 'set_callbacks', 'vm_assist', 'domctl', 'sysctl',
    'platform_op', 'hvm_op', 'update_descriptor', 'set_debugreg', 'get_debugreg',
    'nmi_op', 'callback_op', 'xsm_op', 'set_gdt'))
OTHERS = frozenset(('pv_hypercall', 'evtchn_send', 'evtchn_fifo_set_pending',
                    'evtchn_2l_set_pending', 'do_IRQ', 'do_page_fault', '__context_switch',
                    'gnttab_copy', 'acquire_grant_for_copy', 'gnttab_map_grant_ref',
                    'gnttab_unmap_grant_ref'))
WATCHED = HYPERCALLS | OTHERS
# Once a second Xen's CPUs wait for each other, to set their clocks: a loop that runs
# for as long as the emulator takes to get round to the other CPU.  Counted apart.
WAITS = frozenset(('on_selected_cpus', '__bitmap_empty', 'time_calibration_std_rendezvous',
                   'time_calibration_tsc_rendezvous'))


class CountError(Exception):
    pass


class Counters:
    """All counters at one moment."""

    def __init__(self, raw):
        if len(raw) < HEAD.size:
            raise CountError('the plugin sent no answer')
        magic, version, self.vcpus, n, self.rest = HEAD.unpack_from(raw)
        if magic != b'NC2COUNT' or version != 1:
            raise CountError('that is not the plugin, or not this version of it')
        if len(raw) != HEAD.size + 8 * n * (2 + self.vcpus):
            raise CountError(f'the plugin sent {len(raw)} bytes for {n} blocks')
        at = HEAD.size
        blocks = array.array('Q', raw[at:at + 16 * n])
        self.vaddr, self.insns = blocks[0::2], blocks[1::2]
        self.counts = []
        for vcpu in range(self.vcpus):
            at = HEAD.size + 8 * n * (2 + vcpu)
            self.counts.append(array.array('Q', raw[at:at + 8 * n]))


def ask(directory, name, text=b''):
    """A plugin's answer.  By a descriptor, as a socket's path must be short."""
    fd = os.open(directory, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(READ_LIMIT)
            s.connect(f'/proc/self/fd/{fd}/{name}')
            s.sendall(text)
            raw = bytearray()
            while part := s.recv(1 << 20):
                raw += part
    except OSError as e:
        raise CountError(f'the plugin does not answer: {e}') from e
    finally:
        os.close(fd)
    return bytes(raw)


def read(directory, name='count.sock'):
    return Counters(ask(directory, name))


def kind_of(index, vaddr):
    if index == 0:
        return 'user'
    if vaddr >= MODULES:
        return 'module'
    if vaddr >= KERNEL:
        return 'kernel'
    if XEN <= vaddr < XEN_END:
        return 'xen'
    return 'rest'


class Delta:
    """What ran between two moments: (index, vaddr, insns of a block, times)."""

    def __init__(self, before, after):
        self.runs = []
        for vcpu in range(min(after.vcpus, len(DOMAINS))):
            old = before.counts[vcpu]
            new = after.counts[vcpu]
            runs = []
            for i, count in enumerate(new):
                times = count - (old[i] if i < len(old) else 0)
                if times:
                    runs.append((i, after.vaddr[i], after.insns[i], times))
            self.runs.append(runs)
        self.rest_blocks = after.rest

    def by_kind(self, xen):
        """{domain: {kind: instructions}}; xen: Symbols of it"""
        found = {}
        for domain, runs in zip(DOMAINS, self.runs):
            sums = dict.fromkeys(KINDS, 0)
            for i, vaddr, insns, times in runs:
                kind = kind_of(i, vaddr)
                if kind == 'xen' and xen.find(vaddr)[0] in WAITS:
                    kind = 'wait'
                sums[kind] += insns * times
            found[domain] = sums
        return found

    def calls(self, xen):
        """{domain: {function of Xen: calls}}, those of WATCHED."""
        found = {}
        entries = {a: n for a, n in zip(xen.addresses, xen.names)
                   if n in WATCHED and xen.find(a)[2]}
        for domain, runs in zip(DOMAINS, self.runs):
            sums = {}
            for _, vaddr, _, times in runs:
                name = entries.get(vaddr)
                if name:
                    sums[name] = sums.get(name, 0) + times
            found[domain] = dict(sorted(sums.items()))
        return found

    def by_function(self, core, modules):
        """[(domain, kind, function, module, instructions, calls)], largest first.

        core: Symbols of Xen and Linux; modules: {domain: Symbols of its modules}"""
        sums = {}
        for domain, runs in zip(DOMAINS, self.runs):
            for i, vaddr, insns, times in runs:
                kind = kind_of(i, vaddr)
                if kind == 'user' or not vaddr:
                    key, entry = (domain, kind, f'({kind})', ''), False
                else:
                    symbols = modules[domain] if kind == 'module' else core
                    name, module, start = symbols.find(vaddr)
                    if kind == 'xen' and name in WAITS:
                        kind = 'wait'
                    key, entry = (domain, kind, name, module), vaddr == start
                s = sums.setdefault(key, [0, 0])
                s[0] += insns * times
                s[1] += times if entry else 0
        return sorted(((*k, *v) for k, v in sums.items()), key=lambda x: -x[4])


class Symbols:
    """Functions by address, from text in the manner of /proc/kallsyms."""

    LINE = re.compile(r'^([0-9a-f]{8,16}) ([tTwW]) (\S+)(?:[ \t]+\[(\S+)\])?\s*$', re.M)
    # What the compiler adds to the name of a function that it has made several of.
    SUFFIX = re.compile(r'\.(isra|constprop|part|cold|lto_priv)\b.*$')
    # Xen tells the file of what is local to it.
    FILE = re.compile(r'^[\w./-]*#')

    def __init__(self, *texts):
        found = {}
        for text in texts:
            for addr, _, name, module in self.LINE.findall(text):
                addr = int(addr, 16)
                # Of several names for one address: one that says something.
                if addr and (addr not in found or found[addr][0].startswith(('_', '.'))):
                    found[addr] = (name, module)
        self.addresses = sorted(found)
        self.names = [self.SUFFIX.sub('', self.FILE.sub('', found[a][0])) for a in self.addresses]
        # Not where a function begins.
        self.cold = ['.cold' in found[a][0] for a in self.addresses]
        self.modules = [found[a][1] for a in self.addresses]

    def find(self, vaddr):
        """(function, module, address of its entry) of a block that begins at vaddr."""
        i = bisect.bisect_right(self.addresses, vaddr) - 1
        if i < 0 or vaddr - self.addresses[i] > 0x40000:
            return f'{vaddr:#x}', '', 0
        return self.names[i], self.modules[i], 0 if self.cold[i] else self.addresses[i]
