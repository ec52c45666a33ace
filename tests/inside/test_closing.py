"""Whoever comes in the moment in which a server closes is not left waiting before a closed door."""

from __future__ import annotations

import asyncio
import socket

import pytest

import replay
from replay.server.turns import turn
from tests.server.conftest import Loop, loop
from tests.server.running import run

from .lives import STORY

__all__ = ["loop"]


@pytest.mark.parametrize("control", [None, 0], ids=["one port", "control apart"])
@pytest.mark.parametrize("turns", range(6))
def test_a_connection_that_was_just_made_ends_with_the_server(
    loop: Loop, turns: int, control: int | None
) -> None:
    async def main() -> None:
        async with replay.serve(STORY, control_port=control) as simulator:
            address = simulator.url if control is None else simulator.control_url.removesuffix("/__replay")
            client = socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])))
            client.setblocking(False)
            for _ in range(turns):
                await turn()
        with client:
            try:
                async with asyncio.timeout(5):
                    assert await asyncio.get_running_loop().sock_recv(client, 1) == b""
            except ConnectionResetError:
                pass

    run(main(), loop)
