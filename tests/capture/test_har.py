from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.capture import flows, har
from replay.exchange import Exchange, Frame

from .proxies import DATA


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "startedDateTime": "2014-01-02T14:23:20.500-08:00",
        "time": 3000,
        "request": {"method": "GET", "url": "https://gws/x", "headers": [{"name": ":path", "value": "/x"}]},
        "response": {"status": 200, "headers": [], "content": {"size": 2, "text": "ok"}},
        "timings": {"send": 1, "wait": 2500, "receive": 499},
        **changes,
    }


def read(tmp_path: Path, *entries: dict[str, Any]) -> tuple[tuple[Exchange, ...], tuple[str, ...]]:
    path = tmp_path / "x.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), encoding="utf-8-sig")
    recording = har.read(path)
    return recording.exchanges, tuple(note.removeprefix(f"{path}: ") for note in recording.notes)


def test_mitmproxys_har_says_what_its_flow_file_says() -> None:
    def told(exchange: Exchange) -> tuple[object, ...]:
        assert exchange.answered is not None
        assert exchange.ended is not None
        held = round(exchange.answered - exchange.began, 1)
        return exchange.number, exchange.method, exchange.url, exchange.response_body, held

    exported = har.read(DATA / "lp_cometdjs9_java.har")
    recorded = flows.read(DATA / "lp_cometdjs9_java.mitm")

    assert exported.notes == ()
    assert list(map(told, exported.exchanges)) == list(map(told, recorded.exchanges))


def test_the_hold_is_seen_as_time(tmp_path: Path) -> None:
    ((exchange,), _) = read(tmp_path, entry())

    began = 1388701400.5
    assert (exchange.began, exchange.sent) == (began, began + 0.001)
    assert exchange.answered == pytest.approx(began + 2.501)
    assert exchange.ended == began + 3
    assert exchange.request_headers == ()


def test_an_aborted_poll_has_no_status_and_a_reason(tmp_path: Path) -> None:
    ((one, other), notes) = read(
        tmp_path,
        entry(response={"status": 0, "_error": "net::ERR_ABORTED", "headers": [], "content": {}}),
        entry(response={"status": 0, "headers": [], "content": {}}),
    )

    assert (one.status, one.answered, one.response_body, one.failure) == (
        None,
        None,
        None,
        "net::ERR_ABORTED",
    )
    assert other.failure == "aborted"
    assert notes == ()


def test_bodies_left_out_by_the_browser_are_counted(tmp_path: Path) -> None:
    without = {"status": 200, "headers": [], "content": {"size": 400}}
    empty = {"status": 204, "headers": [], "content": {}}
    ((*exchanges,), notes) = read(tmp_path, entry(response=without), entry(response=empty), {"time": 1})

    assert [each.response_body for each in exchanges] == [None, b""]
    assert notes == (
        "1 entry left out, being broken or having no request or no time: entry 3.",
        "1 answer recorded without the body: entry 1 (GET https://gws/x).",
    )


def test_bodies_in_base64_are_decoded(tmp_path: Path) -> None:
    content = {"size": 2, "text": "b2s=", "encoding": "base64"}
    request = {"method": "POST", "url": "http://x/", "postData": {"text": "näh"}}
    ((exchange,), _) = read(
        tmp_path, entry(request=request, response={"status": 200, "headers": [], "content": content})
    )

    assert exchange.response_body == b"ok"
    assert exchange.request_body == "näh".encode()


def test_frames_are_read(tmp_path: Path) -> None:
    messages = [
        {"type": "send", "time": 1388701401.0, "opcode": 1, "data": "[]"},
        {"type": "receive", "time": 1388701499.0, "opcode": 2, "data": "b2s="},
    ]
    socket = entry(response={"status": 101, "headers": [], "content": {}}, _webSocketMessages=messages)
    ((exchange,), notes) = read(tmp_path, socket)

    assert exchange.frames == (
        Frame(at=1388701401.0, from_client=True, content=b"[]"),
        Frame(at=1388701499.0, from_client=False, content=b"ok", text=False),
    )
    assert exchange.ended == 1388701499.0
    assert notes == ()


def test_entries_are_sorted_by_their_beginning(tmp_path: Path) -> None:
    late = entry(startedDateTime="2014-01-02T22:23:21Z")
    (exchanges, _) = read(tmp_path, late, entry())

    assert [(each.number, each.began) for each in exchanges] == [(1, 1388701400.5), (2, 1388701401.0)]
