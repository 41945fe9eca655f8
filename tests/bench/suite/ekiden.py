"""Ekiden itself: a daemon in its ordinary configuration, with the plugins that are measured."""

import contextlib
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from . import process
from .peers import SECONDS_MAX, Server

PLUGINS = ("bench", "echo", "http_hello")
SERVICES = {"http": "http_hello", "echo": "echo"}


class Daemon:
    """A daemon that runs: its process, its client, the ports of its services."""

    def __init__(self, build, folder, daemon_process, ports):
        self.process = daemon_process
        self.pid = daemon_process.pid
        self.ports = ports
        self.client = [build / "bin" / "ekidenctl", "--socket", folder / "control.sock", "--json",
                       "--timeout", str(SECONDS_MAX)]

    def bench_command(self, **parameters):
        given = {name: value for name, value in parameters.items() if value is not None}
        return [*self.client, "call", "bench", "run", json.dumps(given)]

    def bench(self, **parameters):
        return process.run_json(self.bench_command(**parameters), SECONDS_MAX + 10)


class Ekiden:
    name = "ekiden"
    column = "ekiden"

    def __init__(self, build):
        self.build = Path(build)
        self.plugins = [name for name in PLUGINS if self.library(name).exists()]
        self.services = [service for service, name in SERVICES.items() if name in self.plugins]
        self.workloads = self.list_workloads()

    def library(self, name):
        return self.build / "plugins" / f"{name}.so"

    def list_workloads(self):
        with self.daemon() as daemon:
            return [row["workload"] for row in daemon.bench(workload="list")["workloads"]]

    def has(self, workload):
        return workload in self.workloads

    def run(self, workload, rounds, n=None, workers=2):
        """In a daemon of its own, as the peers' runs are in processes of their own."""
        with self.daemon(workers) as daemon:
            return daemon.bench(workload=workload, rounds=rounds, n=n)

    @contextlib.contextmanager
    def serve(self, service, **more):
        with self.daemon(**more) as daemon:
            port = daemon.ports[SERVICES[service]]
            process.wait_for_port(port, daemon.process)
            server = Server(daemon.process, port)
            server.daemon = daemon
            yield server

    @contextlib.contextmanager
    def daemon(self, workers=2, connections=None):
        """A Daemon that is ready, in a folder of its own that goes with it."""
        with tempfile.TemporaryDirectory(prefix="ekiden-bench-") as name:
            folder = Path(name)
            (folder / "plugins").mkdir(mode=0o755)
            for plugin in self.plugins:
                shutil.copy2(self.library(plugin), folder / "plugins")
            ports = {name: process.free_port() for name in SERVICES.values()}
            (folder / "ekiden.json").write_text(
                json.dumps(self.configuration(folder, ports, workers, connections)))
            with (folder / "log").open("w") as log, process.running(
                    [self.build / "bin" / "ekidend", "--config", folder / "ekiden.json"],
                    stdout=log, stderr=subprocess.STDOUT) as daemon_process:
                wait_until_ready(folder / "log", daemon_process)
                yield Daemon(self.build, folder, daemon_process, ports)

    def configuration(self, folder, ports, workers, connections):
        """Ordinary but for its places; more connections than usual only where a run needs them."""
        settings = {name: {"config": {"listen": f"127.0.0.1:{ports[name]}"}}
                    for name in SERVICES.values() if name in self.plugins}
        if connections:
            settings["echo"]["config"]["max_connections"] = connections
        return {
            "runtime": {"workers": workers},
            "plugins": {"directory": str(folder / "plugins"), "settings": settings},
            "control": {"socket": str(folder / "control.sock")},
            "state_directory": str(folder / "state"),
        }


def wait_until_ready(log, daemon_process, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        text = log.read_text(errors="replace")
        if "daemon: ready" in text:
            return
        if daemon_process.poll() is not None:
            raise process.Failed(f"the daemon did not start: {process.last_line(text)}")
        time.sleep(0.005)
    raise process.Failed(f"the daemon is not ready after {seconds} s")
