"""System calls an operation, counted by strace: what is asked of the kernel beside the work.

A run is counted at two lengths, and the difference is what the operations between them cost: what
a start, a connection or a command costs is in both. strace slows every call down, so nothing here
is a time.
"""

import contextlib
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from . import process, table
from .process import Failed
from .turns import Turns

GROUPS = {
    "futex": ("futex",),
    "epoll_wait": ("epoll_wait", "epoll_pwait", "epoll_pwait2"),
    "epoll_ctl": ("epoll_ctl",),
    "read": ("read", "recvfrom", "recvmsg", "readv"),
    "write": ("write", "sendto", "sendmsg", "writev"),
}
COLUMNS = (*GROUPS, "other")
ECHOES = (1_000, 6_000)  # round trips
WAKES = 1_000  # a round
ROUNDS = (1, 4)
IDLE_SECONDS = (1, 6)


def read_counts(report):
    """What `strace -c` wrote: calls by group."""
    counts = dict.fromkeys(COLUMNS, 0)
    for line in report.splitlines():
        words = line.split()
        if len(words) < 5 or not words[3].isdigit() or words[-1] == "total":
            continue
        group = next((name for name, calls in GROUPS.items() if words[-1] in calls), "other")
        counts[group] += int(words[3])
    return counts


@contextlib.contextmanager
def traced(pid):
    """Counts the calls of a running process; the dictionary is filled at the end."""
    counts = {}
    with tempfile.NamedTemporaryFile("r") as report:
        tracer = subprocess.Popen(["strace", "-f", "-c", "-q", "-o", report.name, "-p", str(pid)],
                                  stderr=subprocess.DEVNULL)
        try:
            wait_until_traced(pid, tracer)
            yield counts
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(timeout=30)
        counts.update(read_counts(report.read()))


def wait_until_traced(pid, tracer, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if all(is_traced(thread) for thread in Path(f"/proc/{pid}/task").iterdir()):
            return
        if tracer.poll() is not None:
            break
        time.sleep(0.02)
    raise Failed("strace cannot follow the server; it needs the right to (root, or ptrace_scope 0)")


def is_traced(thread):
    status = (thread / "status").read_text(encoding="utf-8")
    return "TracerPid:\t0\n" not in status


def per_operation(short, long, operations):
    return {name: (long[name] - short[name]) / operations for name in COLUMNS}


def echo(contender, loader, connections):
    counted = []
    with contender.serve("echo") as server:
        loader.load(server, "echo", connections, 1)
        for requests in ECHOES:
            with traced(server.pid) as counts:
                loader.load(server, "echo", connections, 60, requests=requests)
            counted.append(counts)
    return per_operation(*counted, ECHOES[1] - ECHOES[0])


def remote_wake(contender):
    run = wake_of_ekiden if contender.name == "ekiden" else wake_of_program
    counted = [run(contender, rounds) for rounds in ROUNDS]
    return per_operation(*counted, (ROUNDS[1] - ROUNDS[0]) * WAKES)


def wake_of_ekiden(contender, rounds):
    with contender.daemon() as daemon:
        with traced(daemon.pid) as counts:
            daemon.bench(workload="remote_wake_roundtrip", n=WAKES, rounds=rounds)
    return counts


def wake_of_program(contender, rounds):
    with tempfile.NamedTemporaryFile("r") as report:
        command = contender.command("remote_wake_roundtrip", rounds, WAKES, 2)
        process.run_json(["strace", "-f", "-c", "-q", "-o", report.name, *command], 120,
                         env=contender.environment)
        return read_counts(report.read())


def idle(contender):
    """Calls a second while nothing happens."""
    counted = []
    with contender.serve("echo") as server:
        time.sleep(0.5)
        for seconds in IDLE_SECONDS:
            with traced(server.pid) as counts:
                time.sleep(seconds)
            counted.append(counts)
    return per_operation(*counted, IDLE_SECONDS[1] - IDLE_SECONDS[0])


def run(given, contenders, loader):
    """The text, its rows, and what failed."""
    del given
    if shutil.which("strace") is None:
        return "nothing could be counted", [], []
    turns = Turns(1)
    able = [one for one in contenders
            if one.name in ("ekiden", "tokio") and "echo" in one.services and loader.has("echo")]
    waking = [one for one in able if one.has("remote_wake_roundtrip")]
    measurements = (
        ("echo, 1 connection", able, lambda one: echo(one, loader, 1)),
        ("echo, 64 connections", able, lambda one: echo(one, loader, 64)),
        ("remote wake and its answer", waking, remote_wake),
        ("idle, a second", able, idle),
    )
    rows = []
    for what, who, measure in measurements:
        for column, cells in turns.figures(what, who, measure, COLUMNS).items():
            rows.append({"what": what, "column": column, **cells})
    header = ["system calls an operation", "who", *COLUMNS]
    cells = [[row["what"], row["column"], *(f"{row[name]:.3f}" for name in COLUMNS)]
             for row in rows]
    return table.render(header, cells), rows, turns.failures
