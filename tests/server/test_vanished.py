"""Clients that are gone without a word, as if a cable were cut: what the server keeps for them goes too."""

from __future__ import annotations

import asyncio
import socket

import pytest

from replay.server import listening

from .conftest import Loop
from .crowd import Desk, Line, pause
from .dialled import left
from .running import Running, run

pytestmark = pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux alone can be told")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel asks after one second of silence, and waits for one."""
    monkeypatch.setattr(listening, "IDLE", 1)
    monkeypatch.setattr(listening, "INTERVAL", 1)
    monkeypatch.setattr(listening, "UNREAD", 1)


@pytest.mark.usefixtures("quick")
def test_what_is_kept_for_clients_that_vanish_goes_too_and_the_sweeper_forgets_them(one_loop: Loop) -> None:
    async def main() -> None:
        # At once, since each takes as long as the kernel waits.
        await asyncio.gather(while_waiting(front=True), while_waiting(front=False), while_answered())

    run(main(), one_loop, seconds=60)


async def while_waiting(*, front: bool) -> None:
    """They go while a poll, a request and a WebSocket wait."""
    async with Running(front=front) as running:
        desk = await (await Desk.dialled(running.port, "ann")).join()
        desk.poll()
        line = await Line.dialled(running.port)
        await line.upgraded()
        await line.tell({"channel": "/meta/handshake"})
        asking = await Line.dialled(running.port)
        asking.ask("/slow")
        clients = running.server.stage.simulator.bayeux.clients
        while not [each for each in clients.values() if each.hold]:
            await pause(0.01)
        lines = (desk.line, desk.rest, line, asking)
        for gone in lines:
            gone.vanish()

        while any(left(running)):
            await pause(0.01)
        assert len(clients) == 2
        running.clock.advance(60)
        assert not clients
        assert not running.server.stage._exchanges
        for gone in lines:
            gone.close()


async def while_answered() -> None:
    """One goes before its poll is answered: nothing confirms the answer."""
    async with Running() as running:
        desk = await (await Desk.dialled(running.port, "ann")).join()
        desk.poll()
        clients = running.server.stage.simulator.bayeux.clients
        while not [each for each in clients.values() if each.hold]:
            await pause(0.01)
        desk.line.vanish()
        desk.rest.close()
        running.clock.advance(1)
        while any(left(running)):
            await pause(0.01)
        desk.close()
