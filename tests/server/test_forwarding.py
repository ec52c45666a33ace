"""What no step is goes to a real server: as what, what comes back, and what is written of it."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from replay.capture.preflight import parse_upstream
from replay.errors import UsageError
from replay.scenario.load import load, loads
from replay.scenario.model import RequestStep, Scenario
from replay.server import forwarding, learning
from replay.server.forwarding import Forwarder
from replay.server.learning import Learner
from replay.server.runner import Server
from replay.simulator.simulator import Options
from replay.testing import scenario
from tests.drive.servers import Handler, nobody, serving
from tests.server.conftest import Loop
from tests.server.running import run

STORY = """
version: 1
name: story
source: {recorded: "2014-01-02T00:00:00Z"}
shift_times: [at]
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
steps:
  - {id: invited, push: /a, data: "${chat}"}
  - {id: chats, request: GET /api/v2/chats, respond: {body: ["${chat}"]}}
"""


class Before:
    """A server before an upstream, and a client of it."""

    def __init__(self, upstream: str, folder: Path, text: str = STORY, **options: Any) -> None:
        self.said: list[str] = []
        self.file = folder / "story.yaml"
        self.file.write_text(text)
        self.server = Server([load(self.file)], options=Options(forward=True, **options))
        self._learner = Learner(self.server, {0: self.file}, self.said.append)
        self._forwarder = Forwarder(self.server, parse_upstream(upstream), self._learner.take)

    async def __aenter__(self) -> Before:
        await self.server.__aenter__()
        await self._learner.__aenter__()
        await self._forwarder.__aenter__()
        jar = aiohttp.CookieJar(unsafe=True)
        self.http = aiohttp.ClientSession(self.server.url, cookie_jar=jar)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()
        await self._forwarder.__aexit__(None, None, None)
        await self._learner.__aexit__(None, None, None)
        await self.server.__aexit__(None, None, None)

    async def ask(self, method: str, target: str, **said: Any) -> tuple[int, Any]:
        """Status and JSON of an answer; redirects are not followed."""
        async with self.http.request(method, target, allow_redirects=False, **said) as response:
            self.headers = response.headers
            body = await response.read()
        try:
            return response.status, json.loads(body)
        except ValueError:
            return response.status, body

    @property
    def new(self) -> Path:
        return self.file.with_name("story.new.yaml")

    @property
    def steps(self) -> dict[str, RequestStep]:
        """The new steps, as they were written."""
        known = {step.id for step in load(self.file).steps}
        found = load(self.new).steps
        return {step.id: step for step in found if isinstance(step, RequestStep) and step.id not in known}


def forwarded(handler: Handler, test: Callable[[Before], Any], folder: Path) -> Before:
    """Runs a conversation with a server before this handler; returns the server, closed."""
    made: list[Before] = []

    async def main() -> None:
        async with serving(handler) as upstream, Before(upstream, folder) as before:
            made.append(before)
            await test(before)

    run(main(), asyncio.new_event_loop)
    return made[0]


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


def test_the_upstream_is_asked_as_the_client_asked_but_for_names_and_the_connection(tmp_path: Path) -> None:
    seen: list[web.Request] = []
    bodies: list[bytes] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        bodies.append(await request.read())
        return web.Response()

    async def test(before: Before) -> None:
        url = before.server.url
        headers = {
            "Authorization": "Bearer abc",
            "Referer": f"{url}/page",
            "Connection": "keep-alive, X-Hop",
            "X-Hop": "1",
            "X-Kept": "é",
            "Cookie": "theirs=1",
        }
        await before.ask("PUT", "/a%2Fb//c?x=%20y&x=z", headers=headers, data=f'{{"at": "{url}/api/v2/me"}}')

    forwarded(handler, test, tmp_path)
    (request,) = seen
    host = request.headers["Host"]
    assert request.raw_path == "/a%2Fb//c?x=%20y&x=z"
    assert bodies == [f'{{"at": "http://{host}/api/v2/me"}}'.encode()]
    assert request.headers["Referer"] == f"http://{host}/page"
    assert request.headers["Authorization"] == "Bearer abc"
    assert request.headers["Cookie"] == "theirs=1"
    assert request.headers["Via"] == "1.1 gws-replay"
    assert "X-Hop" not in request.headers
    assert request.headers["User-Agent"].startswith("Python/")


def test_an_answer_comes_back_with_our_names_and_without_its_connection(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        own = f"http://{request.host}"
        body = gzip.compress(f'{{"uri": "{own}/api/v2/me", "other": "http://elsewhere/x"}}'.encode())
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Encoding", "gzip"),
            ("Location", f"{own}/api/v2/login"),
            ("Set-Cookie", "__Secure-a=1; Domain=upstream; Secure; SameSite=None; Path=/"),
            ("Set-Cookie", "b=2"),
            ("Connection", "X-Hop"),
            ("X-Hop", "1"),
            ("X-Kept", "1"),
        ]
        return web.Response(status=302, body=body, headers=headers)

    async def test(before: Before) -> None:
        url = before.server.url
        status, body = await before.ask("GET", "/a")
        assert (status, body) == (302, {"uri": f"{url}/api/v2/me", "other": "http://elsewhere/x"})
        assert before.headers["Location"] == f"{url}/api/v2/login"
        assert before.headers.getall("Set-Cookie") == ["replay.Secure-a=1; Path=/", "b=2"]
        assert "X-Hop" not in before.headers
        assert before.headers["X-Kept"] == "1"

    before = forwarded(handler, test, tmp_path)
    assert before.steps["get-a"].respond[0].headers["Location"] == "${base_url}/api/v2/login"


def test_no_agents_cookie_goes_to_another(tmp_path: Path) -> None:
    cookies: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie", ""))
        return web.Response(headers={"Set-Cookie": "SID=of-the-first"})

    async def test(before: Before) -> None:
        await before.ask("GET", "/a", headers={"Authorization": "Bearer ann"})
        before.http.cookie_jar.clear()
        await before.ask("GET", "/a", headers={"Authorization": "Bearer bob"})

    forwarded(handler, test, tmp_path)
    assert cookies == ["", ""]


async def _huge(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x" * 2000)


async def _strange(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x", headers={"Content-Encoding": "br"})


async def _silent(request: web.Request) -> web.StreamResponse:
    await asyncio.get_running_loop().create_future()
    raise AssertionError


async def _cut(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _half(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "10"})
    await response.prepare(request)
    await response.write(b"12345")
    return await _cut(request)


@pytest.mark.parametrize(
    ("handler", "why"),
    [
        (_huge, "answered with more than"),
        (_strange, "answered in the encoding br"),
        (_silent, "did not answer within 0.2 s"),
        (_cut, "gave no whole answer"),
        (_half, "gave no whole answer"),
    ],
)
def test_an_upstream_that_is_not_well_is_a_miss_that_says_why(
    handler: Handler, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "PATIENCE", 0.2)
    monkeypatch.setattr(forwarding, "LARGEST", 1000)

    async def test(before: Before) -> None:
        status, body = await before.ask("GET", "/a")
        assert status == 502
        assert why in body["replay"]["forward"]
        assert (await before.ask("GET", "/api/v2/chats"))[0] == 200

    before = forwarded(handler, test, tmp_path)
    assert not before.new.exists()


def test_an_upstream_that_is_down_is_a_miss_that_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        async with Before(nobody(), tmp_path) as before:
            status, body = await before.ask("GET", "/a")
            assert status == 502
            assert body["replay"]["forward"].endswith("cannot be reached: connection refused")

    run(main(), asyncio.new_event_loop)


def test_what_is_under_way_when_the_server_ends_is_let_go(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.set()
        return await _silent(request)

    async def test(before: Before) -> None:
        task = asyncio.create_task(before.ask("GET", "/a"))
        await asked.wait()
        task.cancel()
        await asyncio.wait([task])

    forwarded(handler, test, tmp_path)


def test_a_server_is_not_its_own_upstream(tmp_path: Path) -> None:
    async def main() -> None:
        async with Server([scenario("steps: []")]) as server:
            for host in ("127.0.0.1", "localhost"):
                port = server.url.rpartition(":")[2]
                own = Forwarder(server, parse_upstream(f"http://{host}:{port}"), lambda _: None)
                with pytest.raises(UsageError, match="is this server itself"):
                    await own.__aenter__()

    run(main(), asyncio.new_event_loop)


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
    assert sum("no more become steps" in line for line in before.said) == 1


def test_the_file_beside_is_none_that_is_played(tmp_path: Path) -> None:
    files = {place: tmp_path / name for place, name in enumerate(["a.yaml", "a.new.yaml", "a.yml"])}
    scenarios: list[Scenario] = [loads("version: 1\nname: a\nsteps: []\n")] * 3
    assert [path.name for path in learning._beside(files, scenarios)] == [
        "a.new-2.yaml",
        "a.new.new.yaml",
        "a.new-3.yaml",
    ]
