"""What Prometheus reads of a server."""

from __future__ import annotations

import subprocess
import sys

from prometheus_client.parser import text_string_to_metric_families

from replay.server.control.metrics import MAX_RULES
from tests.road.software import ROOT

from .conftest import Loop
from .running import run
from .steered import Steered

STORY = """
cometd: {path: /cometd}
steps:
  - {id: hello, push: /a, after: start + 1s, data: hello}
  - {id: look, request: GET /look, respond: {body: seen}}
"""


class Scraped(Steered):
    """A server whose figures are read."""

    async def scrape(self) -> dict[str, float]:
        """Each sample by its name, with the values of its labels."""
        async with self.http.get(f"{self.server.control_url}/metrics") as response:
            assert response.headers["Content-Type"].startswith("text/plain; version=")
            text = await response.text()
        return {
            " ".join((sample.name, *sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if not sample.name.endswith("_created")
        }


def test_what_happened_and_what_struck_is_counted(loop: Loop) -> None:
    async def main() -> None:
        async with Scraped(STORY) as running:
            await running.join()
            await running.call("POST", "faults", {"name": "busy", "fault": "status", "nth": 2})
            for path in ("/look", "/look", "/nowhere"):
                async with running.http.get(running.server.url + path):
                    pass
            await running.call("POST", "clock", {"advance": "1s"})
            await running.call("DELETE", "faults/busy")
            await running.call("POST", "faults", {"name": "never", "fault": "drop"})

            found = await running.scrape()
        kinds = {name: found[f"replay_{name}_total"] for name in ("requests", "events", "misses")}
        assert kinds == {"requests": 1, "events": 1, "misses": 1}
        assert (found["replay_faults_struck_total busy"], found["replay_faults_struck_total never"]) == (1, 0)

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


def test_whoever_puts_up_new_rules_all_day_makes_no_more_lines(loop: Loop) -> None:
    async def main() -> None:
        async with Scraped(STORY) as running:
            for number in range(MAX_RULES + 5):
                name = f"r{number}"
                rules = running.server.stage.steer
                rules(lambda rules, now, name=name: rules.put_up({"name": name, "fault": "drop"}, now))
                rules(lambda rules, now, name=name: rules.take_down(name, now))

            found = await running.scrape()
        struck = [name for name in found if name.startswith("replay_faults_struck_total")]
        assert len(struck) == MAX_RULES + 1
        assert struck[-1] == "replay_faults_struck_total (others)"

    run(main(), loop)


def test_nobody_who_does_not_ask_for_figures_waits_for_what_writes_them() -> None:
    program = "import sys, replay.server.runner, replay.cli.serve\nprint('prometheus_client' in sys.modules)"
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout == "False\n"
