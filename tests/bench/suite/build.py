"""Builds the peers and the load generator into build/bench. What cannot be built is missing, and
the run goes on without it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
CPP = HERE / "peers" / "cpp"
C_FLAGS = ("-O3", "-DNDEBUG", "-pthread", f"-I{ROOT}")


class Builder:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.missing = {}  # what -> why

    def all(self):
        """The programs that could be built, by name."""
        cxx = (os.environ.get("CXX", "c++"), "-std=c++20", *C_FLAGS)
        return there({
            "tokio_peer": self.tokio(),
            "go_peer": self.go(),
            "asio_server": self.compiled("asio_server", cxx, CPP / "asio_server.cpp"),
            "tbb_trees": self.compiled("tbb_trees", cxx, CPP / "tbb_trees.cpp", "-ltbb"),
        }) | self.small()

    def small(self):
        """Those that need a C compiler and nothing else."""
        cc = (os.environ.get("CC", "cc"), "-std=gnu11", *C_FLAGS)
        return there({
            "epoll_server": self.compiled("epoll_server", cc, CPP / "epoll_server.c"),
            "echo_load": self.compiled("echo_load", cc, HERE / "load" / "echo_load.c"),
        })

    def tokio(self):
        """Cargo writes beside the manifest, so it works on a copy."""
        copy = self.folder / "tokio"
        shutil.copytree(HERE / "peers" / "tokio", copy, dirs_exist_ok=True)
        command = ["cargo", "build", "--release", "--offline", "--target-dir",
                   self.folder / "cargo"]
        built = self.folder / "cargo" / "release" / "tokio_peer"
        return self.step("tokio_peer", command, built, cwd=copy)

    def go(self):
        built = self.folder / "go_peer"
        environment = dict(os.environ, GOCACHE=str(self.folder / "go-cache"), GOFLAGS="-mod=mod",
                           GOPROXY="off", GOTOOLCHAIN="local")
        return self.step("go_peer", ["go", "build", "-o", built, "."], built,
                         cwd=HERE / "peers" / "go", env=environment)

    def compiled(self, name, compiler, source, *libraries):
        built = self.folder / name
        newest = max(file.stat().st_mtime for file in source.parent.iterdir())
        if built.exists() and built.stat().st_mtime > newest:
            return built
        return self.step(name, [*compiler, source, "-o", built, *libraries], built)

    def step(self, name, command, built, **options):
        """`built` if the command succeeds, else None and a line of why."""
        print(f"==> building {name}", file=sys.stderr)
        log = self.folder / f"{name}.log"
        try:
            with log.open("w", encoding="utf-8") as output:
                subprocess.run(command, stdout=output, stderr=output, check=True, **options)
            return built
        except FileNotFoundError:
            self.missing[name] = f"there is no {command[0]}"
        except subprocess.CalledProcessError:
            self.missing[name] = f"it does not build; {log} says why"
        return None


def there(programs):
    return {name: path for name, path in programs.items() if path}
