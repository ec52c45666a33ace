"""What a server demands of each request: npm's cometd, pages of other origins, and our own client meet it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from replay.cli.drive import drive
from replay.cli.verify import verify
from replay.drive.playing import play
from replay.plan.timeline import plan
from replay.scenario.dump import write
from replay.scenario.load import load
from replay.scenario.model import Demand, Respond, Scenario, Variable
from replay.server.serving import serve
from tests.road.software import agent, replayer, start_agent

from .conftest import Loop
from .running import Running, run
from .test_real_clients import SCENARIO, Chat, check, of

CSRF = Demand(
    header="X-CSRF-TOKEN",
    value="${csrf}",
    methods=["POST", "PUT", "DELETE"],
    given={"X-CSRF-HEADER": "X-CSRF-TOKEN", "X-CSRF-TOKEN": "${csrf}"},
    refused=Respond(status=403, text="Missing or invalid Csrf token"),
)
LOGIN = Demand(
    header="Authorization",
    unless_cookie=True,
    refused=Respond(status=403, body={"statusCode": 20, "statusMessage": "Access denied"}),
)
PAGE = "https://gadgets.example"


def guarded(*demands: Demand) -> Scenario:
    """An agent's chat, of a server that demands these."""
    accept = load(SCENARIO)
    variables = {**accept.variables, "csrf": Variable(make="uuid")}
    return replace(accept, name="guarded", variables=variables, demands=list(demands))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server that demands a token."""
    file = tmp_path_factory.mktemp("guarded") / "guarded.yaml"
    write(file, guarded(CSRF))
    with replayer(file) as url:
        yield url


@pytest.mark.live
@pytest.mark.parametrize("cometd", ["3.1", "9"])
def test_npms_cometd_works_a_chat_once_its_request_headers_have_the_token(url: str, cometd: str) -> None:
    seen = agent(url, cometd=cometd, flags=("--csrf", "--login", "--ready"))

    check(Chat(seen, url))
    assert {each["status"] for each in of(seen, "answer")} == {200}


@pytest.mark.live
def test_npms_cometd_without_the_token_tells_of_a_failure(url: str) -> None:
    process = start_agent(url, flags=("--ready", "--timeout", "1500"))
    code = process.wait()
    failures = [line for line in process.lines if '"httpCode":403' in line]
    refused = [line for line in process.lines if "Missing or invalid Csrf token" in line]

    assert (code, bool(failures), bool(refused)) == (1, True, True)
    assert '"channel":"/meta/handshake"' in failures[0]


@pytest.mark.parametrize("front", [True, False])
def test_both_ways_into_the_server_demand_and_give_the_same(loop: Loop, front: bool) -> None:
    async def main() -> None:
        async with Running(STORY, front=front) as running:
            url = running.server.url
            async with running.http.post(f"{url}/me", json={}) as refused:
                assert (refused.status, await refused.text()) == (403, "Missing or invalid Csrf token")
                assert refused.headers["Content-Type"] == "text/plain;charset=UTF-8"
            assert await running.bayeux("handshake") == (403, "Missing or invalid Csrf token")
            async with running.http.get(f"{url}/me") as given:
                token = given.headers["X-CSRF-TOKEN"]
                assert re.fullmatch(r"[0-9a-f-]{36}", token)
                assert given.headers["X-CSRF-HEADER"] == "X-CSRF-TOKEN"
            running.http.headers["x-csrf-token"] = token
            (welcome,) = await running.bayeux("handshake")
            assert welcome["successful"] is True

    run(main(), loop)


STORY = """
cometd: {path: /cometd}
variables: {csrf: {make: uuid}}
demands:
  - header: X-CSRF-TOKEN
    value: "${csrf}"
    methods: [POST, PUT, DELETE]
    given: {X-CSRF-HEADER: X-CSRF-TOKEN, X-CSRF-TOKEN: "${csrf}"}
    refused: {status: 403, text: Missing or invalid Csrf token}
