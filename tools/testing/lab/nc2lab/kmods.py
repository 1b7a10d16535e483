# SPDX-License-Identifier: GPL-2.0
"""Unpack a Debian kernel for the lab: vmlinux, and the modules the lab can use.

Runs inside the toolchain root (it wants depmod, xz and zstd):
    kmods.py KERNELDIR RELEASE IMAGES
"""
import lzma
import os
import re
import shutil
import subprocess
import sys

# Directories (with a final slash) and modules that go to the image; whatever
# they depend on follows.  The whole tree would triple the size of the image.
WANTED = (
    'arch/x86/crypto/', 'crypto/', 'lib/', 'block/',
    'drivers/block/', 'drivers/char/hw_random/virtio-rng.ko', 'drivers/virtio/',
    'drivers/xen/', 'drivers/pci/xen-pcifront.ko',
    'drivers/net/bonding/', 'drivers/net/team/', 'drivers/net/vxlan/',
    'drivers/net/ipvlan/', 'drivers/net/xen-netback/', 'drivers/net/wireguard/',
    'drivers/net/ethernet/intel/igb/', 'drivers/net/ethernet/intel/igbvf/',
    'drivers/net/ethernet/intel/e1000e/', 'drivers/vfio/',
    'fs/ext4/', 'fs/overlayfs/', 'fs/squashfs/', 'fs/9p/', 'fs/fuse/', 'fs/nls/',
    'net/8021q/', 'net/802/', 'net/bridge/', 'net/core/', 'net/ipv4/',
    'net/ipv6/', 'net/netfilter/', 'net/sched/', 'net/packet/', 'net/xdp/',
    'net/unix/', 'net/llc/', 'net/openvswitch/', 'net/9p/', 'net/key/',
    'net/xfrm/', 'net/psample/', 'net/tls/', 'net/sctp/', 'net/netlink/',
    'net/mpls/', 'net/vmw_vsock/', 'net/mptcp/',
)
# What the initramfs needs to reach the root file system, for either role.
BOOT = ('virtio_blk', 'xen-blkfront', 'ext4', 'overlay')


def wanted(path):
    path = path.removeprefix('kernel/')
    if path.startswith('drivers/net/') and path.count('/') == 2:
        return True     # tun, dummy, veth, macvlan, xen-netfront, ...
    return any(path.startswith(w) if w.endswith('/') else path.startswith(w)
               for w in WANTED)


def vmlinux(src, dst):
    """The ELF file inside a bzImage (Debian compresses it with zstd or xz)."""
    data = open(src, 'rb').read()
    for magic, tool in ((b'\x28\xb5\x2f\xfd', ['zstd', '-dcq']),
                        (b'\xfd7zXZ\0', ['xz', '-dcq', '--single-stream'])):
        for hit in re.finditer(re.escape(magic), data):
            # What follows the stream makes the tool complain, after it has
            # written all that is wanted.
            out = subprocess.run(tool, input=data[hit.start():], check=False,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL).stdout
            if out.startswith(b'\x7fELF'):
                with open(dst, 'wb') as f:
                    f.write(out)
                return
    sys.exit(f'{src}: no kernel inside')


def main():
    kernel, rel, images = sys.argv[1:]
    out = f'{images}/{rel}'
    full = f'{images}/.full'
    os.makedirs(out, exist_ok=True)
    vmlinux(f'{kernel}/vmlinuz', f'{out}/vmlinux')
    os.makedirs(f'{images}/tree/boot/{rel}')
    os.link(f'{out}/vmlinux', f'{images}/tree/boot/{rel}/vmlinux')

    # depmod needs the whole tree once, to follow the dependencies.
    shutil.rmtree(full, ignore_errors=True)
    os.makedirs(f'{full}/lib/modules')
    os.symlink(f'{kernel}/modules', f'{full}/lib/modules/{rel}')
    shutil.copytree(f'{kernel}/modules', f'{full}/copy', symlinks=True)
    os.unlink(f'{full}/lib/modules/{rel}')
    os.rename(f'{full}/copy', f'{full}/lib/modules/{rel}')
    subprocess.run(['depmod', '-b', full, rel], check=True)
    deps = {}
    for line in open(f'{full}/lib/modules/{rel}/modules.dep', encoding='ascii'):
        mod, _, need = line.partition(':')
        deps[mod] = need.split()
    keep = set()
    for mod in deps:
        if wanted(mod):
            keep.update([mod, *deps[mod]])

    dest = f'{images}/tree/lib/modules/{rel}'
    for mod in sorted(keep):
        target = f'{dest}/{mod.removesuffix(".xz")}'
        os.makedirs(os.path.dirname(target), exist_ok=True)
        data = open(f'{full}/lib/modules/{rel}/{mod}', 'rb').read()
        if mod.endswith('.xz'):     # unpacked: emulated CPUs are slow at it
            data = lzma.decompress(data)
        with open(target, 'wb') as f:
            f.write(data)
    for name in ('modules.builtin', 'modules.builtin.modinfo', 'modules.order'):
        if os.path.exists(f'{kernel}/modules/{name}'):
            shutil.copy(f'{kernel}/modules/{name}', f'{dest}/{name}')
    subprocess.run(['depmod', '-b', f'{images}/tree', rel], check=True)
    shutil.rmtree(full)

    # modprobe --show-depends prints insmod lines in the order of loading.
    boot = f'{out}/initrd-modules'
    os.makedirs(boot, exist_ok=True)
    order = []
    for mod in BOOT:
        text = subprocess.run(
            ['modprobe', '-d', f'{images}/tree', '-S', rel, '--show-depends', mod],
            check=True, stdout=subprocess.PIPE, text=True).stdout
        for line in text.splitlines():
            words = line.split()
            if words[0] == 'insmod' and words[1] not in order:
                order.append(words[1])
    for path in order:
        shutil.copy(path, boot)
    with open(f'{boot}/order', 'w', encoding='ascii') as f:
        f.writelines(f'{os.path.basename(p)}\n' for p in order)
    print(f'{rel}: {len(keep)} modules of {len(deps)}')


main()
