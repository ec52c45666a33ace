"""`replay drive` before our server and a real one; its figures held against what those counted."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from click.testing import CliRunner, Result
from prometheus_client.parser import text_string_to_metric_families

import replay
from replay.cli.drive import drive
from replay.server.simulated import Simulated
from tests.drive.servers import aside, nobody
from tests.drive.servers import serving as serving_by
from tests.road.software import UPSTREAM, Process, node

ROOT = Path(__file__).parents[2]
ACCEPT = ROOT / "scenarios" / "accept-chat.yaml"
CONSULT = """
version: 1
name: consult
variables: {chat: {recorded: 0000Na9B26EF002X, make: interaction-id}}
steps:
  - {id: invited, agent: asking, push: /chats, data: {id: "${chat}", state: Invited}}
  - {id: ask, agent: asking, request: "POST /chats/${chat}", body: {operationName: Consult}}
  - {id: asked, agent: helping, push: /chats, after: ask, data: {id: "${chat}", state: Asked}}
  - {id: help, agent: helping, request: "POST /chats/${chat}", body: {operationName: Help}}
  - {id: helped, agent: asking, push: /chats, after: help, data: {id: "${chat}", state: Helped}}
"""
TRANSPORTS = ["long-polling", "websocket"]

pytestmark = pytest.mark.live


@pytest.fixture(autouse=True)
def _collector(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command sets it up for a process of its own, which this is not."""
    monkeypatch.setattr("replay.cli.drive.settle", lambda: None)


def run(file: str | Path, target: str, *options: str, **environment: str) -> Result:
    arguments = [str(file), "--target", target, "--patience", "5s", *options]
    return CliRunner().invoke(drive, arguments, env=environment)


def driven(file: str | Path, target: str, *options: str, **environment: str) -> dict[str, Any]:
    """What the JSON says; the command has gone well."""
    result = run(file, target, *options, "--json", "-", **environment)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def serving(*files: str | Path, **settings: Any) -> Simulated:
    return Simulated(replay.serve(*files, **({"speed": "max"} | settings)))


def counted(simulator: Simulated, name: str) -> dict[str, float]:
    """A metric of the server by its label, `step` or `channel` or `rule`."""
    text = httpx.get(f"{simulator.control_url}/metrics").text
    families = [each for each in text_string_to_metric_families(text) if each.name == name]
    return {
        sample.labels.get("step") or sample.labels.get("channel") or sample.labels["rule"]: sample.value
        for family in families
        for sample in family.samples
        if sample.name.endswith("_total")
    }


def counts(rows: dict[str, dict[str, float]]) -> dict[str, float]:
    return {step: each["count"] for step, each in rows.items()}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_every_request_and_event_is_counted_as_the_server_counts_them(transport: str) -> None:
    with serving(ACCEPT) as simulator:
        found = driven(
            ACCEPT, simulator.url, "--agents", "4", "--chats-per-agent", "3", "--transport", transport
        )
        requests, events = counted(simulator, "replay_requests"), counted(simulator, "replay_events")

    assert counts(found["latency"]) == requests
    assert requests["accept"] == 12
    assert {"/v2/me/chats": found["events"]["came"]} == events
    assert sum(counts(found["lateness"]).values()) == found["events"]["count"] == 48
    assert (found["chats"]["count"], found["errors"], found["strangers"]) == (12, 0, 0)


def test_chats_arrive_at_their_rate_and_each_is_accounted_for() -> None:
    with serving(ACCEPT) as simulator:
        found = driven(
            ACCEPT,
            simulator.url,
            *("--agents", "3", "--chats-per-agent", "5", "--arrivals", "constant(40/s)", "--duration", "1s"),
        )
        plays = sum(each.plays for each in simulator.agents)

    assert (found["errors"], found["strangers"], found["given_up"]) == (0, 0, 0)
    # One that was offered as it ended may not have been begun by both.
    assert 0 <= found["chats"]["count"] + found["chats"]["cut_off"] - plays <= 3
    assert found["chats"]["count"] > 3


