# SPDX-License-Identifier: GPL-2.0
"""What every part of the lab uses: paths, progress lines, waiting, running."""
import os
import shlex
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REPO = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
BUILD = os.environ.get('NC2_BUILD') or os.path.join(REPO, 'build')
IMAGES = os.path.join(BUILD, 'images-hvm' if os.environ.get('NC2_LAB_HVM') else 'images')
LABS = os.path.join(BUILD, 'lab')
# Series that dom0 and guests may run, and those of an earlier Debian for guests alone,
# which are fetched when they are first asked for.
KERNELS = ('6.12', '7.3')
GUEST_KERNELS = ('6.1',)
ROOTSH = os.path.join(HERE, '..', 'root.sh')
FILES = os.path.join(HERE, 'files')

START = time.monotonic()


class LabError(Exception):
    """Ends the command with its text; `console` names a log to quote from."""

    def __init__(self, text, console=None):
        super().__init__(text)
        self.console = console


def say(text):
    print(f'[{time.monotonic() - START:3.0f}s] {text}', file=sys.stderr, flush=True)


def tail(path, lines=25):
    try:
        with open(path, 'rb') as f:
            f.seek(0, os.SEEK_END)
            f.seek(max(0, f.tell() - 16384))
            text = f.read().decode(errors='replace')
    except OSError as e:
        return f'({e})'
    return '\n'.join(text.replace('\r', '').splitlines()[-lines:])


def run(argv, **kw):
    """Runs a command of the machine; its output is shown only when it fails."""
    try:
        r = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, errors='replace', **kw)
    except FileNotFoundError as e:
        raise LabError(f'{argv[0]}: not found on this machine') from e
    if r.returncode:
        raise LabError(f'failed ({r.returncode}): {shlex.join(argv)}\n{r.stdout.strip()}')
    return r.stdout


def wait_for(what, limit, probe, interval=0.2, console=None):
    """Polls probe() until it gives something true; says what did not come."""
    end = time.monotonic() + limit
    while True:
        got = probe()
        if got:
            return got
        if time.monotonic() > end:
            raise LabError(f'{what}: not within {limit} s', console)
        time.sleep(interval)


def images_of(series):
    """Where a kernel of that series, and what is loaded with it, is."""
    return os.path.join(BUILD, f'images-{series}') if series in GUEST_KERNELS else IMAGES


def release(series):
    """The kernel release (uname -r) of a series, as root.sh picked it."""
    if series in GUEST_KERNELS:
        # Its progress is shown; where it is made already, it takes no time.
        r = subprocess.run([f'{HERE}/guest-kernel.sh', series], check=False, text=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if r.returncode:
            raise LabError(f'could not make a kernel {series} for guests (see above)')
        return r.stdout.strip()
    root = subprocess.run([ROOTSH, 'path'], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()
    with open(f'{root}/etc/nc2-kernels', encoding='ascii') as f:
        for line in f:
            have, rel = line.split()
            if have == series:
                return rel
    raise LabError(f'no kernel of series {series}')


# What root.sh gives to what it runs.
ROOT_ENV = ('PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
            'HOME=/root', 'LC_ALL=C.UTF-8')


def in_root(argv, netns=None):
    """argv, to be run inside the toolchain root (and a network namespace)."""
    argv = [ROOTSH, 'run', '--', *argv]
    return ['ip', 'netns', 'exec', netns, *argv] if netns else argv
