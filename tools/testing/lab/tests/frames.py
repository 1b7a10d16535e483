# SPDX-License-Identifier: GPL-2.0
"""Frames of a known kind, and the hash that the kernel has for them.

frames.py group ADDRESS FROM N    sends N datagrams to a multicast group
frames.py connect HOST PORT FROM_PORT
                                  begins a TCP connection from that port, whether
                                  anybody listens or not
frames.py toeplitz KEY FROM TO [FROM_PORT TO_PORT]
                                  prints the hash that such a frame has
frames.py hashed DEV HASH SECONDS waits for a received frame whose skb has that hash
frames.py sums DEV FROM SECONDS   waits for a received frame of TCP from that address;
                                  prints whether its checksum is "blank" or "full"
frames.py kinds DEV SECONDS FROM...
                                  waits for received frames of TCP and of UDP, by IPv4 and
                                  by IPv6, from these addresses; prints of the first of each
                                  whether its checksum is "blank" or "full"
frames.py verdict DEV FROM SECONDS
                                  waits for the same; prints whether its checksum is known to
                                  be right: "valid" or "none"
frames.py segment DEV MAC FROM TO good|bad [udp]
                                  sends a frame of TCP, or UDP, to MAC, its checksum right
                                  or wrong
frames.py tunnel DEV MAC FROM TO INNER N
                                  sends N trains of three frames of TCP in VXLAN, the inner
                                  ones to INNER; the last of each is wrong, inside only
frames.py tagged DEV VLAN N       sends N frames with that tag to everybody
frames.py announced DEV MAC SECONDS ADDRESS...
                                  waits until MAC has told everybody of each address
                                  (gratuitous ARP, unsolicited neighbour advertisement)
frames.py spread HOST PORT FLOWS N
                                  sends N datagrams of 1000 bytes from each of FLOWS
                                  ports, as far as there is room for them
frames.py held HOST PORT FLOWS N  sends N small datagrams from each of FLOWS ports;
                                  prints the most memory that they took on their way
frames.py hoard PORT              receives datagrams and reads none, until it is ended
frames.py burst HOST PORT N SIZE [hop|destination]
                                  sends N datagrams by one system call, which the kernel
                                  cuts no sooner than for an interface that cannot; with
                                  an extension header of IPv6, of options for each hop or
                                  for the destination
frames.py flood ADDRESS PORT N SIZE TIMES
                                  does so as often to a broadcast address
frames.py pieces HOST PORT N SIZE what the kernel keeps of them until then lies in pieces of
                                  4000 bytes, of which nearly each is in two pages
frames.py taken PORT N SIZE SECONDS
                                  waits for what burst or pieces sends: N datagrams, whole
                                  and in their order; prints whose they are
frames.py stamped DEV SECONDS     waits for the time that software has given to a frame that
                                  it sends to nobody, and to a received one
frames.py heard PORT TEXT N SECONDS
                                  waits for N different datagrams with that text
frames.py tags DEV SOURCE VLAN N SECONDS
                                  counts frames of SOURCE that have not the tag of VLAN,
                                  until N of IPv4 have come with it
frames.py claim DEV TO FROM N     sends N frames in the name of FROM, and an honest one
frames.py claimed DEV FROM HONEST SECONDS
                                  counts those of FROM until the one of HONEST comes;
                                  prints how many came, and how many of them differ
"""
import array
import fcntl
import ipaddress
import select
import signal
import socket
import struct
import sys
import termios
import time

SO_ATTACH_FILTER, SO_SNDBUFFORCE, SO_RCVBUFFORCE = 26, 32, 33
UDP_SEGMENT = 103
DF = 0x4000
VNI = 5
# By 904 bytes does a piece begin later in its page than the one before.
PIECE, GAP = 4000, 1000
SOL_PACKET, PACKET_AUXDATA = 263, 8
# When a frame was sent, when one was received, and both to be told.
SO_TIMESTAMPING, BY_SOFTWARE = 37, 1 << 1 | 1 << 3 | 1 << 4
# A header of options that say nothing: the kernel fills in what comes next.
NO_OPTIONS = bytes((0, 0, 1, 4, 0, 0, 0, 0))
EXTENSIONS = {'hop': socket.IPV6_HOPOPTS, 'destination': socket.IPV6_DSTOPTS}
TP_STATUS_CSUMNOTREADY, TP_STATUS_VLAN_VALID, TP_STATUS_CSUM_VALID = 8, 16, 128
ETH_P_ALL = 3
# For local experiments.
ETH_P = 0x88b5
# Classic BPF: load skb->hash, skip one if it is the value, drop, accept.
LD_RXHASH, JEQ, RET = 0x20, 0x15, 0x06
SKF_AD_RXHASH = 0xfffff000 + 32
KINDS = {(4, socket.IPPROTO_TCP): 'tcp4', (4, socket.IPPROTO_UDP): 'udp4',
         (6, socket.IPPROTO_TCP): 'tcp6', (6, socket.IPPROTO_UDP): 'udp6'}