def test_what_the_stream_loses_and_doubles_is_told_by_step(tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text(
        "- {name: lost, fault: drop, where: {step: participants}, limit: 1}\n"
        "- {name: twice, fault: duplicate, where: {step: history}, limit: 1}\n",
        encoding="utf-8",
    )
    with serving(ACCEPT, faults=[faults]) as simulator:
        found = driven(ACCEPT, simulator.url, "--agents", "3", "--patience", "600ms")
        struck = counted(simulator, "replay_faults_struck")

    failing = {(each["error"], each["step"]): each["count"] for each in found["failing"]}
    assert failing == {("missing", "participants"): struck["lost"], ("doubled", "history"): struck["twice"]}


def test_clients_that_are_forgotten_recover_and_miss_nothing(tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("- {name: forgotten, fault: unknown-client, where: {meta: connect}, nth: 2}\n")
    with serving(ACCEPT, faults=[faults], speed=1) as simulator:
        found = driven(ACCEPT, simulator.url, "--agents", "3")
        struck = counted(simulator, "replay_faults_struck")

    assert found["recoveries"] == struck["forgotten"] == 3
    assert (found["events"]["came"], found["chats"]["count"], found["errors"]) == (12, 3, 0)


def test_a_request_whose_connection_is_reset_is_an_error_and_made_again(tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("- {name: cut, fault: reset, where: {step: accept}, limit: 1}\n", encoding="utf-8")
    with serving(ACCEPT, faults=[faults]) as simulator:
        found = driven(ACCEPT, simulator.url, "--agents", "2")
        struck = counted(simulator, "replay_faults_struck")

    (failing,) = found["failing"]
    assert (failing["error"], failing["step"], failing["count"]) == (
        "lost connection",
        "accept",
        struck["cut"],
    )
    assert "POST /api/v2/me/chats/" in failing["example"]
    assert found["chats"]["count"] == 2


def test_a_websocket_that_is_closed_is_opened_again_and_nothing_is_missed(tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text(
        "- {name: shut, fault: close-code, where: {step: accept}, limit: 1}\n", encoding="utf-8"
    )
    with serving(ACCEPT, faults=[faults]) as simulator:
        found = driven(ACCEPT, simulator.url, "--agents", "2", "--transport", "websocket")
        struck = counted(simulator, "replay_faults_struck")

    failing = [(each["error"], each["step"], each["count"]) for each in found["failing"]]
    assert failing == [("lost connection", "", struck["shut"])]
    assert (found["chats"]["count"], found["events"]["came"]) == (2, 8)


def test_roles_are_played_by_agents_of_their_own_for_each_chat(tmp_path: Path) -> None:
    story = tmp_path / "consult.yaml"
    story.write_text(CONSULT, encoding="utf-8")
    with serving(story) as simulator:
        found = driven(story, simulator.url, "--agents", "4", "--chats-per-agent", "2")
        requests = counted(simulator, "replay_requests")

    assert counts(found["latency"]) == requests == {"ask": 4, "help": 4}
    assert (found["chats"]["count"], found["events"]["came"], found["errors"]) == (4, 12, 0)


@pytest.mark.parametrize("chats", ["1", "2"])
def test_a_real_server_is_driven_with_the_chats_that_its_customers_start(chats: str) -> None:
    server = Process(node(), str(UPSTREAM / "cometd-server.js"), "--port", "0", "--chats", chats)
    try:
        url = server.word("http://")
        found = driven(ACCEPT, url, "--agents", "3", "--chats-per-agent", chats)
    finally:
        server.stop()

    number = 3 * int(chats)
    assert counts(found["latency"])["accept"] == found["chats"]["count"] == number
    assert found["undated"] == {"invited": number}
    assert counts(found["lateness"]) == {"chatting": number, "participants": number, "history": number}
    assert (found["errors"], found["strangers"]) == (0, 0)


def test_a_limit_that_is_broken_is_exit_code_1_and_said(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    with serving(ACCEPT) as simulator:
        limits = ("--fail-if", "accept.max > 0ms", "--fail-if", "errors > 0")
        result = run(ACCEPT, simulator.url, *limits, "--html", str(page))

    assert result.exit_code == 1
    assert "FAIL: it fails if accept.max > 0ms; it is " in result.stdout
    assert "ok: it fails if errors > 0; it is 0" in result.stdout
    text = page.read_text(encoding="utf-8")
    assert "FAIL: it fails if accept.max &gt; 0ms" in text
    assert "<svg" in text
    assert not any(word in text for word in ("<script", "src=", "href=", "@import", "url("))


def test_more_chats_than_anybody_can_play_wait_and_the_run_ends_when_it_is_to() -> None:
    with serving(ACCEPT) as simulator:
        found = driven(ACCEPT, simulator.url, "--arrivals", "constant(1000/s)", "--duration", "1s")

    assert found["chats"]["most_waiting"] > 500
    assert found["chats"]["count"] > 0


def test_a_report_that_cannot_be_written_is_said_and_the_figures_are_told_all_the_same() -> None:
    with serving(ACCEPT) as simulator:
        result = run(ACCEPT, simulator.url, "--json", "/dev/full")

    assert type(result.exception).__name__ == "UsageError"
    assert "/dev/full cannot be written: No space left on device" in str(result.exception)
    assert "latency of requests" in result.stdout


def test_agents_whose_names_have_played_there_come_under_new_ones_and_nothing_is_amiss() -> None:
    with serving(ACCEPT) as simulator:
        for _ in range(3):
            found = driven(ACCEPT, simulator.url, "--agents", "2")
            assert (found["errors"], found["strangers"], found["chats"]["count"]) == (0, 0, 2)
        names = [each.agent for each in simulator.agents]

    assert sorted(names) == ["agent1", "agent1-2", "agent1-3", "agent2", "agent2-2", "agent2-3"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--json", "/proc/drive.json"), "--json /proc/drive.json cannot be written"),
        (("--fail-if", "acept.p99 > 1s"), "Did you mean 'accept'?"),
        (("--arrivals", "poison(3/s)"), "Did you mean 'poisson'?"),
        (("--think", "long"), "--think: 'long' says not how long"),
        (("--speed", "fast"), "--speed: speed is a number"),
        (("--ramp", "soon"), "--ramp: 'soon' is no duration"),
        (("--duration", "0s"), "--duration: nothing happens in no time"),
        (("--duration", "5s", "--ramp", "6s"), "--ramp: over 6s not all agents come before the end"),
        (("--json", "-", "--html", "-"), "both write to -"),
        (("--users", "nowhere.csv"), "--users nowhere.csv cannot be read"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_asked(options: tuple[str, ...], why: str) -> None:
    result = run(ACCEPT, nobody(), "--agents", "2", *options)

    assert (result.exit_code, type(result.exception).__name__) == (1, "UsageError")
    assert why in str(result.exception)


def test_a_server_that_is_not_there_is_the_surroundings() -> None:
    result = run(ACCEPT, nobody())

    assert type(result.exception).__name__ == "SurroundingsError"
    assert "cannot be reached: connection refused" in str(result.exception)


def test_one_login_for_many_agents_is_refused_and_a_pattern_is_not() -> None:
    result = run(ACCEPT, nobody(), "--agents", "2", REPLAY_USER="bob")
    assert "Write {n} in it" in str(result.exception)

    with serving(ACCEPT) as simulator:
        driven(ACCEPT, simulator.url, "--agents", "2", REPLAY_USER="load-{n}", REPLAY_PASSWORD="secret-{n}")
        names = [each.agent for each in simulator.agents]

    assert sorted(names) == ["load-1", "load-2"]


def test_users_come_from_a_file_and_must_be_enough(tmp_path: Path) -> None:
    users = tmp_path / "users.csv"
    users.write_text("# user,password\nada,one\ngrace,two\n", encoding="utf-8")
    few = run(ACCEPT, nobody(), "--agents", "3", "--users", str(users))
    assert "has 2 users, and --agents wants 3" in str(few.exception)

    with serving(ACCEPT) as simulator:
        driven(ACCEPT, simulator.url, "--agents", "2", "--users", str(users))
        names = [each.agent for each in simulator.agents]

    assert sorted(names) == ["ada", "grace"]


def test_arrivals_are_for_a_server_that_offers_chats() -> None:
    server = Process(node(), str(UPSTREAM / "cometd-server.js"), "--port", "0")
    try:
        result = run(ACCEPT, server.word("http://"), "--arrivals", "poisson(3/s)")
    finally:
        server.stop()

    assert "there customers start the chats" in str(result.exception)


def test_without_the_histograms_library_it_says_what_installs_it() -> None:
    without = "import sys; sys.modules['hdrh'] = None; from replay.cli import main; main()"
    command = [sys.executable, "-c", without, "drive", str(ACCEPT), "--target", nobody()]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert result.returncode == 3
    assert 'pip install "gws-replay[load]"' in result.stderr


def test_a_server_that_lets_nobody_in_ends_it_at_once_and_says_why() -> None:
    async def refused(request: web.Request) -> web.StreamResponse:
        status = 401 if "notifications" in request.path else 200
        return web.json_response({"statusCode": 0}, status=status)

    with aside(serving_by(refused)) as url:
        result = run(ACCEPT, url, "--agents", "2", "--duration", "10m")

    assert type(result.exception).__name__ == "SurroundingsError"
    assert "the target refused the login of agent" in str(result.exception)
    assert "CometD answered 401" in result.stdout


def test_ctrl_c_ends_it_with_a_report_of_what_was(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with serving(ACCEPT) as simulator:
        command = [sys.executable, "-m", "replay", "drive", str(ACCEPT), "--target", simulator.url]
        process = subprocess.Popen(
            [*command, "--duration", "10m", "--json", str(report)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        simulator.wait_for("history", timeout="60s")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "latency of requests" in out
    assert json.loads(report.read_text(encoding="utf-8"))["requests"]["count"] >= 4


def test_more_agents_than_this_process_may_have_connections_for_are_refused_in_words() -> None:
    command = [sys.executable, "-m", "replay", "drive", str(ACCEPT), "--target", nobody(), "--agents", "500"]
    limited = f"ulimit -n 200; exec {shlex.join(command)}"
    result = subprocess.run(["sh", "-c", limited], capture_output=True, text=True, check=False, timeout=60)

    assert result.returncode == 3
    assert "500 agents need 1,064 open files, and this process may have 200" in result.stderr
