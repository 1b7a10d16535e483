# SPDX-License-Identifier: GPL-2.0
"""What runs on the wire while the counters are looked at: iperf3 and probe."""
import dataclasses
import json
import math
import re
import subprocess
import time

from figures import LOSS_PERCENT
from labs import BUILD, BenchError, Busy, address

# What a client may take longer than its test: both ends talk before and after it.
SLACK_S = 60
# How often something is begun again because the server was between two clients.
BEGINNINGS = 5
BETWEEN_CLIENTS = re.compile(r'server is busy|Connection refused|Connection reset')


def start(lab, commands, seconds):
    return {guest: subprocess.Popen(
                lab.argv('exec', '--timeout', str(int(seconds + SLACK_S)), 'wire', '--', *argv),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for guest, argv in commands.items()}


def finish(process, seconds):
    """(what it printed as JSON, or None; what was wrong, or '')"""
    try:
        out, err = process.communicate(timeout=seconds + 2 * SLACK_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return None, 'the client does not end'
    try:
        found = json.loads(out)
    except ValueError:
        return None, (out + err).decode(errors='replace').strip() or f'status {process.returncode}'
    if process.returncode or 'error' in found:
        return None, found.get('error', f'status {process.returncode}')
    return found, ''


def clients(lab, commands, seconds, meanwhile=None):
    """Runs one client for each guest at once; a list of what they printed."""
    running = start(lab, commands, seconds)
    wrong = []
    if meanwhile:
        try:
            meanwhile()
        except BenchError as e:
            wrong.append(str(e))
        if any(p.poll() is not None for p in running.values()):
            wrong.append('the traffic ended before what was to happen in it')
    ended = {guest: finish(p, seconds) for guest, p in running.items()}
    wrong += [f'{guest}: {why}' for guest, (_, why) in ended.items() if why]
    if wrong:
        text = '; '.join(wrong)
        raise (Busy if BETWEEN_CLIENTS.search(text) else BenchError)(text)
    return [found for found, _ in ended.values()]


def iperf(lab, words, seconds, meanwhile=None):
    return clients(lab, {g: ['iperf3', '-J', '--connect-timeout', '20000', '-c', address(g), *words]
                         for g in lab.guests}, seconds, meanwhile)


def patiently(what, *args):
    for _ in range(BEGINNINGS - 1):
        try:
            return what(*args)
        except Busy:
            time.sleep(1)
    return what(*args)


def run(lab, test):
    """The test's traffic; what of a row comes of it."""
    if test.kind == 'idle':
        time.sleep(test.seconds)
        return {}
    if test.kind == 'rr':
        return round_trips(lab, test)
    if test.kind == 'max':
        return highest(lab, test)
    words = ['-t', str(test.seconds)]
    if test.kind == 'tcp':
        # The machine's own choice may be any.
        words += ['-C', 'cubic']
    else:
        words += ['-u', '-b', str(test.rate * test.size * 8), '-l', str(test.size)]
    if test.streams > 1:
        words += ['-P', str(test.streams)]
    if test.direction == 'tx':
        words.append('-R')
    switching = (lambda: lab.switch_paths(test.switches)) if test.switches else None
    ends = [r['end'] for r in iperf(lab, words, test.seconds, switching)]
    found = {'mbit': round(sum(e['sum_received']['bits_per_second'] for e in ends) / 1e6, 2)}
    if test.kind == 'tcp':
        found['retransmits'] = sum(e['sum_sent'].get('retransmits', 0) for e in ends)
        return found
    sent = sum(e['sum']['packets'] for e in ends)
    lost = sum(e['sum']['lost_packets'] for e in ends)
    return {**found, 'sent': sent, 'lost': lost,
            'loss_percent': round(100 * lost / sent, 3) if sent else 100}


# Two rates as near as this count as one.
NEAR = 1.15
# A search ends somewhere, whatever the machine does.
LEAST, TRIALS = 50, 16


def highest(lab, test):
    """The highest rate that loses next to nothing."""
    trials = []

    def lossless(rate):
        got = patiently(run, lab, dataclasses.replace(test, kind='udp', rate=rate))
        trials.append([rate, got['sent'], got['lost']])
        # What the client did not send has not been shown to arrive.
        return (got['loss_percent'] < LOSS_PERCENT
                and got['sent'] >= 0.95 * rate * test.seconds * len(lab.guests))

    def twice(rate):
        # A first loss may be the host's doing, which is busy with other things.
        return lossless(rate) or lossless(rate)
    return {'rate_fps': bisect(twice, test.rate), 'trials': trials}


def bisect(good, rate):
    """The highest good rate, or 0: doubled or halved, then between a good and a bad one."""
    low, high = 0, None
    for _ in range(TRIALS):
        if good(rate):
            low = rate
        else:
            high = rate
        if high is None:
            rate *= 2
        elif not low:
            rate //= 2
        elif high <= low * NEAR:
            break
        else:
            rate = round(math.sqrt(low * high))
        if rate < LEAST:
            break
    return low


def round_trips(lab, test):
    got = clients(lab, {g: [f'{BUILD}/bench/probe', 'ask', address(g), '7',
                            str(int(test.seconds * 1000)), str(test.size)]
                        for g in lab.guests}, test.seconds)
    return {'trips': sum(r['trips'] for r in got), 'lost': sum(r['lost'] for r in got),
            'median_us': max(r['median_us'] for r in got),
            'p99_us': max(r['p99_us'] for r in got)}