session: [{id: me, request: GET /me, respond: {body: 1}}]
steps: [{id: hello, push: /a, data: hello}]
"""


def test_a_page_of_another_origin_is_asked_for_nothing_in_its_preflight_and_may_read_the_token(
    loop: Loop,
) -> None:
    async def main() -> None:
        async with Running(STORY) as running:
            url, asks = running.server.url, {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
            for path in ("/me", "/cometd/handshake"):
                async with running.http.options(url + path, headers=asks) as leave:
                    assert leave.status == 204
            async with running.http.get(f"{url}/me", headers={"Origin": PAGE}) as given:
                exposed = given.headers["Access-Control-Expose-Headers"].split(", ")
                assert {"X-CSRF-HEADER", "X-CSRF-TOKEN"} <= {*exposed}
            async with running.http.post(f"{url}/me", headers={"Origin": PAGE}) as refused:
                assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (403, PAGE)

    run(main(), loop)


def test_the_metrics_count_a_refusal_as_an_answer_and_no_miss(loop: Loop) -> None:
    async def main() -> None:
        async with Running(STORY) as running:
            url = running.server.url
            async with running.http.post(f"{url}/me", json={}):
                pass
            async with running.http.get(f"{url}/__replay/metrics") as scraped:
                lines = (await scraped.text()).splitlines()
            answers = [line for line in lines if 'status="403"' in line]
            assert [line.rpartition(" ")[2] for line in answers] == ["1.0"]
            assert "replay_misses_total 0.0" in lines

    run(main(), loop)


def against(scenario: Scenario, **options: Any) -> Any:
    """What our own client saw of a server that plays this, and what that has to say."""

    async def both() -> Any:
        async with serve(scenario, speed="max") as served, asyncio.timeout(30):
            outcome = await play(plan(scenario), served.url, patience=5.0, **options)
            return outcome, served.server.stage.simulator

    return asyncio.run(both())


OTHER = Demand(
    header="X-Proof",
    value="${csrf}",
    given={"X-Your-Proof": "${csrf}"},
    methods=["POST"],
    refused=Respond(status=401),
)
KEY = Demand(header="X-Api-Key", value="open", refused=Respond(status=401))


@pytest.mark.parametrize(
    "demands", [(CSRF,), (OTHER,), (KEY,), (KEY, OTHER)], ids=["csrf", "other", "key", "2"]
)
def test_the_clients_part_sends_what_it_was_given(demands: tuple[Demand, ...]) -> None:
    outcome, simulator = against(guarded(*demands))

    assert (outcome.missing, outcome.why) == ((), "")
    assert (simulator.misses.total, simulator.tallies.answers.counts.get(("", "", 401))) == (0, None)


def test_the_clients_part_reads_for_the_token_what_the_session_reads_where_it_asks_otherwise_first() -> None:
    found = guarded(CSRF)
    outcome, simulator = against(replace(found, session=[*found.session[1:], found.session[0]]))

    assert (outcome.missing, outcome.why, simulator.misses.total) == ((), "", 0)
    assert simulator.tallies.answers.counts["", "", 403] == 1


def test_who_has_no_login_is_told_so_and_with_one_it_plays() -> None:
    refused, _ = against(guarded(LOGIN))
    outcome, _ = against(guarded(LOGIN), user="kim")

    assert refused.why == (
        "the target wants a login, GET /api/v2/me was answered 403, and no credentials are set"
    )
    assert (outcome.missing, outcome.why) == ((), "")


@pytest.mark.live
@pytest.mark.parametrize("command", [verify, drive], ids=["verify", "drive"])
def test_the_commands_that_play_a_client_work_where_a_token_is_demanded(
    command: Any, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The command sets it up for a process of its own, which this is not.
    monkeypatch.setattr("replay.cli.drive.settle", lambda: None)
    file = tmp_path / "guarded.yaml"
    write(file, guarded(CSRF))
    result = CliRunner().invoke(command, [str(file), "--target", url])

    assert result.exit_code == 0, result.output
