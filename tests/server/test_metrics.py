"""What Prometheus reads of a server."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from contextlib import suppress

import aiohttp
import msgspec
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metric_families
from prometheus_client.parser import text_string_to_metric_families

from replay.simulator.happenings import Due, Mark
from replay.simulator.options import Options
from replay.simulator.tallies import LONGEST, MOST_RULES, Tally
from tests.road.software import ROOT

from .conftest import Loop, one_loop
from .running import run, until
from .steered import Steered

loop = one_loop

STORY = """
cometd: {path: /cometd}
variables: {who: {recorded: ann}}
steps:
  - {id: hello, push: /a, after: start + 1s, data: hello}
  - {id: there, push: "/of/${who}", after: start + 1s, data: hello}
  - {id: look, request: GET /look, respond: {after: 0s, body: seen}}
  - {id: once, request: GET /once, repeat: once, respond: {after: 0s, body: seen}}
"""


GAUGES = frozenset(
    f"replay_{what}"
    for what in (
        *("agents", "clients", "clients long-polling", "held_polls", "held_events", "journal_bytes", "plays"),
        "queued_events",
    )
)


class Scraped(Steered):
    """A server whose figures are read."""

    async def text(self, accept: str = "") -> str:
        """The figures as they stand there."""
        asked = {"Accept": accept} if accept else None
        async with self.http.get(f"{self.server.control_url}/metrics", headers=asked) as response:
            said = response.headers["Content-Type"]
            assert said.startswith(accept.split(",", maxsplit=1)[0] or "text/plain; version=0.0.4")
            return await response.text()

    async def scrape(self) -> dict[str, float]:
        """Each sample of ours by its name, with the values of its labels."""
        return read(await self.text())


def read(text: str) -> dict[str, float]:
    """Each sample of ours, of which none stands there twice."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = " ".join((sample.name, *sample.labels.values()))
            assert name not in found
            found[name] = sample.value
    return {name: value for name, value in found.items() if name.startswith("replay_")}


def of(name: str, found: dict[str, float]) -> dict[str, float]:
    """The series of one metric, by their labels."""
    return {
        key.removeprefix(name).strip(): value
        for key, value in found.items()
        if f"{key} ".startswith(f"{name} ")
    }


async def looks_at(running: Scraped, *paths: str) -> None:
    """Asks, and takes whatever comes, also nothing."""
    for path in paths:
        with suppress(aiohttp.ServerDisconnectedError):
            async with running.http.get(running.server.url + path):
                pass


def test_answers_are_counted_by_step_and_status_as_the_journal_has_them(loop: Loop) -> None:
    async def main() -> None:
        async with Scraped(STORY) as running:
            await running.call("POST", "faults", {"name": "busy", "fault": "status", "nth": 2})
            await looks_at(running, "/look", "/look", "/look", "/look", "/once", "/once", "/nowhere")

            found = await running.scrape()
            assert of("replay_requests_total", found) == {
                "story 200 look": 3,
                "story 503 look": 1,
                "story 200 once": 1,
            }
            assert found["replay_misses_total"] == 1
            kinds = of("replay_journal_entries_total", found)
            assert (kinds["request"], kinds["answer"], kinds["retry"], kinds["handshake"]) == (4, 5, 1, 0)

    run(main(), loop)


def test_events_are_counted_by_the_channel_as_it_is_written(loop: Loop) -> None:
    async def main() -> None:
        async with Scraped(STORY) as running:
            await running.join()
            await running.call("POST", "clock", {"advance": "1s"})
            found = await running.scrape()
            assert of("replay_events_total", found) == {"/a": 1}
            assert of("replay_held_events", found) == {"": 1}

            await running.bayeux("subscribe", "/", subscription="/of/**")
            found = await running.scrape()
            assert of("replay_events_total", found) == {"/a": 1, "/of/${who}": 1}
            assert of("replay_held_events", found) == {"": 0}

    run(main(), loop)


