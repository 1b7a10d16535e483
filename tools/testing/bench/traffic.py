# SPDX-License-Identifier: GPL-2.0
"""What runs on the wire while the counters are looked at: iperf3 and probe."""
import dataclasses
import json
import math
import re
import subprocess
import time

import loss
from labs import BUILD, ECHO_PORT, SINK_PORT, BenchError, Busy, address

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


def probes(lab, test, verb, port, *words):
    """clients() of which each is the same command of probe."""
    return clients(lab, {g: [f'{BUILD}/bench/probe', verb, address(g), str(port),
                             str(int(test.seconds * 1000)), str(test.size), *map(str, words)]
                         for g in lab.guests}, test.seconds)


def patiently(what, *args):
    for _ in range(BEGINNINGS - 1):
        try:
            return what(*args)
        except Busy:
            time.sleep(1)
    return what(*args)


def run(lab, test, meter):
    """The test's traffic, with the meter on; what of a row comes of it."""
    if test.kind == 'idle':
        with meter.on():
            time.sleep(test.seconds)
        return {}
    return {'rr': round_trips, 'max': highest, 'tcp': stream, 'udp': datagrams}[test.kind](
        lab, test, meter)


def stream(lab, test, meter):
    # The machine's own choice may be any.
    words = ['-C', 'cubic', '-t', str(test.seconds)]
    if test.streams > 1:
        words += ['-P', str(test.streams)]
    if test.direction == 'tx':
        words.append('-R')
    switching = (lambda: lab.switch_paths(test.switches)) if test.switches else None
    with meter.on():
        ends = [r['end'] for r in iperf(lab, words, test.seconds, switching)]
    return {'mbit': round(sum(e['sum_received']['bits_per_second'] for e in ends) / 1e6, 2),
            'retransmits': sum(e['sum_sent'].get('retransmits', 0) for e in ends)}


class Way:
    """Counters on the way to the guests, from one test to the next."""

    def __init__(self, lab):
        self.lab, self.seen = lab, lab.stages()

    def passed(self):
        before, self.seen = self.seen, self.lab.stages()
        return {stage: count - before[stage] for stage, count in self.seen.items()}


def datagrams(lab, test, meter, way=None):
    """Datagrams at a rate.  Where they were lost is looked at on the way to the guests."""
    way = way or Way(lab)
    with meter.on():
        ends = probes(lab, test, 'send', SINK_PORT, test.rate)
    bits = sum(e['received'] * test.size * 8 / max(e['seconds'], e['reading_seconds'])
               for e in ends)
    found = {'mbit': round(bits / 1e6, 2), **loss.ends(ends)}
    found['lost_at'] = loss.places(found, way.passed())
    return found


# Two rates as near as this count as one.
NEAR = 1.15
# A search ends somewhere, whatever the machine does.
LEAST, TRIALS = 50, 16


def highest(lab, test, meter):
    """The highest rate that was shown to lose next to nothing."""
    trials = []
    way = Way(lab)

    def once(rate):
        got = datagrams(lab, dataclasses.replace(test, kind='udp', rate=rate), meter, way)
        fps, wrong = loss.shown(got, rate)
        trials.append({'offered_fps': rate, 'shown_fps': fps, **got})
        return fps, wrong

    def twice(rate):
        got = once(rate)
        if got[1]:
            # It may be the host's doing, which is busy with other things.
            got = max(got, once(rate), key=lambda x: (x[0], not x[1]))
        return got
    rate, limit = bisect(twice, test.rate)
    return {'rate_fps': rate, 'limit': limit, 'trials': trials}


def bisect(attempt, rate):
    """(the highest rate that was shown, or 0; what the next one failed by: 'loss', 'late',
    'sender', or 'none' if none failed): doubled or halved, then between a good and a bad.

    attempt(rate): as loss.shown()."""
    low, high, limit = 0, None, 'none'
    for _ in range(TRIALS):
        fps, wrong = attempt(rate)
        low = max(low, fps)
        if wrong:
            high, limit = rate, wrong
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
    return low, limit


def round_trips(lab, test, meter):
    with meter.on():
        got = probes(lab, test, 'ask', ECHO_PORT)
    return {'trips': sum(r['trips'] for r in got), 'lost': sum(r['lost'] for r in got),
            'median_us': max(r['median_us'] for r in got),
            'p99_us': max(r['p99_us'] for r in got)}
