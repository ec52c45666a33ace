from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import ClientSession, web
from hypothesis import given
from hypothesis import strategies as st

from replay.capture import filters

from .proxies import Command, Upstream, recording

CHANNELS = st.sampled_from(["/v2/me/chats", "/v2/me/calls", "/meta/connect", "/service/x"])
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"channel": CHANNELS, "data": st.dictionaries(st.text(), st.text() | st.floats(0, 9))}
    )
)


@given(messages=MESSAGES, spaces=st.sampled_from([None, 2]))
def test_messages_on_wanted_channels_stay_and_so_does_what_the_protocol_says_of_itself(
    messages: list[dict[str, Any]], spaces: int | None
) -> None:
    wanted = filters.matcher(["/v2/*/chats"])
    assert wanted is not None

    body, left_out = filters.only_channels(json.dumps(messages, indent=spaces).encode(), wanted)

    stay = [each for each in messages if each["channel"] in ("/v2/me/chats", "/meta/connect")]
    assert json.loads(body) == stay
    assert left_out == len(messages) - len(stay)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"channel": "/x", "data": 1}', b"[]"),
        (
            b'/**/cb([{"channel":"/x"}, {"channel":"/chats","n":1.10}]);',
            b'/**/cb([{"channel":"/chats","n":1.10}]);',
        ),
        (b'[{"channel":"/x"}', b'[{"channel":"/x"}'),
        (b'"channel"', b'"channel"'),
        (b'[{"channel":"\xff/x"}]', b'[{"channel":"\xff/x"}]'),
    ],
)
def test_what_stays_keeps_its_bytes_and_what_is_not_bayeux_is_let_alone(body: bytes, kept: bytes) -> None:
    wanted = filters.matcher(["/chats"])
    assert wanted is not None
    assert filters.only_channels(body, wanted)[0] == kept


@pytest.mark.parametrize(
    ("kind", "pattern", "wrong"),
    [
        ("host", "", "it is empty"),
        ("host", "http://gws", "a host is meant, without scheme and path"),
        ("path", "api/*", "a path begins with a slash, such as /api/*"),
        ("channel", "v2/**", "a channel begins with a slash, such as /v2/**"),
        ("path", "/a[", "a bracket is not closed"),
        ("path", "/a[12]*", ""),
        ("host", "*.corp:8090", ""),
    ],
)
def test_a_pattern_that_can_match_nothing_is_wrong(kind: str, pattern: str, wrong: str) -> None:
    assert filters.wrong(kind, pattern).startswith(wrong)
    assert bool(filters.wrong(kind, pattern)) == bool(wrong)


async def server(request: web.Request) -> web.StreamResponse:
    messages = [{"channel": name, "data": {}} for name in ("/chats", "/calls")]
    if request.path == "/api/ws":
        opened = web.WebSocketResponse()
        await opened.prepare(request)
        async for _ in opened:
            await opened.send_json(messages)
            await opened.send_json(messages[1:])
        return opened
    return web.json_response([*messages, {"channel": "/meta/connect", "successful": True}])


def test_what_is_not_wanted_travels_and_is_not_recorded(tmp_path: Path) -> None:
    async def talk(url: str) -> list[Any]:
        async with ClientSession() as session, session.ws_connect(f"{url}/api/ws") as opened:
            await opened.send_json([{"channel": "/calls", "data": {}}])
            return [await opened.receive_json() for _ in range(2)]

    wanted = {"host": ["127.0.*"], "path": ["/api/*"], "channel": ["/chats"]}
    with Upstream(server) as upstream, recording(upstream.url, tmp_path / "x.mitm", filters=wanted) as proxy:
        heard = [httpx.get(proxy.url + path).json() for path in ("/api/poll?x=1", "/page", "/else")]
        framed = asyncio.run(talk(proxy.url))

    assert [len(each) for each in heard] == [3, 3, 3]
    assert [len(each) for each in framed] == [2, 1]
    poll, socket = proxy.read().exchanges
    channels = [each["channel"] for each in json.loads(poll.response_body or b"")]
    assert channels == ["/chats", "/meta/connect"]
    assert [json.loads(frame.content)[0]["channel"] for frame in socket.frames or ()] == ["/chats"]
    assert proxy.recorder is not None
    assert proxy.recorder.left_out_sentences({"path": "--path", "channel": "--channel"}) == [
        "2 exchanges left out by --path",
        "4 messages left out by --channel",
    ]


def test_what_is_left_out_is_said_in_the_end(tmp_path: Path) -> None:
    with Upstream(server) as upstream:
        arguments = ["--upstream", upstream.url, "--listen", "127.0.0.1:0", "--to", "x.mitm"]
        arguments += ["--host", "gws*", "--host", "*.corp"]
        with Command(*arguments, cwd=tmp_path) as command:
            httpx.get(command.until("recording http").split()[1])
            command.process.terminate()
            assert command.ended() == (0, "1 exchange left out by --host\nnothing was recorded\n")
