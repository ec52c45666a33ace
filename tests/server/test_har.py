"""What was heard and said, asked for as a HAR: by a call, in a program, at the end of `replay serve`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from click.testing import CliRunner

import replay
from replay.capture.recording import open_recording
from replay.capture.rules import load_rules
from replay.cli.serve import serve as command
from replay.errors import SurroundingsError, UsageError
from replay.server.har import parts_of
from replay.server.har_file import check_place, write_har
from replay.traffic import Traffic
from replay.wire import Request
from tests.road.software import ROOT, Process

from .before import Before, forwarded
from .conftest import Loop, one_loop
from .running import STORY, run
from .steered import Steered

loop = one_loop

SCENARIO = ROOT / "scenarios" / "accept-chat.yaml"


def entries(har: Any) -> list[tuple[str, int]]:
    """URL, without scheme and host, and status of each."""
    return [
        ("/" + each["request"]["url"].split("/", 3)[3], each["response"]["status"])
        for each in har["log"]["entries"]
    ]


def test_the_call_says_what_was_heard_and_said(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            await running.join()
            await running.looks()
            url = f"{running.server.control_url}/journal?format=har"
            async with running.http.get(url) as response:
                head = response.headers
                har = await response.json()

            assert head["Content-Disposition"] == 'attachment; filename="journal.har"'
            assert entries(har) == [
                ("/cometd/handshake", 200),
                ("/cometd/", 200),
                ("/cometd/connect", 200),
                ("/look", 200),
            ]
            look = har["log"]["entries"][-1]
            assert look["response"]["content"]["text"] == '"seen"'
            assert look["response"]["content"]["mimeType"] == "application/json;charset=UTF-8"
            assert running.client_id not in json.dumps(har)

    run(main(), loop)


ASIDE = {"Connection", "Date", "Server", "Content-Length", "Set-Cookie"}
"""Headers of the connection, and one that is a pseudonym."""


def test_each_answer_is_what_the_client_got(loop: Loop) -> None:
    async def main() -> None:
        async with Steered(STORY) as running:
            got = []
            for path in ("/where", "/framed", "/empty", "/nothing"):
                async with running.http.get(running.server.url + path) as response:
                    fields = sorted((k, v) for k, v in response.headers.items() if k not in ASIDE)
                    got.append((response.status, fields, await response.text()))
            _, har = await running.call("GET", "journal?format=har")
            told = []
            for answer in (each["response"] for each in har["log"]["entries"]):
                named = [(field["name"], field["value"]) for field in answer["headers"]]
                fields = sorted((k, v) for k, v in named if k not in ASIDE)
                told.append((answer["status"], fields, answer["content"].get("text", "")))

            assert told == got
            assert [status for status, *_ in told] == [200, 200, 204, 404]

    run(main(), loop)


def test_of_a_real_server_nothing_secret_or_personal_is_in_it(tmp_path: Path) -> None:
    personal = {
        "firstName": "Roberta",
        "text": "call me on +1 415 555 0199",
        "access_token": "s3cr3t-t0ken-of-the-upstream",
    }

    async def handler(request: web.Request) -> web.Response:
        return web.json_response(personal | {"state": "open"})

    hars: list[bytes] = []

    async def test(before: Before) -> None:
        asked = {"firstName": "Carlotta", "operationName": "Look"}
        assert (await before.ask("POST", "/api/v2/users/Roberta", json=asked))[1]["firstName"] == "Roberta"
        stage = before.server.stage
        hars.append(b"".join(parts_of(stage.simulator, stage.traffic, stage.clock.now())))

    forwarded(handler, test, tmp_path)
    (entry,) = json.loads(hars[0])["log"]["entries"]
    for said in ("Roberta", "Carlotta", "415 555", "s3cr3t"):
        assert said not in str(entry)
    assert json.loads(entry["request"]["postData"]["text"])["operationName"] == "Look"
    assert json.loads(entry["response"]["content"]["text"])["state"] == "open"
    assert entry["_replay_redacted"] == load_rules().name


def test_what_says_nothing_of_a_har_is_refused(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            status, what, help_ = await running.refused("GET", "journal?format=har&kind=event")
            assert (status, help_) == (400, "It takes agent; leave it out for all.")
            assert what == "a HAR holds requests, not entries: 'kind' cannot be said of it"
            assert (await running.refused("GET", "journal?format=har&since=3"))[0] == 400
            assert (await running.refused("GET", "journal?format=xml"))[0] == 400

    run(main(), loop)


def test_others_have_their_turn_while_much_is_exported(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            stage = running.server.stage
            for number in range(10_000, 11_000):
                stage.traffic.keep(
                    Request(exchange=number, method="GET", path="/x", base_url="http://h"), 1000.0
                )
            order = []

            async def export() -> None:
                assert len((await running.call("GET", "journal?format=har"))[1]["log"]["entries"]) >= 1000
                order.append("exported")

            async def look() -> None:
                await running.looks()
                order.append("answered")

            await asyncio.gather(export(), look())
            assert order == ["answered", "exported"]

    run(main(), loop)


def test_a_server_that_ends_waits_for_no_one_who_exports(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running, aiohttp.ClientSession() as http:
            stage = running.server.stage
            for number in range(10_000, 11_000):
                asked = Request(exchange=number, method="GET", path="/x", base_url="http://h")
                stage.traffic.keep(asked, 1000.0)
            answer = await http.get(f"{running.server.control_url}/journal?format=har")
            await running.server.__aexit__(None, None, None)
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()

    run(main(), loop)


def test_two_who_ask_at_once_get_the_same_and_are_told_what_went_before(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            traffic = running.server.stage.traffic = Traffic(most_rows=200)
            for number in range(10_000, 10_300):
                traffic.keep(Request(exchange=number, method="GET", path="/x", base_url="http://h"), 1000.0)
            calls = (running.call("GET", "journal?format=har") for _ in range(2))
            (_, one), (_, other) = await asyncio.gather(*calls)

            assert one == other
            kept = len(one["log"]["entries"])
            assert one["log"]["comment"] == f"Only the latest: {300 - kept} exchanges went before."

    run(main(), loop)


def test_a_program_has_it_as_bytes(loop: Loop) -> None:
    async def main() -> None:
        async with replay.serve(SCENARIO, clock="manual") as simulator, aiohttp.ClientSession() as http:
            for user in ("ann", "bob"):
                named = {"Authorization": aiohttp.encode_basic_auth(user, "a password")}
                async with http.get(f"{simulator.url}/nothing?of={user}", headers=named):
                    pass
            assert len(json.loads(simulator.har())["log"]["entries"]) == 2
            assert entries(json.loads(simulator.har(agent="bob"))) == [("/nothing?of=bob", 404)]
            assert entries(json.loads(simulator.har(agent="carl"))) == []

    run(main(), loop)


def serve(*flags: str) -> list[str]:
    return [sys.executable, "-m", "replay", "serve", str(SCENARIO), "--port", "0", "--print-url", *flags]


def test_serve_writes_it_when_it_ends_and_keeps_the_one_before(tmp_path: Path) -> None:
    har = tmp_path / "run.har"
    har.write_text("before")
    process = Process(*serve("--har", str(har)))
    urllib.request.urlopen(f"{process.word('http://')}/api/v2/me").close()
    assert har.read_text() == "before"

    assert process.stop(signal.SIGTERM) == 0, process.output
    assert f"note: what {har} held before is kept as {har}~" in process.output
    assert (tmp_path / "run.har~").read_text() == "before"
    assert [each.status for each in open_recording(har).exchanges] == [200]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["run.har", "run.har~"]


def test_whoever_is_in_a_hurry_cuts_the_writing_of_very_much_short(tmp_path: Path) -> None:
    har = tmp_path / "run.har"
    process = Process(*serve("--har", str(har), "--log-level", "error"))
    url = f"{process.word('http://')}/api/v2/nothing"
    text = json.dumps({"text": "a word or two " * 4_000}).encode()
    for _ in range(60):
        asked = urllib.request.Request(url, text, {"Content-Type": "application/json"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked)
        refused.value.close()
    process._popen.send_signal(signal.SIGINT)
    process.word("writing")

    assert process.stop() == 0, process.output
    assert f"{har} is not written" in process.output
    assert list(tmp_path.iterdir()) == []


def test_where_it_cannot_be_written_serve_says_so_before_it_plays(tmp_path: Path) -> None:
    har = tmp_path / "missing" / "run.har"
    ended = subprocess.run(serve("--har", str(har)), capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == f"replay: {har} cannot be written: No such file or directory\n"


def test_a_folder_is_no_place_for_it(tmp_path: Path) -> None:
    with pytest.raises(SurroundingsError, match="cannot be written: it is a folder"):
        check_place(tmp_path)


def test_no_file_takes_the_place_of_a_pipe_or_a_device(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    with pytest.raises(SurroundingsError, match="pipe cannot be written: it is no file"):
        check_place(pipe)


def test_of_a_link_it_is_the_file_that_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    file, link = tmp_path / "there" / "run.har", tmp_path / "link.har"
    file.write_text("before")
    link.symlink_to(file)

    kept = write_har(link, [b"now"])

    assert link.is_symlink()
    assert kept is not None
    assert (file.read_text(), kept.read_text()) == ("now", "before")


def test_it_does_not_overwrite_what_is_read_or_the_journal(tmp_path: Path) -> None:
    one = str(tmp_path / "x")
    for flags, said in (
        (("--har", str(SCENARIO)), "is what is to be read: name another file with --har"),
        (("--journal", one, "--har", one), "is the journal: name another file with --har"),
    ):
        ended = CliRunner().invoke(command, [str(SCENARIO), *flags])
        assert isinstance(ended.exception, UsageError)
        assert said in str(ended.exception)


def test_what_breaks_off_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    har = tmp_path / "run.har"
    har.write_text("before")

    def parts() -> Any:
        yield b"{"
        raise OSError(28, "No space left on device")

    with pytest.raises(SurroundingsError, match=r"run.har cannot be written: No space left on device"):
        write_har(har, parts())
    assert [each.read_text() for each in tmp_path.iterdir()] == ["before"]
