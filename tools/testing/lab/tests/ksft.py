#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What the kernel's selftests have said.

ksft.py specs FROM TO NAME...   netlink specs of those names, as JSON (see ksft/yaml.py)
ksft.py judge LOG RESULTS LEAST [REFERENCE]
                                adds what a run has said to RESULTS; fails unless it ran
                                to its end, LEAST subtests pass, and all that pass in
                                REFERENCE do
ksft.py table DIRECTORY         DIRECTORY/PAIR/SELFTEST.json, as a table
ksft.py rst DIRECTORY           the same in short, as rows of an rst list-table
ksft.py selftest                judge itself, on planted runs

A subtest passes if it does in one of up to three runs: what they assert on time is
not meant for an emulated CPU.
"""
import json
import os
import re
import sys
import tempfile

# From the best to the worst.
ORDER = ('pass', 'xfail', 'skip', 'fail')
# In the order of the table's columns.
PAIRS = {'pair': 'our pair', 'front': 'our front, stock back', 'stock': 'stock front, our back'}
MISSING = 'not run'

KTAP = re.compile(r'(not )?ok \d+ (?:- )?([^\s.]+\.)?(\S+)(?:\s+# (SKIP|XFAIL))?')

# netdevice.sh speaks its own language, and names a subtest by how it ended.
NETDEVICE = [(re.compile(pattern), name) for pattern, name in (
    (r'set interface up|Fail to up interface|interface already up', 'interface up'),
    (r'set MAC address|Cannot set MAC address', 'MAC address'),
    (r'set IP address|already have an IP', 'IP address'),
    (r'ethtool list features', 'list of features'),
    (r'(?:Turned|Failed to turn) (off|on) feature: (\S+)', r'feature \2 \1'),
    (r'(?:Restore|Failed to restore) feature (\S+) to .*', r'feature \1 restored'),
    (r'ethtool (\S+).*', r'ethtool \1'),
    (r'stop interface|interface kept up', 'interface down'),
)]

# Subtests that are one row in the documentation.
GROUPS = [(re.compile(pattern), name) for pattern, name in (
    (r'feature .*', 'features off, on, restored'),
    (r'(\w+)\.(?:\w+_)?ipv[46]', r'\1'),
    (r'\w+[46]_ipv[46]', 'tunnels'),
)]


def netdevice(line):
    """(subtest, result), or None."""
    # Where it finds no interface to its liking it makes one and tests that.
    m = re.match(r'(PASS|FAIL|SKIP|XFAIL): eth0: (.*)', line)
    if not m:
        return None
    for pattern, name in NETDEVICE:
        said = pattern.fullmatch(m.group(2).strip())
        if said:
            return said.expand(name), m.group(1).lower()
    return m.group(2).strip(), m.group(1).lower()


def parse(text):
    """Results by subtest; and what is wrong with the run as such, or None."""
    results, plan, ended = {}, None, False
    for line in text.replace('\r', '').splitlines():
        said = netdevice(line)
        if said:
            results[said[0]] = said[1]
            ended = said[0] == 'interface down'
            continue
        m = re.match(r'1\.\.(\d+)', line)
        if m:
            plan = int(m.group(1))
        m = KTAP.match(line)
        if m:
            results[m.group(3)] = (m.group(4) or ('fail' if m.group(1) else 'pass')).lower()
        ended |= line.startswith('# Totals:')
    if not results:
        return results, 'no results'
    if not ended:
        return results, 'it did not run to its end'
    if plan is not None and plan != len(results):
        return results, f'{len(results)} results of {plan}'
    return results, None


def load(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding='utf-8') as f:
        return json.load(f)


def judge(log, path, least, reference=None):
    with open(log, encoding='utf-8', errors='replace') as f:
        new, wrong = parse(f.read())
    results = load(path)
    for name, result in new.items():
        results[name] = min(result, results.get(name, result), key=ORDER.index)
    with open(path, 'w', encoding='utf-8') as f:
        json.dump(results, f)
    bad = [wrong] if wrong else []
    passed = [name for name, result in results.items() if result == 'pass']
    if len(passed) < int(least):
        bad.append(f'{len(passed)} subtests pass, at least {least} must')
    if reference:
        wanted = load(reference)
        if not wanted:
            bad.append('there is nothing to compare with')
        bad += [f'{name}: {results.get(name, MISSING)}, and it passes with the stock front'
                for name, result in wanted.items()
                if result == 'pass' and name not in passed]
    for line in bad:
        print(line)
    return 1 if bad else 0


def collect(directory):
    """The pairs that there are, and {selftest: {subtest: [a result for each]}}."""
    pairs = [p for p in PAIRS if os.path.isdir(f'{directory}/{p}')]
    found = {p: {n[:-5]: load(f'{directory}/{p}/{n}')
                 for n in sorted(os.listdir(f'{directory}/{p}')) if n.endswith('.json')}
             for p in pairs}
    tests = {}
    for p in pairs:
        for test, results in found[p].items():
            for name in results:
                tests.setdefault(test, {})[name] = [
                    found[q].get(test, {}).get(name, MISSING) for q in pairs]
    return pairs, tests


def table(directory):
    pairs, tests = collect(directory)
    rows = [('selftest', 'subtest', *(PAIRS[p] for p in pairs))]
    rows += [(test, name, *results) for test, names in sorted(tests.items())
             for name, results in names.items()]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print('# table', '  '.join(c.ljust(w) for c, w in zip(row, widths)).rstrip())


def count(results):
    """How often there is which result, where some are put together."""
    if len(results) == 1:
        return results[0]
    return ', '.join(f'{results.count(r)} {r}' for r in (*ORDER, MISSING) if r in results)


def group_of(name):
    for pattern, group in GROUPS:
        if pattern.fullmatch(name):
            return pattern.fullmatch(name).expand(group)
    return name


def rst(directory):
    pairs, tests = collect(directory)
    for test, names in sorted(tests.items()):
        groups = {}
        for name, results in names.items():
            groups.setdefault(group_of(name), []).append(results)
        for group, lists in groups.items():
            print(f'   * - ``{test}``')
            print(f'     - {group}')
            for i in range(len(pairs)):
                print(f'     - {count([results[i] for results in lists])}')


def specs(source, target, *names):
    import yaml     # no part of a bare machine, and wanted here only
    os.makedirs(target, exist_ok=True)
    done = 0
    for name in names:
        if not os.path.exists(f'{source}/{name}.yaml'):
            continue
        with open(f'{source}/{name}.yaml', encoding='utf-8') as f:
            licence = f.readline()      # it is read as well
            spec = yaml.load(f, yaml.CSafeLoader)
        text = json.dumps(spec, separators=(',', ':'))
        if json.loads(text) != spec:
            sys.exit(f'{name}.yaml has what JSON has not')
        with open(f'{target}/{name}.yaml', 'w', encoding='utf-8') as f:
            f.write(f'{licence}{text}\n')
        done += 1
    return 0 if done else f'{source} has no such specs'


GOOD = 'KTAP version 1\n1..2\nok 1 a.one\nok 2 a.two # SKIP why\n# Totals: pass:1\n'
SHELL = ('PASS: eth0: set interface up\nFAIL: eth0: Cannot set MAC address\n'
         'PASS: eth0: Turned off feature: x\nPASS: eth0: Restore feature x to initial state on\n'
         'XFAIL: eth0: ethtool dump not supported\nPASS: eth0: stop interface\n')
# What was said, how many must pass, what passes with the stock front, whether it is fine.
PLANTED = (
    (GOOD, 1, 'one', True),
    (GOOD, 2, 'one', False),
    (GOOD, 0, 'two', False),
    (GOOD, 0, 'three', False),
    (GOOD, 0, '', False),
    (GOOD.replace('ok 1', 'not ok 1'), 0, 'one', False),
    (GOOD.replace('1..2', '1..3'), 1, 'one', False),
    (GOOD.split('# Totals')[0], 1, 'one', False),
    ('', 0, 'one', False),
    ('Traceback (most recent call last):\n', 0, 'one', False),
    (SHELL, 4, 'interface down', True),
    (SHELL, 5, 'interface down', False),
    (SHELL, 4, 'feature x restored', True),
    (SHELL, 4, 'MAC address', False),
    (SHELL.split('PASS: eth0: stop')[0], 3, 'interface up', False),
    (SHELL.replace('eth0', 'veth0'), 0, 'interface up', False),
)


def selftest():
    bad = 0
    for number, (text, least, passes, fine) in enumerate(PLANTED, 1):
        with tempfile.TemporaryDirectory() as d:
            with open(f'{d}/log', 'w', encoding='utf-8') as f:
                f.write(text)
            with open(f'{d}/reference', 'w', encoding='utf-8') as f:
                json.dump({passes: 'pass'} if passes else {}, f)
            if (judge(f'{d}/log', f'{d}/results', least, f'{d}/reference') == 0) != fine:
                print(f'planted run {number} is {"not " if fine else ""}taken for a good one')
                bad = 1
    return bad


if __name__ == '__main__':
    sys.exit({'specs': specs, 'judge': judge, 'table': table, 'rst': rst,
              'selftest': selftest}[sys.argv[1]](*sys.argv[2:]))
