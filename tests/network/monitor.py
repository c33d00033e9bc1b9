#!/usr/bin/python3
"""Starts the monitor of a container as nagaya does, by the words that are given: monitor.py ROOT ID WORD..."""
import fcntl
import os
import socket
import sys

root, container, *words = sys.argv[1:]
ours, theirs = socket.socketpair()
lock = os.open(f"{root}/containers/{container}/lock", os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
ours.sendall(b"a" + (2).to_bytes(4, "little") + b"{}")
child = os.fork()
if child == 0:
    os.set_inheritable(theirs.fileno(), True)
    os.set_inheritable(lock, True)
    ours.close()
    os.execvp(words[0], [*words, "--monitor", str(theirs.fileno()), str(lock), root, container])
theirs.close()
os.close(lock)
while ours.recv(65536):
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) % 256)
