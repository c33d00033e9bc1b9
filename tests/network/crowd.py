#!/usr/bin/python3
"""Many at once, some of whom behave badly.

crowd.py serve                  answers every byte at port 80 with the same byte, and holds connections as long as others do
crowd.py come ADDRESS PORT N    comes N times; prints how many are answered, and how many once half of those have left
crowd.py names NAME             comes 100 times to the container's own name server, says half a question or reads no answer, and asks
"""
import select
import socket
import struct
import sys

PATIENCE = 10


def serve():
    listener = socket.create_server(("", 80), backlog=4096)
    listener.setblocking(False)
    poll, open_ones = select.epoll(), {listener.fileno(): listener}
    poll.register(listener, select.EPOLLIN)
    print("ready", flush=True)
    while True:
        for number, _ in poll.poll():
            one = open_ones[number]
            try:
                if one is listener:
                    new, _ = one.accept()
                    new.setblocking(False)
                    open_ones[new.fileno()] = new
                    poll.register(new, select.EPOLLIN)
                    continue
                data = one.recv(65536)
                if data:
                    one.send(data)
                    continue
            except BlockingIOError:
                continue
            except OSError:
                pass
            poll.unregister(number)
            open_ones.pop(number).close()


def answered(ones, wanted):
    """Those who are answered, once there are as many as wanted and nobody else is for a while."""
    done, waiting = [], set(ones)
    while waiting:
        ready, _, _ = select.select(list(waiting), [], [], 1 if len(done) >= wanted else PATIENCE)
        if not ready:
            break
        for one in ready:
            waiting.discard(one)
            if one.recv(1) == b"x":
                done.append(one)
    return done


def come(address, port, count, wanted):
    ones = []
    for _ in range(count):
        one = socket.create_connection((address, port))
        one.send(b"x")
        ones.append(one)
    done = answered(ones, wanted)
    # Some of those say more than anybody reads; the others are heard all the same.
    stalled = done[:4]
    for one in stalled:
        one.setblocking(False)
        try:
            while True:
                one.send(bytes(65536))
        except BlockingIOError:
            pass
    lively = done[4:]
    for one in lively:
        one.send(b"x")
    again = len(answered(lively, len(lively)))
    for one in done[: len(done) // 2]:
        one.close()
    waiting = [one for one in ones if one not in done]
    print(len(done), again, len(answered(waiting, len(waiting))))


def names(name):
    question = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0)
    question += b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + struct.pack(">B2H", 0, 1, 1)
    whole = struct.pack(">H", len(question)) + question
    ones = []
    for number in range(100):
        one = socket.create_connection(("127.0.0.11", 53))
        one.setblocking(False)
        try:
            one.send(whole[:5] if number % 2 else whole * 2000)
        except OSError:
            pass
        ones.append(one)
    print(socket.gethostbyname(name))
    with socket.create_connection(("127.0.0.11", 53), timeout=PATIENCE) as one:
        one.sendall(whole)
        print(socket.inet_ntoa(one.recv(4096)[-4:]))


if sys.argv[1] == "serve":
    serve()
elif sys.argv[1] == "come":
    come(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
else:
    names(sys.argv[2])
