from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import flow as mitmproxy_flow
from mitmproxy import http
from mitmproxy.io import tnetstring
from mitmproxy.test import tflow

from replay.capture import flows
from replay.errors import RecordingError
from replay.exchange import Exchange

from .proxies import DATA


def written(path: Path, *made: mitmproxy_flow.Flow, **changes: Any) -> Path:
    path.write_bytes(b"".join(tnetstring.dumps(each.get_state() | changes) for each in made))
    return path


def answered(body: bytes, encoding: str) -> http.HTTPFlow:
    flow = tflow.tflow(resp=True)
    assert flow.response is not None
    flow.response.headers["content-encoding"] = encoding
    flow.response.raw_content = body
    return flow


def hold(exchange: Exchange) -> float:
    assert exchange.answered is not None
    return round(exchange.answered - exchange.began, 1)


@pytest.mark.parametrize(
    ("name", "paths", "holds"),
    [
        (
            "lp_cometdjs9_java.mitm",
            [
                "handshake",
                "connect",
                "",
                "connect",
                "connect",
                "0000Na9B26EF002X",
                "connect",
                "connect",
                "connect",
            ],
            [0, 0, 0, 2, 0.1, 0, 0.1, 0.1, 0.3],
        ),
        (
            "fault_lp_402_rehandshake.mitm",
            ["handshake", "connect", "", "connect", "handshake", "", "connect", "connect", "connect"],
            [0, 0, 0, 0, 0, 0, 0, 2, 0.1],
        ),
        (
            "lp_fayejs_faye.mitm",
            ["cometd"] * 4 + ["0000Na9B26EF002X"] + ["cometd"] * 4,
            [0, 0, 2, 0.1, 0, 0.1, 0.1],
        ),
    ],
)
def test_exchanges_are_in_the_order_of_their_requests(
    name: str, paths: list[str], holds: list[float]
) -> None:
    recording = flows.read(DATA / name)

    assert recording.notes == ()
    assert [each.split.path.rpartition("/")[2] for each in recording.exchanges][: len(paths)] == paths
    assert [hold(each) for each in recording.exchanges][: len(holds)] == holds
    assert [each.number for each in recording.exchanges] == list(range(1, len(recording.exchanges) + 1))


def test_a_websocket_comes_before_what_was_asked_while_it_was_open() -> None:
    socket, rest = flows.read(DATA / "ws_cometdjs9_java.mitm").exchanges

    assert (socket.status, rest.method) == (101, "POST")
    assert socket.frames is not None
    assert rest.frames is None
    assert [frame.from_client for frame in socket.frames][:4] == [True, False, True, True]
    assert b"/meta/handshake" in socket.frames[0].content
    assert [frame.at for frame in socket.frames] == sorted(frame.at for frame in socket.frames)


def test_a_file_that_breaks_off_gives_what_stands_before() -> None:
    path = DATA / "broken_truncated.mitm"

    recording = flows.read(path)

    assert len(recording.exchanges) == 7
    assert recording.notes == (f"{path} ends in the middle of a flow; 7 flows before it were read.",)


def test_garbage_after_a_flow_is_noted(tmp_path: Path) -> None:
    path = written(tmp_path / "x.mitm", tflow.tflow(resp=True))
    path.write_bytes(path.read_bytes() + b"garbage")

    assert flows.read(path).notes == (
        f"{path} goes on with something that is no flow; 1 flow before it was read.",
    )


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(b"said"), "gzip"),
        (zlib.compress(b"said"), "deflate"),
        (zlib.compress(b"said")[2:-4], "Deflate"),
        (gzip.compress(zlib.compress(b"said")), "deflate, gzip"),
        (b"said", "identity"),
    ],
    ids=["gzip", "deflate", "raw deflate", "both", "identity"],
)
def test_bodies_are_decoded(tmp_path: Path, body: bytes, encoding: str) -> None:
    (exchange,) = flows.read(written(tmp_path / "x.mitm", answered(body, encoding))).exchanges

    assert exchange.response_body == b"said"


def test_a_body_nobody_can_decode_is_left_out_and_noted(tmp_path: Path) -> None:
    path = written(tmp_path / "x.mitm", answered(b"?", "rot13"), answered(b"\xffno gzip", "gzip"))

    recording = flows.read(path)

    assert [each.response_body for each in recording.exchanges] == [None, None]
    assert recording.notes == (
        f"{path}: 2 bodies left out, being in an encoding that cannot be undone here"
        " or not what the header says: flow 1 (GET http://address:22/path), flow 2 (GET http://address:22/path).",
    )


def test_an_answer_that_broke_off_says_so(tmp_path: Path) -> None:
    flow = tflow.tflow(resp=True, err=mitmproxy_flow.Error("server closed connection", 946681207.0))
    assert flow.response is not None
    flow.response.raw_content, flow.response.timestamp_end = b"", None

    (exchange,) = flows.read(written(tmp_path / "x.mitm", flow)).exchanges

    assert (exchange.status, exchange.response_body, exchange.ended) == (200, None, 946681207.0)
    assert exchange.failure == "server closed connection"


def test_flows_that_are_not_http_are_left_out_and_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "x.mitm", tflow.ttcpflow(), tflow.tdnsflow(), tflow.tflow(resp=True))

    recording = flows.read(path)

    assert len(recording.exchanges) == 1
    assert recording.notes == (f"{path}: 2 flows left out, being no HTTP.",)


@pytest.mark.parametrize("version", [18, 19, 20, 21, 22])
def test_formats_since_mitmproxy_9_are_read(tmp_path: Path, version: int) -> None:
    path = written(tmp_path / "x.mitm", tflow.tflow(resp=True), version=version)

    (exchange,) = flows.read(path).exchanges
    assert exchange.url == "http://address:22/path"
    assert exchange.request_header("HEADER") == "qvalue"


def test_nesting_without_end_is_refused(tmp_path: Path) -> None:
    nested = b"0:]"
    for _ in range(200):
        nested = b"%d:%s]" % (len(nested), nested)
    inner = b"7:version;2:21#1:a;" + nested
    (tmp_path / "x.mitm").write_bytes(b"%d:%s}" % (len(inner), inner))

    with pytest.raises(RecordingError, match="holds no flow that can be read: all are broken"):
        flows.read(tmp_path / "x.mitm")
