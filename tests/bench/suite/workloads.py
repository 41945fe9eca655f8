"""The names of what is measured, and how much of it a run does."""

# In a process of its own for each run; prints or answers one line of JSON.
WORKLOADS = (
    "spawn_local",
    "spawn_remote_join",
    "yield_many",
    "ping_pong",
    "chained_spawn",
    "skynet_1m",
    "fib_25_fork",
    "coro_ping_pong",
    "coro_skynet_1m",
    "coro_fib_25_fork",
    "mpsc_bounded1024_1to1",
    "mpsc_bounded1024_8to1",
    "timer_create_cancel",
    "timer_fire_lateness",
    "ticker_lateness_under_cpu_load",
    "spawn_blocking",
    "remote_wake_roundtrip",
    "memory_parked",
)
# Those of `scripts/bench growth` and `scripts/bench tail` alone.
MORE_WORKLOADS = (
    "timers_held",
    "ticker_lateness_under_spawn_flood",
    "ticker_lateness_with_stuck_worker",
)
# A server and a load generator: the service and the connections.
LOADS = {
    "http_hello_1": ("http", 1),
    "http_hello_64": ("http", 64),
    "http_hello_512": ("http", 512),
    "echo_1": ("echo", 1),
    "echo_64": ("echo", 64),
}
# Rounds of a run that are enough, where a round takes long by itself.
LONG_ROUNDS = {
    "timer_fire_lateness": 3,
    "ticker_lateness_under_cpu_load": 3,
    "ticker_lateness_under_spawn_flood": 3,
    "ticker_lateness_with_stuck_worker": 3,
    "memory_parked": 1,
}


def of_peers(workload):
    """What the peers call it: their tasks are coroutines anyway, ours only where it says so."""
    return workload.removeprefix("coro_")


def rounds_of(workload, usual):
    return min(usual, LONG_ROUNDS.get(workload, usual))


def select(names):
    """The workloads and loads that `--only` names, in their order. A name may leave out the number
    of connections. ValueError: a name that is none."""
    known = WORKLOADS + tuple(LOADS)
    if not names:
        return known
    for name in names:
        if not any(matches(name, one) for one in known):
            raise ValueError(f"there is no workload '{name}'; there are: {', '.join(known)}")
    return tuple(one for one in known if any(matches(name, one) for name in names))


def matches(name, workload):
    return name == workload or (workload in LOADS and workload.rsplit("_", 1)[0] == name)
