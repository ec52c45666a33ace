"""The road of `scenarios/a-day.yaml`: served, recorded, distilled, and all of that again with what came of it.

python -m tests.library.day [SPEED]

prints what differs between the first telling and the second, and between the first and the file.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import msgspec

from replay.distil import distil
from replay.capture.recording import open_recording
from replay.scenario.durations import format_duration
from replay.scenario.dump import write
from replay.scenario.load import load
from replay.scenario.model import PushStep, RequestStep, Scenario, Step
from replay.scenario.triggers import format_trigger, parse_trigger
from replay.verify.diff import diff
from replay.verify.report import Difference
from replay.verify.timing import Tolerance
from tests.road.software import recorder, replayer

DAY = Path(__file__).parents[2] / "scenarios" / "a-day.yaml"
CHATS = ("anna", "ben", "clara", "emma", "david", "felix", "gina", "hugo", "ida", "jan")
"""In the order in which they are offered; each is called like the variable of its id."""
SLOW = 4.0
"""A speed at which nobody's next word comes so soon that it could be what an operation brings at once."""


class Verified(NamedTuple):
    """How `replay verify` of the day ended, and what it said."""

    code: int
    said: str


class Road(NamedTuple):
    """What came of it."""

    first: list[Scenario]
    """The stories of the day, as told by the recording of it."""
    second: list[Scenario]
    """The same, as told by the recording of those."""
    verified: tuple[Verified, Verified]
    """The day held against the server that played the file, and against the one that played its stories."""


def verify(target: str, *flags: str) -> Verified:
    """Plays the agent of the day to a server, and says where that does something else."""
    command = [sys.executable, "-m", "replay", "verify", str(DAY), "--target", target, *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Verified(done.returncode, done.stdout + done.stderr)


def told(recording: Path) -> list[Scenario]:
    """The stories of a recording, called alike whatever it is called."""
    exchanges = open_recording(recording).exchanges
    return [each.scenario for each in distil(exchanges, name="day", recording=recording.name)]


def road(folder: Path, speed: float, *flags: str) -> Road:
    """Serve, record, distil, twice; `flags` are those of `verify`, which plays the agent."""
    recordings = folder / "first.mitm", folder / "second.mitm"
    with replayer(DAY, "--speed", f"{speed:g}") as server, recorder(server, recordings[0], None) as proxy:
        before = verify(proxy, *flags)
    first = told(recordings[0])
    files = [folder / f"{story.name}.yaml" for story in first]
    for file, story in zip(files, first, strict=True):
        write(file, story)
    with replayer(files) as server, recorder(server, recordings[1], None) as proxy:
        after = verify(proxy, *flags)
    return Road(first, told(recordings[1]), (before, after))


def compared(one: Scenario, other: Scenario, seconds: float) -> list[Difference]:
    """What differs, but for delays within so many seconds."""
    return list(diff(one, other, tolerance=Tolerance(seconds)).differences)


def story_of(day: Scenario, chat: str, speed: float) -> Scenario:
    """The steps of one chat of the day, with the delays that they have at a speed."""
    steps = [_faster(step, speed) for step in day.steps if f"${{{chat}}}" in _said(step)]
    names = set(re.findall(r"\$\{(?:[\w-]+\.)?(\w+)\}", "".join(map(_said, steps))))
    variables = {name: each for name, each in day.variables.items() if name in names}
    return msgspec.structs.replace(day, name=chat, variables=variables, session=[], steps=steps)


def _said(step: Step) -> str:
    return json.dumps(msgspec.to_builtins(step), ensure_ascii=False)


def _faster(step: Step, speed: float) -> Step:
    if isinstance(step, PushStep):
        trigger = parse_trigger(step.after)
        assert isinstance(trigger.delay, float)
        sooner = msgspec.structs.replace(trigger, delay=trigger.delay / speed)
        return msgspec.structs.replace(step, after=format_trigger(sooner))
    return step
