"""What the built-in client does for any server to talk with it, and what it does not put up with."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from replay.drive.access import Hidden, by_name
from replay.drive.agent import STRANGE
from replay.drive.answer import LARGEST
from replay.drive.outcome import Outcome
from replay.drive.playing import play
from replay.plan.timeline import plan
from replay.testing import scenario

from .servers import Handler, messages_of, replies, serving

STORY = plan(
    scenario(
        "session: [{id: me, request: GET /me}, {id: ready, request: POST /me}]\n"
        "steps: [{id: hello, push: /a, data: hi}, {id: ask, request: POST /x, respond: {body: {a: ä}}}]"
    )
)
EVENT = {"channel": "/a", "data": "hi"}

pytestmark = pytest.mark.live


def against(handler: Handler, **options: Any) -> Outcome:
    async def both() -> Outcome:
        async with serving(handler) as url, asyncio.timeout(20):
            return await play(STORY, url, **({"patience": 0.4} | options))

    return asyncio.run(both())


class Guarded:
    """A server that takes no POST without the token of its latest GET, as GWS does."""

    def __init__(self, **given: str) -> None:
        self.given = {"X-CSRF-HEADER": "X-CSRF-TOKEN", "X-CSRF-TOKEN": "t0ken-1"} | given
        self.refused: list[str] = []
        self.got: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.got.append(f"{request.method} {request.path}")
        if request.method == "GET":
            return web.json_response({}, headers=self.given)
        name = self.given["X-CSRF-HEADER"]
        if request.headers.get(name) != self.given["X-CSRF-TOKEN"]:
            self.refused.append(request.path)
            return web.Response(status=403, text="Missing or invalid Csrf token")
        if request.path in {"/me", "/x"}:
            return web.json_response({"a": "ä"})
        return web.json_response(replies(await messages_of(request), EVENT))


@pytest.mark.parametrize("name", ["X-CSRF-TOKEN", "X-XSRF-Proof"])
def test_a_csrf_token_is_echoed_on_whatever_changes_something_polls_included(name: str) -> None:
    server = Guarded(**{"X-CSRF-HEADER": name})

    outcome = against(server.handle)

    assert (outcome.missing, outcome.why, server.refused) == ((), "", [])
    assert "POST /me" in server.got


def test_a_client_that_had_no_token_yet_gets_one() -> None:
    server = Guarded()
    unasked = plan(scenario("steps: [{id: hello, push: /a, data: hi}]"))

    async def both() -> Outcome:
        async with serving(server.handle) as url, asyncio.timeout(20):
            return await play(unasked, url, patience=5.0)

    outcome = asyncio.run(both())

    assert (outcome.missing, outcome.why, len(server.refused)) == ((), "", 1)


def test_what_a_server_gives_out_and_what_the_client_proves_itself_with_are_known_as_secret() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await Guarded().handle(request)
        assert isinstance(response, web.Response)
        response.set_cookie("JSESSIONID", "c00kie-of-it")
        return response

    hidden = Hidden()
    hidden.learn("pass wörd")
    against(handler, hidden=hidden, access=by_name("agent", "pass wörd"))

    said = "c00kie-of-it and t0ken-1; pass wörd, pass%20w%C3%B6rd, pass+w%C3%B6rd, cGFzcyB3w7ZyZA=="
    assert hidden.without(said) == "*** and ***; ***, ***, ***, ***=="
    assert hidden.cleaned({"t0ken-1": ["pass wörd", 1, None, True]}) == {"***": ["***", 1, None, True]}


@pytest.mark.parametrize("before", ["", "a", "ab", "agent:"])
@pytest.mark.parametrize("after", ["", "z", "yz"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_masked_in_base64_whatever_stands_beside_it(
    before: str, after: str, encode: Callable[[bytes], bytes]
) -> None:
    secret = "pass/wörd?~<1>"
    hidden = Hidden()
    hidden.learn(secret)

    said = hidden.without(encode(f"{before}{secret}{after}".encode()).decode())

    assert "***" in said
    assert len(said) <= len("***") + len(before) * 2 + len(after) * 2 + 8


def test_a_secret_is_masked_in_a_url_however_that_is_escaped() -> None:
    hidden = Hidden()
    hidden.learn("a/b<c>d")

    assert hidden.without("?p=a%2Fb%3Cc%3Ed&q=a%2fb%3cc%3ed") == "?p=***&q=***"


def test_a_short_secret_is_masked_where_it_is_a_word_and_short_things_of_the_server_are_none() -> None:
    hidden = Hidden()
    hidden.learn("chat")
    hidden.learn_issued("en")

    assert hidden.without("chat of chats, when, en") == "*** of chats, when, en"


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "utf-8-sig"])
def test_an_answer_in_another_encoding_is_read(charset: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path != "/x":
            return await Guarded().handle(request)
        kind = f"application/json; charset={'utf-8' if charset == 'utf-8-sig' else charset}"
        return web.Response(body='{"a": "ä"}'.encode(charset), headers={"Content-Type": kind})

    outcome = against(handler)

    assert [each.differences for each in outcome.seen] == [()] * len(outcome.seen)
    assert outcome.missing == ()


def test_an_encoding_that_there_is_not_is_a_difference_and_no_traceback() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path != "/x":
            return await Guarded().handle(request)
        return web.Response(body=b"\xff\xfe", headers={"Content-Type": "text/plain; charset=klingon"})

    [answer] = [each for each in against(handler).seen if each.kind == "answer"]
    assert [each.field for each in answer.differences] == ["data"]


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
def test_a_message_without_end_is_cut_off_at_a_limit(transport: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path in {"/me", "/x"}:
            return await Guarded().handle(request)
        if transport == "long-polling":
            return web.Response(body=b" " * (LARGEST + 1))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_bytes(b"")
        await socket.send_str(" " * (LARGEST + 1))
        await socket.receive()
        return socket

    limit = {
        "long-polling": "it answered more than 16 MB, which is the limit",
        "websocket": "a message of more than 16 MB came",
    }
    patience = 0.4 if transport == "long-polling" else 15.0
    assert limit[transport] in against(handler, transport=transport, patience=patience).why


def test_a_server_that_talks_of_other_things_without_end_is_left() -> None:
    strange = [{"channel": "/a", "data": {"other": number}} for number in range(4_000)]

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path in {"/me", "/x"}:
            return await Guarded().handle(request)
        return web.json_response(replies(await messages_of(request), *strange))

    outcome = against(handler, patience=15.0)
    assert outcome.why == f"more than {STRANGE:,} events came that are no step"


def test_a_redirect_of_a_poll_is_not_followed() -> None:
    followed = []

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path in {"/me", "/x"}:
            return await Guarded().handle(request)
        if "login" in request.path:
            followed.append(request.path)
        raise web.HTTPFound("/login?for=you")

    assert "was answered 302" in against(handler).why
    assert followed == []
