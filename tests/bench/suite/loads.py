"""A server under load: requests a second, latencies, and what a request costs the server."""

import shutil
import time

from . import process
from .build import HERE


class Loader:
    """The load generators that there are."""

    def __init__(self, programs):
        self.echo_load = programs.get("echo_load")
        self.wrk = shutil.which("wrk")

    def has(self, service):
        return bool(self.wrk if service == "http" else self.echo_load)

    def command(self, service, server, connections, seconds, **more):
        if service == "http":
            return [self.wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "-s",
                    HERE / "load" / "wrk_report.lua", f"http://127.0.0.1:{server.port}/"]
        options = ["--pid", str(server.pid)]
        options += [word for name, value in more.items()
                   for word in ("--" + name.replace("_", "-"), str(value))]
        return [self.echo_load, str(server.port), str(connections), str(seconds), *options]

    def load(self, server, service, connections, seconds, **more):
        """The generator's figures, and `cpu_us`: the server's CPU time a request."""
        before = process.cpu_ns(server.pid)
        figures = process.run_json(self.command(service, server, connections, seconds, **more),
                                   seconds + 60)
        spent_ns = process.cpu_ns(server.pid) - before
        if figures["errors"] or not figures["requests"]:
            raise process.Failed(f"{figures['errors']} errors, {figures['requests']} requests")
        # A generator that says it itself leaves out what accepting has cost.
        return {"cpu_us": spent_ns / 1000 / figures["requests"], **figures}

    def measure(self, contender, service, connections, seconds, **more):
        """Of a server that has just been started and has been warmed up."""
        with contender.serve(service, **more) as server:
            self.load(server, service, connections, 1)
            time.sleep(0.1)
            return self.load(server, service, connections, seconds)
