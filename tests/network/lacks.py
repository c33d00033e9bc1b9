#!/usr/bin/python3
"""Runs a program as on a kernel that lacks something: lacks.py nftables|ipv6 WORD..."""
import ctypes
import os
import platform
import struct
import sys

SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]
# Arguments of socket(2) with their values, and the error: AF_NETLINK with NETLINK_NETFILTER, EPROTONOSUPPORT; AF_INET6,
# EAFNOSUPPORT.
LACKING = {"nftables": ([(0, 16), (2, 12)], 93), "ipv6": ([(0, 10)], 97)}

LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERROR = 0x7FFF0000, 0x00050000
PR_SET_SECCOMP, MODE_FILTER = 22, 2


def program(arguments, error):
    tests = [(0, SOCKET)] + [(16 + 8 * at, value) for at, value in arguments]
    lines = []
    for at, (offset, value) in enumerate(tests):
        to_end = 2 * (len(tests) - at) - 1
        lines += [(LOAD, 0, 0, offset), (EQUAL, 0, to_end, value)]
    return lines + [(RETURN, 0, 0, ERROR | error), (RETURN, 0, 0, ALLOW)]


lines = program(*LACKING[sys.argv[1]])
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
prog = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code)))
if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_SECCOMP, MODE_FILTER, prog, 0, 0) != 0:
    sys.exit(f"no filter: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[2], sys.argv[2:])
