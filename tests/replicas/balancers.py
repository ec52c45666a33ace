"""Replicas behind somebody else's balancer, each a process of its own, as `examples/replicas` has them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from tests.road.software import PATIENCE, ROOT, Process

EXAMPLES = ROOT / "examples" / "replicas"
FRONT = "127.0.0.1:8090"
PORTS = {"a": "127.0.0.1:8091", "b": "127.0.0.1:8092"}
"""Where the examples have the replicas."""


def program(name: str) -> str | None:
    """A balancer's program: Debian has them where only root looks."""
    path = os.environ.get("PATH", "")
    return shutil.which(name, path=f"{path}:/usr/sbin:/usr/local/sbin") if path else None


def eventually(true: Callable[[], bool]) -> None:
    """Waits until it is so."""
    until = time.monotonic() + PATIENCE  # noqa: TID251  a wait for a process, not a test of times
    while not true():
        assert time.monotonic() < until, "it never came to be"  # noqa: TID251
        threading.Event().wait(0.02)


def free_ports(many: int) -> list[int]:
    """Ports on which nobody listens."""
    sockets = [socket.socket() for _ in range(many)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Replicas:
    """Two replicas of one scenario, `a` and `b`, with one seed; each knows the other."""

    def __init__(self, scenario: Path, *flags: str) -> None:
        self.ports = dict(zip("ab", free_ports(2), strict=True))
        self._command = (sys.executable, "-m", "replay", "serve", str(scenario), "--print-url", *flags)
        self._processes: dict[str, Process] = {}

    def __enter__(self) -> Replicas:
        for name in self.ports:
            self._begin(name)
        for name in self.ports:
            self._processes[name].word("http://")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            assert process.stop() == 0, process.output

    def _begin(self, name: str) -> None:
        peers = ",".join(f"http://127.0.0.1:{port}" for port in self.ports.values())
        own = ("--port", str(self.ports[name]), "--route", name, "--peers", peers)
        self._processes[name] = Process(*self._command, *own)

    def begin_again(self, name: str) -> None:
        """Starts one that was killed."""
        self._begin(name)
        self._processes[name].word("http://")

    def kill(self, name: str) -> None:
        """Ends one as a machine does that loses its power."""
        assert self._processes.pop(name).stop(signal.SIGKILL) == -signal.SIGKILL

    def control(self, name: str, path: str) -> httpx.Response:
        """What one replica says of itself."""
        return httpx.get(f"http://127.0.0.1:{self.ports[name]}/__replay/{path}")

    def said(self, name: str) -> str:
        """What one replica has said on its terminal."""
        return self._processes[name].output

    def agents(self) -> dict[str, int]:
        """How many agents each that runs has."""
        return {name: self.control(name, "agents").json()["total"] for name in self._processes}


def configured(text: str, replicas: Replicas, front: int) -> str:
    """A configuration of the examples with the ports of a test."""
    for name, address in PORTS.items():
        assert address in text
        text = text.replace(address, f"127.0.0.1:{replicas.ports[name]}")
    assert FRONT in text
    return text.replace(FRONT, f"127.0.0.1:{front}")


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


@contextmanager
def balancer(name: str, program: str, replicas: Replicas, folder: Path) -> Iterator[str]:
    """A balancer before replicas; yields its URL."""
    (front,) = free_ports(1)
    file = {"haproxy": "haproxy.cfg", "nginx": "nginx.conf"}[name]
    text = configured((EXAMPLES / file).read_text(encoding="utf-8"), replicas, front)
    (folder / file).write_text(text, encoding="utf-8")
    commands = {
        "haproxy": (program, "-db", "-f", str(folder / file)),
        "nginx": (program, "-p", str(folder), "-c", str(folder / file), "-g", "daemon off;"),
    }
    with ExitStack() as ended:
        process = Process(*commands[name])
        ended.callback(process.stop, signal.SIGTERM)
        url = f"http://127.0.0.1:{front}"
        eventually(lambda: listens(front))
        yield url
