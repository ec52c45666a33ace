"""Nothing secret and nothing personal is in any file that a recording leaves."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from click.testing import CliRunner
from mitmproxy.io import FlowReader

from replay.capture.recording import Recording
from replay.cli.check import check
from replay.cli.distil import distil

from .planted import CANARIES, PERSONS, Centre, over_frames, over_polls
from .proxies import Upstream, recording

Story = Callable[[str], None]

SAMPLE = [(over_polls, "gzip"), (over_frames, "")]
REST = [(over_polls, ""), (over_polls, "deflate"), (over_polls, "br"), (over_frames, "zstd")]
WAYS = [*SAMPLE, *(pytest.param(*way, marks=pytest.mark.full) for way in REST)]


def spellings(canary: str) -> Iterator[bytes]:
    """How it may be written, wherever in a longer text it began."""
    raw = canary.encode()
    yield raw
    for shift in range(3):
        # The letters at either end hold bits of what stands beside.
        encoded = base64.b64encode(b"x" * shift + raw)
        yield encoded[(0, 2, 3)[shift] : -4]
        yield encoded[(0, 2, 3)[shift] : -4].replace(b"+", b"-").replace(b"/", b"_")
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for quoted in (quote(canary), quote(canary, safe=""), quote_plus(canary)):
        yield quoted.encode()
        yield quoted.lower().encode()
        yield quote(quoted).encode()
    in_json = json.dumps(canary)[1:-1]
    yield in_json.encode()
    yield in_json.replace("/", "\\/").encode()
    yield json.dumps(in_json)[1:-1].encode()


def unpacked(data: bytes) -> Iterator[bytes]:
    """The bytes, and what they may be when they are packed."""
    yield data
    unpackers: list[Callable[[bytes], bytes]] = [
        lambda each: zlib.decompress(each, zlib.MAX_WBITS | 32),
        lambda each: zlib.decompress(each, -zlib.MAX_WBITS),
        import_module("brotli").decompress,
        lambda each: import_module("zstandard").ZstdDecompressor().decompressobj().decompress(each),
    ]
    for unpack in unpackers:
        try:
            yield unpack(data)
        except Exception:  # noqa: BLE001  it is not packed so
            continue


def written(folder: Path) -> Iterator[bytes]:
    """All there is in a folder: each file, and each body and frame of a recording, packed or not."""
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        yield path.read_bytes()
        if path.suffix == ".mitm":
            with path.open("rb") as file:
                for flow in FlowReader(file).stream():
                    parts: list[Any] = [flow.request.raw_content, flow.response and flow.response.raw_content]
                    parts += [each.content for each in flow.websocket.messages] if flow.websocket else []
                    for part in parts:
                        yield from unpacked(part or b"")


def found(folder: Path) -> list[str]:
    """The names of the canaries that can be read in the folder's files."""
    haystack = b"\0".join(written(folder))
    return [name for name, canary in CANARIES.items() if any(each in haystack for each in spellings(canary))]


def record(folder: Path, story: Story, encoding: str, **settings: Any) -> Recording:
    with (
        Upstream(Centre(encoding)) as upstream,
        recording(upstream.url, folder / "x.mitm", **settings) as proxy,
    ):
        story(proxy.url)
    return proxy.read()


@pytest.mark.parametrize(("story", "encoding"), WAYS)
def test_no_canary_is_in_any_file_that_record_and_distil_leave(
    tmp_path: Path, story: Story, encoding: str
) -> None:
    record(tmp_path, story, encoding)
    told = CliRunner().invoke(distil, [str(tmp_path / "x.mitm"), "--to", str(tmp_path / "x.yaml")])

    assert (told.exit_code, told.exception) == (0, None)
    assert (tmp_path / "x.yaml").stat().st_size > 1000
    assert found(tmp_path) == []
    looked_into = CliRunner().invoke(check, ["--secrets", str(tmp_path / "x.mitm"), str(tmp_path / "x.yaml")])
    assert (looked_into.exit_code, looked_into.stderr) == (0, "")


@pytest.mark.parametrize("story", [over_polls, pytest.param(over_frames, marks=pytest.mark.full)])
def test_every_canary_was_planted_and_a_leak_would_be_seen(tmp_path: Path, story: Story) -> None:
    record(tmp_path, story, "gzip", redact=False)

    assert found(tmp_path) == list(CANARIES)
    (tmp_path / "clean").mkdir()
    told = CliRunner().invoke(distil, [str(tmp_path / "x.mitm"), "--to", str(tmp_path / "clean" / "x.yaml")])
    assert told.exit_code == 0
    assert found(tmp_path / "clean") == []


def test_equal_values_are_equal_pseudonyms_in_requests_and_events(tmp_path: Path) -> None:
    exchanges = [*record(tmp_path, over_polls, "").exchanges]
    bodies = [
        (each.url, json.loads(each.request_body)) for each in exchanges if each.request_body.startswith(b"{")
    ]
    asked = {body["operationName"]: body for _, body in bodies if "operationName" in body}
    (me,) = [
        json.loads(each.response_body or b"")["user"]
        for each in exchanges
        if each.request_header("authorization").startswith("Basic")
    ]
    pushed = [
        message["data"]
        for each in exchanges
        if each.url.endswith("/cometd")
        for message in json.loads(each.response_body or b"")
        if "data" in message
    ]
    chat = next(each["chat"] for each in pushed if each.get("referenceId") == 17)
    agent, customer = chat["participants"]
    log, said = (each["messages"] for each in pushed if "messages" in each)
    alert = next(each["title"] for each in pushed if "note" in each)

    assert agent["nickname"] == asked["Accept"]["nickname"] == me["firstName"] != PERSONS["nickname"]
    assert me["userName"] == agent["nickname"].lower()
    assert me["path"] == f"/users/{me['userName']}"
    assert any(f"/api/v2/users/{me['userName']}?" in each.url for each in exchanges)
    assert said[0]["text"] == asked["SendMessage"]["text"] != PERSONS["reply"]
    assert customer["nickname"] == chat["userData"]["FirstName"] != PERSONS["first"]
    assert chat["userData"]["LastName"] in log[0]["text"]
    assert alert == f"{customer['nickname']} {chat['userData']['LastName']} waits"
    # What is the story stays, and shapes do.
    assert (chat["id"], chat["state"], agent["participantId"]) == (
        "0000Na9B26EF002X",
        "Chatting",
        "009052C5E743004C",
    )
    assert chat["userData"]["EmailAddress"].endswith(".example.com")
    assert [each if each in " -+()" else "0" for each in me["devices"][0]["phoneNumber"]] == [
        each if each in " -+()" else "0" for each in PERSONS["agent phone"]
    ]
    assert [len(word) for word in said[0]["text"].split()] == [len(word) for word in PERSONS["reply"].split()]


def test_rules_of_ones_own_say_what_is_recorded(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("fields: {lastName: keep, loyalty: drop}\ncookies: {extra: keep}\n")

    exchanges = [*record(tmp_path, over_polls, "", rules=rules).exchanges]

    with (tmp_path / "x.mitm").open("rb") as file:
        assert {flow.metadata["replay.redacted"] for flow in FlowReader(file).stream()} == {"rules.yaml"}
    assert "last" in found(tmp_path)
    assert not {"first", "session", "loyalty"} & {*found(tmp_path)}
    assert any("extra=" + quote(CANARIES["cookie"]) in each.request_header("cookie") for each in exchanges)
