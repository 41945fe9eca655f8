#!/usr/bin/env python3
"""Measures Ekiden beside its peers and prints a table. scripts/bench builds it and runs this."""

import argparse
import json
import os
import platform
import resource
import shutil
import signal
import sys
from pathlib import Path

from suite import compare, growth, peers, tail, waste, workloads
from suite.build import ROOT, Builder
from suite.ekiden import Ekiden
from suite.loads import Loader
from suite.process import Failed

MODES = {"growth": growth, "tail": tail, "waste": waste}


def arguments(words):
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures Ekiden beside its peers, in turn, on this machine.")
    parser.add_argument(
        "mode", nargs="?", choices=["compare", *MODES], default="compare",
        help="compare (the default): every workload and its goal; growth: what a task, a timer, a "
             "connection costs when there are many; tail: how late timers and replies are beside "
             "other work; waste: system calls an operation")
    parser.add_argument("--quick", action="store_true",
                        help="once, and briefly: to see whether it works, not how fast it is")
    parser.add_argument("--only", metavar="WORKLOAD,..", default="",
                        help="these workloads only (compare)")
    parser.add_argument("--json", metavar="FILE", type=Path,
                        help="where the figures go (default: build/bench/MODE.json)")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--build", metavar="FOLDER", type=Path, default=ROOT / "build",
                        help=argparse.SUPPRESS)
    parser.error = lambda text: parser.exit(64, f"scripts/bench: {text}; --help says more\n")
    given = parser.parse_args(words)
    try:
        given.names = workloads.select([name for name in given.only.split(",") if name])
    except ValueError as problem:
        parser.error(str(problem))
    if given.only and given.mode != "compare":
        parser.error("--only belongs to compare")
    return given


def machine():
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {
        "processor": model,
        "processors": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "load": os.getloadavg()[0],
    }


def missing_tools():
    return {tool: f"there is no {tool}" for tool in ("wrk", "strace") if not shutil.which(tool)}


def note_surroundings(where, missing):
    if where["load"] > 0.5:
        print(f"==> the machine has other work (load {where['load']:.1f}): the figures will be "
              "worse than on a quiet one", file=sys.stderr)
    for name, why in missing.items():
        print(f"==> {name} is missing: {why}", file=sys.stderr)


def run_comparison(given, contenders, loader):
    comparison = compare.Comparison(contenders, loader, compare.Effort(given.quick))
    comparison.measure(given.names)
    rows = comparison.result(given.names)
    return compare.render(rows), rows, comparison.failures


def main(words):
    given = arguments(words)
    if given.check:
        return 0
    # As an exception, so that whatever runs then is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # Thousands of connections, whatever the shell's own limit is.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    builder = Builder(given.build / "bench")
    programs = builder.all()
    missing = builder.missing | missing_tools()
    where = machine()
    note_surroundings(where, missing)
    try:
        contenders = [Ekiden(given.build), *peers.all_of(programs)]
    except Failed as problem:
        print(f"scripts/bench: {problem}", file=sys.stderr)
        return 1
    run = MODES[given.mode].run if given.mode in MODES else run_comparison
    text, rows, failures = run(given, contenders, Loader(programs))
    print(text)
    for name, why in missing.items():
        print(f"missing: {name}: {why}")
    file = given.json or given.build / "bench" / f"{given.mode}.json"
    result = {"mode": given.mode, "quick": given.quick, "machine": where,
              "missing": missing, "failures": failures, "rows": rows}
    file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written to {file}", file=sys.stderr)
    return 1 if any(failure[0] == "ekiden" for failure in failures) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