def test_what_is_pushed_by_hand_is_counted_as_one_whatever_its_channel(loop: Loop) -> None:
    async def main() -> None:
        async with Scraped(STORY) as running:
            await running.join()
            simulator = running.server.stage.simulator
            (play,) = simulator.agents.all[0].plays
            hello, there = play.part.cues
            for number, cue in enumerate((hello, there, there)):
                typed = msgspec.structs.replace(cue, id="", channel="/a", said=(f"/a/{number}", 1))
                simulator.events.push(Due(play, typed, Mark(1000.0, 1000.0)), 1000.0)

            assert of("replay_events_total", await running.scrape()) == {"(others)": 3}

    run(main(), loop)


def test_who_is_there_and_what_waits_for_them_is_read_off_when_it_is_asked_for(loop: Loop) -> None:
    names = ("agents", "plays", "held_polls", "queued_events")

    async def main() -> None:
        async with Scraped(STORY) as running:
            await running.join()
            await running.call("POST", "clock", {"advance": "1s"})
            found = await running.scrape()
            assert [found[f"replay_{name}"] for name in names] == [1, 1, 0, 1]
            assert of("replay_clients", found) == {"long-polling": 1}

            await running.bayeux("connect", "/connect", connectionType="long-polling")
            polling = asyncio.ensure_future(running.bayeux("connect", "/connect"))
            await until(lambda: running.client.hold)
            found = await running.scrape()
            assert [found[f"replay_{name}"] for name in names] == [1, 1, 1, 0]

            await running.bayeux("disconnect", "/disconnect")
            await polling
            assert of("replay_clients", await running.scrape()) == {}

    run(main(), loop)


def test_what_the_window_has_lost_and_what_it_holds_is_said(loop: Loop) -> None:
    async def main() -> None:
        async with Scraped(STORY, options=Options(journal_entries=3)) as running:
            await looks_at(running, "/nowhere", "/nowhere", "/nowhere")
            journal = running.server.stage.simulator.journal

            found = await running.scrape()
            assert found["replay_journal_dropped_total"] == 2
            assert found["replay_journal_bytes"] == journal.bytes == len(journal.lines()) - 3

    run(main(), loop)


def test_no_count_falls_when_the_journal_is_forgotten(loop: Loop) -> None:
    async def main() -> None:
        async with Scraped(STORY) as running:
            await running.join()
            await running.call("POST", "clock", {"advance": "1s"})
            before = await running.scrape()
            running.server.stage.simulator.journal.forget_all()

            after = await running.scrape()
            changed = {name for name in before if before[name] != after[name]}
            assert changed == {"replay_journal_bytes"}

    run(main(), loop)


def test_no_count_falls_when_all_is_reset(loop: Loop) -> None:
    rule = "faults: [{name: r, fault: status, where: {step: look}}]"

    async def main() -> None:
        async with Scraped(STORY + rule) as running:
            await running.join()
            await running.call("POST", "faults", {"name": "own", "fault": "drop", "where": {"step": "hello"}})
            await running.call("POST", "clock", {"advance": "1s"})
            await looks_at(running, "/look")
            before = await running.scrape()
            assert of("replay_faults_struck_total", before) == {"r": 1, "own": 1}
            for _ in range(2):
                await running.call("POST", "reset")

            after = await running.scrape()
            fallen = {name for name in before if after.get(name, 0) < before[name]}
            assert fallen == {name for name in fallen if name in GAUGES}
            assert of("replay_faults_struck_total", after) == {"r": 1, "own": 1}

    run(main(), loop)


