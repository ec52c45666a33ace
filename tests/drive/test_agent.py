from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from replay.drive.outcome import Outcome
from replay.drive.playing import play
from replay.errors import SurroundingsError
from replay.plan.pace import Pace
from replay.plan.timeline import Timeline, plan
from replay.scenario.load import load
from replay.server.runner import Server
from replay.simulator.options import Options
from replay.testing import scenario

from .servers import messages_of, nobody, replies, serving

ROOT = Path(__file__).parents[2]
HELLO = plan(scenario("steps: [{id: hello, push: /a, data: hi}]"))
ASKING = plan(scenario("steps: [{id: ask, request: POST /x, body: {a: 1}}, {id: hello, push: /a, data: hi}]"))
SESSION = plan(scenario("session: [{id: me, request: GET /me}]\nsteps: [{id: hello, push: /a, data: hi}]"))
EVENT = {"channel": "/a", "data": "hi"}
TRANSPORTS = ["long-polling", "websocket"]

pytestmark = pytest.mark.live


def run(coroutine: Coroutine[Any, Any, Outcome]) -> Outcome:
    async def timed() -> Outcome:
        async with asyncio.timeout(20):
            return await coroutine

    return asyncio.run(timed())


def against(handler: Any, timeline: Timeline = HELLO, **options: Any) -> Outcome:
    """Plays against a server of the test."""

    async def both() -> Outcome:
        async with serving(handler) as url:
            return await play(timeline, url, **({"patience": 0.4} | options))

    return run(both())


def told(outcome: Outcome) -> list[tuple[str, str]]:
    return [(each.kind, each.step) for each in outcome.seen if each.kind != "failure"]


