"""Record, distil, serve what came out, record that, distil again: the second scenarios against the first.

python -m tests.road.fixpoint

prints how far delays are apart; that nothing else differs is asserted by tests.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from replay.capture.recording import open_recording
from replay.cli.diff import redacted_fields
from replay.distil import distil
from replay.scenario.dump import write
from replay.scenario.model import Scenario
from replay.verify.diff import Report, diff
from replay.verify.timing import Tolerance

from .software import agent, backend, recorder, replayer

Client = Callable[[str], object]
"""Plays the client's part against a URL until its story is over."""

LINES = 10
LONG = ("--login", "--ready", "--get-me", "--talk", str(LINES), "--expect", str(8 + 3 * LINES))
"""An agent's flags for a story of some fifty steps: ten lines each way, typing, transfer, complete."""

CELLS = [("cometd", "3.1", "long-polling"), ("faye", "3.1", "callback-polling"), ("faye", "9", "websocket")]


def told(recording: Path) -> list[Scenario]:
    """The stories of a recording."""
    exchanges = open_recording(recording).exchanges
    return [each.scenario for each in distil(exchanges, name=recording.stem, recording=recording.name)]


def told_twice(
    folder: Path, server: str, client: Client, *flags: str
) -> tuple[list[Scenario], list[Scenario]]:
    """The stories of a client before a real server, and those of the same client before these stories."""
    first, second = folder / "first.mitm", folder / "second.mitm"
    with backend(server, *flags) as upstream, recorder(upstream, first, None, redact=True) as proxy:
        client(proxy)
    stories = told(first)
    files = [folder / f"{story.name}.yaml" for story in stories]
    for file, story in zip(files, stories, strict=True):
        write(file, story)
    with replayer(files) as upstream, recorder(upstream, second, None, redact=True) as proxy:
        client(proxy)
    return stories, told(second)


def told_by(folder: Path, upstream: str, cometd: str, transport: str, flags: tuple[str, ...]) -> Scenario:
    """The story of one client before a server."""
    recording = folder / f"{cometd}-{transport}.mitm"
    with recorder(upstream, recording, None, redact=True) as proxy:
        agent(proxy, cometd=cometd, transport=transport, flags=flags)
    (story,) = told(recording)
    return story


def compared(one: Scenario, other: Scenario, *, seconds: float = 0.010) -> Report:
    """What differs, but for pseudonyms and delays within so many seconds."""
    return diff(one, other, tolerance=Tolerance(seconds), personal=redacted_fields())


def main() -> int:
    """One line for each way to record; 1 if anything else differs, or one delay in four by over 10 ms."""
    others = far = steps = 0
    for name, flags in (("accept", ()), ("long story", LONG)):
        for server, cometd, transport in CELLS:
            with tempfile.TemporaryDirectory() as folder:

                def client(url: str) -> object:
                    return agent(url, cometd=cometd, transport=transport, flags=flags)  # noqa: B023

                (one,), (other,) = told_twice(Path(folder), server, client)
            report = compared(one, other, seconds=0.0)
            apart = [abs(each.apart) * 1000 for each in report.differences if each.apart is not None]
            late, more = sum(each > 10 for each in apart), len(report.differences) - len(apart)
            far, others, steps = far + late, others + more, steps + report.matched
            print(
                f"{name}, cometd {cometd} {transport}: {report.matched} of {max(report.steps)} steps, "
                f"{more} differences; {late} delays over 10 ms apart, worst {max(apart, default=0):.0f}"
            )
    return int(others > 0 or far > steps / 4)


if __name__ == "__main__":
    sys.exit(main())
