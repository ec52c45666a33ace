"""`replay.serve`: a server in a program of one's own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import replay
from replay.errors import ReplayError, ScenarioError, UsageError
from replay.server.served import Served
from replay.simulator.switching import NoSuchRuleError
from replay.testing import scenario

from .conftest import Loop
from .running import run
from .steered import STORY


class Used:
    """A server that is used as a test would use it."""

    def __init__(self, **settings: Any) -> None:
        self.served: Served = replay.serve(scenario(STORY), clock="manual", **settings)

    async def __aenter__(self) -> Used:
        self.simulator = await self.served.__aenter__()
        self.http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()
        await self.served.__aexit__(None, None, None)

    async def looks(self) -> int:
        async with self.http.get(self.simulator.url + "/look") as response:
            return response.status


def test_a_scenario_of_the_library_is_played_by_its_name(loop: Loop) -> None:
    async def main() -> None:
        async with replay.serve("accept-chat", clock="manual") as served:
            assert [each.name for each in served.server.scenarios] == ["accept-chat"]

    run(main(), loop)
    with pytest.raises(ScenarioError, match="Did you mean 'accept-chat'"):
        replay.serve("acept-chat")


def test_plays_that_others_bring_come_when_the_clock_is_moved_by_hand(loop: Loop) -> None:
    story = """
    again: told + 1m
    steps: [{id: told, push: /news, after: start + 1s, data: 1}]
    """

    async def main() -> None:
        async with replay.serve(scenario(story), clock="manual") as served, aiohttp.ClientSession() as http:
            client = await listening(http, served.cometd_url)
            await served.clock.advance("5m")
            told = await http.post(served.cometd_url, json=[client | {"channel": "/meta/connect"}])
            news = [each for each in await told.json() if each["channel"] == "/news"]
            assert [entry.play for entry in served.journal if entry.kind == "event"] == [
                f"story#{number}" for number in range(1, 6)
            ]
            assert len(news) == 5

    run(main(), loop)


async def listening(http: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    """What a client says with each message, once it listens to the news."""
    said = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
    async with http.post(url, json=[said]) as answer:
        client = {"clientId": (await answer.json())[0]["clientId"], "connectionType": "long-polling"}
    await http.post(url, json=[client | {"channel": "/meta/subscribe", "subscription": "/news"}])
    return client


def test_a_fault_is_up_while_its_block_lasts(loop: Loop) -> None:
    async def main() -> None:
        async with Used() as used:
            with used.simulator.fault("status", where={"step": "look"}, status=503) as busy:
                assert (busy.name, await used.looks(), busy.struck) == ("status", 503, 1)
                busy.off()
                assert await used.looks() == 200
                busy.on()
                assert await used.looks() == 503
            assert await used.looks() == 200
            assert used.simulator.faults == []
            assert busy.struck == 2

    run(main(), loop)


def test_a_fault_is_a_mapping_or_a_preset_too_and_goes_when_its_time_is_over(loop: Loop) -> None:
    async def main() -> None:
        async with Used() as used:
            whole = {"name": "mine", "fault": "status", "where": {"step": "look"}, "nth": 2}
            mine = used.simulator.fault(whole, ttl="30s")
            used.simulator.fault("overloaded", ttl="10s")
            assert len(used.simulator.faults) == 4
            await used.simulator.clock.advance("10s")
            assert [each.name for each in used.simulator.faults] == ["mine"]
            await used.simulator.clock.advance("20s")
            assert used.simulator.faults == []
            mine.remove()
            with pytest.raises(NoSuchRuleError, match="'mine' is gone"):
                mine.on()

    run(main(), loop)


def test_the_journal_says_what_has_happened(loop: Loop) -> None:
    async def main() -> None:
        async with Used(seed=3) as used:
            await used.looks()
            kinds = [entry.kind for entry in used.simulator.journal]
            assert kinds[-2:] == ["request", "answer"]

    run(main(), loop)


def test_faults_of_files_mappings_and_presets_are_played(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        file = tmp_path / "faults.yaml"
        file.write_text("[{name: late, fault: latency, where: {step: other}}]")
        gone = {"name": "gone", "fault": "status", "where": {"step": "look"}, "settings": {"status": 410}}
        async with Used(faults=[file, gone], presets=["lossy-stream"], control_port=0) as used:
            names = [each.name for each in used.simulator.faults]
            assert names == ["lossy-stream-lost", "lossy-stream-twice", "lossy-stream-late", "late", "gone"]
            assert await used.looks() == 410
            assert used.simulator.control_url.removesuffix("/__replay") != used.simulator.url

    run(main(), loop)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"presets": ["flakey"]}, "there is no preset 'flakey'. Did you mean 'flaky'?"),
        ({"faults": [{"name": "x", "fault": "hagn"}]}, "unknown fault 'hagn'"),
        ({"faults": ["none.yaml"]}, "none.yaml: the file cannot be read"),
        ({"speed": 0}, "speed is a number above 0"),
        ({"pace": "slowly"}, "slowly"),
        ({"variables": {"nme": 1}}, "there is no variable 'nme'. Did you mean 'name'?"),
        ({"variables": {"name": object()}}, "variable 'name' is no JSON value"),
        ({"settings": {"metric": True}}, "has no setting 'metric'. Did you mean 'metrics'?"),
        ({"settings": ["metrics"]}, "settings"),
    ],
)
def test_what_cannot_be_served_is_said_before_anything_is_opened(settings: Any, why: str) -> None:
    with pytest.raises(ReplayError) as refused:
        replay.serve(scenario(STORY), **settings)
    assert why in str(refused.value)


def test_without_a_scenario_there_is_nothing_to_serve() -> None:
    with pytest.raises(UsageError, match="name a file"):
        replay.serve()


@pytest.mark.parametrize(
    ("what", "said", "why"),
    [
        ("hagn", {}, "there is no fault or preset 'hagn'. Did you mean 'hang'?"),
        ("flaky", {"delay": "1s"}, "'flaky' is a preset, and has no 'settings' of its own"),
        ({"fault": "hang"}, {"where": {"step": "look"}}, "say 'where' within the fault"),
    ],
)
def test_a_fault_that_is_put_wrongly_is_refused(loop: Loop, what: Any, said: Any, why: str) -> None:
    async def main() -> None:
        async with Used() as used:
            with pytest.raises(UsageError) as refused:
                used.simulator.fault(what, **said)
            assert why in str(refused.value)
            with pytest.raises(ScenarioError, match="no setting 'dely'"):
                used.simulator.fault("latency", dely="1s")

    run(main(), loop)


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"clock": "manuel"}, "there is no clock 'manuel'. Did you mean 'manual'?"),
        (
            {"transports": ["long-poling"]},
            "there is no transport 'long-poling'. Did you mean 'long-polling'?",
        ),
        ({"presets": "flakey"}, "there is no preset 'flakey'. Did you mean 'flaky'?"),
        ({"host": ""}, "the host to listen on is empty. Name an address: 127.0.0.1"),
        ({"port": 99_999}, "99999 is no port. Ports are from 0"),
        ({"control_port": -1}, "-1 is no port. Ports are from 0"),
    ],
)
def test_what_the_command_would_refuse_is_refused_here_too(settings: dict[str, Any], what: str) -> None:
    with pytest.raises(UsageError, match="^" + re.escape(what)):
        replay.serve(scenario(STORY), **settings)


def test_one_fault_and_one_preset_may_stand_without_a_list(loop: Loop) -> None:
    async def main() -> None:
        settings: dict[str, Any] = {"faults": {"name": "gone", "fault": "drop"}, "presets": "expired-session"}
        async with replay.serve(scenario(STORY), **settings) as simulator:
            assert [rule.name for rule in simulator.faults] == ["expired-session-login", "gone"]

    run(main(), loop)


def test_before_it_is_open_and_after_it_is_closed_it_says_so(loop: Loop) -> None:
    async def main() -> None:
        served = replay.serve(scenario(STORY))
        for ask in (lambda: served.journal, lambda: served.clock, lambda: served.fault("drop")):
            with pytest.raises(UsageError, match="not open yet"):
                ask()
        async with served as simulator:
            with pytest.raises(UsageError, match="open already"):
                await served.__aenter__()
            async with aiohttp.ClientSession() as http, http.get(simulator.url + "/look") as response:
                assert response.status == 200
        assert [entry.kind for entry in served.journal][-1] == "answer"
        with pytest.raises(UsageError, match="closed"):
            served.fault("drop")

    run(main(), loop)


def test_another_chat_is_offered_events_are_pushed_and_agents_are_looked_at(loop: Loop) -> None:
    async def main() -> None:
        async with Used() as used:
            simulator = used.simulator
            await used.looks()
            assert [row.agent for row in simulator.agents] == ["#1"]
            assert simulator.offer() == "story#2"
            assert simulator.offer("story", agent=1) == "story#3"
            (told,) = simulator.push("/a", {"text": "Hello"})
            assert (told.agent, told.channel, told.held) == ("#1", "/a", True)
            assert [each.play for each in simulator.push(step="hello", agent="#1")] == ["story#3"]
            assert simulator.push("/b", None, agent=1)[0].held
            assert (simulator.agent().plays, simulator.agent("1").undelivered) == (3, 3)

    run(main(), loop)


def test_all_or_a_part_is_as_it_was_at_first(loop: Loop) -> None:
    async def main() -> None:
        async with Used() as used:
            used.simulator.fault("status", where={"step": "look"}, status=503)
            assert await used.looks() == 503
            used.simulator.reset("faults")
            assert await used.looks() == 200
            used.simulator.reset("agents", "journal")
            assert used.simulator.agents == []
            assert [entry.kind for entry in used.simulator.journal] == ["reset"]
            await used.looks()
            used.simulator.reset()
            assert (used.simulator.agents, len(used.simulator.journal)) == ([], 1)

    run(main(), loop)


def test_what_cannot_be_offered_pushed_or_reset_is_refused_in_words(loop: Loop) -> None:
    async def main() -> None:
        async with Used() as used:
            simulator = used.simulator
            with pytest.raises(UsageError, match="there is no agent"):
                simulator.offer()
            await used.looks()
            wrong: dict[str, Callable[[], Any]] = {
                "no scenario is called 'stori'": lambda: simulator.offer("stori"),
                "no agent is called 'ann'": lambda: simulator.agent("ann"),
                "there is no 'data'": lambda: simulator.push("/a"),
                "a step has its own 'channel'": lambda: simulator.push("/a", step="hello"),
                "there is no part 'agent'": lambda: simulator.reset("agent"),
            }
            for what, do in wrong.items():
                with pytest.raises(UsageError, match=what):
                    do()
        for do in (simulator.offer, simulator.reset, lambda: simulator.push("/a", 1)):
            with pytest.raises(UsageError, match="this server is closed"):
                do()
        assert [row.agent for row in simulator.agents] == ["#1"]

    run(main(), loop)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pace": 3}, "'pace' must be a text, such as 'jitter(20%)', not 3"),
        ({"seed": "x"}, "'seed' must be a whole number, not 'x'"),
        ({"variables": "abc"}, "'variables' must be a mapping of names to values, not 'abc'"),
        ({"faults": None}, "'faults' must be a list, not None"),
        ({"faults": [3]}, "'faults' must be files, or faults as mappings, not 3"),
        (
            {"faults": "hang"},
            "'hang' is a fault, and no file. Write faults=[{'fault': 'hang'}].",
        ),
        ({"presets": 3}, "'presets' must be a list, not 3"),
        ({"transports": [["websocket"]]}, "'transports' must be names, not ['websocket']"),
        ({"port": None}, "'port' must be a whole number, not None"),
        ({"control_port": True}, "'control_port' must be a whole number, not True"),
        ({"control_prefix": 3}, "'control_prefix' must be a text, not 3"),
        ({"admin_token": 3}, "'admin_token' must be a text, not 3"),
    ],
)
def test_what_is_not_of_its_kind_is_said_in_words(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        replay.serve(scenario(STORY), **given)

    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (
            lambda served: served.fault(3),
            "'what' must be the name of a fault, or a fault as a mapping, not",
        ),
        (lambda served: served.fault("hang", delay={1, object()}), "the fault is no JSON value: "),
        (lambda served: served.push(3, {}), "'channel' must be a text, not 3"),
        (lambda served: served.offer(3), "'scenario' must be a text, not 3"),
        (lambda served: served.agent(None), "'agent' must be a name or a number, not None"),
        (lambda served: served.expect("look", agent=None), "'agent' must be a name or a number, not None"),
    ],
)
def test_what_is_asked_of_it_wrongly_is_said_in_words(
    loop: Loop, ask: Callable[[Served], object], said: str
) -> None:
    async def main() -> None:
        async with Used() as used:
            with pytest.raises(UsageError) as refused:
                ask(used.simulator)
            assert str(refused.value).startswith(said)
            with pytest.raises(UsageError, match="'duration' must be a duration such as '30s', or seconds"):
                await used.simulator.clock.advance(None)  # type: ignore[arg-type]

    run(main(), loop)
