"""The goals: which figure of which workload has to come to what, alone or beside a peer.

goals.json is a list of rows, in the order of the table: workload, figure, unit, `better` (low or
high) and `goals`, each of which is {"at_most": x}, {"at_most_times": x, "of": peer} or
{"at_least_times": x, "of": peer}; the peer is a column of the table, or `best`.
"""

import json
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "goals.json"


def load(path=FILE):
    return json.loads(path.read_text(encoding="utf-8"))


def in_words(row):
    """What the table says of the goals of a row."""
    return " and ".join(one_in_words(goal) for goal in row["goals"]) or "-"


def one_in_words(goal):
    if "at_most" in goal:
        return f"≤ {goal['at_most']:,}"
    if "at_least_times" in goal:
        return f"≥ {goal['at_least_times']:g}x {goal['of']}"
    if goal["at_most_times"] <= 0.5:
        return f"≥ {1 / goal['at_most_times']:g}x faster than {goal['of']}"
    return f"≤ {goal['at_most_times']:g}x {goal['of']}"


def best_of(row, peers):
    """The name and the figure of the best peer; (None, None) if there is none. `peers` has a figure
    or None for each column."""
    there = [(figure, name) for name, figure in peers.items() if figure is not None]
    if not there:
        return None, None
    figure, name = min(there) if row["better"] == "low" else max(there)
    return name, figure


def times_better(row, ours, other):
    """How many times better ours is; below 1 it is worse. None if one of them is missing."""
    if not ours or not other:
        return None
    return other / ours if row["better"] == "low" else ours / other


def is_reached(row, ours, peers):
    """True, False, or None where that cannot be said: no goal, or a figure is missing."""
    if ours is None or not row["goals"]:
        return None
    verdicts = [holds(goal, row, ours, peers) for goal in row["goals"]]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def holds(goal, row, ours, peers):
    if "at_most" in goal:
        return ours <= goal["at_most"]
    other = best_of(row, peers)[1] if goal["of"] == "best" else peers.get(goal["of"])
    if other is None:
        return None
    if "at_least_times" in goal:
        return ours >= goal["at_least_times"] * other
    return ours <= goal["at_most_times"] * other
