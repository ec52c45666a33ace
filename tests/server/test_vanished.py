"""Clients that are gone without a word, as if a cable were cut: what the server keeps for them goes too."""

from __future__ import annotations

import socket

import pytest

from replay.server import listening

from .conftest import Loop
from .crowd import Desk, Line
from .dialled import left
from .running import Running, run, until

pytestmark = pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux alone can be told")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel asks after one second of silence, and waits for one."""
    monkeypatch.setattr(listening, "IDLE", 1)
    monkeypatch.setattr(listening, "INTERVAL", 1)
    monkeypatch.setattr(listening, "UNREAD", 1)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("front", [True, False], ids=["front", "aiohttp"])
def test_polls_and_sockets_of_who_vanishes_are_let_go_and_the_sweeper_forgets_them(
    one_loop: Loop, front: bool
) -> None:
    async def main() -> None:
        async with Running(front=front) as running:
            desk = await (await Desk.dialled(running.port, "ann")).join()
            desk.poll()
            line = await Line.dialled(running.port)
            await line.upgraded()
            await line.tell({"channel": "/meta/handshake"})
            asking = await Line.dialled(running.port)
            asking.ask("/slow")
            clients = running.server.stage.simulator.bayeux.clients
            await until(lambda: [each for each in clients.values() if each.hold])
            for gone in (desk.line, desk.rest, line, asking):
                gone.vanish()

            await until(lambda: not any(left(running)), seconds=10)
            assert len(clients) == 2
            running.clock.advance(60)
            assert not clients
            assert not running.server.stage._exchanges
            for gone in (desk.line, desk.rest, line, asking):
                gone.close()

    run(main(), one_loop)


@pytest.mark.usefixtures("quick")
def test_an_answer_that_does_not_arrive_ends_the_connection(one_loop: Loop) -> None:
    async def main() -> None:
        async with Running() as running:
            desk = await (await Desk.dialled(running.port, "ann")).join()
            desk.poll()
            clients = running.server.stage.simulator.bayeux.clients
            await until(lambda: [each for each in clients.values() if each.hold])
            desk.line.vanish()
            desk.rest.close()
            running.clock.advance(1)
            await until(lambda: not any(left(running)), seconds=10)
            desk.close()

    run(main(), one_loop)