def group(address, source, n):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    for _ in range(int(n)):
        s.sendto(b'x' * 100, (address, 4000))


def connect(host, port, from_port):
    s = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # No TIME-WAIT: the port is wanted again.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.settimeout(60)
    s.bind(('', int(from_port)))
    s.connect_ex((host, int(port)))
    s.close()


def toeplitz(key, source, to, *ports):
    data = ipaddress.ip_address(source).packed + ipaddress.ip_address(to).packed
    for port in ports:
        data += struct.pack('>H', int(port))
    bits = int(key.replace(':', ''), 16)
    n = 4 * len(key.replace(':', ''))
    value = 0
    for i in range(8 * len(data)):
        if data[i // 8] >> (7 - i % 8) & 1:
            value ^= bits >> (n - 32 - i) & 0xffffffff
    print(f'0x{value:08x}')


def listen(dev, seconds, program=None):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    if program:
        s.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
    s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    s.bind((dev, ETH_P_ALL))
    print('listening', flush=True)
    return s, time.monotonic() + float(seconds)


def arrived(listener, what):
    """Frames with their status and tag, without what we send; ends the program when it is
    time."""
    s, end = listener
    try:
        while True:
            s.settimeout(max(end - time.monotonic(), 0.001))
            frame, control, _, where = s.recvmsg(2048, socket.CMSG_SPACE(20))
            # What came before the filter was set may be anything.
            if where[2] != socket.PACKET_OUTGOING and len(frame) > 14:
                aux = struct.unpack('3I4H', control[0][2][:20]) if control else (0,) * 7
                yield frame, aux[0], aux[5] & 0xfff if aux[0] & TP_STATUS_VLAN_VALID else None
    except TimeoutError:
        sys.exit(f'no {what}')


def received(listener, what):
    """The same without the tag."""
    for frame, status, _ in arrived(listener, what):
        yield frame, status


def hashed(dev, value, seconds):
    code = [(LD_RXHASH, 0, 0, SKF_AD_RXHASH), (JEQ, 1, 0, int(value, 16)), (RET, 0, 0, 0),
            (RET, 0, 0, 65535)]
    raw = struct.pack('HBBI' * len(code), *(x for line in code for x in line))
    keep = bytearray(raw)
    from ctypes import addressof, c_char
    program = struct.pack('HP', len(code), addressof((c_char * len(keep)).from_buffer(keep)))
    for frame, _ in received(listen(dev, seconds, program), f'frame with the hash {value}'):
        print(f'a frame from {frame[6:12].hex(":")}')
        return


def origin(frame):
    """What kind of frame it is, of those that have a checksum, and whose."""
    if frame[12:14] == b'\x08\0':
        return KINDS.get((4, frame[23])), frame[26:30]
    if frame[12:14] == b'\x86\xdd':
        return KINDS.get((6, frame[20])), frame[22:38]
    return None, None


def status_of(dev, source, seconds):
    source = ipaddress.ip_address(source).packed
    for frame, status in received(listen(dev, seconds), 'frame of TCP'):
        kind, whose = origin(frame)
        if kind in ('tcp4', 'tcp6') and whose == source:
            return status


def word(status):
    return 'blank' if status & TP_STATUS_CSUMNOTREADY else 'full'


def sums(*args):
    print(word(status_of(*args)))


def kinds(dev, seconds, *sources):
    sources = {ipaddress.ip_address(s).packed for s in sources}
    seen = {}
    for frame, status in received(listen(dev, seconds), 'frame of another kind'):
        kind, whose = origin(frame)
        if kind and whose in sources and kind not in seen:
            seen[kind] = word(status)
            print(kind, seen[kind], flush=True)
        if len(seen) == len(KINDS):
            break
    print(*(f'{kind}={seen[kind]}' for kind in KINDS.values()))


def verdict(*args):
    print('valid' if status_of(*args) & TP_STATUS_CSUM_VALID else 'none')


def mac(text):
    return bytes.fromhex(text.replace(':', ''))


def sender(dev):
    """A socket for whole frames, and the address of the interface."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((dev, 0))
    return s, s.getsockname()[4]


def checksum(data):
    return struct.pack('>H', 0xffff - sum(struct.unpack(f'>{len(data) // 2}H', data)) % 0xffff)


def packet(source, to, protocol, size, flags=0):
    """The header of an IP packet with so many bytes of a protocol, behind the frame's type."""
    if len(source) == 16:
        return b'\x86\xdd' + struct.pack('>IHBB', 6 << 28, size, protocol, 64) + source + to
    ip = bytearray(struct.pack('>HHHHBBH', 0x4500, 20 + size, 0, flags, 64, protocol, 0)) \
        + source + to
    ip[10:12] = checksum(ip)
    return b'\x08\0' + ip


def segment(dev, address, source, to, quality, kind='tcp'):
    s, own = sender(dev)
    source, to = (ipaddress.ip_address(a).packed for a in (source, to))
    if kind == 'tcp':
        # A reset: nobody answers it.
        protocol, at = socket.IPPROTO_TCP, 16
        data = struct.pack('>HHIIHHHH', 4567, 7, 1, 0, 0x5004, 0, 0, 0) + bytes(20)
    else:
        protocol, at = socket.IPPROTO_UDP, 6
        data = struct.pack('>HHHH', 4567, 9, 28, 0) + bytes(20)
    data = summed(source, to, protocol, at, data)
    if quality == 'bad':
        data[at + 1] ^= 1
    s.send(mac(address) + own + packet(source, to, protocol, len(data)) + data)


def summed(source, to, protocol, at, data):
    """That with its checksum, which belongs at this byte."""
    data = bytearray(data)
    data[at:at + 2] = checksum(source + to + struct.pack('>HH', protocol, len(data)) + data)
    return data


def tunnel(dev, address, source, to, inner, n):
    """TCP in VXLAN, in trains of three frames: the last is damaged, inside only."""
    s, own = sender(dev)
    source, to, here, there = (ipaddress.ip_address(a).packed for a in
                               (source, to, '10.95.0.1', '10.95.0.11'))
    for number in range(3 * int(n)):
        data = summed(here, there, socket.IPPROTO_TCP, 16, struct.pack(
            '>HHIIHHHH', 4567, 7, 1000 * number + 1, 1, 0x5010, 1000, 0, 0) + bytes(1000))
        data[-1] ^= number % 3 == 2
        data = struct.pack('>II', 1 << 27, VNI << 8) + mac(inner) + own + \
            packet(here, there, socket.IPPROTO_TCP, len(data), DF) + data
        data = summed(source, to, socket.IPPROTO_UDP, 6, struct.pack(
            '>HHHH', 4567, 4789, 8 + len(data), 0) + data)
        s.send(mac(address) + own + packet(source, to, socket.IPPROTO_UDP, len(data), DF) + data)


def tagged(dev, vlan, n):
    s, own = sender(dev)
    frame = b'\xff' * 6 + own + struct.pack('>HHH', 0x8100, int(vlan), ETH_P)
    for _ in range(int(n)):
        s.send(frame.ljust(64, b'\0'))
        time.sleep(0.01)


def tags(dev, source, vlan, n, seconds):
    others = own = 0
    for frame, _, tag in arrived(listen(dev, seconds), f'{n} frames in VLAN {vlan}'):
        if frame[6:12] != mac(source):
            continue
        if tag != int(vlan):
            others += 1
        elif frame[12:14] == b'\x08\0':
            own += 1
        if own == int(n):
            break
    print(others)


def announcement(frame):
    """The address that a frame announces, or None."""
    if frame[12:14] == b'\x08\x06' and frame[28:32] == frame[38:42]:
        return ipaddress.ip_address(frame[28:32])
    # To all nodes: ICMPv6 of type 136, its target.
    if (frame[12:14] == b'\x86\xdd' and frame[20] == 58 and frame[54] == 136 and
            frame[38:54] == ipaddress.ip_address('ff02::1').packed):
        return ipaddress.ip_address(frame[62:78])
    return None


def announced(dev, source, seconds, *addresses):
    source = mac(source)
    missing = {ipaddress.ip_address(a) for a in addresses}
    for frame, _ in received(listen(dev, seconds), 'announcement of each address'):
        address = announcement(frame) if frame[6:12] == source else None
        if address:
            print(f'{address} is announced', flush=True)
            missing.discard(address)
        if not missing:
            return


def flows_of(n):
    return [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(int(n))]


def one_each(sockets, data, host, port):
    for s in sockets:
        try:
            s.sendto(data, socket.MSG_DONTWAIT, (host, int(port)))
        except OSError:
            # No room, or nobody there: both are known.
            pass


def spread(host, port, flows, n):
    sockets = flows_of(flows)
    for _ in range(int(n)):
        one_each(sockets, b'x' * 1000, host, port)


def on_the_way(sockets):
    """Memory of frames that have been sent and not been freed yet, headers and all."""
    memory = array.array('i', [0])
    total = 0
    for s in sockets:
        fcntl.ioctl(s, termios.TIOCOUTQ, memory)
        total += memory[0]
    return total


def hoard(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    s.bind(('', int(port)))
    signal.pause()


def held(host, port, flows, n):
    sockets = flows_of(flows)
    most = 0
    for s in sockets:
        s.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 64 << 20)
    for i in range(int(n)):
        one_each(sockets, b'x', host, port)
        if i % 20 == 0:
            most = max(most, on_the_way(sockets))
    print(max(most, on_the_way(sockets)))


def cutter(host, port, size):
    """A socket of which the kernel, or an interface, cuts what is sent."""
    family, _, _, _, to = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, int(size))
    s.connect(to)
    return s


