"""Runs crun's own tests: `run.py TESTS RESULTS NOT-RUN...`.

Writes a line for each to RESULTS: `ok`, `skip` or `fail`, and its name, `MODULE/NAME`. Each module has a process and a
terminal of its own, because some ask for one.
"""

import importlib
import glob
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading

# Seconds that one test may take.
DEADLINE = 60


def too_long(*_):
    raise TimeoutError(f"it took longer than {DEADLINE} seconds")


def one(test):
    signal.alarm(DEADLINE)
    try:
        return {0: "ok", 77: "skip"}.get(test(), "fail")
    except BaseException as err:  # also those that end a process
        print(repr(err), getattr(err, "output", ""))
        return "fail"
    finally:
        signal.alarm(0)


def module(name, results, not_run):
    signal.signal(signal.SIGALRM, too_long)
    utils = importlib.import_module("tests_utils")
    os.makedirs(utils.get_tests_root())
    try:
        for test, function in importlib.import_module("test_" + name).all_tests.items():
            if f"{name}/{test}" not in not_run:
                print(f"== {name}/{test}", flush=True)
                verdict = one(function)
                with open(results, "a") as file:
                    file.write(f"{verdict} {name}/{test}\n")
    finally:
        root = ["--root", utils.get_tests_root_status()]
        left = subprocess.run([utils.get_crun_path(), *root, "list", "--quiet"], capture_output=True, text=True)
        for container in left.stdout.split():
            subprocess.run([utils.get_crun_path(), *root, "delete", "--force", container])
        shutil.rmtree(utils.get_tests_root())


def drain(terminal):
    try:
        while said := os.read(terminal, 65536):
            sys.stdout.buffer.write(said.replace(b"\r\n", b"\n"))
    except OSError:
        pass


def main(tests, results, *not_run):
    sys.path.insert(0, tests)
    os.environ["LANG"] = "C"
    for path in sorted(glob.glob(os.path.join(tests, "test_*.py"))):
        child, terminal = pty.fork()
        if child == 0:
            try:
                module(os.path.basename(path)[len("test_") : -len(".py")], results, not_run)
            finally:
                sys.stdout.flush()
                os._exit(0)
        threading.Thread(target=drain, args=[terminal], daemon=True).start()
        os.waitpid(child, 0)


main(*sys.argv[1:])
