"""Runs in turn, for the tables of growth and tail: medians, and the better of two in a column."""

import statistics
import sys

from .process import Failed


class Turns:
    def __init__(self, repetitions):
        self.repetitions = repetitions
        self.failures = []  # (contender's name, what, sentence)

    def figures(self, what, contenders, run, wanted):
        """column -> figure -> median, lowest of those in the column. `run` takes a contender and
        answers its figures; one that fails is left out."""
        print(f"==> {what}", file=sys.stderr)
        runs = {}
        for _ in range(self.repetitions):
            for contender in contenders:
                row = self.attempt(what, contender, run)
                if row is not None:
                    runs.setdefault(contender, []).append(row)
        return best_of_columns(runs, wanted)

    def attempt(self, what, contender, run):
        if any(failure[:2] == (contender.name, what) for failure in self.failures):
            return None
        try:
            return run(contender)
        except Failed as problem:
            self.failures.append((contender.name, what, str(problem)))
            print(f"    {contender.name}: {problem}", file=sys.stderr)
            return None


def best_of_columns(runs, wanted):
    columns = {}
    for contender, rows in runs.items():
        cells = columns.setdefault(contender.column, {})
        for figure in wanted:
            there = [row[figure] for row in rows if row.get(figure) is not None]
            if there:
                median = statistics.median(there)
                cells[figure] = min(cells.get(figure, median), median)
    return columns
