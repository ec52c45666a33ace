"""On what terms a server is steered: a token, a path of its own, and what is never given away."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

import replay
from replay.errors import ScenarioError, UsageError
from replay.registry import RESOURCES, resolve
from replay.server.control.call import RefusedError
from replay.server.control.safety import Caller, check
from replay.server.control.terms import Terms, Token
from replay.server.runner import Server
from replay.testing import scenario

from .conftest import Loop, one_loop
from .running import run
from .steered import STORY, Steered

loop = one_loop

TOKEN = "s3cret-t0ken"
SAID = {"Authorization": f"Bearer {TOKEN}"}
FAR = Caller(peer="10.0.0.7", host="devbox.example:8090")
ROUTES = [route for name in RESOURCES for route in resolve(RESOURCES, name)]


def guarded(**settings: Any) -> Steered:
    return Steered(admin_token=TOKEN, **settings)


@pytest.mark.parametrize(
    ("authorization", "what"),
    [
        ("", "this call needs a token"),
        ("Bearer", "this is not the token"),
        ("Bearer ", "this is not the token"),
        (f"Bearer {TOKEN}x", "this is not the token"),
        (f"Bearer {TOKEN[:-1]}", "this is not the token"),
        (f"Bearer {TOKEN.upper()}", "this is not the token"),
        (TOKEN, "this is not the token"),
        (f"Basic {TOKEN}", "this is not the token"),
        ("Bearer t\u00f6ken", "this is not the token"),
    ],
)
def test_who_does_not_say_the_token_is_asked_for_it(loop: Loop, authorization: str, what: str) -> None:
    async def main() -> None:
        async with guarded() as running:
            url = running.server.control_url + "/faults"
            headers = {"Authorization": authorization} if authorization else {}
            async with running.http.get(url, headers=headers) as response:
                said = await response.json()
            assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert said["error"] == {
                "what": what,
                "help": "Send 'Authorization: Bearer', and what --admin-token says.",
                "problems": [],
            }

    run(main(), loop)


def test_who_says_the_token_steers(loop: Loop) -> None:
    async def main() -> None:
        async with guarded() as running:
            for authorization in (f"Bearer {TOKEN}", f"bearer  {TOKEN} "):
                status, _ = await running.call("GET", "faults", headers={"Authorization": authorization})
                assert status == 200

    run(main(), loop)


def test_every_call_needs_the_token_but_those_that_say_nothing_worth_one(loop: Loop) -> None:
    async def main() -> None:
        async with guarded() as running:
            asked: dict[int, set[str]] = {}
            for route in ROUTES:
                url = f"{running.server.control_url}/{route.path.replace('{name}', 'x')}"
                async with running.http.request(route.method, url) as response:
                    asked.setdefault(response.status, set()).add(f"{route.method} {route.path}")
            assert asked.pop(401) == {f"{each.method} {each.path}" for each in ROUTES if not each.open}
            assert asked.keys() <= {200}
            assert {"GET health", "GET ready"} <= asked[200]

    run(main(), loop)


def test_a_stranger_is_not_told_which_paths_there_are(loop: Loop) -> None:
    async def main() -> None:
        async with guarded() as running:
            for method, path in (("GET", "nothing"), ("PUT", "faults"), ("OPTIONS", "health")):
                status, what, _ = await running.refused(method, path)
                assert (status, what) == (401, "this call needs a token")
            assert (await running.refused("GET", "nothing", headers=SAID))[0] == 404

    run(main(), loop)


def test_with_a_token_calls_come_from_any_machine_under_any_name() -> None:
    terms = Terms(token=Token(TOKEN))
    check(FAR._replace(authorization=f"Bearer {TOKEN}"), terms)
    check(FAR, terms, is_open=True)
    with pytest.raises(RefusedError) as refused:
        check(FAR, terms)
    assert refused.value.status == 401


def test_without_one_only_this_machine_is_told_that_it_serves() -> None:
    with pytest.raises(RefusedError) as refused:
        check(FAR, Terms(), is_open=True)
    assert (refused.value.status, refused.value.help) == (
        403,
        "Only programs on it may steer, unless there is an --admin-token.",
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "devbox.example:8090"}, 200),
        ({"Host": "devbox.example:8090", "Origin": "http://devbox.example:8090"}, 200),
        ({"Host": "devbox.example:8090", "Origin": "http://localhost:8090"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["faults", "health"])
def test_pages_of_other_origins_may_not_steer_whatever_they_know(
    loop: Loop, path: str, headers: dict[str, str], status: int
) -> None:
    async def main() -> None:
        async with guarded() as running:
            assert (await running.call("GET", path, headers=SAID | headers))[0] == status

    run(main(), loop)


def test_no_page_of_another_origin_gets_leave_to_call(loop: Loop) -> None:
    async def main() -> None:
        async with guarded() as running:
            asks = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
            url = running.server.control_url + "/faults"
            async with running.http.options(url, headers=asks | SAID) as response:
                assert response.status == 403
                assert not [name for name in response.headers if name.startswith("Access-Control-")]

    run(main(), loop)


def test_the_token_holds_on_the_port_for_control_alone(loop: Loop) -> None:
    async def main() -> None:
        async with guarded(control_port=0) as running:
            assert (await running.refused("GET", "clock"))[0] == 401
            assert (await running.call("GET", "clock", headers=SAID))[0] == 200

    run(main(), loop)


def test_the_token_is_written_nowhere(loop: Loop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with guarded() as running:
            for path in ("openapi.json", "journal", "health", "scenarios", "nothing", "faults/x"):
                _, said = await running.call("GET", path, headers=SAID)
                assert TOKEN not in str(said)
            for spoilt in (f" {TOKEN}\0", f"\r\n {TOKEN}", f" {TOKEN}{'x' * 70_000}"):
                await running.raw(f"GET / HTTP/1.1\r\nAuthorization: Bearer{spoilt}\r\n\r\n".encode())
            _, said = await running.call("POST", "faults", [], headers=SAID)
            assert TOKEN not in str(said)
            assert TOKEN not in repr(running.server._terms)

    run(main(), loop)
    assert "a client sent what is no good HTTP: " in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("token", "what"),
    [
        ("", "the admin token is empty"),
        (" \t", "the admin token is empty"),
        ("two words", "the admin token has characters that no header can say"),
        ("line\n", "the admin token has characters that no header can say"),
        ("gehe\u00efm", "the admin token has characters that no header can say"),
    ],
)
def test_a_token_that_nobody_could_say_is_refused_and_not_repeated(token: str, what: str) -> None:
    with pytest.raises(UsageError) as refused:
        replay.serve(scenario(STORY), admin_token=token)
    assert refused.value.what == what
    assert not token.strip() or token not in str(refused.value)


def test_control_is_under_another_path_and_its_own_is_the_apis(loop: Loop) -> None:
    async def main() -> None:
        story = "steps: [{id: near, request: GET /__replay/health, respond: {body: mine}}]"
        async with Steered(story, control_prefix="/-/steer", control_port=0) as running:
            assert running.server.control_url.endswith("/-/steer")
            assert (await running.call("GET", "health"))[0] == 200
            for url, said in (("/-/steer/ready", {"status": "ready"}), ("/__replay/health", "mine")):
                async with running.http.get(running.server.url + url) as response:
                    assert await response.json() == said
            _, described = await running.call("GET", "openapi.json")
            assert described["servers"] == [{"url": "/-/steer"}]
            status, what, advice = await running.refused("GET", "helth")
            assert (status, what) == (404, "nothing is at /-/steer/helth")
            assert advice.startswith("Did you mean 'health'? Under /-/steer/ there are health, ")

    run(main(), loop)


def test_a_page_of_another_origin_reads_the_api_where_control_was(loop: Loop) -> None:
    async def main() -> None:
        async with Steered(control_prefix="/steer") as running:
            for path, admitted in (("/look", True), ("/__replay/health", True), ("/steer/health", False)):
                asks = {"Origin": "https://desktop.example"}
                async with running.http.get(running.server.url + path, headers=asks) as response:
                    assert ("Access-Control-Allow-Origin" in response.headers) == admitted

    run(main(), loop)


NO_PATHS = ("", "/", "steer", "/steer/", "//steer", "/a//b", "/a?b", "/a#b", "/a b", "/..", "/a/../b", "/%41")


@pytest.mark.parametrize("prefix", [*NO_PATHS, "/\u00e4"])
def test_what_is_no_path_for_control_is_refused(prefix: str) -> None:
    with pytest.raises(UsageError) as refused:
        replay.serve(scenario(STORY), control_prefix=prefix)
    assert refused.value.what == f"control cannot be under '{prefix}'"
    assert refused.value.help.endswith("of letters, digits and '-._~': /__replay.")


def shadowed(text: str, prefix: str) -> str:
    with pytest.raises(UsageError) as refused:
        Server([scenario(text)], control_prefix=prefix)
    assert refused.value.help == "Move control elsewhere by --control-prefix."
    return refused.value.what


def test_a_story_that_needs_a_path_of_control_is_refused() -> None:
    asks = "steps: [{id: seek, request: 'GET %s', respond: {body: 1}}]"
    taken = "in 'story' 'seek' asks for '/a/b', which is a path of control"
    assert shadowed(asks % "/a/b?c=d", "/a") == taken
    assert shadowed(asks % "/a/b", "/a/b") == taken
    assert shadowed(asks % "/%61/b", "/a") == taken
    mounted = "cometd: {path: %s}\nsteps: []"
    assert shadowed(mounted % "/a/cometd", "/a") == "in 'story' '/a/cometd' is a path of control"
    assert shadowed(mounted % "/a", "/a/connect") == (
        "in 'story' control would be at '/a/connect', which belongs to '/a'"
    )


@pytest.mark.parametrize("path", ["/ab", "/b/a", "/A/b", "/a.b"])
def test_a_story_that_only_comes_near_is_played(path: str) -> None:
    story = f"steps: [{{id: seek, request: GET {path}, respond: {{body: 1}}}}]"
    Server([scenario(story)], control_prefix="/a")


def test_of_a_story_in_a_file_each_place_is_told(tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    file.write_text(
        "version: 1\nname: story\ncometd: {path: /__replay/cometd}\nsteps:\n"
        "  - id: seek\n    request: GET /__replay/seek\n    respond: {body: 1}\n"
    )
    with pytest.raises(ScenarioError) as refused:
        replay.serve(file)
    assert [str(problem).splitlines()[0] for problem in refused.value.problems] == [
        f"{file}:3:16: '/__replay/cometd' is a path of control.",
        f"{file}:6:14: 'seek' asks for '/__replay/seek', which is a path of control.",
    ]


def test_the_files_of_scenarios_are_told(loop: Loop, tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    file.write_text("version: 1\nname: story\nsteps: [{id: look, request: GET /look, respond: {body: 1}}]\n")

    async def main() -> None:
        async with Steered() as running, replay.serve(file) as simulator:
            async with running.http.get(simulator.control_url + "/scenarios") as response:
                (told,) = (await response.json())["scenarios"]
            assert told["file"] == str(file)
            assert told["steps"] == [
                {"id": "look", "kind": "request", "what": "GET /look", "after": "when asked"}
            ]
            _, other = await running.call("GET", "scenarios")
            assert "file" not in other["scenarios"][0]

    run(main(), loop)


@pytest.mark.parametrize("path", ["health", "clock", "faults", "openapi.json", "journal", "metrics"])
def test_a_head_is_answered_as_a_get_without_its_body(loop: Loop, path: str) -> None:
    async def main() -> None:
        async with Steered() as running:
            url = f"{running.server.control_url}/{path}"
            async with running.http.get(url) as got, running.http.head(url) as head:
                assert (head.status, head.content_type) == (got.status, got.content_type)
                assert await head.read() == b""
                if head.content_type == "application/json":
                    assert head.content_length == len(await got.read())

    run(main(), loop)


def test_a_name_with_a_slash_in_it_is_one(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            answer = await running.raw(b"GET /__replay/faults/a%2Fb%20c HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"no fault is called 'a/b c'" in answer

    run(main(), loop)


def test_it_says_that_it_is_closing(loop: Loop) -> None:
    async def main() -> None:
        async with Steered() as running:
            assert await running.call("GET", "ready") == (200, {"status": "ready"})
            running.server.stage.stop()
            assert await running.refused("GET", "ready") == (503, "it is closing", "Start it again.")

    run(main(), loop)
