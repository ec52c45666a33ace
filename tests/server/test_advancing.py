"""The clock of a running server: moved by hand while real clients take part, in real time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from replay.errors import UsageError
from replay.server.runner import Server
from replay.testing import scenario

from .conftest import Loop
from .running import Running, run, until

TYPING = 40
STORY = "cometd: {path: /cometd, timeout: 30s, max_interval: 10s}\nsteps:\n" + "\n".join(
    f"  - {{id: typing-{number}, push: /a, after: start + {20 * number}s, data: {number}}}"
    for number in range(1, TYPING + 1)
)
REACTION = """
cometd: {path: /cometd}
steps:
  - {id: invited, push: /a, after: start + 10s, data: invited}
  - {id: greet, request: POST /greet, respond: {after: 1s, body: hello}}
  - {id: greeted, push: /a, after: greet + 2s, data: greeted}
  - {id: later, push: /a, after: start + 10.001s, data: later}
"""


HURRIED = """
cometd: {path: /cometd}
steps:
  - {id: invited, push: /a, after: start + 10s, data: invited}
  - {id: greet, request: POST /greet, respond: {body: hello}}
  - {id: look, request: GET /look, respond: {body: here}}
  - {id: later, push: /a, after: start + 10.001s, data: later}
"""


@asynccontextmanager
async def polling(running: Running, answers: list[Any]) -> AsyncIterator[None]:
    """A client that polls again as soon as it is answered, and greets whoever invites it."""

    async def poll() -> None:
        while True:
            reply = await running.bayeux("connect", "/connect")
            answers.append([message["data"] for message in reply if "data" in message])
            if "invited" in answers[-1]:
                await running.http.post(running.server.url + "/greet")

    await running.join()
    task = asyncio.ensure_future(poll())
    try:
        await until(lambda: running.client.hold)
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def happened(running: Running, *kinds: str) -> list[tuple[float, str]]:
    journal = running.server.stage.simulator.journal
    return [(entry.at, entry.step) for entry in journal if entry.kind in kinds]


def test_each_event_is_taken_and_the_client_is_back_before_the_clock_goes_on(loop: Loop) -> None:
    async def main() -> None:
        answers: list[Any] = []
        async with Running(STORY) as running, polling(running, answers):
            await running.server.clock.advance("10m")

            assert running.server.clock.now() == 1600.0
            assert answers == [[number] for number in range(1, 31)]
            assert happened(running, "event") == [
                (20.0 * number, f"typing-{number}") for number in range(1, 31)
            ]
            assert running.client.hold

    run(main(), loop)


def test_polls_that_time_out_are_answered_each_at_its_time(loop: Loop) -> None:
    async def main() -> None:
        answers: list[Any] = []
        text = (
            "cometd: {path: /cometd, timeout: 30s}\nsteps: [{id: late, push: /a, after: start + 1h, data: 1}]"
        )
        async with Running(text) as running, polling(running, answers):
            await running.server.clock.advance(59 * 60)

            assert answers == [[]] * 118

    run(main(), loop)


def test_what_a_client_says_to_an_event_is_said_at_the_events_own_time(loop: Loop) -> None:
    async def main() -> None:
        answers: list[Any] = []
        async with Running(REACTION) as running, polling(running, answers):
            await running.server.clock.advance("1m")

            assert happened(running, "event", "request", "answer") == [
                (10.0, "invited"),
                (10.0, "greet"),
                (10.001, "later"),
                (11.0, "greet"),
                (12.0, "greeted"),
            ]

    run(main(), loop)


def test_what_a_client_says_to_an_answer_is_said_at_the_answers_own_time(loop: Loop) -> None:
    async def main() -> None:
        answers: list[Any] = []
        async with Running(HURRIED) as running, polling(running, answers):
            advancing = asyncio.ensure_future(running.server.clock.advance("1m"))
            await until(lambda: (10.0, "greet") in happened(running, "answer"))
            await running.http.get(running.server.url + "/look")
            await advancing

            said = [(10.0, "invited"), (10.0, "greet"), (10.0, "look"), (10.001, "later")]
            assert happened(running, "event", "request") == said

    run(main(), loop)


def test_frames_on_a_socket_are_answered_before_the_clock_goes_on(loop: Loop) -> None:
    async def main() -> None:
        async with Running(STORY) as running, running.http.ws_connect(running.server.cometd_url) as socket:
            came: list[Any] = []

            async def say(verb: str, **fields: Any) -> None:
                named = {"clientId": running.client_id} if running.client_id else {}
                await socket.send_json([{"channel": f"/meta/{verb}", "id": "x"} | named | fields])

            async def listen() -> None:
                async for frame in socket:
                    message = json.loads(frame.data)[0]
                    came.append(message.get("data", message["channel"]))
                    if message["channel"] == "/meta/connect":
                        await say("connect")

            await say("handshake")
            running.client_id = (await socket.receive_json())[0]["clientId"]
            await say("subscribe", subscription="/a")
            await say("connect")
            listening = asyncio.ensure_future(listen())
            await until(lambda: running.client.hold)
            came.clear()
            await running.server.clock.advance("2m")
            await until(lambda: len(came) == 10)
            listening.cancel()

            beat = "/meta/connect"
            assert came == [1, beat, 2, 3, beat, 4, beat, 5, 6, beat]

    run(main(), loop)


def test_a_client_that_does_not_come_back_is_waited_for_once_and_not_forgotten(loop: Loop) -> None:
    async def main() -> None:
        async with Running(STORY) as running:
            await running.join()
            # With the longest wait at each of its stops this would outlast the test's own patience.
            for _ in range(4):
                await running.server.clock.advance("1h")

            assert running.client_id in running.server.stage.simulator.bayeux.clients
            assert len(running.client.queue) == TYPING

    run(main(), loop)


def test_a_silent_client_is_swept_again_once_no_advance_is_under_way(loop: Loop) -> None:
    async def main() -> None:
        async with Running(STORY) as running:
            await running.join()
            await running.server.clock.advance("1h")
            running.clock.advance(10)

            assert running.client_id not in running.server.stage.simulator.bayeux.clients

    run(main(), loop)


def test_advances_that_are_asked_for_at_once_follow_each_other(loop: Loop) -> None:
    async def main() -> None:
        answers: list[Any] = []
        async with Running(STORY) as running, polling(running, answers):
            clock = running.server.clock
            await asyncio.gather(clock.advance("1m"), clock.advance(60.0), clock.advance("500ms"))

            assert clock.now() == 1120.5
            assert answers == [[1], [2], [3], [4], [5], [6]]

    run(main(), loop)


@pytest.mark.parametrize(
    ("duration", "sentence"),
    [
        ("soon", "'soon' is no duration; a duration is a number and a unit: 250ms, 1.2s, 2m"),
        ("-3s", "'-3s' is no duration; a duration is a number and a unit: 250ms, 1.2s, 2m"),
        ("0s", "a clock is moved forward, by more than nothing, not by 0s"),
        (-3, "a clock is moved forward, by more than nothing, not by -3"),
        (float("inf"), "a clock is moved by a year at most, not by inf"),
        (float("nan"), "a clock is moved forward, by more than nothing, not by nan"),
    ],
)
def test_what_is_no_time_to_move_by_is_refused(loop: Loop, duration: Any, sentence: str) -> None:
    async def main() -> None:
        async with Running() as running:
            with pytest.raises(UsageError) as refused:
                await running.server.clock.advance(duration)
            assert (str(refused.value), running.clock.now()) == (sentence, 1000.0)

    run(main(), loop)


def test_a_clock_that_goes_by_itself_says_how_to_get_another(loop: Loop) -> None:
    async def main() -> None:
        async with Server([scenario("")]) as server:
            with pytest.raises(UsageError, match=r"goes by itself: serve with clock='manual' to move it"):
                await server.clock.advance("1s")

    run(main(), loop)


def test_a_long_way_is_gone_while_the_server_answers_others_and_can_be_ended(loop: Loop) -> None:
    async def main() -> None:
        async with Running(STORY) as running:
            await running.bayeux("handshake", "/handshake")
            clock = running.server.clock
            far = asyncio.ensure_future(clock.advance("8000h"))
            await until(lambda: running.clock.now() > 1100.0)
            async with running.http.get(running.server.control_url + "/health") as response:
                assert response.status == 200
            assert not far.done()
        await far

    run(main(), loop)
