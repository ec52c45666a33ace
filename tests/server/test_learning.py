"""What the upstream said is written as new steps: which, and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from replay.scenario.load import load, loads
from replay.scenario.model import Scenario
from replay.server import learning
from replay.server.runner import Server
from replay.testing import scenario
from tests.drive.servers import nobody
from tests.server.before import Before, forwarded
from tests.server.conftest import Loop
from tests.server.running import run, until

UPSTREAM = """
variables:
  any: {recorded: x}
  entry: {recorded: 0000Na9B26EF00AB, make: interaction-id}
steps:
  - id: entries
    request: GET /api/v2/chats/${any}/entries
    respond:
      body:
        chat: "${any}"
        entries: [{id: "${entry}", uri: "${base_url}/api/v2/entries/${entry}"}]
  - {id: entry, request: "GET /api/v2/entries/${entry}", respond: {body: {state: open}}}
  - id: write
    request: POST /api/v2/entries
    body: {operationName: Write}
    respond: {status: 201, body: {ok: 1}}
"""


async def talk(server: Before) -> list[Any]:
    """What a client is told that asks for one thing after the other."""
    _, (chat,) = await server.ask("GET", "/api/v2/chats")
    status, found = await server.ask("GET", f"/api/v2/chats/{chat}/entries")
    assert found["chat"] == chat
    said = found["entries"][0]
    assert said["uri"] == f"{server.server.url}/api/v2/entries/{said['id']}"
    entry = await server.ask("GET", f"/api/v2/entries/{said['id']}")
    written = await server.ask("POST", "/api/v2/entries", json={"operationName": "Write", "text": "Hi"})
    return [status, len(found["entries"]), entry, written]


def test_what_is_forwarded_is_told_as_steps_that_answer_the_same(tmp_path: Path, loop: Loop) -> None:
    answers: list[Any] = []

    async def main() -> None:
        upstream = Server([scenario(UPSTREAM, name="upstream")])
        async with upstream, Before(upstream.url, tmp_path) as before:
            answers.append(await talk(before))
            assert before.server.stage.simulator.journal.counts["miss"] == 3
        path = before.new
        assert before.said == [
            f"what the upstream answers is written to {path}",
            f"{path} has 3 new steps of 3 forwarded requests: check it, and take over what you like",
        ]
        async with Before(nobody(), tmp_path, path.read_text()) as again:
            answers.append(await talk(again))
            assert again.server.stage.simulator.journal.counts["miss"] == 0

    run(main(), loop)
    assert answers[0] == answers[1] == [200, 1, (200, {"state": "open"}), (201, {"ok": 1})]


def test_the_new_steps_name_what_was_made_and_are_placed_at_the_end(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        chat = request.path.split("/")[4]
        return web.json_response({"chat": chat, "uri": f"http://{request.host}/api/v2/x", "at": 1700000000})

    async def test(before: Before) -> None:
        _, (chat,) = await before.ask("GET", "/api/v2/chats")
        await before.ask("POST", f"/api/v2/chats/{chat}/notes?full=1", json={"operationName": "Note"})

    before = forwarded(handler, test, tmp_path)
    written = load(before.new)
    assert [step.id for step in written.steps] == ["invited", "chats", "note"]
    step = before.steps["note"]
    assert step.request == "POST /api/v2/chats/${chat}/notes?full=1"
    assert step.body == {"operationName": "Note"}
    assert step.respond[0].body["chat"] == "${chat}"
    assert step.respond[0].body["uri"] == "${base_url}/api/v2/x"
    assert step.respond[0].body["at"] < 1700000000
    assert "upstream" in step.about
    assert load(before.file).steps == written.steps[:2]


def test_the_same_request_again_asks_again_and_is_told_once(tmp_path: Path) -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response(len(asked))

    async def test(before: Before) -> None:
        assert [await before.ask("GET", "/a") for _ in range(3)] == [(200, 1), (200, 2), (200, 3)]

    before = forwarded(handler, test, tmp_path)
    assert [answer.body for answer in before.steps["get-a"].respond] == [1]
    assert "1 new step of 3 forwarded requests" in before.said[-1]


def test_secrets_and_persons_are_replaced_before_anything_is_written(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        answer = {"firstName": "Roberta", "token": "s3cr3t-t0ken-of-the-upstream", "ok": True}
        return web.json_response(answer, headers={"Set-Cookie": "SID=abcdefgh12345678; Path=/"})

    async def test(before: Before) -> None:
        secret = {"operationName": "Login", "password": "correct horse battery", "place": "Agent1"}
        await before.ask("POST", "/api/v2/login?access_token=zyxwvu987654", json=secret)

    before = forwarded(handler, test, tmp_path)
    text = before.new.read_text()
    for said in ("Roberta", "s3cr3t", "correct horse", "zyxwvu", "abcdefgh1234"):
        assert said not in text
    step = before.steps["login"]
    assert step.request == "POST /api/v2/login"
    assert step.body["operationName"] == "Login"
    assert "password" not in step.body


def test_pages_and_failures_of_the_upstream_are_passed_on_and_not_told(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        status = 503 if request.path == "/down" else 200
        return web.Response(status=status, text="<p>", content_type="text/html")

    async def test(before: Before) -> None:
        assert await before.ask("GET", "/index.html") == (200, b"<p>")
        assert await before.ask("GET", "/down") == (503, b"<p>")

    assert not forwarded(handler, test, tmp_path).new.exists()


def test_what_can_be_anything_is_written_so_that_it_can_be_played(tmp_path: Path) -> None:
    """Bodies of bytes, of no JSON, of `${`, deep ones, empty ones; odd methods and paths."""
    answers = {
        "/bytes": b"\x00\xff\xfe",
        "/dollar": b'{"a": "${x} $${y}", "${z}": 1}',
        "/deep": b"[" * 300 + b"]" * 300,
        "/empty": b"",
        "/text": "é\r\n\x00 ${".encode(),
        "/a%20b/$%7Bc%7D": b"1",
        "/null": b"null",
    }

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=answers[request.raw_path.partition("?")[0]], headers={"X-Odd": "${q"})

    async def test(before: Before) -> None:
        for path in answers:
            await before.ask("PATCH", f"{before.server.url}{path}?q=$%7Bx%7D", data=b"\xff")
        await before.ask("BREW", "/null")

    before = forwarded(handler, test, tmp_path)
    assert not [line for line in before.said if "cannot" in line]
    assert len(before.steps) == len(answers)


def test_ever_new_requests_fill_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "MOST", 3)

    async def handler(request: web.Request) -> web.Response:
        return web.json_response(1)

    async def test(before: Before) -> None:
        for number in range(6):
            await before.ask("GET", f"/a?n={number}")

    before = forwarded(handler, test, tmp_path)
    assert len(before.steps) == 3
    assert before.said.count("note: 3 different requests are enough: no more become steps") == 1


def test_what_a_person_has_edited_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "QUIET", 0.01)

    async def handler(request: web.Request) -> web.Response:
        return web.json_response(1)

    async def test(before: Before) -> None:
        await before.ask("GET", "/a")
        await until(before.new.exists)
        before.new.write_text("mine")
        await before.ask("GET", "/b")

    before = forwarded(handler, test, tmp_path)
    assert (tmp_path / "story.new.yaml~").read_text() == "mine"
    assert before.said[-2].endswith(f"; what it held before is kept as {before.new}~")
    assert len(before.steps) == 2


def test_the_file_beside_is_none_that_is_played(tmp_path: Path) -> None:
    files = {place: tmp_path / name for place, name in enumerate(["a.yaml", "a.new.yaml", "a.yml"])}
    scenarios: list[Scenario] = [loads("version: 1\nname: a\nsteps: []\n")] * 3
    assert [path.name for path in learning._beside(files, scenarios)] == [
        "a.new-2.yaml",
        "a.new.new.yaml",
        "a.new-3.yaml",
    ]
