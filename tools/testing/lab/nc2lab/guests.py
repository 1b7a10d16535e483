# SPDX-License-Identifier: GPL-2.0
"""Guests of a lab: their xl files, making and ending them, running commands."""
import re
import shlex
import subprocess
import time

import initrd
from util import FILES, GUEST_KERNELS, LabError, images_of, in_root, release, say, wait_for

READY = 600     # seconds; a guest on an idle machine needs some 12


def number(name):
    m = re.fullmatch(r'g([1-8])', name)
    if not m:
        raise LabError(f'{name!r} is not a guest: g1 to g8')
    return int(m.group(1))


def mac(n):
    return f'00:16:3e:99:00:{n:02x}'


def virtual_function(lab, n):
    """The PCI address of the VF that belongs to guest n, given its MAC."""
    return lab.dom0('sh', '-ec', '''
        d=/sys/class/net/nic0/device
        vf=$(readlink -f $d/virtfn$0) || exit 1
        [ -e "$vf" ] || { echo "there is no VF $0: lab up --vfs N"; exit 1; }
        ip link set nic0 vf $0 mac $1
        [ -d /sys/module/xen_pciback ] || modprobe xen-pciback
        [ ! -e $vf/driver ] || [ "$(basename $(readlink $vf/driver))" = pciback ] ||
            echo ${vf##*/} >$vf/driver/unbind
        # With drivers_autoprobe off (see dom0-vfs) only an override binds a VF.
        echo pciback >$vf/driver_override
        xl pci-assignable-add ${vf##*/} >&2
        echo ${vf##*/}''', str(n - 1), mac(n)).split()[-1]


def give_back(lab, n):
    """Takes the VF of guest n back: a MAC left on it would keep frames from a
    later guest on the bridge; our back end, when loaded, gets the VF again."""
    lab.dom0('sh', '-ec', '''
        vf=$(readlink -f /sys/class/net/nic0/device/virtfn$0)
        xl pci-assignable-remove ${vf##*/} >&2
        ip link set nic0 vf $0 mac 00:00:00:00:00:00
        echo >$vf/driver_override
        [ -d /sys/bus/pci/drivers/xen-nc2-back ] || exit 0
        echo xen-nc2-back >$vf/driver_override
        echo ${vf##*/} >/sys/bus/pci/drivers/xen-nc2-back/bind''', str(n - 1))


def config(lab, n, opts):
    """The xl file of guest n, as a person would write it."""
    rel = release(opts['kernel'])
    front = opts['front']
    extra = ['console=hvc0', 'loglevel=8', 'printk.devkmsg=on', 'mitigations=off',
             'net.ifnames=0', f'lab.n={n}', f'lab.front={front}', *opts.get('extra', [])]
    lines = [
        f'# Guest g{n} of lab {lab.name}: front end {front}, Linux {rel}.',
        f'name = "g{n}"',
        f'type = "{opts["type"]}"',
        f'kernel = "/boot/{rel}/vmlinux"',
        f'ramdisk = "/lab/g{n}.initrd"',
        f'extra = "{" ".join(extra)}"',
        f'memory = {opts["guest_mem"]}',
        f'vcpus = {opts["vcpus"]}',
        '# The other CPUs are dom0\'s: what a CPU does tells who did it.',
        f'cpus = "{lab.state.get("dom0_vcpus", 1)}"',
        'tsc_mode = "native"',
        "disk = ['format=raw,vdev=xvda,access=ro,target=/dev/vdb']",
        'on_crash = "destroy"',
        f'on_reboot = "{opts.get("on_reboot", "destroy")}"',
    ]
    if opts.get('driver_domain'):
        lines.append('driver_domain = 1')
    if front == 'vf':
        lines.append(f"pci = ['{virtual_function(lab, n)},permissive=1']")
    else:
        vif = [f'mac={mac(n)}', 'bridge=xenbr0', 'script=vif-nc2']
        # The NIC whose queues may serve this interface; without the name our
        # back end stays on the bridged path, as for a driver domain: other guests'
        # frames are to come as well.
        if opts.get('path') != 'bridged' and not opts.get('driver_domain'):
            vif.append('gatewaydev=nic0')
        if opts.get('vif'):
            vif.append(opts['vif'])
        lines.append(f"vif = ['{','.join(vif)}']")
    return '\n'.join(lines) + '\n'


def check(opts, iommu):
    if opts['front'] == 'vf' and opts['type'] == 'pvh':
        raise LabError('--front vf wants --type pv: xl has no PCI pass-through for PVH guests')
    if opts['type'] == 'pvh' and iommu:
        raise LabError('--type pvh does not go with --iommu: QEMU emulates hardware '
                       'virtualization for AMD processors only, this IOMMU for Intel\'s')
    if opts['kernel'] in GUEST_KERNELS and (opts['front'] != 'stock' or opts.get('driver_domain')):
        raise LabError(f'--kernel {opts["kernel"]} wants --front stock: our modules are not '
                       'built for it')
    if opts['front'] == 'nc2':
        initrd.module(opts['kernel'], 'xen-nc2-front.ko')
    if opts.get('driver_domain'):
        initrd.module(opts['kernel'], 'xen-nc2-back.ko')


def files_of(lab, opts):
    """What a guest has below /lab beside what all of them have: name -> path."""
    files = {}
    if opts['front'] == 'nc2':
        files['modules/xen-nc2-front.ko'] = stripped(lab, opts['kernel'], 'xen-nc2-front.ko')
    if opts.get('driver_domain'):
        files['modules/xen-nc2-back.ko'] = stripped(lab, opts['kernel'], 'xen-nc2-back.ko')
        files['driver'] = f'{FILES}/guest-driver'
        files['vif-nc2'] = initrd.hotplug()
    return files


