# SPDX-License-Identifier: GPL-2.0
"""The logs of a lab, and the search for what must not be in them."""
import json
import os
import re

from util import LabError

# What a test must not cause, in any kernel log or in Xen's.
BAD = re.compile('|'.join((
    r'\bWARNING:', r'\bBUG:', r'\bBUG at\b', r'kernel BUG', r'\bOops\b', r'Call Trace:',
    r'general protection fault', r'Kernel panic', r'Unable to handle',
    r'unable to handle', r'possible circular locking', r'possible recursive locking',
    r'inconsistent lock state', r'suspicious RCU usage', r'INFO: task .* blocked',
    r'rcu: INFO: .*stall', r'soft lockup', r'hard LOCKUP', r'Grant still in use',
    r'g\.e\. 0x[0-9a-f]+ still (in use|pending)', r'still in use!',
    r'grant_table.*(leak|still)', r'bad page state', r'Bad page state',
    r'leaking g\.e\.', r'stalled pool shutdown', r'grants could not be unmapped',
    r'UBSAN', r'KASAN', r'KCSAN', r'refcount_t:', r'DMA-API:', r'list_(add|del) corruption',
    r'NETDEV WATCHDOG', r'unregister_netdevice: waiting',
    r'\(XEN\).*(\b[Ff]ault|grant_table\.c:|Assertion|Panic|Xen BUG|Xen WARN)',
)))

# Seen on an undisturbed run with the stock drivers, and harmless:
BENIGN = [re.compile(p) for p in ()]


def bad_lines(text):
    for line in text.replace('\r', '').splitlines():
        if BAD.search(line) and not any(b.search(line) for b in BENIGN):
            yield line


# Records of dom0's kernel log from number $0 on.
KMSG = r"""dd if=/dev/kmsg iflag=nonblock bs=8192 2>/dev/null |
    awk -F, -v from="$0" '$2 + 0 >= from'"""
# Consoles of all guests there ever were: name, text, name, ...
CONSOLES = r"""cd /var/log/xen/console
    for f in guest-*.log; do
        [ ! -e "$f" ] || { printf '\0%s\0' "$f"; tr -d '\0' <"$f"; }
    done"""


def kernel_log(raw, after):
    """What KMSG has written, for people; and the number of the next record."""
    lines, last = [], after
    for line in raw.splitlines():
        m = re.match(r'\d+,(\d+),(\d+),[^;]*;(.*)', line)
        if m and int(m.group(1)) >= after:
            last = int(m.group(1)) + 1
            lines.append(f'[{int(m.group(2)) / 1e6:12.6f}] {m.group(3)}')
    return '\n'.join(lines), last


def dom0_logs(lab, after, also=':'):
    """dom0's kernel log from record `after` on, the number of the next one, what the
    command `also` says there, and the guests' consoles: name -> text."""
    # One call: each costs the emulated CPU a connection.
    script = f"{also} 2>&1\nprintf '\\0'\n{KMSG}\n{CONSOLES}"
    said, records, *parts = lab.dom0('sh', '-c', script, str(after)).split('\0')
    return *kernel_log(records, after), said, {name[len('guest-'):-len('.log')]: text
                                               for name, text in zip(parts[::2], parts[1::2])}


def read(path):
    with open(path, 'rb') as f:
        return f.read().decode(errors='replace')


def show(lab, who):
    if who == 'qemu':
        return read(f'{lab.dir}/qemu.log')
    serial = read(lab.serial)
    if who == 'xen':
        return ''.join(re.findall(r'^.*\(XEN\).*\n', serial, re.M))
    if who in (None, 'serial'):
        return serial
    text, _, _, guests = dom0_logs(lab, 0)
    return text + '\n' if who == 'dom0' else guests.get(who, '')


def check(lab, mark, also):
    """The bad lines since the last mark (or since boot), and all that the command `also`
    says in dom0, as (source, line)."""
    where = f'{lab.dir}/marks.json'
    marks = {}
    if os.path.exists(where):
        with open(where, encoding='ascii') as f:
            marks = json.load(f)
    found = []
    new = {}
    serial = read(lab.serial)
    new['serial'] = len(serial)
    # dom0's lines are on the serial line, too; the ones of Xen are only there.
    part = serial[marks.get('serial', 0):]
    alive = lab.qemu_pid()
    for line in bad_lines(part):
        if '(XEN)' in line or not alive:
            found.append(('xen' if '(XEN)' in line else 'dom0', line))
    if alive:
        text, new['dom0'], said, guests = dom0_logs(lab, marks.get('dom0', 0), also)
        found += [('dom0', x) for x in said.splitlines()]
        found += [('dom0', x) for x in bad_lines(text)]
        for name, text in guests.items():
            new[name] = len(text)
            found += [(name, x) for x in bad_lines(text[marks.get(name, 0):])]
    else:
        found.append(('qemu', 'QEMU is not running any more'))
    if mark:
        with open(f'{where}.new', 'w', encoding='ascii') as f:
            json.dump(new, f)
        os.replace(f'{where}.new', where)
    return found


__all__ = ['check', 'show', 'LabError']
