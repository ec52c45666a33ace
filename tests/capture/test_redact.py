from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from replay.capture import tnetstrings
from replay.capture.recording import open_recording
from replay.capture.redact import cleaned
from replay.cli.distil import distil
from replay.cli.redact import redact
from replay.errors import RecordingError, UsageError
from replay.exchange import Exchange

from .proxies import DATA

RECORDED = "lp_cometdjs9_java"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(redact, [str(each) for each in arguments])


def skeleton(exchange: Exchange) -> dict[str, Any]:
    """All of an exchange that redaction has to leave alone."""
    kept = msgspec.structs.asdict(exchange)
    for name in (
        "request_body",
        "response_body",
        "frames",
        "redacted",
        "request_headers",
        "response_headers",
    ):
        del kept[name]
    return kept


def named(value: object) -> object:
    """Names of fields and types of values."""
    if isinstance(value, dict):
        return {name: named(inner) for name, inner in value.items()}
    return [named(each) for each in value] if isinstance(value, list) else type(value)


@pytest.mark.parametrize("kind", ["mitm", "har"])
def test_a_clean_copy_is_the_same_recording_but_for_what_was_replaced(tmp_path: Path, kind: str) -> None:
    source = DATA / f"{RECORDED}.{kind}"
    before = source.read_bytes()

    result = run(source, tmp_path / f"x.{kind}")

    assert (result.exit_code, source.read_bytes()) == (0, before)
    assert result.stderr == f"{tmp_path}/x.{kind}: 10 exchanges, cleaned by the rules default\n"
    one, other = (
        list(open_recording(source).exchanges),
        list(open_recording(tmp_path / f"x.{kind}").exchanges),
    )
    assert [skeleton(each) for each in one] == [skeleton(each) for each in other]
    assert all(each.redacted for each in other)
    assert [len(each.request_headers) for each in one] == [len(each.request_headers) for each in other]
    for left, right in zip(one, other, strict=True):
        assert named(json.loads(left.response_body or b"{}")) == named(
            json.loads(right.response_body or b"{}")
        )
    text = b"".join(each.response_body or b"" for each in other)
    assert b"Chatting" in text
    assert b"Marat" not in text
    assert b"Hello World" not in text


def test_the_copy_is_for_its_owner_alone_and_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run(DATA / f"{RECORDED}.mitm", tmp_path / name / "x.mitm").exit_code == 0

    assert (tmp_path / "one" / "x.mitm").read_bytes() == (tmp_path / "two" / "x.mitm").read_bytes()
    assert stat.S_IMODE((tmp_path / "one" / "x.mitm").stat().st_mode) == 0o600
    assert [each.name for each in (tmp_path / "one").iterdir()] == ["x.mitm"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "x.mitm"
    source.write_bytes((DATA / f"{RECORDED}.mitm").read_bytes())
    (tmp_path / "y.mitm").write_text("precious")
    (tmp_path / "z.mitm").symlink_to(source)

    said = [str(run(source, tmp_path / name).exception) for name in ("x.mitm", "y.mitm", "z.mitm")]

    assert said == [
        f"{tmp_path}/x.mitm is the recording itself: name another file for the clean copy",
        f"{tmp_path}/y.mitm is there already: name another file for the clean copy",
        f"{tmp_path}/z.mitm is the recording itself: name another file for the clean copy",
    ]
    assert (tmp_path / "y.mitm").read_text() == "precious"
    assert source.read_bytes() == (DATA / f"{RECORDED}.mitm").read_bytes()


def test_what_cannot_be_read_or_written_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.har").write_text('{"log": {"entries": [')
    (tmp_path / "x.txt").write_text("hello")
    (tmp_path / "file").write_text("")

    said = {
        name: run(path, tmp_path / to).exception
        for name, path, to in (
            ("har", tmp_path / "x.har", "out"),
            ("text", tmp_path / "x.txt", "out"),
            ("absent", tmp_path / "nowhere", "out"),
            ("folder", DATA / f"{RECORDED}.mitm", "file/out"),
        )
    }

    assert [type(each) for each in said.values()] == [RecordingError] * 3 + [UsageError]
    assert str(said["har"]).endswith("x.har is not a whole HAR: its JSON breaks off or is wrong.")
    assert str(said["text"]).endswith("x.txt is neither a mitmproxy flow file nor a HAR.")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "x.har", "x.txt"]