def burst(host, port, n, size, extension=None):
    s = cutter(host, port, size)
    if extension:
        s.setsockopt(socket.IPPROTO_IPV6, EXTENSIONS[extension], NO_OPTIONS)
    s.send(datagrams(n, size))


def flood(address, port, n, size, times):
    s = cutter(address, port, size)
    data = datagrams(n, size)
    for _ in range(int(times)):
        s.send(data)


def pieces(host, port, n, size):
    s, other = cutter(host, port, size), cutter(host, port, size)
    data = datagrams(n, size)
    for at in range(0, len(data), PIECE):
        s.send(data[at:at + PIECE], socket.MSG_MORE if at + PIECE < len(data) else 0)
        # Never sent.  The kernel has several pages in a row for what a task sends, by
        # whichever socket, so that this lies between two pieces.
        other.send(bytes(GAP), socket.MSG_MORE)


def datagrams(n, size):
    return b''.join(datagram(i, int(size)) for i in range(int(n)))


def datagram(i, size):
    return struct.pack('!I', i) * (size // 4)


def taken(port, n, size, seconds):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    # One of a test that has failed may still wait.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('::', int(port)))
    s.settimeout(int(seconds))
    print('listening', flush=True)
    for i in range(int(n)):
        data, sender = s.recvfrom(65536)
        if data != datagram(i, int(size)):
            sys.exit(f'datagram {i}: {len(data)} bytes, {data[:4]}')
    print(ipaddress.IPv6Address(sender[0]).ipv4_mapped or sender[0])


def has_time(control):
    """Whether control messages have the time of the frame, by software: the first of three."""
    return any(struct.unpack('qq', data[:16])[0] for level, kind, data in control
               if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPING))


