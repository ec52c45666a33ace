"""`replay.Control`: control calls from another program."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

import replay
from replay import Control, ControlError
from replay.errors import SurroundingsError, UsageError
from replay.server.served import Served
from replay.testing import scenario

STORY = """
steps:
  - {id: hello, push: /a, after: start + 1s, data: hello}
  - {id: look, request: GET /look, respond: {after: 0s, body: seen}}
"""
BUSY = {"name": "busy", "fault": "status", "where": {"step": "look"}}


def used(use: Callable[[Control, Served], None], **settings: Any) -> None:
    """Calls a server from another thread, as another program would."""

    async def main() -> None:
        async with replay.serve(scenario(STORY), clock="manual", **settings) as simulator:

            def call() -> None:
                with Control(simulator.control_url, token=settings.get("admin_token")) as control:
                    use(control, simulator)

            await asyncio.to_thread(call)

    asyncio.run(main())


def test_what_is_played_is_told() -> None:
    def use(control: Control, simulator: Served) -> None:
        assert control.ready()
        assert control.health().playing == ["story"]
        (story,) = control.scenarios().scenarios
        assert [(step.id, step.kind, step.what, step.after) for step in story.steps] == [
            ("hello", "push", "/a a", "start + 1s"),
            ("look", "request", "GET /look", "when asked"),
        ]

    used(use)


def test_a_fault_is_put_up_changed_and_taken_down() -> None:
    def use(control: Control, simulator: Served) -> None:
        (busy,) = control.put_up(BUSY)
        assert (busy.name, busy.on, busy.struck) == ("busy", True, 0)
        assert httpx.get(f"{simulator.url}/look").status_code == 503
        (changed,) = control.change("busy", settings={"status": 418}, ttl=None)
        assert (changed.settings, changed.struck) == ({"status": 418}, 1)
        assert [rule.agents for rule in control.faults("busy")] == [{"#1": 1}]
        assert control.take_down("busy") == ["busy"]
        assert [rule.name for rule in control.put_up([BUSY])] == ["busy"]
        assert control.clear() == ["busy"]
        assert control.faults() == []

    used(use)


def test_the_journal_is_read_entry_by_entry() -> None:
    def use(control: Control, simulator: Served) -> None:
        httpx.get(f"{simulator.url}/look", headers={"Authorization": "Basic YW5uOg=="})
        entries = list(control.journal())
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
        assert [entry.step for entry in control.journal(kind="request", agent="ann")] == ["look"]
        assert [entry.number for entry in control.journal(since=2)] == list(range(3, len(entries) + 1))

    used(use)


def test_an_entry_with_every_sign_that_ends_a_line_is_one() -> None:
    ends = "a\r\u000b\u000c\u0085\u2028\u2029b"

    def use(control: Control, simulator: Served) -> None:
        simulator.server.stage.simulator.journal.note("miss", 0, "", what=ends)
        (entry,) = control.journal()
        assert entry.detail == {"what": ends}

    used(use)


def test_who_is_there_is_told_offered_more_and_forgotten() -> None:
    def use(control: Control, simulator: Served) -> None:
        httpx.get(f"{simulator.url}/look", headers={"Authorization": "Basic YW5uOg=="})
        (row,) = control.agents(find="an").agents
        assert (row.agent, row.ordinal) == ("ann", 1)
        assert (control.agents(limit=0).agents, control.agents(after=1).agents) == ([], [])
        assert [story.play for story in control.agent(1).stories if not story.session] == ["story#1"]
        assert control.offer("story", "ann").play == "story#2"
        (told,) = control.push("/a", {"text": "typed"}, agent="ann").told
        assert (told.agent, told.channel, told.clients, told.held) == ("ann", "/a", 0, True)
        with pytest.raises(ControlError) as nobody:
            control.agent("bob/by")
        assert (nobody.value.status, nobody.value.what) == (404, "no agent is called 'bob/by'")
        assert control.reset("agents").reset == ["agents"]
        assert control.agents().total == 0
        assert sorted(control.reset().reset) == ["agents", "faults", "journal"]

    used(use)


def test_a_har_is_bytes_that_programs_read() -> None:
    def use(control: Control, simulator: Served) -> None:
        httpx.get(f"{simulator.url}/look")
        (entry,) = json.loads(control.har())["log"]["entries"]
        assert entry["request"]["url"] == f"{simulator.url}/look"

    used(use)


def test_the_clock_is_moved_however_long_that_takes() -> None:
    def use(control: Control, simulator: Served) -> None:
        assert control.clock().now == 0
        assert control.advance("1h").now == 3600
        assert control.advance(0.5).now == 3600.5

    used(use)


def test_metrics_are_text() -> None:
    def use(control: Control, simulator: Served) -> None:
        assert "# TYPE replay_requests_total counter\n" in control.metrics()

    used(use)


def test_what_is_refused_says_why() -> None:
    def use(control: Control, simulator: Served) -> None:
        with pytest.raises(ControlError) as gone:
            control.take_down("busi/ness?")
        assert (gone.value.status, gone.value.what) == (404, "no fault is called 'busi/ness?'")
        with pytest.raises(ControlError, match="Did you mean 'latency'") as wrong:
            control.put_up([{"name": name, "fault": "latncy"} for name in ("one", "two")])
        assert [problem.file for problem in wrong.value.problems] == ["fault[0].fault", "fault[1].fault"]
        assert str(wrong.value).count("\n") >= 2
        with pytest.raises(ControlError, match=r"^nothing of kind 'falt' .*\. Did you mean 'fault'\?$"):
            list(control.journal(kind="falt"))

    used(use)


def test_a_token_is_said_with_each_call_and_a_wrong_one_is_refused() -> None:
    def use(control: Control, simulator: Served) -> None:
        assert control.faults() == []
        with Control(simulator.control_url, token="guessed") as stranger:
            assert stranger.ready()
            with pytest.raises(ControlError) as refused:
                stranger.faults()
        assert (refused.value.status, refused.value.what) == (401, "this is not the token")

    used(use, admin_token="s3cret")


def test_a_token_that_no_server_has_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^the admin token has characters"):
        Control("http://localhost:8090", token="zw\u00f6lf")


def test_where_it_listens_is_enough() -> None:
    def use(control: Control, simulator: Served) -> None:
        for url in (simulator.url, simulator.url + "/", simulator.control_url + "/"):
            with Control(url) as other:
                assert other.ready()

    used(use)


def test_a_server_that_is_closing_is_not_ready() -> None:
    def use(control: Control, simulator: Served) -> None:
        assert control.ready()
        simulator.server.stage.stop()
        assert not control.ready()

    used(use)


def test_a_server_that_is_down_is_said_to_be() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with (
        Control(f"http://127.0.0.1:{port}") as control,
        pytest.raises(SurroundingsError, match=rf"^nobody answers at http://127.0.0.1:{port}/__replay: "),
    ):
        control.health()


def test_a_server_that_says_nothing_is_given_up() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        Control(f"http://127.0.0.1:{deaf.getsockname()[1]}", patience=0.05) as control,
        pytest.raises(SurroundingsError, match=r"/__replay has said nothing for 0\.05 s$"),
    ):
        control.health()


def test_a_server_of_others_is_told_from_ours() -> None:
    def use(control: Control, simulator: Served) -> None:
        with (
            Control(f"{simulator.url}/look") as other,
            pytest.raises(SurroundingsError, match="no server of"),
        ):
            other.health()

    used(use)


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8090", "ftp://localhost", "http://", "http://[::1", "http://h:99999", "http://h/?a=b"],
)
def test_what_is_no_url_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is no URL of a server"):
        Control(url)