def test_half_a_file_gives_what_is_whole_and_says_so(tmp_path: Path) -> None:
    result = run(DATA / "broken_truncated.mitm", tmp_path / "x.mitm")

    assert result.exit_code == 0
    assert "broken_truncated.mitm ends in the middle of a flow; 7 flows before it were read" in result.stderr
    assert len(open_recording(tmp_path / "x.mitm").exchanges) == 7


def flow(data: Path, *, path: str = "", body: bytes = b"", encoding: bytes = b"identity") -> None:
    """Write one more flow, made of a recorded one."""
    first = (DATA / f"{RECORDED}.mitm").read_bytes()
    length, _, rest = first.partition(b":")
    state = tnetstrings.value(rest, tnetstrings.whole(rest[: int(length)]))
    state["request"]["path"] = path.encode() or state["request"]["path"]
    state["response"] |= {"content": body, "headers": [(b"content-encoding", encoding)]}
    state["metadata"] = {"proxyauth": "ann:hunter22"}
    state["client_conn"]["certificate_list"] = [b"-----BEGIN CERTIFICATE-----"]
    with data.open("ab") as file:
        file.write(tnetstrings.dumps(state))


def test_a_name_is_found_before_the_exchange_that_tells_it(tmp_path: Path) -> None:
    source, clean = tmp_path / "x.mitm", tmp_path / "y.mitm"
    flow(source, path="/search?q=Berencsizy", body=b'{"statusMessage": "no Berencsizy, no tok-abcdef-123"}')
    flow(source, body=b'{"lastName": "Berencsizy", "token": "tok-abcdef-123"}')

    assert run(source, clean).exit_code == 0
    told = list(cleaned(open_recording(source).exchanges, source))

    for first, second in (list(open_recording(clean).exchanges), told):
        name = json.loads(second.response_body or b"")["lastName"]
        token = json.loads(second.response_body or b"")["token"]
        assert first.url.endswith(f"/search?q={name}")
        assert json.loads(first.response_body or b"") == {"statusMessage": f"no {name}, no {token}"}
        assert name != "Berencsizy"
    assert b"Berencsizy" not in clean.read_bytes()


def test_what_nobody_could_clean_is_left_out(tmp_path: Path) -> None:
    source, clean = tmp_path / "x.mitm", tmp_path / "y.mitm"
    flow(source, body=b"\x01\x02\x03\xff", encoding=b"rot13")
    source.write_bytes(
        source.read_bytes() + tnetstrings.dumps({"version": 21, "type": "tcp", "messages": []})
    )

    result = run(source, clean)

    assert "1 body left out, being in an encoding that cannot be undone here: flow 1" in result.stderr
    assert "1 flow left out, being no HTTP: nobody knows how to clean it" in result.stderr
    (exchange,) = open_recording(clean).exchanges
    assert exchange.response_body is None
    assert b"hunter22" not in clean.read_bytes()
    assert b"CERTIFICATE" not in clean.read_bytes()


def test_what_our_recorder_cleaned_is_distilled_as_it_is(tmp_path: Path) -> None:
    source, clean = DATA / f"{RECORDED}.mitm", tmp_path / f"{RECORDED}.mitm"
    assert run(source, clean).exit_code == 0

    told = {
        name: CliRunner().invoke(distil, [str(path), *flags]).stdout
        for name, path, flags in (
            ("clean", clean, []),
            ("clean, kept", clean, ["--no-redact"]),
            ("kept", source, ["--no-redact"]),
            ("cleaned now", source, []),
        )
    }

    assert told["clean"] == told["clean, kept"] == told["cleaned now"]
    assert "nickname: {recorded: Marat}" in told["kept"]
    assert "Marat" not in told["clean"]


def test_a_rules_file_is_for_distil_and_redact_alike(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("fields: {nickname: keep, text: drop}\n")
    source, clean = DATA / f"{RECORDED}.mitm", tmp_path / f"{RECORDED}.mitm"

    assert run(source, clean, "--rules", tmp_path / "rules.yaml").exit_code == 0
    told = [
        CliRunner().invoke(distil, arguments).stdout
        for arguments in ([str(clean)], [str(source), "--redact", str(tmp_path / "rules.yaml")])
    ]

    assert told[0] == told[1]
    assert "nickname: {recorded: Marat}" in told[0]
    assert 'text: ""' in told[0]