def test_lateness_is_a_histogram_whose_buckets_hold_what_is_within_them(loop: Loop) -> None:
    async def main() -> None:
        async with Scraped(STORY) as running:
            lateness = running.server.stage.simulator.lateness
            for late in (0.00001, 0.0004, 0.0004, 0.003, 60.0):
                lateness.record(late)

            found = await running.scrape()
        buckets = {
            name: value for name, value in found.items() if name.startswith("replay_lateness_seconds_b")
        }
        within = [
            buckets[f"replay_lateness_seconds_bucket {le}"] for le in ("5e-05", "0.0005", "0.005", "10.0")
        ]
        assert within == [1, 3, 4, 4]
        assert (found["replay_lateness_seconds_count"], buckets["replay_lateness_seconds_bucket +Inf"]) == (
            5,
            5,
        )
        assert abs(found["replay_lateness_seconds_sum"] - 60.00381) < 1e-9

    run(main(), loop)


def test_whoever_puts_up_new_rules_all_day_makes_no_more_lines_and_no_count_falls(loop: Loop) -> None:
    async def main() -> None:
        async with Scraped(STORY) as running:
            rules = running.server.stage.steer
            rules(lambda rules, now: rules.put_up({"name": "r" * (LONGEST + 1), "fault": "drop"}, now))
            seen: dict[str, float] = {}
            for number in range(MOST_RULES + 5):
                name = f"r{number}"
                rules(lambda rules, now, name=name: rules.put_up({"name": name, "fault": "status"}, now))
                if number % 50 == 4:
                    await looks_at(running, "/look")
                    found = of("replay_faults_struck_total", await running.scrape())
                    assert all(found[name] >= count for name, count in seen.items())
                    seen = found
                rules(lambda rules, now, name=name: rules.take_down(name, now))
        assert len(seen) == MOST_RULES + 1
        assert (seen["r4"], sum(seen.values())) == (1, 5)

    run(main(), loop)


def test_thousands_of_steps_and_channels_make_no_more_lines_either() -> None:
    tally = Tally[int](most=10)
    for key in (*range(10_000), 3, 3, 5_000):
        tally.add(key)

    assert tally.counts == {key: 3 if key == 3 else 1 for key in range(10)}
    assert tally.others == 10_003 - 12


ODD = 'a "b" \\ \n\u00e9\u2028\U0001f600 {x="1"} # HELP'


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text; version=1.0.0"])
def test_a_scenario_of_any_name_is_read_as_it_is_called(accept: str, loop: Loop) -> None:
    async def main() -> None:
        async with Scraped(STORY) as running:
            running.server.stage.simulator.tallies.answers.add((ODD, "", 200))
            text = await running.text(accept)
        parse = open_metric_families if accept else text_string_to_metric_families
        names = {
            sample.labels["scenario"]
            for family in parse(text)
            if family.name == "replay_requests"
            for sample in family.samples
        }
        assert names == {ODD}

    run(main(), loop)


def test_the_figures_are_written_as_promtool_wants_them_and_stand_in_the_reference(loop: Loop) -> None:
    async def main() -> None:
        async with Scraped(STORY) as running:
            await running.join()
            lines = (await running.text()).splitlines()
        for word in ("# HELP", "# TYPE"):
            said = [line.split()[2] for line in lines if line.startswith(word)]
            assert len(said) == len(set(said))
        about = {line.split()[2]: line.split(" ", 3)[3] for line in lines if line.startswith("# HELP")}
        types = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE")}
        assert about.keys() == types.keys()
        ours = {name: kind for name, kind in types.items() if name.startswith("replay_")}
        assert all(re.fullmatch(r"[a-z_]+", name) and about[name] for name in ours)
        assert {name for name, kind in ours.items() if kind == "counter"} == {
            name for name in ours if name.endswith("_total")
        }
        reference = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
        assert set(re.findall(r"`(replay_\w+)", reference)) == ours.keys()

    run(main(), loop)


def test_nobody_who_does_not_ask_for_figures_waits_for_what_writes_them() -> None:
    program = "import sys, replay.server.runner, replay.cli.serve\nprint('prometheus_client' in sys.modules)"
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout == "False\n"
