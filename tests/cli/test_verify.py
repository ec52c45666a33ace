"""`replay verify` before servers that do as they should, and before all kinds that do not."""

from __future__ import annotations

import asyncio
import base64
import html
import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from replay.cli.verify import verify
from replay.drive.answer import LARGEST
from replay.errors import UsageError
from replay.plan.pace import Pace
from replay.scenario.load import load
from replay.server.runner import Server
from replay.server.tls import context
from replay.simulator.options import Options
from tests.certificates import self_signed
from tests.drive.servers import Handler, aside, messages_of, nobody, replies, serving

ROOT = Path(__file__).parents[2]
ACCEPT = ROOT / "scenarios" / "accept-chat.yaml"
STORY = """
version: 1
name: story
cometd: {path: /cometd}
session: [{id: me, request: GET /me, respond: {body: {statusCode: 0}}}]
steps:
  - {id: invited, push: /chats, data: {chat: {state: Invited}}}
  - id: accept
    request: POST /chat
    body: {operationName: Accept}
    respond: {body: {statusCode: 0, statusMessage: ok}}
  - {id: chatting, push: /chats, after: accept, data: {chat: {state: Chatting}}}
"""
SECRETS = {
    "cookie": "c00kie-of-it",
    "client": "cl1ent-of-it",
    "csrf": "t0ken-of-it",
    "password": "pass/wörd<1>",
}

pytestmark = pytest.mark.live


@pytest.fixture
def story(tmp_path: Path) -> str:
    path = tmp_path / "story.yaml"
    path.write_text(STORY, encoding="utf-8")
    return str(path)


def run(file: str | Path, target: str, *options: str, **environment: str) -> Result:
    arguments = [str(file), "--target", target, "--patience", "400ms", *options]
    return CliRunner().invoke(verify, arguments, env=environment)


def server(**changed: Handler) -> Handler:
    """Plays the story as it stands, but for what answers these: `me`, `cometd`, `chat`."""

    async def cometd(request: web.Request) -> web.StreamResponse:
        messages = await messages_of(request)
        events: list[dict[str, Any]] = []
        if messages[0]["channel"] == "/meta/handshake":
            told.clear()
            accepted.append(asyncio.Event())
        elif messages[0]["channel"] == "/meta/subscribe":
            events = [{"channel": "/chats", "data": {"chat": {"state": "Invited"}}}]
        elif messages[0]["channel"] == "/meta/connect" and "advice" not in messages[0]:
            await accepted[-1].wait()
            if not told:
                told.append(True)
                events = [{"channel": "/chats", "data": {"chat": {"state": "Chatting"}}}]
            else:
                await asyncio.Event().wait()
        return web.json_response(replies(messages, *events, clientId=SECRETS["client"]))

    async def chat(_: web.Request) -> web.StreamResponse:
        accepted[-1].set()
        return web.json_response({"statusCode": 0, "statusMessage": "ok"})

    async def me(_: web.Request) -> web.StreamResponse:
        return web.json_response({"statusCode": 0})

    async def handler(request: web.Request) -> web.StreamResponse:
        first = request.path.split("/")[1]
        return await ({"me": me, "cometd": cometd, "chat": chat} | changed)[first](request)

    told: list[bool] = []
    accepted: list[asyncio.Event] = []
    return handler


def answering(**fields: Any) -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(**fields)

    return answer


