"""A WebSocket that our recorder wrote in segments is one exchange again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mitmproxy import http
from mitmproxy.io import tnetstring
from mitmproxy.test import tflow

from replay.capture import flows
from replay.capture.recording import Recording

UNFINISHED = "the recording ended before the exchange did"


def segment(part: int, *said: str, last: bool = False, socket: str = "s1", **changes: Any) -> http.HTTPFlow:
    """Messages of a socket that was opened at 946681200; each second another one."""
    flow = tflow.twebsocketflow()
    assert flow.websocket is not None
    message = flow.websocket.messages[0]
    flow.websocket.messages = []
    for number, text in enumerate(said):
        state = message.get_state()
        made = type(message).from_state(state)
        made.content, made.timestamp = text.encode(), 946681300.0 + part * 10 + number
        flow.websocket.messages.append(made)
    flow.websocket.timestamp_end = 946681400.0 if last else None
    flow.websocket.close_code = 1000 if last else None
    flow.metadata = {"replay.socket": socket, "replay.part": str(part), **changes}
    return flow


def read(tmp_path: Path, *made: http.HTTPFlow) -> Recording:
    path = tmp_path / "x.mitm"
    path.write_bytes(b"".join(tnetstring.dumps(each.get_state()) for each in made))
    return flows.read(path)


def said(recording: Recording) -> list[list[str]]:
    return [[frame.content.decode() for frame in each.frames or ()] for each in recording.exchanges]


def test_segments_are_joined_in_the_order_of_their_parts(tmp_path: Path) -> None:
    recording = read(
        tmp_path,
        segment(0, "a", "b"),
        tflow.tflow(resp=True),
        segment(2, "d", last=True),
        segment(1, "c"),
    )

    assert said(recording) == [["a", "b", "c", "d"], []]
    assert len(recording.exchanges) == 2
    socket, _ = recording.exchanges
    assert (socket.ended, socket.failure, recording.notes) == (946681400.0, "", ())


def test_sockets_are_told_apart_and_may_have_more_than_ten_parts(tmp_path: Path) -> None:
    one = [segment(part, f"1.{part}", last=part == 11) for part in range(12)]
    two = [segment(part, f"2.{part}", last=part == 11, socket="s2") for part in range(12)]
    mixed = [each for pair in zip(one, two, strict=True) for each in pair]

    recording = read(tmp_path, *reversed(mixed))

    assert sorted(said(recording)) == [[f"{socket}.{part}" for part in range(12)] for socket in (1, 2)]


def test_without_its_last_part_a_sockets_end_is_unknown(tmp_path: Path) -> None:
    recording = read(tmp_path, segment(0, "a"), segment(1, "b"))

    (socket,) = recording.exchanges
    assert said(recording) == [["a", "b"]]
    assert (socket.ended, socket.failure) == (None, UNFINISHED)
    assert recording.notes == (
        f"{recording.path}: 1 WebSocket recorded without its end: GET http://example.com/ws.",
    )


def test_without_its_first_or_a_middle_part_the_rest_is_read(tmp_path: Path) -> None:
    recording = read(tmp_path, segment(1, "b"), segment(3, "d", last=True))

    assert said(recording) == [["b", "d"]]
    assert recording.notes == (
        f"{recording.path}: 1 WebSocket recorded without its beginning: GET http://example.com/ws.",
        f"{recording.path}: 1 WebSocket recorded with a part missing in the middle: GET http://example.com/ws.",
    )


def test_a_broken_segment_costs_its_own_messages(tmp_path: Path) -> None:
    broken = segment(1, "b")
    assert broken.websocket is not None
    broken.websocket.messages[0].timestamp = float("nan")

    recording = read(tmp_path, segment(0, "a"), broken, segment(2, "c", last=True))

    assert said(recording) == [["a", "c"]]
    assert recording.notes[0] == (
        f"{recording.path}: 1 flow left out, being broken: flow 2 (GET http://example.com/ws)."
    )


def test_the_recorder_says_what_it_redacted(tmp_path: Path) -> None:
    redacted = segment(0, "a", last=True, **{"replay.redacted": "default"})

    assert [each.redacted for each in read(tmp_path, redacted, tflow.tflow()).exchanges] == [True, False]
