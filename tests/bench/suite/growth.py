"""What one costs when there are many: tasks that wait, timers, workers, connections."""

import threading

from . import process, table
from .turns import Turns

MANY = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
GO_MAX = 1_000_000  # of goroutines: ten million want more memory than most machines have
WORKERS = (2, 4, 8, 16)
OVER_WORKERS = ("spawn_local", "yield_many", "chained_spawn", "ping_pong", "skynet_1m")
CONNECTIONS = (1, 64, 512, 4_096, 16_000)
# Below so many, what a process holds anyway is more than what they add.
MEMORY_FROM = 100_000
MEMORY_FROM_CONNECTIONS = 512


class Growth:
    """One table: a line for each figure of each column, a place for each step."""

    def __init__(self, title, steps, figures):
        self.title = title
        self.steps = steps
        self.figures = figures  # name -> (unit, whether its growth is to be told)
        self.values = {}  # (figure, column) -> values

    def add(self, index, columns):
        for column, cells in columns.items():
            for figure, value in cells.items():
                values = self.values.setdefault((figure, column), [None] * len(self.steps))
                values[index] = value

    def lines(self):
        """In the order of the figures, and of those who have them."""
        for figure in self.figures:
            for (of_line, column), values in self.values.items():
                if of_line == figure:
                    yield figure, column, values

    def rows(self):
        return [{"table": self.title, "figure": figure, "unit": self.figures[figure][0],
                 "column": column, "steps": self.steps, "values": values,
                 "growth": grown(values)}
                for figure, column, values in self.lines()]

    def render(self):
        header = ["figure", "unit", "who", *(f"{step:,}" for step in self.steps), "growth"]
        rows = []
        for figure, column, values in self.lines():
            unit, is_cost = self.figures[figure]
            growth = table.ratio(grown(values)) if is_cost else "-"
            rows.append([figure, unit, column, *map(table.number, values), growth])
        return f"{self.title}\n{table.render(header, rows)}"


def grown(values):
    """The most by which a later value exceeds an earlier one; None if there are not two."""
    there = [value for value in values if value]
    pairs = [later / earlier for i, earlier in enumerate(there) for later in there[i + 1:]]
    return max(pairs, default=None)


def of_columns(contenders, *names):
    return [one for one in contenders if one.column in names]


def many(turns, contenders, title, workload, figures, steps, rounds):
    """A workload whose n grows."""
    result = Growth(title, steps, figures)
    for index, n in enumerate(steps):
        able = [one for one in contenders
                if one.has(workload) and (one.column != "go" or n <= GO_MAX)]
        wanted = [name for name, (unit, _) in figures.items()
                  if unit != "bytes" or n >= MEMORY_FROM]
        result.add(index, turns.figures(f"{title}: {n:,}", able,
                                        lambda one, n=n: one.run(workload, rounds, n=n), wanted))
    return result


def over_workers(turns, contenders, workload, rounds):
    title = f"{workload}, by the number of workers"
    result = Growth(title, WORKERS, {"ns_per_op": ("ns", True)})
    able = [one for one in of_columns(contenders, "ekiden", "tokio") if one.has(workload)]
    for index, workers in enumerate(WORKERS):
        columns = turns.figures(
            f"{title}: {workers}", able,
            lambda one, workers=workers: one.run(workload, rounds, workers=workers), ["ns_per_op"])
        result.add(index, columns)
    return result


def sample_memory(pid, until, peak):
    """The most that is resident, until the event is set; threads end with their process."""
    while not until.wait(0.05):
        peak[0] = max(peak[0], process.resident_bytes(pid))


def echo_with_memory(contender, loader, connections, seconds):
    more = {"connections": connections + 100} if contender.name == "ekiden" else {}
    with contender.serve("echo", **more) as server:
        before = process.resident_bytes(server.pid)
        peak, over = [before], threading.Event()
        sampler = threading.Thread(target=sample_memory, args=(server.pid, over, peak))
        sampler.start()
        try:
            figures = loader.load(server, "echo", connections, seconds)
        finally:
            over.set()
            sampler.join()
    if connections >= MEMORY_FROM_CONNECTIONS:
        figures["bytes_per_connection"] = (peak[0] - before) / connections
    return figures


def over_connections(turns, contenders, loader, steps, seconds):
    figures = {"cpu_us": ("us", True), "bytes_per_connection": ("bytes", True),
               "p99": ("us", False)}
    result = Growth("echo, by the number of connections", steps, figures)
    able = [one for one in of_columns(contenders, "ekiden", "tokio", "go", "epoll")
            if "echo" in one.services and loader.has("echo")]
    for index, connections in enumerate(steps):
        columns = turns.figures(
            f"{result.title}: {connections:,}", able,
            lambda one, count=connections: echo_with_memory(one, loader, count, seconds), figures)
        result.add(index, columns)
    return result


def run(given, contenders, loader):
    """The text, its rows, and what failed."""
    turns = Turns(1 if given.quick else 3)
    rounds, seconds = (1, 1) if given.quick else (5, 3)
    steps = MANY[:3] if given.quick else MANY
    connections = CONNECTIONS[:3] if given.quick else CONNECTIONS
    growths = [
        many(turns, contenders, "tasks that wait", "memory_parked",
             {"bytes_per_task": ("bytes", True), "first_round": ("ns", True)}, steps, 1),
        many(turns, contenders, "a timer created and cancelled while others are held",
             "timers_held", {"ns_per_op": ("ns", True), "bytes_per_timer": ("bytes", True)}, steps,
             rounds),
        *(over_workers(turns, contenders, workload, rounds) for workload in OVER_WORKERS),
        over_connections(turns, contenders, loader, connections, seconds),
    ]
    rows = [row for growth in growths for row in growth.rows()]
    text = "\n\n".join(growth.render() for growth in growths if growth.values)
    return text, rows, turns.failures
