"""Where the simulator is steered: under one path of its port, and on a port for that alone."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from replay.errors import SurroundingsError
from replay.server.runner import Server
from replay.testing import scenario
from replay.wire import Gate

from .conftest import Loop, Secured
from .dialled import Dialled
from .running import Running, run


class Steered(Running):
    """A server that is told what to do."""

    def __init__(self, secured: Secured | None = None) -> None:
        super().__init__(control_port=0, certificate=secured and secured.files)

    async def asked(self, url: str) -> tuple[int, Any]:
        async with self.http.get(url) as response:
            return response.status, await response.json()


def test_both_ports_are_steered_under_one_path(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            alone, main = running.server.control_url, running.server.url + "/__replay"
            assert alone.startswith("http://127.0.0.1:")
            assert not alone.startswith(running.server.url + "/")
            for url in (alone, main):
                assert await running.asked(url + "/faults") == (200, {"faults": []})

    run(main(), loop)


def test_the_port_for_control_serves_nothing_else(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            alone = running.server.control_url.removesuffix("/__replay")
            for path in ("/where", "/cometd", "/__replayed"):
                status, said = await running.asked(alone + path)
                assert (status, said["error"]["what"]) == (404, f"nothing is at {path}")
            assert (await running.asked(running.server.url + "/where"))[0] == 200

    run(main(), loop)


def test_a_shut_gate_leaves_the_port_for_control_open(loop: Loop, secured: Secured) -> None:
    async def main() -> None:
        async with Steered(secured) as running:
            running.server.stage.perform(Gate(at=0, opens=False))
            assert (await running.asked(running.server.control_url + "/health"))[0] == 200
            with pytest.raises(aiohttp.ClientConnectionError):
                await running.http.post(running.server.url + "/where")
            running.server.stage.perform(Gate(at=0, opens=True))
            async with Dialled(running, secured.trust) as line:
                line.ask("/where")
                assert (await line.head()).startswith("HTTP/1.1 200 ")

    run(main(), loop)


def test_a_port_for_control_in_use_is_said_and_leaves_nothing_open(loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            server = Server([scenario("")], control_port=running.port)
            with pytest.raises(SurroundingsError) as refused:
                async with server:
                    pass
            assert str(refused.value) == (
                f"port {running.port} on 127.0.0.1 is in use: "
                "end what listens there, or choose another with --control-port"
            )
            with pytest.raises(aiohttp.ClientConnectorError):
                await running.http.get(server.url)

    run(main(), loop)


def test_the_port_for_control_is_free_again_after_the_end(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            port = int(running.server.control_url.split(":")[2].split("/")[0])
        async with Server([scenario("")], control_port=port) as again:
            assert again.control_url == f"http://127.0.0.1:{port}/__replay"

    run(main(), loop)
