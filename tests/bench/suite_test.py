#!/usr/bin/env python3
"""What scripts/bench makes of its figures, without measuring anything."""

import tempfile
import unittest

from suite import compare, ekiden, goals, growth, loads, peers, table, tail, turns, waste, workloads
from suite.build import HERE, Builder
from suite.process import Failed

COLUMNS = {"ekiden": "ekiden", "tokio": "tokio", "tokio+mimalloc": "tokio", "go": "go"}


def goal_row(better="low", *conditions):
    return {"workload": "w", "figure": "f", "unit": "ns", "better": better, "goals": conditions}


class Goals(unittest.TestCase):
    def test_every_row_names_what_there_is(self):
        known = workloads.select([])
        for row in goals.load():
            self.assertIn(row["workload"], known)
            self.assertIn(row["better"], ("low", "high"))
            for goal in row["goals"]:
                self.assertIn(goal.get("of", "best"), (*peers.columns(), "best"))
                goals.one_in_words(goal)

    def test_every_workload_has_a_row(self):
        rows = {row["workload"] for row in goals.load()}
        self.assertEqual(rows, set(workloads.select([])))

    def test_a_goal_beside_the_best_peer(self):
        row = goal_row("low", {"at_most": 40}, {"at_most_times": 0.2, "of": "best"})
        self.assertTrue(goals.is_reached(row, 40, {"tokio": 200, "go": 300}))
        self.assertFalse(goals.is_reached(row, 40, {"tokio": 199, "go": 300}))
        self.assertFalse(goals.is_reached(row, 41, {"tokio": 300, "go": 300}))

    def test_more_is_better_where_the_row_says_so(self):
        row = goal_row("high", {"at_least_times": 2, "of": "tokio"})
        self.assertTrue(goals.is_reached(row, 20, {"tokio": 10, "epoll": 90}))
        self.assertFalse(goals.is_reached(row, 19, {"tokio": 10}))
        self.assertEqual(goals.best_of(row, {"tokio": 10, "epoll": 90}), ("epoll", 90))
        self.assertEqual(goals.times_better(row, 20, 10), 2)

    def test_without_a_figure_nothing_is_said(self):
        row = goal_row("low", {"at_most_times": 0.5, "of": "tokio"})
        self.assertIsNone(goals.is_reached(row, 1, {"go": 5}))
        self.assertIsNone(goals.is_reached(row, None, {"tokio": 5}))
        self.assertIsNone(goals.is_reached(goal_row(), 1, {"tokio": 5}))
        refused = goal_row("low", {"at_most": 3}, {"at_most_times": 0.5, "of": "tokio"})
        self.assertFalse(goals.is_reached(refused, 4, {}))


class Selection(unittest.TestCase):
    def test_a_load_may_be_named_without_its_connections(self):
        self.assertEqual(workloads.select(["echo", "spawn_local"]),
                         ("spawn_local", "echo_1", "echo_64"))

    def test_an_unknown_name_is_refused(self):
        with self.assertRaisesRegex(ValueError, "no workload 'spawn'"):
            workloads.select(["spawn"])


class Comparison(unittest.TestCase):
    def test_a_row_of_the_table(self):
        runs = {"ekiden": [{"f": 12}, {"f": 10}, {"f": 11}], "go": [{"f": 60}, {}],
                "tokio": [{"f": 50}], "tokio+mimalloc": [{"f": 44}]}
        row = compare.judge(goal_row("low", {"at_most": 11}), runs, COLUMNS)
        self.assertEqual((row["ekiden"], row["peers"]), (11, {"tokio": 44, "go": 60}))
        self.assertEqual((row["best_peer"], row["times_better"]), ("tokio", 4))
        self.assertIs(row["reached"], True)
        text = compare.render([row])
        self.assertEqual(text.splitlines()[0].split()[:6],
                         ["workload", "figure", "unit", "ekiden", "tokio", "go"])
        self.assertEqual(text.splitlines()[1].split(),
                         ["w", "f", "ns", "11.0", "44.0", "60.0", "tokio", "4.00x", "≤", "11",
                          "yes"])

    def test_whoever_is_missing_is_a_dash(self):
        row = compare.judge(goal_row("low", {"at_most": 11}), {"go": [{"f": 60}]}, COLUMNS)
        self.assertEqual(compare.render([row]).splitlines()[1].split(),
                         ["w", "f", "ns", "-", "60.0", "go", "-", "≤", "11", "-"])

    def test_who_fails_is_told_and_not_asked_again(self):
        asked = []

        class Broken:
            name, column, workloads, services = "go", "go", ("spawn_local",), ()

            def has(self, workload):
                return workload in self.workloads

            def run(self, workload, rounds):
                asked.append((workload, rounds))
                raise Failed("it broke")

        comparison = compare.Comparison([Broken()], loads.Loader({}), compare.Effort(quick=False))
        comparison.measure(["spawn_local", "yield_many", "echo_1"])
        self.assertEqual(len(asked), 1)
        self.assertEqual(comparison.failures, [("go", "spawn_local", "it broke")])


