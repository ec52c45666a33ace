"""What is written as HAR is what the specification has, and what is read is what was written."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader

from replay.capture import har, har_writing
from replay.capture.losses import Losses
from replay.capture.recording import Piece
from replay.exchange import Exchange, Frame
from replay.wire import Headers

EPOCH = 1_388_701_400.5
JSON: Headers = (("Content-Type", "application/json;charset=UTF-8"),)

PLAIN: Headers = (("Content-Type", "application/octet-stream"),)


class Pair(msgspec.Struct, frozen=True):
    name: str
    value: str


class PostData(msgspec.Struct, rename="camel"):
    mime_type: str
    text: str


class Request(msgspec.Struct, rename="camel"):
    method: str
    url: str
    http_version: str
    cookies: list[Pair]
    headers: list[Pair]
    query_string: list[Pair]
    headers_size: int
    body_size: int
    post_data: PostData | None = None


class Content(msgspec.Struct, rename="camel"):
    size: int
    mime_type: str


class Response(msgspec.Struct, rename="camel"):
    status: int
    status_text: str
    http_version: str
    cookies: list[Pair]
    headers: list[Pair]
    content: Content
    redirect_url: str = msgspec.field(name="redirectURL")
    headers_size: int
    body_size: int


class Timings(msgspec.Struct):
    send: float
    wait: float
    receive: float


class Entry(msgspec.Struct, rename="camel"):
    """What HAR 1.2 demands of an entry."""

    started_date_time: str
    time: float
    request: Request
    response: Response
    cache: dict[str, Any]
    timings: Timings


class Log(msgspec.Struct):
    version: str
    creator: dict[str, str]
    entries: list[Entry]


class Har(msgspec.Struct):
    log: Log


def exchange(**fields: Any) -> Exchange:
    whole: dict[str, Any] = {
        "number": 1,
        "method": "POST",
        "url": "http://gws:8090/a?q=1&q=%C3%A4",
        "request_headers": (*JSON, ("Cookie", "a=1; b=2")),
        "request_body": b'{"n":1}',
        "began": EPOCH,
        "sent": EPOCH,
        "status": 200,
        "response_headers": (*JSON, ("Set-Cookie", "s=1; Path=/"), ("Location", "/b")),
        "response_body": b'{"said":"K\xc3\xb6ln"}',
        "answered": EPOCH + 1,
        "ended": EPOCH + 1.25,
    }
    return Exchange(**(whole | fields))


def whole(*exchanges: Exchange, comment: str = "") -> bytes:
    entries = har_writing.SEPARATOR.join(map(har_writing.entry, exchanges))
    return har_writing.beginning("1.0", comment) + entries + har_writing.END


def again(written: Exchange, **how: str) -> Exchange:
    """What a reader makes of it."""
    read = har.exchange_of(iter([Piece(1, har_writing.entry(written, **how))]), Losses())
    assert read is not None
    return read


def test_every_field_that_the_specification_demands_is_there() -> None:
    text = whole(exchange(), exchange(status=None, response_body=None, failure="gone"), comment="why")
    log = msgspec.json.decode(text, type=Har).log

    assert (log.version, log.creator) == ("1.2", {"name": "gws-replay", "version": "1.0"})
    one, other = log.entries
    assert (one.started_date_time, one.time) == ("2014-01-02T22:23:20.500000Z", 1250.0)
    assert one.timings == Timings(0.0, 1000.0, 250.0)
    assert one.request.query_string == [Pair("q", "1"), Pair("q", "ä")]
    assert one.request.cookies == [Pair("a", "1"), Pair("b", "2")]
    assert one.response.cookies == [Pair("s", "1")]
    assert (one.response.redirect_url, one.response.status_text) == ("/b", "OK")
    assert (one.response.content.size, one.response.content.mime_type) == (16, JSON[0][1])
    assert (other.response.status, other.response.content.size) == (0, 0)


def test_what_is_read_is_what_was_written() -> None:
    frames = (
        Frame(at=EPOCH + 1, from_client=True, content=b"[]"),
        Frame(at=EPOCH + 2, from_client=False, content=b"\xff\x00", text=False),
    )
    socket = exchange(status=101, response_body=b"", frames=frames, answered=EPOCH, ended=EPOCH + 3)
    for written in (
        exchange(),
        exchange(response_body=b"\xff\x00", response_headers=PLAIN),
        exchange(request_body=b"\xff\x00"),
        exchange(status=204, response_body=b""),
        exchange(failure="the connection was reset"),
        exchange(status=None, response_headers=(), response_body=None, answered=None, failure="gone"),
        socket,
    ):
        assert again(written) == written
    assert again(exchange(), rules="credentials").redacted


@settings(max_examples=60)
@given(st.binary(max_size=30), st.binary(max_size=30), st.floats(0, 1e5), st.text(max_size=10))
def test_any_bytes_and_any_times_come_back(sent: bytes, said: bytes, took: float, value: str) -> None:
    written = exchange(
        request_headers=(("X", value),),
        request_body=b"." + sent,
        response_headers=PLAIN,
        response_body=b"." + said,
        answered=EPOCH + took,
        ended=EPOCH + 2 * took,
    )
    read = again(written)
    assert (read.request_body, read.response_body) == (written.request_body, written.response_body)
    assert read.request_header("x").encode("utf-8", "replace") == value.encode("utf-8", "replace")
    for one, other in ((read.answered, written.answered), (read.ended, written.ended)):
        assert one is not None
        assert other is not None
        assert abs(one - other) < 3e-6


def test_header_bytes_that_are_no_text_do_not_break_the_file() -> None:
    text = whole(exchange(request_headers=(("X", "a\udcffb"),)))

    assert msgspec.json.decode(text, type=Har).log.entries[0].request.headers == [Pair("X", "a?b")]


def test_mitmproxy_opens_it() -> None:
    socket = exchange(url="ws://gws:8090/a", method="GET", status=101, response_body=b"", frames=())
    (flow, other) = FlowReader(BytesIO(whole(exchange(), socket))).stream()

    assert isinstance(flow, HTTPFlow)
    assert isinstance(other, HTTPFlow)
    assert (flow.request.method, flow.request.url) == ("POST", "http://gws:8090/a?q=1&q=%C3%A4")
    assert flow.request.text == '{"n":1}'
    assert flow.response is not None
    assert (flow.response.status_code, flow.response.text) == (200, '{"said":"Köln"}')
    assert other.response is not None
    assert other.response.status_code == 101


def test_without_entries_it_is_still_a_har() -> None:
    assert msgspec.json.decode(whole(), type=Har).log.entries == []
