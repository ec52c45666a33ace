"""Flows with something wrong in them: each is mended or left out in a sentence, and the rest is read."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import pytest
import zstandard
from mitmproxy import http
from mitmproxy.io import tnetstring
from mitmproxy.test import tflow

from replay.capture import encodings, flow_file, flows
from replay.capture.encodings import as_utf8, decoded
from replay.capture.recording import Recording
from replay.errors import RecordingError

GOOD = "GET http://address:22/path"
SAID = '{"said":"Köln – 東京"}'


def state(**changes: Any) -> dict[str, Any]:
    """A good flow, but for what is changed: `request__method` is a field of its request."""
    made: dict[str, Any] = tflow.tflow(resp=True).get_state()
    for name, changed in changes.items():
        *inner, field = name.split("__")
        at = made
        for each in inner:
            at = at[each]
        at[field] = changed
    return made


def read(tmp_path: Path, *states: dict[str, Any], before: bytes = b"") -> Recording:
    path = tmp_path / "x.mitm"
    path.write_bytes(before + b"".join(map(tnetstring.dumps, states)))
    return flows.read(path)


def notes(recording: Recording) -> list[str]:
    return [note.removeprefix(f"{recording.path}: ") for note in recording.notes]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"request": "none"}, "flow 2"),
        ({"request__timestamp_start": "soon"}, "flow 2"),
        ({"request__timestamp_start": float("nan")}, "flow 2"),
        ({"type": 7}, ""),
        ({"request__method": 3}, "flow 2"),
        ({"request__host": None}, "flow 2"),
        ({"request__headers": [[b"one"]]}, f"flow 2 ({GOOD})"),
        ({"request__timestamp_end": b"x"}, f"flow 2 ({GOOD})"),
        ({"response": 3}, f"flow 2 ({GOOD})"),
        ({"response__status_code": "many"}, f"flow 2 ({GOOD})"),
        ({"response__content": 5}, f"flow 2 ({GOOD})"),
        ({"response__headers": {}}, f"flow 2 ({GOOD})"),
        ({"websocket": {}, "error": {"msg": 1, "timestamp": 2}}, f"flow 2 ({GOOD})"),
        ({"metadata": {"replay.socket": "s", "replay.part": "last"}}, "flow 2"),
    ],
)
def test_a_flow_with_a_field_of_a_wrong_type_is_left_out(
    tmp_path: Path, change: dict[str, Any], name: str
) -> None:
    recording = read(tmp_path, state(request__path=b"/a"), state(**change), state(request__path=b"/b"))

    assert [each.url for each in recording.exchanges] == ["http://address:22/a", "http://address:22/b"]
    assert [each.number for each in recording.exchanges] == [1, 2]
    assert len(recording.exchanges) == 2
    assert notes(recording) == [
        f"1 flow left out, being broken: {name}." if name else "1 flow left out, being no HTTP."
    ]


def test_half_a_flow_in_the_middle_costs_nothing_else(tmp_path: Path) -> None:
    half = tnetstring.dumps(state())[:700]

    recording = read(tmp_path, state(), state(), before=tnetstring.dumps(state()) + half)

    assert len(recording.exchanges) == 3
    assert len(notes(recording)) == 1
    assert notes(recording)[0].startswith("1 stretch of bytes left out, being no flow: at byte ")


def test_a_flow_of_an_old_mitmproxy_among_others_is_left_out(tmp_path: Path) -> None:
    recording = read(tmp_path, state(version=17), state())

    assert len(recording.exchanges) == 1
    assert notes(recording) == ["1 flow left out, being in the format of a mitmproxy older than 9: flow 1."]


def test_a_file_of_broken_flows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="holds no flow that can be read: all are broken"):
        read(tmp_path, state(request={}), state(request=1))


def test_many_losses_are_one_sentence(tmp_path: Path) -> None:
    recording = read(tmp_path, state(), *[state(request={})] * 7)

    assert notes(recording) == ["7 flows left out, being broken: flow 2, flow 3, flow 4 and 4 more."]


def test_a_flow_beyond_all_measure_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_file, "LARGEST", 10_000)

    recording = read(tmp_path, state(), state(response__content=bytes(20_000)), state())

    assert len(recording.exchanges) == 2
    assert notes(recording)[0].endswith(": flow 2.")


# Bodies


def zipped(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        ("gzip", gzip.compress(SAID.encode(), mtime=0)),
        ("x-gzip", gzip.compress(SAID.encode()[:9], mtime=0) + gzip.compress(SAID.encode()[9:], mtime=0)),
        ("gzip", gzip.compress(SAID.encode(), mtime=0) + bytes(12)),
        ("deflate", zlib.compress(SAID.encode())),
        ("deflate", zipped(SAID.encode())),
        ("br", brotli.compress(SAID.encode())),
        ("zstd", zstandard.compress(SAID.encode())),
        ("gzip, br", brotli.compress(gzip.compress(SAID.encode(), mtime=0))),
        ("deflate,zstd", zstandard.compress(zlib.compress(SAID.encode()))),
        ("identity", SAID.encode()),
        ("gzip", SAID.encode()),
        ("br", SAID.encode()),
        ("zstd", SAID.encode()),
        ("deflate", SAID.encode()),
        ("UTF-8", SAID.encode()),
        ("gzip, gzip", gzip.compress(SAID.encode(), mtime=0)),
    ],
)
def test_whatever_the_encoding_and_whether_true_the_body_is_read(encoding: str, encoded: bytes) -> None:
    body, trouble = decoded(encoded, (("Content-Encoding", encoding),))

    assert (body, trouble) == (SAID.encode(), "")


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        ("gzip", gzip.compress(SAID.encode(), mtime=0)[:-12]),
        ("br", brotli.compress(SAID.encode() * 9)[:-3]),
        ("zstd", zstandard.compress(SAID.encode() * 9)[:-3]),
        ("gzip", b"\xff\x00\x01"),
        ("compress", b"\x1f\x9d\x90"),
        ("rot13", b"just text"),
    ],
)
def test_a_body_that_cannot_be_decoded_is_left_out(encoding: str, encoded: bytes) -> None:
    assert decoded(encoded, (("content-encoding", encoding),)) == (None, encodings.UNKNOWN)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", zipped),
        ("br", lambda body: brotli.compress(body, quality=1)),
        ("zstd", zstandard.compress),
    ],
)
def test_a_bomb_is_left_out_before_it_goes_off(
    encoding: str, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encodings, "LARGEST", 1 << 20)
    bomb = pack(bytes(2 << 20))

    assert len(bomb) < 10_000
    assert decoded(bomb, (("content-encoding", encoding),)) == (None, encodings.TOO_LARGE)


def test_a_bomb_is_said_by_its_flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "LARGEST", 10_000)
    bomb = state(
        response__headers=[[b"Content-Encoding", b"gzip, gzip"]],
        response__content=gzip.compress(gzip.compress(bytes(10_000_000))),
    )

    recording = read(tmp_path, bomb, state())

    assert [each.response_body for each in recording.exchanges] == [None, b"message"]
    assert notes(recording) == [f"1 body left out, being larger than 64 MB: flow 1 ({GOOD})."]


@pytest.mark.parametrize(
    ("content_type", "charset", "text"),
    [
        ("application/json;charset=ISO-8859-1", "latin-1", '{"said":"Köln"}'),
        ("application/json; charset=utf-16", "utf-16", SAID),
        ("application/json", "utf-16-le", SAID),
        ("application/json", "utf-16-be", SAID),
        ("application/json", "utf-32", SAID),
        ("application/json", "utf-8-sig", SAID),
        ('text/json; charset="Shift_JIS"', "shift_jis", '{"said":"東京"}'),
        ("application/json; charset=ISO-2022-JP", "iso2022_jp", '{"said":"東京"}'),
        ("application/json; charset=latin-1", "utf-8", SAID),
        ("application/json; charset=utf-16", "utf-8", SAID),
        ("application/json; charset=none-such", "utf-8", SAID),
        ("application/json; charset=zip", "utf-8", SAID),
        ("application/json; charset=utf-8", "cp1252", '{"said":"Köln – so"}'),
        ("", "latin-1", '[{"said":"Köln"}]'),
    ],
)
def test_json_is_brought_to_utf_8_whatever_it_is_declared_to_be(
    content_type: str, charset: str, text: str
) -> None:
    body = as_utf8(text.encode(charset), content_type)

    assert json.loads(body.decode("utf-8")) == json.loads(text)


def test_what_is_no_json_keeps_its_bytes() -> None:
    for body in (b"K\xf6ln", b"\x89PNG\0\0", b"\xff\xfeK\0"):
        assert as_utf8(body, "text/plain; charset=iso-8859-1") == body


def test_an_answer_that_was_streamed_past_is_said(tmp_path: Path) -> None:
    recording = read(tmp_path, state(response__content=None))

    (exchange,) = recording.exchanges
    assert (exchange.status, exchange.response_body) == (200, None)
    assert notes(recording) == [f"1 answer recorded without the body: flow 1 ({GOOD})."]


def test_an_answer_cut_off_is_kept_as_a_failure(tmp_path: Path) -> None:
    cut = "HTTP/1 protocol error: peer closed connection without sending complete message body"
    broken = state(
        response__content=b"",
        response__timestamp_end=None,
        error={"msg": cut, "timestamp": 946681210.0},
    )

    (exchange,) = read(tmp_path, broken).exchanges

    assert (exchange.status, exchange.response_body, exchange.failure) == (200, None, cut)


# Times


def times(recording: Recording) -> list[float | None]:
    (exchange,) = recording.exchanges
    return [exchange.began, exchange.sent, exchange.answered, exchange.ended]


def test_a_clock_that_stepped_back_does_not_put_answers_before_requests(tmp_path: Path) -> None:
    stepped = state(
        request__timestamp_start=1000.0,
        request__timestamp_end=1000.1,
        response__timestamp_start=993.0,
        response__timestamp_end=994.0,
    )

    recording = read(tmp_path, stepped)

    assert times(recording) == [1000.0, 1000.1, 1000.1, 1000.1]
    assert notes(recording) == [
        f"1 time put right, the recorder's clock having stepped back: by 7.1 s in flow 1 ({GOOD})."
    ]


def test_an_answer_may_come_before_the_request_is_whole(tmp_path: Path) -> None:
    early = state(
        request__timestamp_start=1000.0,
        request__timestamp_end=1003.0,
        response__timestamp_start=1001.0,
        response__timestamp_end=1002.0,
    )

    recording = read(tmp_path, early)

    assert (times(recording), notes(recording)) == ([1000.0, 1001.0, 1001.0, 1002.0], [])


def at(path: str, began: float, ended: float) -> dict[str, Any]:
    return state(
        request__path=path.encode(),
        request__timestamp_start=began,
        request__timestamp_end=began,
        response__timestamp_start=ended,
        response__timestamp_end=ended,
    )


def test_a_clock_that_was_set_back_between_flows_does_not_change_their_order(tmp_path: Path) -> None:
    recording = read(
        tmp_path,
        at("/accept", 1000.0, 1000.1),
        at("/held", 999.5, 995.2),  # set back by 5 s at 1000.15, while it was held
        at("/next", 995.3, 995.4),
        at("/last", 1002.0, 1002.5),
    )

    paths = [each.split.path for each in recording.exchanges]
    began = {each.split.path: each.began for each in recording.exchanges}
    assert paths == ["/held", "/accept", "/next", "/last"]
    assert began["/held"] == 999.5
    assert began["/next"] == pytest.approx(1000.2)
    assert next(each.ended for each in recording.exchanges) == pytest.approx(1000.1)
    assert began["/last"] - began["/next"] == pytest.approx(1002.0 - 995.3)
    assert notes(recording) == [
        "the recorder's clock was set back by 4.9 s or more before flow 2;"
        " the times that follow are put right."
    ]


@pytest.mark.parametrize("wrong", [(1600.0, 1002.1), (1002.0, 900.0), (1002.0, 1600.0), (400.0, 1002.1)])
def test_one_wrong_time_does_not_move_the_others(tmp_path: Path, wrong: tuple[float, float]) -> None:
    flows_of_a_second = [at(f"/{number}", 1000.0 + number, 1000.1 + number) for number in range(5)]
    flows_of_a_second[2] = at("/2", *wrong)

    recording = read(tmp_path, *flows_of_a_second)

    began = {each.split.path: each.began for each in recording.exchanges}
    assert [began[f"/{number}"] for number in (0, 1, 3, 4)] == [1000.0, 1001.0, 1003.0, 1004.0]


def test_flows_in_another_order_are_no_clock_set_back(tmp_path: Path) -> None:
    held = at("/held", 1000.0, 1030.0)
    quick = [at(f"/{number}", 1001.0 + number, 1001.5 + number) for number in range(20)]

    in_order_of_beginning = read(tmp_path, held, *quick)
    assert (len(in_order_of_beginning.exchanges), notes(in_order_of_beginning)) == (21, [])
    in_order_of_end = read(tmp_path, *quick, held)
    assert ([each.url[-1] for each in in_order_of_end.exchanges][:2], notes(in_order_of_end)) == (
        ["d", "0"],
        [],
    )
    backwards = read(tmp_path, *[at(f"/{n}", 1000.0 - 5 * n, 1001.0 - 5 * n) for n in range(20)])
    assert [each.began for each in backwards.exchanges] == [1000.0 - 5 * n for n in reversed(range(20))]
    assert notes(backwards) == []


def test_an_older_recording_after_a_newer_one_keeps_its_times(tmp_path: Path) -> None:
    recording = read(tmp_path, at("/b", 90_000.0, 90_001.0), at("/a", 1000.0, 1001.0))

    assert [each.began for each in recording.exchanges] == [1000.0, 90_000.0]
    assert notes(recording) == []


# HTTP/2


def test_http_2_is_read_as_any_other(tmp_path: Path) -> None:
    flow = tflow.tflow(resp=True)
    flow.request.http_version = "HTTP/2.0"
    flow.request.headers = http.Headers(((b"x", b"1"),))
    flow.request.authority = "gws.example"

    (exchange,) = read(tmp_path, flow.get_state()).exchanges

    assert (exchange.url, exchange.request_headers) == ("http://address:22/path", (("x", "1"),))