class Tables(unittest.TestCase):
    def test_numbers_keep_three_digits(self):
        self.assertEqual([table.number(value) for value in (None, 0.123, 12.34, 1234.5)],
                         ["-", "0.12", "12.3", "1,234"])

    def test_growth_is_the_most_that_a_later_step_costs_more(self):
        self.assertEqual(growth.grown([10, 8, None, 12]), 1.5)
        self.assertIsNone(growth.grown([None, 10]))

    def test_a_growth_table_has_a_line_for_each_who(self):
        result = growth.Growth("tasks", (1000, 10000), {"ns": ("ns", True), "p99": ("us", False)})
        result.add(0, {"ekiden": {"ns": 10, "p99": 5}, "tokio": {"ns": 20}})
        result.add(1, {"ekiden": {"ns": 15, "p99": 50}})
        lines = [line.split() for line in result.render().splitlines()]
        self.assertEqual(lines[2:], [["ns", "ns", "ekiden", "10.0", "15.0", "1.50x"],
                                     ["ns", "ns", "tokio", "20.0", "-", "-"],
                                     ["p99", "us", "ekiden", "5.00", "50.0", "-"]])

    def test_the_better_of_two_in_a_column(self):
        tokio, mimalloc = (peers.Peer(name, "tokio", (), ()) for name in ("tokio", "mimalloc"))
        runs = {tokio: [{"f": 3}, {"f": 9}, {"f": 5}], mimalloc: [{"f": 4}]}
        self.assertEqual(turns.best_of_columns(runs, ["f", "other"]), {"tokio": {"f": 4}})


class Strace(unittest.TestCase):
    REPORT = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000600           6       100           epoll_pwait
 30.00    0.000300           3       100        20 recvfrom
 10.00    0.000100           1         7           madvise
------ ----------- ----------- --------- --------- ----------------
100.00    0.001000           4       207        20 total
"""

    def test_calls_are_counted_by_group(self):
        self.assertEqual(waste.read_counts(self.REPORT),
                         {"futex": 0, "epoll_wait": 100, "epoll_ctl": 0, "read": 100, "write": 0,
                          "other": 7})

    def test_what_a_start_costs_is_no_operations(self):
        long = dict(waste.read_counts(self.REPORT), futex=50)
        self.assertEqual(waste.per_operation(waste.read_counts(self.REPORT), long, 100)["futex"],
                         0.5)


class Sources(unittest.TestCase):
    """What the suite asks of a program, the program knows."""

    def assert_names(self, names, *files):
        text = "".join(file.read_text(encoding="utf-8") for file in files)
        for name in names:
            self.assertIn(f'"{name}"', text)

    def test_tokio(self):
        self.assert_names([*peers.TOKIO, *peers.SERVICES, "cpu", "flood", "stuck"],
                          *(HERE / "peers" / "tokio" / "src").glob("*.rs"))

    def test_go(self):
        self.assert_names([*peers.GO, *peers.SERVICES], HERE / "peers" / "go" / "main.go")

    def test_tbb(self):
        self.assert_names(peers.TBB, HERE / "peers" / "cpp" / "tbb_trees.cpp")

    def test_every_ticker_is_a_workload(self):
        known = workloads.WORKLOADS + workloads.MORE_WORKLOADS
        self.assertLessEqual({*tail.LOADS.values(), *peers.TOKIO, *growth.OVER_WORKERS}, {*known})

    def test_the_configuration_names_only_plugins_that_are_there(self):
        daemon = ekiden.Ekiden.__new__(ekiden.Ekiden)
        daemon.plugins = ["bench", "echo"]
        settings = daemon.configuration(HERE, {"echo": 1, "http_hello": 2}, 2, 500)["plugins"]
        self.assertEqual(settings["settings"],
                         {"echo": {"config": {"listen": "127.0.0.1:1", "max_connections": 500}}})


class Loading(unittest.TestCase):
    def test_the_load_generator_beside_the_smallest_server(self):
        with tempfile.TemporaryDirectory() as folder:
            builder = Builder(folder)
            programs = builder.small()
            self.assertEqual(builder.missing, {})
            epoll = peers.all_of(programs)[0]
            loader = loads.Loader(programs)
            with epoll.serve("echo") as server:
                figures = loader.load(server, "echo", 4, 60, requests=500)
                paced = loader.load(server, "echo", 4, 60, requests=20, every_us=1000)
        self.assertGreaterEqual(figures["requests"], 500)
        self.assertGreater(figures["cpu_us"], 0)
        self.assertLessEqual(figures["p50"], figures["p99"])
        self.assertGreaterEqual(paced["requests"], 20)


if __name__ == "__main__":
    unittest.main()
