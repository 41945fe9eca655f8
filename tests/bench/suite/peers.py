"""Everybody who is measured but Ekiden: how each is run and how it serves."""

import contextlib
import os
from pathlib import Path

from . import process, workloads

SECONDS_MAX = 300  # of one run
SERVICES = ("http", "echo")
TOKIO = (
    "spawn_local", "spawn_remote_join", "yield_many", "ping_pong", "chained_spawn", "skynet_1m",
    "fib_25_fork", "mpsc_bounded1024_1to1", "mpsc_bounded1024_8to1", "timer_create_cancel",
    "timer_fire_lateness", "ticker_lateness_under_cpu_load", "spawn_blocking",
    "remote_wake_roundtrip", "memory_parked", "timers_held", "ticker_lateness_under_spawn_flood",
    "ticker_lateness_with_stuck_worker",
)
GO = (
    "spawn_local", "yield_many", "ping_pong", "chained_spawn", "skynet_1m", "mpsc_bounded1024_1to1",
    "mpsc_bounded1024_8to1", "timer_create_cancel", "remote_wake_roundtrip", "memory_parked",
    "timers_held",
)
TBB = ("skynet_1m", "fib_25_fork")


class Server:
    """One that serves: its process and its port."""

    def __init__(self, server_process, port):
        self.process = server_process
        self.pid = server_process.pid
        self.port = port


class Peer:
    """A program with its arguments. `column` is where its figures stand in the table; of several
    peers in a column the better figure counts."""

    def __init__(self, name, column, workloads, services, environment=None):
        self.name = name
        self.column = column
        self.workloads = workloads
        self.services = services
        self.environment = dict(os.environ, **(environment or {}))

    def has(self, workload):
        return workloads.of_peers(workload) in self.workloads

    def run(self, workload, rounds, n=None, workers=2):
        """One line of JSON as a dictionary. Failed: there is none."""
        command = self.command(workloads.of_peers(workload), rounds, n, workers)
        return process.run_json(command, SECONDS_MAX, env=self.environment)

    @contextlib.contextmanager
    def serve(self, service, **more):
        """A Server that accepts."""
        port = process.free_port()
        with process.running(self.server_command(service, port, **more),
                             env=self.environment) as server:
            process.wait_for_port(port, server)
            yield Server(server, port)


class Program(Peer):
    """tokio_peer and go_peer: options by name."""

    def __init__(self, path, dashes, *arguments, **more):
        super().__init__(*arguments, **more)
        self.path = path
        self.dashes = dashes

    def command(self, workload, rounds, n, workers):
        return [self.path, workload, *self.options(rounds=rounds, n=n, workers=workers)]

    def server_command(self, service, port, workers=2, load=None):
        return [self.path, service, *self.options(port=port, workers=workers, load=load)]

    def options(self, **values):
        return [word for name, value in values.items() if value is not None
                for word in (self.dashes + name, str(value))]


class SmallProgram(Peer):
    """The C and C++ programs: arguments by place."""

    def __init__(self, path, threads, *arguments):
        super().__init__(*arguments)
        self.path = path
        self.threads = threads

    def command(self, workload, rounds, n, workers):
        del n, workers
        return [self.path, workload, str(rounds), str(self.threads)]

    def server_command(self, service, port):
        return [self.path, service, str(port), str(self.threads)]


def find_mimalloc():
    found = sorted(Path("/usr/lib").glob("*/libmimalloc.so.2*"))
    return str(found[0]) if found else None


def all_of(programs):
    """The peers whose programs there are, in the order of the columns."""
    peers = []
    if "tokio_peer" in programs:
        path = programs["tokio_peer"]
        peers.append(Program(path, "--", "tokio", "tokio", TOKIO, SERVICES))
        mimalloc = find_mimalloc()
        if mimalloc:
            peers.append(Program(path, "--", "tokio+mimalloc", "tokio", TOKIO, SERVICES,
                                 environment={"LD_PRELOAD": mimalloc}))
    if "go_peer" in programs:
        peers.append(Program(programs["go_peer"], "-", "go", "go", GO, SERVICES))
    if "asio_server" in programs:
        peers.append(SmallProgram(programs["asio_server"], 2, "asio", "asio", (), SERVICES))
    if "epoll_server" in programs:
        path = programs["epoll_server"]
        peers.append(SmallProgram(path, 1, "epoll, 1 thread", "epoll", (), SERVICES))
        peers.append(SmallProgram(path, 2, "epoll, 2 threads", "epoll", (), SERVICES))
    if "tbb_trees" in programs:
        peers.append(SmallProgram(programs["tbb_trees"], 2, "tbb", "tbb", TBB, ()))
    return peers


def columns():
    return ("tokio", "go", "asio", "epoll", "tbb")
