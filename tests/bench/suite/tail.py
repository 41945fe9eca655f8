"""How late timers fire and replies come while the runtime has other work: tasks that burn the
processor, a flood of tasks from outside, a poll that holds a worker for a second."""

import contextlib
import subprocess

from . import process, table
from .process import Failed
from .turns import Turns

# A load's name to the workload whose ticker runs beside it.
LOADS = {
    "cpu": "ticker_lateness_under_cpu_load",
    "flood": "ticker_lateness_under_spawn_flood",
    "stuck": "ticker_lateness_with_stuck_worker",
}
FIGURES = ("p50", "p99", "p999", "max")
TICKS = 1000  # a round: a second, if none is late
# The echo load sends at fixed times, far below what the servers could do.
CONNECTIONS = 16
EVERY_US = 10_000


def tickers(turns, contenders, rounds):
    for load, workload in LOADS.items():
        able = [one for one in contenders if one.has(workload)]
        columns = turns.figures(f"timers beside {load}", able,
                                lambda one, name=workload: one.run(name, rounds, n=TICKS), FIGURES)
        yield from rows_of("timer of 1 ms", load, columns)


def rows_of(what, load, columns):
    for column, cells in columns.items():
        yield {"what": what, "beside": load, "column": column, **cells}


@contextlib.contextmanager
def loaded(contender, load, seconds):
    """A server of `contender` that echoes beside the load. Ekiden's load is a run of its plugin
    `bench` that lasts longer than is measured."""
    if contender.name != "ekiden":
        with contender.serve("echo", load=load) as server:
            yield server
        return
    with contender.serve("echo") as server:
        if load is None:
            yield server
            return
        command = server.daemon.bench_command(workload=LOADS[load], n=TICKS, rounds=seconds + 5)
        with process.running(command, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL) as background:
            yield server
            if background.poll() is not None:
                raise Failed("the load was over before the measurement")


def echo_beside(contender, loader, load, seconds):
    with loaded(contender, load, seconds) as server:
        loader.load(server, "echo", CONNECTIONS, 1, every_us=EVERY_US)
        return loader.load(server, "echo", CONNECTIONS, seconds, every_us=EVERY_US)


def echoes(turns, contenders, loader, seconds):
    able = [one for one in contenders if one.column in ("ekiden", "tokio")
            and "echo" in one.services and loader.has("echo")]
    for load in (None, *LOADS):
        name = load or "nothing"
        loadable = [one for one in able if load is None or one.has(LOADS[load])]
        columns = turns.figures(
            f"echo beside {name}", loadable,
            lambda one, load=load: echo_beside(one, loader, load, seconds), FIGURES)
        yield from rows_of("echo reply", name, columns)


def run(given, contenders, loader):
    """The text, its rows, and what failed."""
    turns = Turns(1 if given.quick else 3)
    rows = [*tickers(turns, contenders, 1 if given.quick else 3),
            *echoes(turns, contenders, loader, 2 if given.quick else 4)]
    header = ["lateness in us", "beside", "who", *FIGURES]
    cells = [[row["what"], row["beside"], row["column"],
              *(table.number(row.get(figure)) for figure in FIGURES)] for row in rows]
    return table.render(header, cells), rows, turns.failures