def bring(lab, series, rel):
    """Gives dom0 a kernel that its image does not have, and the initramfs for it."""
    initramfs = f'/lab/initrd-{rel}'
    if lab.dom0('sh', '-c', '[ ! -e "$0" ] || echo there', initramfs).strip():
        return
    say(f'Linux {rel}: to dom0')
    images = images_of(series)
    lab.dom0('mkdir', '-p', f'/boot/{rel}')
    with open(f'{images}/{rel}/vmlinux', 'rb') as f:
        lab.dom0_put(f.read(), f'/boot/{rel}/vmlinux')
    # Last, for it says that all is there.
    lab.dom0_put(initrd.guest(rel, images), initramfs)


def create(lab, names, opts, limit=READY, net=True):
    """Makes guests and waits until they answer and their eth0 has its address."""
    check(opts, lab.state['iommu'])
    if opts['front'] == 'vf' and not lab.state['iommu']:
        raise LabError('--front vf needs an IOMMU: lab up --iommu')
    rel = release(opts['kernel'])
    if opts['kernel'] in GUEST_KERNELS:
        bring(lab, opts['kernel'], rel)
    for name in names:
        n = number(name)
        if lab.dom0('xl', 'domid', name, check=False).strip().isdigit():
            raise LabError(f'{name} is there already: lab guest destroy {name}')
        text = config(lab, n, opts)
        with open(f'{lab.dir}/{name}.cfg', 'w', encoding='ascii') as f:
            f.write(text)
        lab.dom0_put(text.encode(), f'/etc/xen/{name}.cfg')
        files = files_of(lab, opts)
        extra = initrd.guest_extra(files) if files else b'\0' * 4
        lab.dom0('sh', '-ec', f'cat /lab/initrd-{rel} - >/lab/{name}.initrd', data=extra)
        say(f'{name}: xl create ({opts["type"]}, front {opts["front"]}, Linux {rel})')
        lab.dom0('xl', 'create', f'/etc/xen/{name}.cfg')
        lab.state.setdefault('guests', {})[name] = opts
        lab.save()
        # One after the other: guests that boot together on one emulated CPU
        # take several times as long, each switch costs them QEMU's caches.
        wait_ready(lab, name, limit, net)
        if opts.get('driver_domain'):
            lab.dom0('gx', name, '--', 'sh', '/lab/driver')
            say(f'{name} is a driver domain: its bridge is xenbr0')


def stripped(lab, kernel, name):
    """A module without its debug information, which is most of the file: the
    guest's memory is small."""
    path = f'{lab.dir}/{name}'
    subprocess.run(['cp', initrd.module(kernel, name), path], check=True)
    subprocess.run(in_root(['strip', '--strip-debug', path]), check=True)
    return path


def console(lab, name):
    return lab.dom0('tail', '-n', '25', f'/var/log/xen/console/guest-{name}.log', check=False)


def wait_ready(lab, name, limit=READY, net=True):
    """One wait in dom0, not many calls: each costs the emulated CPU a process."""
    what = 'ip -4 -o addr show dev eth0 2>/dev/null | grep -q 10.99.0.1'
    carrier = '[ "$(cat /sys/class/net/eth0/carrier 2>/dev/null)" = 1 ]'
    probe = f'until {what} && {carrier}; do sleep 0.3; done' if net else 'true'
    script = f'''
        id=none
        end=$(($(date +%s) + {limit}))
        until xenstore-exists /local/domain/$id/data/lab/ready; do
            xenstore-exists /local/domain/$id || id=$(xl domid {name} 2>/dev/null) ||
                {{ echo "{name} ended"; exit 1; }}
            [ $(date +%s) -lt $end ] || {{ echo "{name} has no agent after {limit} s"; exit 1; }}
            sleep 1
        done
        exec timeout {limit} gx {name} -- sh -c {shlex.quote(probe)}'''
    r = subprocess.run(lab.dom0_argv(['sh', '-c', script]), cwd=lab.dir, check=False,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=3 * limit)
    if r.returncode:
        lab.need_up()
        why = r.stdout.decode(errors='replace').strip()
        if r.returncode == 124:
            why = f'{name}: eth0 has no link or address after {limit} s'
        raise LabError(f'{name} is not ready: {why}\n--- last lines of its console\n'
                       f'{console(lab, name)}\n--- all of it: lab logs'
                       f'{"" if lab.name == "main" else " --name " + lab.name} {name}')
    say(f'{name} is ready')


def remove(lab, name, how, limit=180):
    n = number(name)
    if how == 'shutdown':
        lab.dom0('xl', 'shutdown', name)
        wait_for(f'{name} shut down', limit,
                 lambda: not lab.dom0('xl', 'domid', name, check=False).strip().isdigit(),
                 0.5)
    else:
        lab.dom0('xl', 'destroy', name)
    was = lab.state.get('guests', {}).pop(name, {})
    lab.save()
    if was.get('front') == 'vf':
        give_back(lab, n)
    say(f'{name}: {how} done')


def exec_argv(lab, name, argv, stdin=False):
    number(name)
    return lab.dom0_argv(['gx', *(['-i'] if stdin else []), name, '--', *argv])


__all__ = ['create', 'remove', 'exec_argv', 'wait_ready', 'number', 'time']
