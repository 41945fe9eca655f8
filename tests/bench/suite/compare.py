"""The comparison: every workload on Ekiden and on each peer in turn, several times."""

import statistics
import sys

from . import goals, table, workloads
from .peers import columns
from .process import Failed


class Effort:
    """How long is measured: repetitions of A B A B …, rounds in each, seconds of a load."""

    def __init__(self, quick):
        self.repetitions = 1 if quick else 3
        self.rounds = 2 if quick else 7
        self.seconds = 1 if quick else 3


class Comparison:
    def __init__(self, contenders, loader, effort):
        self.contenders = contenders
        self.loader = loader
        self.effort = effort
        self.runs = {}  # workload -> contender's name -> what each run printed
        self.failures = []  # (contender's name, sentence)

    def measure(self, names):
        for name in names:
            print(f"==> {name}", file=sys.stderr)
            for _ in range(self.effort.repetitions):
                for contender in self.contenders:
                    self.measure_one(name, contender)

    def measure_one(self, name, contender):
        """A contender that has failed once is not asked again."""
        if not self.can(name, contender) or self.has_failed(name, contender):
            return
        try:
            row = self.run(name, contender)
        except Failed as problem:
            self.failures.append((contender.name, name, str(problem)))
            print(f"    {contender.name}: {problem}", file=sys.stderr)
            return
        self.runs.setdefault(name, {}).setdefault(contender.name, []).append(row)

    def can(self, name, contender):
        if name in workloads.LOADS:
            service = workloads.LOADS[name][0]
            return service in contender.services and self.loader.has(service)
        return contender.has(name)

    def run(self, name, contender):
        if name in workloads.LOADS:
            service, connections = workloads.LOADS[name]
            return self.loader.measure(contender, service, connections, self.effort.seconds)
        return contender.run(name, workloads.rounds_of(name, self.effort.rounds))

    def has_failed(self, name, contender):
        return any(failure[:2] == (contender.name, name) for failure in self.failures)

    def result(self, names):
        """The rows of the table, as they are written to a file."""
        by_column = {one.name: one.column for one in self.contenders}
        return [judge(row, self.runs.get(row["workload"], {}), by_column)
                for row in goals.load() if row["workload"] in names]


def judge(row, runs, by_column):
    """One row: the median of each contender's runs, the best one of each column, the verdict."""
    figures = {name: median(of_one, row["figure"]) for name, of_one in runs.items()}
    best = min if row["better"] == "low" else max
    cells = {}
    for name, figure in figures.items():
        if figure is not None:
            column = by_column[name]
            cells[column] = best(cells.get(column, figure), figure)
    ours = cells.pop("ekiden", None)
    best_peer, best_figure = goals.best_of(row, cells)
    return {
        "workload": row["workload"],
        "figure": row["figure"],
        "unit": row["unit"],
        "ekiden": ours,
        "peers": cells,
        "best_peer": best_peer,
        "times_better": goals.times_better(row, ours, best_figure),
        "goal": goals.in_words(row),
        "reached": goals.is_reached(row, ours, cells),
        "contenders": figures,
        "runs": {name: [run.get(row["figure"]) for run in of_one] for name, of_one in runs.items()},
    }


def median(runs, figure):
    there = [run[figure] for run in runs if run.get(figure) is not None]
    return statistics.median(there) if there else None


def render(rows):
    """The table for people. Peers that have no figure at all have no column."""
    shown = [column for column in columns() if any(column in row["peers"] for row in rows)]
    header = ["workload", "figure", "unit", "ekiden", *shown, "best peer", "times better", "goal",
              "reached"]
    return table.render(header, [cells_of(row, shown) for row in rows])


def cells_of(row, shown):
    verdict = {True: "yes", False: "no", None: "-"}[row["reached"]]
    return [row["workload"], row["figure"], row["unit"], table.number(row["ekiden"]),
            *(table.number(row["peers"].get(column)) for column in shown),
            row["best_peer"] or "-", table.ratio(row["times_better"]), row["goal"], verdict]
