#!/usr/bin/python3
"""Names: somebody who asks a name server, and a name server that keeps a list of what it was asked.

names.py ask SERVER KIND NAME...        by datagrams; KIND is A, AAAA or PTR. A line for each: the code, and what there is
names.py ask-tcp SERVER KIND NAME...    the same by one stream
names.py load SERVER COUNT NAME...      asks for the addresses of all names by turns, COUNT times, by eight threads
names.py serve ADDRESS FILE             answers 198.51.100.7 to everything, and writes each name to FILE
names.py advertise INTERFACE            tells all on a link that it is their router (IPv6)
"""
import socket
import struct
import sys
import threading
import time

KINDS = {"A": 1, "PTR": 12, "AAAA": 28}
CODES = {0: "found", 2: "failed", 3: "none", 5: "refused"}


def question(number, name, kind):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", KINDS[kind], 1)


def name_at(data, at):
    parts = []
    while data[at]:
        if data[at] >= 192:
            return ".".join(parts + [name_at(data, (data[at] & 63) << 8 | data[at + 1])[0]]), at + 2
        parts.append(data[at + 1:at + 1 + data[at]].decode())
        at += 1 + data[at]
    return ".".join(parts), at + 1


def read(data, asked):
    number, flags, _, count, _, _ = struct.unpack(">6H", data[:12])
    assert number == struct.unpack(">H", asked[:2])[0] and flags & 0x8000
    at, found = len(asked), []
    for _ in range(count):
        _, at = name_at(data, at)
        kind, _, _, length = struct.unpack(">2HIH", data[at:at + 10])
        value = data[at + 10:at + 10 + length]
        if kind == 1:
            found.append(socket.inet_ntop(socket.AF_INET, value))
        elif kind == 28:
            found.append(socket.inet_ntop(socket.AF_INET6, value))
        else:
            found.append(name_at(data, at + 10)[0])
        at += 10 + length
    return " ".join([CODES.get(flags & 15, str(flags & 15))] + found)


def reverse(name):
    if ":" in name:
        digits = socket.inet_pton(socket.AF_INET6, name).hex()
        return ".".join(reversed(digits)) + ".ip6.arpa"
    return ".".join(reversed(name.split("."))) + ".in-addr.arpa"


def exactly(stream, length):
    data = b""
    while len(data) < length:
        part = stream.recv(length - len(data))
        if not part:
            raise OSError("it ended")
        data += part
    return data


def ask(server, kind, names, tcp):
    kind_of = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, kind_of) as peer:
        peer.settimeout(10)
        try:
            peer.connect((server, 53))
            for number, name in enumerate(names):
                asked = question(number, reverse(name) if kind == "PTR" else name, kind)
                if tcp:
                    peer.sendall(struct.pack(">H", len(asked)) + asked)
                    data = exactly(peer, struct.unpack(">H", exactly(peer, 2))[0])
                else:
                    peer.send(asked)
                    data = peer.recv(4096)
                print(read(data, asked))
        except OSError as error:
            print("nobody", error)


def load(server, count, names):
    wrong = []

    def some(first):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.settimeout(10)
            peer.connect((server, 53))
            for number in range(first, count, 8):
                name = names[number % len(names)]
                asked = question(number & 0xffff, name, "A")
                try:
                    peer.send(asked)
                    answer = read(peer.recv(4096), asked)
                    if not answer.startswith("found "):
                        wrong.append(f"{name}: {answer}")
                except (OSError, AssertionError) as error:
                    wrong.append(f"{name}: {error}")

    threads = [threading.Thread(target=some, args=(first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(wrong), *wrong[:5])


def serve(address, path):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    udp.bind((address, 53))
    tcp = socket.create_server((address, 53), family=family)

    def answer(asked):
        name, end = name_at(asked, 12)
        with open(path, "a") as log:
            log.write(name + "\n")
        head = asked[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0)
        return head + asked[12:end + 4] + struct.pack(">3HIH", 0xc00c, 1, 1, 9, 4) + bytes([198, 51, 100, 7])

    def streams():
        while True:
            stream, _ = tcp.accept()
            with stream:
                said = answer(exactly(stream, struct.unpack(">H", exactly(stream, 2))[0]))
                stream.sendall(struct.pack(">H", len(said)) + said)

    threading.Thread(target=streams, daemon=True).start()
    open(path, "a").close()
    while True:
        asked, peer = udp.recvfrom(4096)
        udp.sendto(answer(asked), peer)


def own_address(interface):
    """A router speaks from the address that it has on the link alone, once it is sure of it."""
    for _ in range(100):
        for line in open("/proc/net/if_inet6"):
            digits, _, _, scope, flags, name = line.split()
            if name == interface and scope == "20" and not int(flags, 16) & 0x40:
                return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))
        time.sleep(0.1)
    raise OSError(f"{interface} has no address of its own")


def advertise(interface):
    raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    index = socket.if_nametoindex(interface)
    raw.bind((own_address(interface), 0, 0, index))
    raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    # A router for half an hour, with a prefix of which everybody makes himself an address.
    prefix = struct.pack(">4B2I4x", 3, 4, 64, 0xc0, 1800, 1800) + socket.inet_pton(socket.AF_INET6, "2001:db8:bad::")
    for _ in range(3):
        raw.sendto(struct.pack(">2BH2BH2I", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix, ("ff02::1", 0, 0, index))
    print("said")


verb, rest = sys.argv[1], sys.argv[2:]
if verb in ("ask", "ask-tcp"):
    ask(rest[0], rest[1], rest[2:], verb == "ask-tcp")
elif verb == "load":
    load(rest[0], int(rest[1]), rest[2:])
elif verb == "serve":
    serve(rest[0], rest[1])
else:
    advertise(rest[0])