def failures(outcome: Outcome) -> list[str]:
    return [each.what for each in outcome.seen if each.kind == "failure"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_bundled_scenario_is_played_to_its_end(transport: str) -> None:
    chat = load(ROOT / "scenarios" / "accept-chat.yaml")

    async def both() -> Outcome:
        async with Server([chat], port=0, options=Options(pace=Pace(None))) as server:
            return await play(plan(chat), server.url, transport=transport)

    outcome = run(both())
    assert told(outcome) == [
        ("event", "invited"),
        ("request", "accept"),
        ("answer", "accept"),
        ("event", "chatting"),
        ("event", "participants"),
        ("event", "history"),
    ]
    assert [each.differences for each in outcome.seen] == [()] * 6
    assert (outcome.missing, outcome.why) == ((), "")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_agents_at_once_are_not_taken_for_each_other(transport: str) -> None:
    chat = load(ROOT / "scenarios" / "accept-chat.yaml")

    async def both() -> list[Outcome]:
        async with Server([chat], port=0, options=Options(pace=Pace(None))) as server:
            agents = (play(plan(chat), server.url, transport=transport, user=f"agent{n}") for n in range(5))
            return await asyncio.gather(*agents)

    outcomes = asyncio.run(both())
    assert [(each.missing, each.why) for each in outcomes] == [((), "")] * 5
    assert len({outcome.seen[0].value["chat"]["id"] for outcome in outcomes}) == 5


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("timeline", [HELLO, SESSION], ids=["story", "session"])
def test_a_target_that_is_down_is_said(timeline: Timeline, transport: str) -> None:
    target = nobody()

    with pytest.raises(SurroundingsError) as raised:
        run(play(timeline, target, transport=transport))

    assert str(raised.value) == f"{target} cannot be reached: connection refused"


@pytest.mark.parametrize("target", ["not a url", "ftp://x", "http://"])
def test_a_target_that_is_no_address_is_said(target: str) -> None:
    with pytest.raises(SurroundingsError, match="cannot be reached"):
        run(play(SESSION, target))


@pytest.mark.parametrize(
    ("timeline", "transport", "why"),
    [
        (HELLO, "long-polling", "CometD did not take the client in within 0.4 s"),
        (HELLO, "websocket", "the WebSocket was not opened within 0.4 s"),
        (SESSION, "long-polling", "GET /me was not answered within 0.4 s"),
    ],
    ids=["polls", "socket", "session"],
)
def test_a_server_that_never_answers_is_given_up(timeline: Timeline, transport: str, why: str) -> None:
    async def never(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    outcome = against(never, timeline, transport=transport)
    assert (outcome.why, outcome.missing, told(outcome)) == (why, ("hello",), [])


def test_failures_are_nothing_new() -> None:
    async def tired(_: web.Request) -> web.StreamResponse:
        return web.Response(status=503)

    outcome = against(tired, patience=1.5)
    assert outcome.why == "CometD did not take the client in within 1.5 s (HTTP 503)"
    assert failures(outcome) == ["HTTP 503", "HTTP 503"]


def test_a_story_request_that_is_not_answered_ends_it() -> None:
    async def polls_only(request: web.Request) -> web.StreamResponse:
        if request.path == "/x":
            await asyncio.Event().wait()
        return web.json_response(replies(await messages_of(request)))

    outcome = against(polls_only, ASKING)
    assert (outcome.why, outcome.missing) == ("POST /x was not answered within 0.4 s", ("ask", "hello"))


def test_a_story_request_that_breaks_off_ends_it() -> None:
    async def resets(request: web.Request) -> web.StreamResponse:
        if request.path == "/x":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(replies(await messages_of(request)))

    assert against(resets, ASKING).why.startswith("POST /x failed: ")


def test_what_breaks_in_between_is_tried_again() -> None:
    asked = []

    async def stumbles(request: web.Request) -> web.StreamResponse:
        messages = await messages_of(request)
        verb = messages[0]["channel"]
        asked.append(verb)
        if verb == "/meta/connect" and asked.count(verb) == 1:
            return web.Response(status=500)
        events = [EVENT] if asked.count("/meta/connect") == 2 else []
        return web.json_response(replies(messages, *events))

    outcome = against(stumbles, patience=5.0)
    assert (told(outcome), failures(outcome), outcome.why) == (
        [("event", "hello")],
        ["HTTP 500"],
        "",
    )


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"<html>"])
def test_a_reply_that_is_no_bayeux_is_a_failure(body: bytes) -> None:
    async def babbles(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    assert len(failures(against(babbles))) == 1


def test_an_answer_and_an_event_that_differ_are_told() -> None:
    async def other(request: web.Request) -> web.StreamResponse:
        if request.path == "/x":
            return web.Response(status=404, text="no such thing")
        return web.json_response(replies(await messages_of(request), EVENT))

    outcome = against(other, ASKING)
    [answer] = [each for each in outcome.seen if each.kind == "answer"]
    assert (answer.what, answer.value) == ("404", "no such thing")
    assert [each.field for each in answer.differences] == ["status"]


def test_a_redirect_is_an_answer() -> None:
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        if request.path == "/x":
            raise web.HTTPFound("/y")
        return web.json_response(replies(await messages_of(request), EVENT))

    assert [each.what for each in against(elsewhere, ASKING).seen if each.kind == "answer"] == ["302"]


def test_cookies_go_with_polls_and_requests_alike() -> None:
    carried = {}

    async def cookies(request: web.Request) -> web.StreamResponse:
        carried[request.path.rpartition("/")[2]] = dict(request.cookies)
        if request.path == "/x":
            return web.json_response({})
        response = web.json_response(replies(await messages_of(request), EVENT))
        response.set_cookie("BAYEUX_BROWSER", "b", path="/")
        return response

    against(cookies, ASKING)
    assert carried["x"] == carried["connect"] == {"BAYEUX_BROWSER": "b"}


def test_a_server_that_sends_the_client_away_is_said() -> None:
    async def sends_away(request: web.Request) -> web.StreamResponse:
        return web.json_response(replies(await messages_of(request), advice={"reconnect": "none"}))

    assert against(sends_away).why == "the server told the client not to come back"


def socket_server(*frames: str, close: bool = True, shakes: bool = True) -> Any:
    """Grants whatever comes, says some frames after the first, and hangs up."""

    async def speaks(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            granted = replies(message.json())
            if shakes or granted[0]["channel"] != "/meta/handshake":
                await socket.send_json(granted)
            for frame in frames:
                await socket.send_str(frame)
            if close:
                break
        await socket.close(code=1001)
        return socket

    return speaks


def test_a_socket_that_is_closed_ends_it() -> None:
    outcome = against(socket_server(), transport="websocket", patience=5.0)

    assert (outcome.why, outcome.missing) == ("the socket was closed with 1001", ("hello",))


def test_a_socket_that_is_closed_before_a_word_was_said_is_out_of_reach() -> None:
    with pytest.raises(SurroundingsError, match="the socket was closed with 1001"):
        against(socket_server(shakes=False), transport="websocket", patience=5.0)


def test_a_socket_that_the_server_refuses_is_said() -> None:
    async def refuses(_: web.Request) -> web.StreamResponse:
        return web.Response(status=400)

    with pytest.raises(
        SurroundingsError, match="cannot be reached: it answered the WebSocket's handshake with HTTP 400"
    ):
        against(refuses, transport="websocket")


def test_frames_that_are_no_bayeux_are_failures_and_large_ones_are_not() -> None:
    large = f'[{{"channel":"/a","data":"hi"}},{{"channel":"/b","data":"{"x" * 5_000_000}"}}]'
    outcome = against(socket_server("{", large, close=False), transport="websocket", patience=5.0)

    assert failures(outcome)[0].startswith("the body is not JSON")
    assert (told(outcome)[0], outcome.why) == (("event", "hello"), "")
