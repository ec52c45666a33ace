"""What Chromium's and Firefox's own DevTools export of a desktop's part tells the story that was played."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.capture.recording import Recording, open_recording
from replay.distil import only_story
from replay.errors import RecordingError
from replay.scenario.model import PushStep, RequestStep, Scenario

from .proxies import DATA

HARS = DATA / "har"
STORY = ["invited", "accept", "chatting", "participants-updated", "new-messages"]


def told(recording: Recording) -> Scenario:
    return only_story(recording.exchanges, name="told").scenario


def notes(recording: Recording) -> str:
    return "\n".join(note.removeprefix(f"{recording.path}: ") for note in recording.notes)


@pytest.mark.parametrize("name", ["chromium-long-polling", "chromium-websocket", "firefox-long-polling"])
def test_a_browsers_har_tells_the_story(name: str) -> None:
    scenario = told(open_recording(HARS / f"{name}.har"))

    assert [step.id for step in scenario.steps] == STORY
    [accept] = [step for step in scenario.steps if isinstance(step, RequestStep)]
    assert (accept.request, accept.respond[0].status) == ("POST /api/v2/me/chats/${chat}", 200)
    after = [step.after.split()[0] for step in scenario.steps if isinstance(step, PushStep)]
    assert after == ["start", "accept", "accept", "accept"]
    assert scenario.source is not None
    assert scenario.source.transports == [name.partition("-")[2]]


@pytest.mark.parametrize("name", ["mitmproxy-9.mitm", "mitmproxy-10.mitm"])
def test_an_older_mitmproxys_flows_tell_the_story(name: str) -> None:
    recording = open_recording(DATA / "flows" / name)

    assert recording.notes == ()
    assert [step.id for step in told(recording).steps] == STORY


def test_a_sanitized_har_says_that_it_holds_no_cookies() -> None:
    sanitized = open_recording(HARS / "chromium-long-polling.har")
    sensitive = open_recording(HARS / "chromium-websocket.har")

    assert "holds no cookies (Chromium leaves them out unless sensitive data is allowed" in notes(sanitized)
    assert "cookies" not in notes(sensitive)
    assert any(each.request_header("Cookie") for each in sensitive.exchanges)


def test_firefox_writes_no_messages_of_websockets_and_it_is_said() -> None:
    recording = open_recording(HARS / "firefox-websocket.har")

    assert "1 WebSocket recorded without the messages (Firefox writes none, Chromium does)" in notes(
        recording
    )
    assert [each.frames for each in recording.exchanges if each.status == 101] == [()]


def test_browsers_write_a_port_where_a_connection_is_meant() -> None:
    chromium = {each.connection for each in open_recording(HARS / "chromium-long-polling.har").exchanges}
    firefox = {each.connection for each in open_recording(HARS / "firefox-long-polling.har").exchanges}

    assert len(chromium) > 2
    assert firefox == {""}


def test_an_empty_answer_that_chromium_calls_aborted_is_whole() -> None:
    exchanges = [e for e in open_recording(HARS / "chromium-long-polling.har").exchanges if e.status == 204]

    assert {each.failure for each in exchanges} == {""}


def test_a_har_of_another_site_is_refused_in_a_sentence(tmp_path: Path) -> None:
    log = json.loads((HARS / "firefox-long-polling.har").read_text(encoding="utf-8"))
    log["log"]["entries"] = [e for e in log["log"]["entries"] if "/api/" not in e["request"]["url"]]
    path = tmp_path / "other.har"
    path.write_text(json.dumps(log), encoding="utf-8")

    with pytest.raises(RecordingError) as caught:
        told(open_recording(path))
    assert str(caught.value) == "the recording holds no CometD traffic: no handshake and no event was seen"


def less(tmp_path: Path, change: Any) -> Recording:
    """The Firefox HAR with each entry changed."""
    log = json.loads((HARS / "firefox-long-polling.har").read_text(encoding="utf-8"))
    for each in log["log"]["entries"]:
        change(each)
    path = tmp_path / "less.har"
    path.write_text(json.dumps(log), encoding="utf-8")
    return open_recording(path)


def test_without_total_time_the_timings_are_added_up(tmp_path: Path) -> None:
    recording = less(tmp_path, lambda entry: entry.pop("time"))

    assert [step.id for step in told(recording).steps] == STORY
    assert "timings" not in notes(recording)


def test_without_any_time_it_is_said(tmp_path: Path) -> None:
    recording = less(tmp_path, lambda entry: [entry.pop("time"), entry.pop("timings")])

    assert "32 entries recorded without timings, so that nobody knows" in notes(recording)


def test_without_bodies_it_is_said(tmp_path: Path) -> None:
    def without(entry: Any) -> None:
        entry["response"]["content"].pop("text", None)
        entry["request"].get("postData", {}).pop("text", None)

    recording = less(tmp_path, without)

    assert "requests recorded without the body: entry " in notes(recording)
    assert "answers recorded without the body: entry " in notes(recording)


def test_a_form_recorded_as_fields_is_put_together_and_said(tmp_path: Path) -> None:
    def as_form(entry: Any) -> None:
        entry["request"]["postData"] = {"params": [{"name": "a b", "value": "ü"}, {"name": "c"}]}

    recording = less(tmp_path, as_form)

    assert {each.request_body for each in recording.exchanges} == {b"a+b=%C3%BC&c="}
    assert "recorded as fields, without the bytes that were sent" in notes(recording)
