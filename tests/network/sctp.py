#!/usr/bin/python3
"""The first two packets of an association of SCTP (RFC 9260), by raw sockets: kernels without SCTP pass them on all the same.

sctp.py serve PORT              answers those who begin one: with the address that it sees
sctp.py ask ADDRESS PORT        begins one; a line: who answered, and the address that he saw, or "nobody"
"""
import os
import socket
import struct
import sys

INIT, INIT_ACK, COOKIE = 1, 2, 7
TAG = 77


def crc32c(data):
    rest = 0xFFFFFFFF
    for byte in data:
        rest ^= byte
        for _ in range(8):
            rest = (rest >> 1) ^ (0x82F63B78 if rest & 1 else 0)
    return rest ^ 0xFFFFFFFF


def packet(source, to, tag, kind, more=b""):
    value = struct.pack("!IIHHI", TAG, 1 << 16, 1, 1, 1) + more
    chunk = struct.pack("!BBH", kind, 0, 4 + len(value)) + value
    header = struct.pack("!HHI", source, to, tag)
    return header + struct.pack("<I", crc32c(header + bytes(4) + chunk)) + chunk


def read(data):
    """Ports, the kind of the first chunk, and what is behind its fixed part."""
    data = data[4 * (data[0] & 15):]
    source, to = struct.unpack("!HH", data[:4])
    return source, to, data[12], data[32:]


raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_SCTP)
if sys.argv[1] == "serve":
    print("ready", flush=True)
    while True:
        data, (peer, _) = raw.recvfrom(2000)
        source, to, kind, _ = read(data)
        if (to, kind) == (int(sys.argv[2]), INIT):
            text = peer.ljust(16).encode()
            cookie = struct.pack("!HH", COOKIE, 4 + len(text)) + text
            raw.sendto(packet(to, source, TAG, INIT_ACK, cookie), (peer, 0))
else:
    # What has come from a port goes on for a while, whatever becomes of the way there.
    own = 20000 + os.getpid() % 40000
    raw.settimeout(1.5)
    raw.sendto(packet(own, int(sys.argv[3]), 0, INIT), (sys.argv[2], 0))
    try:
        while True:
            data, (peer, _) = raw.recvfrom(2000)
            source, to, kind, more = read(data)
            if (to, kind) == (own, INIT_ACK):
                print(f"{peer}:{source} {more[4:].decode().strip()}")
                break
    except OSError:
        print("nobody")
