#!/usr/bin/python3
"""Somebody on a network, and somebody who asks.

peers.py serve NAME [PORT]   answers on TCP and UDP, of IPv4 and IPv6: its name, and the address of who asks
peers.py ask TARGET...       asks all targets at once, PROTOCOL/ADDRESS/PORT each; a line for each: the answer, or "nobody"
"""
import socket
import sys
import threading

PATIENCE = 1.5


def answer(name, peer):
    return f"{name} {peer[0].removeprefix('::ffff:')}".encode()


def serve(name, port):
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    tcp = socket.create_server(("", port), family=family, dualstack_ipv6=family == socket.AF_INET6, backlog=128)
    udp = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    udp.bind(("", port))

    def datagrams():
        while True:
            _, peer = udp.recvfrom(100)
            udp.sendto(answer(name, peer), peer)

    threading.Thread(target=datagrams, daemon=True).start()
    print("ready", flush=True)
    while True:
        stream, peer = tcp.accept()
        with stream:
            stream.sendall(answer(name, peer))


def ask(target):
    protocol, address, port = target.split("/")
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    try:
        found = socket.getaddrinfo(address, int(port), type=kind)[0]
        with socket.socket(found[0], kind) as peer:
            peer.settimeout(PATIENCE)
            peer.connect(found[4])
            if protocol == "udp":
                peer.send(b"who")
            return peer.recv(1000).decode() or "nobody"
    except OSError:
        return "nobody"


def ask_all(targets):
    answers = [None] * len(targets)

    def one(at):
        answers[at] = ask(targets[at])

    threads = [threading.Thread(target=one, args=(at,)) for at in range(len(targets))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("\n".join(answers))


if sys.argv[1] == "serve":
    serve(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 80)
else:
    ask_all(sys.argv[2:])