def stamped(dev, seconds):
    listener, end = listen(dev, seconds)
    s, own = sender(dev)
    for one in listener, s:
        one.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, BY_SOFTWARE)
    s.send((b'\2\x99\0\0\0\x63' + own + struct.pack('>H', ETH_P)).ljust(60, b'\0'))
    told = select.poll()
    told.register(s, 0)
    if not told.poll(int(seconds) * 1000):
        sys.exit('the frame that was sent has no time')
    if not has_time(s.recvmsg(2048, 512, socket.MSG_ERRQUEUE)[1]):
        sys.exit('something else is said of the frame that was sent')
    listener.settimeout(1)
    while time.monotonic() < end:
        try:
            _, control, _, where = listener.recvmsg(2048, 512)
        except TimeoutError:
            continue
        if where[2] != socket.PACKET_OUTGOING and has_time(control):
            return
    sys.exit('no received frame has a time')


def heard(port, text, n, seconds):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind(('::', int(port)))
    print('listening', flush=True)
    end = time.monotonic() + float(seconds)
    lines = set()
    while len(lines) < int(n):
        s.settimeout(max(end - time.monotonic(), 0.001))
        try:
            data = s.recv(2048)
        except TimeoutError:
            sys.exit(f'{len(lines)} datagrams with {text}, not {n}')
        if text.encode() in data:
            lines.add(data)


def claim(dev, to, name, n):
    s, own = sender(dev)
    for number in range(int(n) + 1):
        source = mac(name) if number < int(n) else own
        s.send((mac(to) + source + struct.pack('>HH', ETH_P, number)).ljust(60, b'\0'))


def claimed(dev, name, honest, seconds):
    numbers = []
    for frame, _ in received(listen(dev, seconds), 'honest frame'):
        if int.from_bytes(frame[12:14], 'big') != ETH_P:
            continue
        number = struct.unpack('>H', frame[14:16])[0]
        if frame[6:12] == mac(honest):
            break
        if frame[6:12] != mac(name):
            sys.exit(f'frame {number} is from {frame[6:12].hex(":")}')
        numbers.append(number)
    print(len(numbers), len({n for n in numbers if n < number}))


if __name__ == '__main__':
    {'group': group, 'connect': connect, 'toeplitz': toeplitz, 'hashed': hashed, 'sums': sums,
     'kinds': kinds, 'verdict': verdict, 'segment': segment, 'tagged': tagged, 'tags': tags,
     'announced': announced, 'spread': spread, 'held': held, 'hoard': hoard, 'burst': burst,
     'flood': flood, 'pieces': pieces, 'claim': claim, 'claimed': claimed, 'taken': taken,
     'stamped': stamped, 'heard': heard, 'tunnel': tunnel}[sys.argv[1]](*sys.argv[2:])
