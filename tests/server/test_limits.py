"""How many agents are taken, and how much may wait for each; what the others notice of it: nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from replay.simulator.limits import Limits
from replay.simulator.simulator import Options

from .conftest import Loop
from .running import Running, run, until

TWO = Options(limits=Limits(agents=2))
FULL = "2 agents have come, and no more are taken (--max-agents)"


async def shaken(running: Running, user: str) -> Any:
    """What a handshake of this user gets."""
    body = [{"channel": "/meta/handshake", "id": "1"}]
    headers = {"Authorization": user}
    async with running.http.post(running.server.cometd_url, json=body, headers=headers) as answer:
        return (await answer.json())[0]


@pytest.fixture
def loop(one_loop: Loop) -> Loop:
    return one_loop


def test_who_is_new_beyond_the_limit_is_refused_in_words_and_those_who_are_here_go_on(
    loop: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with Running(options=TWO) as running:
            await running.join()
            held = asyncio.ensure_future(running.bayeux("connect"))
            assert (await shaken(running, "ann"))["successful"]

            for user in ("bob", "eve"):
                assert await shaken(running, user) == {
                    "channel": "/meta/handshake",
                    "id": "1",
                    "successful": False,
                    "error": f"503::{FULL}",
                    "advice": {"reconnect": "none"},
                }
            async with running.http.get(
                running.server.url + "/where", headers={"Authorization": "bob"}
            ) as answer:
                assert (answer.status, await answer.json()) == (
                    503,
                    {"statusCode": 4, "statusMessage": FULL},
                )
            assert (await shaken(running, "ann"))["successful"]
            running.clock.advance(1)
            assert (await held)[0] == {"channel": "/a", "data": "hello"}

            async with running.http.get(running.server.control_url + "/metrics") as answer:
                said = await answer.text()
            assert 'replay_refused_total{limit="agents"} 3.0' in said
            assert "replay_agents 2.0" in said
            journal = running.server.stage.simulator.journal
            refused = [each.detail for each in journal if each.kind == "refused"]
            assert [(each["request"], each.get("first", False)) for each in refused] == [
                ("handshake", True),
                ("handshake", False),
                ("GET /where", False),
            ]

    with caplog.at_level(logging.WARNING):
        run(main(), loop)
    assert [record.message for record in caplog.records] == [f"{FULL} (said once; the journal has them all)"]


def test_a_reset_makes_room(loop: Loop) -> None:
    async def main() -> None:
        async with Running(options=TWO) as running:
            for user in ("ann", "bob"):
                assert (await shaken(running, user))["successful"]
            assert not (await shaken(running, "eve"))["successful"]
            async with running.http.post(
                running.server.control_url + "/reset", json={"what": ["agents"]}
            ) as answer:
                assert answer.status == 200
            assert (await shaken(running, "eve"))["successful"]

    run(main(), loop)


def test_a_handshake_over_a_websocket_is_refused_the_same_way_and_the_socket_stays(loop: Loop) -> None:
    async def main() -> None:
        async with Running(options=TWO) as running:
            for user in ("ann", "bob"):
                await shaken(running, user)
            async with running.http.ws_connect(running.server.cometd_url) as socket:
                for _ in range(2):
                    await socket.send_json([{"channel": "/meta/handshake", "id": "1"}])
                    (reply,) = await socket.receive_json()
                    assert reply["error"] == f"503::{FULL}"

    run(main(), loop)


async def told(running: Running, count: int) -> None:
    """So many events for everybody."""
    for number in range(count):
        body = {"channel": "/a", "data": number}
        async with running.http.post(running.server.control_url + "/events", json=body) as answer:
            assert answer.status == 201, await answer.text()


def test_who_does_not_fetch_its_events_is_forgotten_when_too_many_wait_and_told_so_by_402(loop: Loop) -> None:
    async def main() -> None:
        async with Running(options=Options(limits=Limits(queue=3))) as running:
            await running.join()
            await told(running, 3)
            assert len(running.client.queue) == 3
            await told(running, 1)

            journal = running.server.stage.simulator.journal
            (gone,) = [each.detail for each in journal if each.kind == "disconnect"]
            assert gone == {"client": 1, "why": "more than 3 events waited for it", "lost": 3}
            assert await running.bayeux("connect") == [
                {
                    "channel": "/meta/connect",
                    "id": "x",
                    "successful": False,
                    "error": "402::Unknown client",
                    "advice": {"reconnect": "handshake", "interval": 0},
                }
            ]
            async with running.http.get(running.server.control_url + "/metrics") as answer:
                assert "replay_queues_overflowed_total 1.0" in await answer.text()

    run(main(), loop)


@pytest.mark.parametrize("held", [True, False], ids=["held poll", "websocket"])
def test_a_burst_for_one_who_stands_ready_is_no_queue(loop: Loop, held: bool) -> None:
    burst = "\n".join(f"  - {{id: e{n}, push: /a, after: start + 1s, data: {n}}}" for n in range(6))

    async def main() -> None:
        text = f"cometd: {{path: /cometd}}\nsteps:\n{burst}\n"
        async with Running(text, options=Options(limits=Limits(queue=3))) as running:
            if held:
                await running.join()
                poll = asyncio.ensure_future(running.bayeux("connect"))
                await until(lambda: running.client.hold)
                running.clock.advance(1)
                messages = await poll
                assert [each["data"] for each in messages[:-1]] == [0, 1, 2]
                messages = await running.bayeux("connect")
                assert [each["data"] for each in messages[:-1]] == [3, 4, 5]
                return
            async with running.http.ws_connect(running.server.cometd_url) as socket:
                for message in (
                    {"channel": "/meta/handshake"},
                    {"channel": "/meta/subscribe", "subscription": "/a"},
                ):
                    await socket.send_json([message | {"clientId": running.client_id}])
                    (reply,) = await socket.receive_json()
                    running.client_id = reply.get("clientId", running.client_id)
                running.clock.advance(1)
                heard = [(await socket.receive_json())[0]["data"] for _ in range(6)]
                assert heard == list(range(6))

    run(main(), loop)
