"""Programs that are run, and what the system knows of them."""

import contextlib
import json
import os
import socket
import subprocess
import time


class Failed(Exception):
    """A run that gave no figure; the text says why."""


def run_json(command, seconds, **options):
    """The last line of what a program prints, read as JSON."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False,
                              **options)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{command[0]} was not done after {seconds} s") from late
    except OSError as problem:
        raise Failed(f"{command[0]}: {problem.strerror}") from problem
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: {last_line(done.stderr or done.stdout)}")
    try:
        return json.loads(last_line(done.stdout))
    except ValueError as problem:
        raise Failed(f"{command[0]} printed no JSON: {last_line(done.stdout)!r}") from problem


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else "(nothing)"


@contextlib.contextmanager
def running(command, **options):
    """The program, started; ended with the context, and killed where it does not go."""
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, seconds=10):
    """Until somebody accepts on 127.0.0.1. Failed: the program has ended, or the time is up."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise Failed(f"the server ended with {process.returncode} before it served")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise Failed(f"nobody accepts on port {port} after {seconds} s")


def cpu_ns(pid):
    """CPU time of all threads of a process, exact. Threads that have ended are not in it."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            total += int(file.read().split()[0])
    return total


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