async def silent(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def closing(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def simulating(file: str | Path = ACCEPT, *, at_its_pace: bool = False) -> AsyncIterator[str]:
    """Our own server, with the scenario that comes with the package unless said, and without waits."""
    options = Options() if at_its_pace else Options(pace=Pace(None))
    async with Server([load(Path(file))], port=0, options=options) as simulated:
        yield simulated.url


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
def test_a_server_that_plays_the_scenario_passes(transport: str) -> None:
    with aside(simulating()) as url:
        result = run(ACCEPT, url, "--transport", transport, "--patience", "20s")

    assert (result.exit_code, result.stdout) == (
        0,
        f"PASS: {url} plays accept-chat as accept-chat says, 8 steps\n",
    )


def test_a_chat_that_the_next_one_follows_at_once_passes_and_the_next_one_is_not_looked_at(
    tmp_path: Path,
) -> None:
    again = tmp_path / "again.yaml"
    again.write_text(f"{ACCEPT.read_text()}\nagain: history + 20s\n")
    with aside(simulating(again)) as url:
        result = run(again, url, "--patience", "20s")

    assert (result.exit_code, result.stdout) == (
        0,
        f"PASS: {url} plays accept-chat as {again} says, 8 steps\n",
    )


def test_what_differs_is_said_with_its_neighbours_and_the_first_line_says_what_to_do(story: str) -> None:
    with aside(serving(server(chat=answering(status=403, text="{}")))) as url:
        result = run(story, url)

    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert lines[0].startswith("FAIL: ")
    assert f"mend {url}, or if it is right, change {story}" in lines[0]
    assert "~ accept: POST /chat" in lines
    assert ["answer.status", "200", "→", "403"] in [line.split() for line in lines]
    assert "  invited: push /chats, start" in lines


UNFIT = {
    "silent": (server(me=silent), "GET /me was not answered within 0.4 s"),
    "half-alive": (server(cometd=silent), "CometD did not take the client in within 0.4 s"),
    "closing": (server(me=closing), "cannot be reached: "),
    "closing-polls": (
        server(cometd=closing),
        "CometD did not take the client in within 0.4 s (it closed the ",
    ),
    "tired": (
        server(cometd=answering(status=503)),
        "CometD did not take the client in within 0.4 s (HTTP 503)",
    ),
    "no-login": (server(me=answering(status=403)), "the target wants a login, GET /me was answered 403"),
    "no-cometd-login": (
        server(cometd=answering(status=401)),
        "the target wants a login, the handshake at /cometd was answered 401",
    ),
    "another-api": (
        server(me=answering(status=404, content_type="text/html")),
        "GET /me was answered 404 with text/html, not 200",
    ),
    "another-cometd": (
        server(cometd=answering(status=404, content_type="text/plain")),
        "there is no CometD at /cometd: the handshake was answered 404 with text/plain",
    ),
    "another-time": (
        server(me=answering(status=404, text='{"statusCode": 6, "statusMessage": "Not in\\nthis life"}')),
        "GET /me was answered 404 with text/plain, not 200: Not in this life. See that --target",
    ),
    "sent-to-a-login": (
        server(me=answering(status=302, headers={"Location": "https://sso/login?for=secret"})),
        "GET /me was answered 302, to https://sso/login, not 200",
    ),
    "a-page": (
        server(me=answering(text="<html>", content_type="text/html")),
        "GET /me was answered 200 with text/html, which is not JSON",
    ),
    "a-page-for-polls": (
        server(cometd=answering(text="<html>", content_type="text/html")),
        "there is no CometD at /cometd: the handshake was answered 200 with text/html",
    ),
    "too-much": (server(me=answering(body=b" " * (LARGEST + 1))), "it answered more than 16 MB"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_target_that_cannot_be_exercised_is_inconclusive_and_said_in_words(
    name: str, story: str, tmp_path: Path
) -> None:
    handler, why = UNFIT[name]
    junit = tmp_path / "report.xml"
    with aside(serving(handler)) as url:
        result = run(story, url, "--junit", str(junit))

    assert result.exit_code == 3
    assert result.stdout.startswith("INCONCLUSIVE: ")
    assert why in result.stdout
    assert [
        case.get("name") for case in ET.parse(junit).iter("testcase") if case.find("error") is not None
    ] == ["the target can be exercised"]


def test_an_event_is_waited_for_until_it_is_due_however_short_patience_is(tmp_path: Path) -> None:
    late = tmp_path / "late.yaml"
    late.write_text(STORY.replace("after: accept,", "after: accept + 1500ms,"), encoding="utf-8")

    with aside(simulating(late, at_its_pace=True)) as url:
        result = run(late, url)

    assert (result.exit_code, result.stdout[:5]) == (0, "PASS:"), result.output


def failing_since_accept(**answered: Any) -> Handler:
    """Its CometD answers so from the acceptance on."""
    plays, accepted = server(), asyncio.Event()

    async def cometd(request: web.Request) -> web.StreamResponse:
        if accepted.is_set():
            return web.Response(**answered)
        return await plays(request)

    async def chat(request: web.Request) -> web.StreamResponse:
        accepted.set()
        return web.json_response({"statusCode": 0, "statusMessage": "ok"})

    async def handler(request: web.Request) -> web.StreamResponse:
        changed = {"cometd": cometd, "chat": chat}
        return await changed.get(request.path.split("/")[1], plays)(request)

    return handler


def test_a_server_whose_cometd_dies_in_the_middle_is_inconclusive_and_misses_no_event(story: str) -> None:
    with aside(serving(failing_since_accept(status=502, text="<html>"))) as url:
        result = run(story, url)

    assert result.exit_code == 3, result.output
    assert "INCONCLUSIVE: CometD fails (HTTP 502), and nothing new came for 0.4 s. See that " in result.stdout
    assert "reached until then: 3 of 4 steps, the last accept" in result.stdout


def test_what_failed_beside_an_event_that_is_missing_is_told_with_it(story: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with aside(serving(failing_since_accept(text="{oops"))) as url:
        result = run(story, url, "--json", str(report))

    assert result.exit_code == 1, result.output
    assert "  CometD failed meanwhile: the body is not JSON: " in result.stdout
    assert "- chatting: push /chats, accept   only in " in result.stdout
    assert [each[:20] for each in json.loads(report.read_bytes())["troubles"]] == ["the body is not JSON"]


@pytest.mark.parametrize("options", [[], ["--transport", "websocket"]])
def test_a_target_that_is_down_is_inconclusive(options: list[str], story: str) -> None:
    target = nobody()

    result = run(story, target, "--json", "-", *options)

    assert result.exit_code == 3
    assert json.loads(result.stdout)["why"] == f"{target} cannot be reached: connection refused"
    assert result.stderr.startswith("INCONCLUSIVE: ")


@pytest.mark.parametrize(
    "target",
    [
        "gws:8090",
        "ftp://agent:geheim@gws",
        "http://",
        "http://gws:port",
        "http://agent:geheim@gws",
        "http://gws/api",
    ],
)
def test_a_target_that_is_no_server_is_wrong_usage_and_no_password_is_repeated(
    target: str, story: str
) -> None:
    error = run(story, target).exception

    assert isinstance(error, UsageError)
    assert str(error).startswith("--target ")
    assert "geheim" not in str(error)


def test_a_certificate_that_nobody_knows_is_said_and_can_be_accepted(story: str, tmp_path: Path) -> None:
    files = self_signed(tmp_path)
    with aside(serving(server(), tls=context(*files))) as url:
        unknown, taken, known = (
            run(story, url, *more) for more in ([], ["--insecure"], ["--target-ca", str(files[0])])
        )

    assert unknown.exit_code == 3
    assert "cannot be reached: its certificate is not accepted: self-signed certificate" in unknown.stdout
    assert "--insecure accepts it, --target-ca names its authority" in unknown.stdout
    assert [taken.exit_code, known.exit_code] == [0, 0]


def test_a_server_that_speaks_no_tls_is_said(story: str) -> None:
    with aside(serving(server())) as url:
        result = run(story, url.replace("http", "https", 1))

    assert (result.exit_code, "it does not speak TLS" in result.stdout) == (3, True)


def echoing(request: web.Request, **more: Any) -> web.Response:
    """Gives secrets out, and says whatever it was told."""
    given = request.headers.get("Authorization", "")
    password = base64.b64decode(given.partition(" ")[2]).decode().partition(":")[2]
    said = {
        "statusCode": 1,
        "statusMessage": f"no {given} of {password} with {request.headers.get('Cookie')}",
        "accessToken": "never-seen-before",
        password: [quote(password, safe=""), SECRETS["client"], SECRETS["csrf"]],
    }
    headers = {"X-CSRF-HEADER": "X-CSRF-TOKEN", "X-CSRF-TOKEN": SECRETS["csrf"]}
    response = web.json_response(said | more, headers=headers)
    response.set_cookie("JSESSIONID", SECRETS["cookie"])
    return response


async def echo(request: web.Request) -> web.StreamResponse:
    return echoing(request)


async def refuse(request: web.Request) -> web.StreamResponse:
    messages = await messages_of(request)
    said, none = echoing(request).text, {"advice": {"reconnect": "none"}}
    return web.json_response(
        replies(messages, clientId=SECRETS["client"], successful=False, error=f"403::{said}", **none)
    )


@pytest.mark.parametrize("handler", [server(me=echo, chat=echo), server(me=echo, cometd=refuse)])
@pytest.mark.parametrize("login", ["user", "header"])
def test_no_secret_stands_in_any_report(handler: Handler, login: str, story: str, tmp_path: Path) -> None:
    proof = base64.b64encode(f"agent:{SECRETS['password']}".encode()).decode()
    environment = (
        {"REPLAY_USER": "agent", "REPLAY_PASSWORD": SECRETS["password"]}
        if login == "user"
        else {"REPLAY_AUTHORIZATION": f"Basic {proof}"}
    )
    files = tmp_path / "report.json", tmp_path / "report.xml"
    with aside(serving(handler)) as url:
        result = run(story, url, "--json", str(files[0]), "--junit", str(files[1]), **environment)

    told = result.stdout + result.stderr + "".join(file.read_text("utf-8") for file in files)
    assert result.exit_code in {1, 3}
    assert "***" in told
    hidden = [*SECRETS.values(), proof, quote(SECRETS["password"], safe=""), html.escape(SECRETS["password"])]
    assert [each for each in hidden if each in told or json.dumps(each)[1:-1] in told] == []
    assert "never-seen-before" not in told


def test_a_login_that_is_refused_names_the_user(story: str) -> None:
    with aside(serving(server(me=answering(status=401)))) as url:
        result = run(story, url, REPLAY_USER="marat", REPLAY_PASSWORD="geheim")

    assert result.exit_code == 3
    assert "INCONCLUSIVE: the target refused the login of marat, GET /me was answered 401" in result.stdout


@pytest.mark.parametrize(
    ("environment", "what"),
    [
        ({"REPLAY_PASSWORD": "geheim"}, "REPLAY_PASSWORD is set and REPLAY_USER is not"),
        ({"REPLAY_USER": "a:b"}, "REPLAY_USER holds a colon"),
        ({"REPLAY_USER": "a", "REPLAY_AUTHORIZATION": "Bearer geheim"}, "exclude each other"),
        ({"REPLAY_AUTHORIZATION": "Bearer geheim\r\nHost: x"}, "holds characters that no header may have"),
    ],
)
def test_credentials_that_do_not_go_together_are_wrong_usage(
    environment: dict[str, str], what: str, story: str
) -> None:
    error = run(story, "http://gws:8090", **environment).exception

    assert isinstance(error, UsageError)
    assert what in str(error)
    assert "geheim" not in str(error)


def test_an_invitation_that_nobody_causes_is_waited_for_aloud_and_is_inconclusive(tmp_path: Path) -> None:
    story = tmp_path / "story.yaml"
    story.write_text(STORY, encoding="utf-8")
    slow = STORY.replace("{id: invited, push: /chats,", "{id: invited, push: /chats, after: start + 1h,")
    served = tmp_path / "served.yaml"
    served.write_text(slow, encoding="utf-8")

    with aside(simulating(served, at_its_pace=True)) as url:
        result = run(story, url)

    assert result.exit_code == 3
    assert result.stderr == "waiting for invited on /chats: somebody has to cause it (0.4 s)\n"
    assert "INCONCLUSIVE: " in result.stdout
    assert "invited" in result.stdout


def test_reports_go_where_they_can_be_written_and_never_over_what_is_read(story: str, tmp_path: Path) -> None:
    for options, what in (
        (["--json", story], "is what is to be read"),
        (["--json", str(tmp_path)], "it is a folder"),
        (["--junit", str(tmp_path / "no" / "x.xml")], "is no folder"),
        (["--json", "-", "--junit", "-"], "both write to -"),
        (["--json", str(tmp_path / "x"), "--junit", f"{tmp_path}/./x"], "both write to "),
    ):
        error = run(story, "http://gws", *options).exception
        assert isinstance(error, UsageError)
        assert what in str(error)


def test_a_report_that_cannot_be_written_takes_the_other_one_not_away(story: str, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()

    async def chat(_: web.Request) -> web.StreamResponse:
        folder.rmdir()
        return web.json_response({}, status=403)

    with aside(serving(server(chat=chat))) as url:
        result = run(story, url, "--json", str(folder / "report.json"))

    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == f"{folder / 'report.json'} cannot be written: No such file or directory"
    assert result.stdout.startswith("FAIL: ")


def test_ctrl_c_ends_it_and_prints_what_was_seen_until_then(story: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    # A shell that runs the tests beside itself has them ignore Ctrl-C, and all that they start.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{heeding}; from replay.__main__ import main; main()"
    command = [sys.executable, "-c", program, "verify", story, "--json", str(report), "--target"]

    asked = Event()

    async def chat(request: web.Request) -> web.StreamResponse:
        asked.set()
        return await silent(request)

    with aside(serving(server(chat=chat))) as url:
        process = subprocess.Popen([*command, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert asked.wait(60)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)

    assert process.returncode == 130, (out, errors)
    assert errors.strip() == "replay: interrupted"
    assert "it was interrupted" in out
    assert json.loads(report.read_bytes())["why"] == "it was interrupted"


CONSULT = ROOT / "tests" / "data" / "consult.yaml"


@pytest.mark.parametrize(
    "environment",
    [{}, {"REPLAY_USER_ASKING": "ann", "REPLAY_USER_HELPING": "helping", "REPLAY_PASSWORD_HELPING": "b"}],
    ids=["by their roles", "by their logins"],
)
def test_all_agents_of_a_story_are_played_together(environment: dict[str, str]) -> None:
    with aside(simulating(CONSULT)) as url:
        result = run(CONSULT, url, "--patience", "20s", **environment)

    assert (result.exit_code, result.stdout[:5]) == (0, "PASS:")


def test_one_login_for_several_agents_is_wrong_usage() -> None:
    error = run(CONSULT, "http://gws", REPLAY_USER="ann").exception

    assert isinstance(error, UsageError)
    assert "set REPLAY_USER_ASKING and REPLAY_USER_HELPING" in str(error)


def test_a_role_that_there_is_not_is_wrong_usage() -> None:
    error = run(CONSULT, "http://gws", "--role", "helpin").exception

    assert str(error) == "there is no role 'helpin'. Did you mean 'helping'?"


def test_what_the_page_prints_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
    command = "$ replay verify accept-chat.yaml --target http://127.0.0.1:8090\n"
    printed = [block.removeprefix(command) for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL)]
    monkeypatch.chdir(tmp_path)
    text = ACCEPT.read_text(encoding="utf-8")
    Path("accept-chat.yaml").write_text(text, encoding="utf-8")
    Path("changed.yaml").write_text(text.replace("state: Chatting", "state: Busy", 1), encoding="utf-8")

    said = []
    for served in ("accept-chat.yaml", "changed.yaml"):
        with aside(simulating(served)) as url:
            said.append(
                run("accept-chat.yaml", url, "--patience", "30s").output.replace(url, "http://127.0.0.1:8090")
            )
    url = nobody()
    said.append(run("accept-chat.yaml", url).output.replace(url, "http://127.0.0.1:8090"))

    assert [_lines(each) for each in said] == [_lines(each) for each in printed]


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]
