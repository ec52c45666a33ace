"""The road of `scenarios/a-day.yaml`: served, recorded, distilled, and all of that again with what came out.

python -m tests.library.day [SPEED]

prints how far the second telling is from the first, and the first from the file.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from difflib import unified_diff
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from replay.capture.recording import open_recording
from replay.distil import distil
from replay.scenario.dump import dumps, write
from replay.scenario.durations import format_duration, parse_duration
from replay.scenario.load import load
from replay.scenario.model import PushStep, Respond, Scenario, Source, Step, Variable
from replay.scenario.triggers import format_trigger, parse_trigger
from replay.verify.diff import diff
from replay.verify.report import Difference
from replay.verify.timing import Tolerance
from tests.road.software import recorder, replayer

DAY = Path(__file__).parents[2] / "scenarios" / "a-day.yaml"
CHATS = ("anna", "ben", "clara", "emma", "david", "felix", "gina", "hugo", "ida", "jan")
"""In the order in which they are offered; each is called like the variable of its id."""
SLOW, FAST = 4.0, 80.0
"""At the slow one, at which the day is a minute and a half where nobody thinks, what others say never comes
so soon after an operation that it could be what that brings; at the fast one it may be told as that."""
UNKNOWABLE = {
    # The next chat comes when the agent has room for it: of that a recording shows only when it came.
    *((f"{chat}-invited", "after") for chat in CHATS[1:]),
    ("emma-revoked", "after"),
    # It has to follow something, but what for?
    ("chats-again", "needs"),
}
"""What no recording can tell, by step and field."""

_VARIABLE = re.compile(r"\$\{(?:[\w-]+\.)?(\w+)\}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d{4}")
_TIMED = re.compile(r"(?m)^ +(?:window|think|because): .*\n|(?<= \+ )[\d.]+m?s$|(?<=after: )[\d.]+m?s")


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    said: str


class Road(NamedTuple):
    """What came of it."""

    first: list[Scenario]
    """The stories of the day, as told by the recording of it."""
    second: list[Scenario]
    """The same, as told by the recording of those."""
    verified: tuple[Ended, Ended]
    """The day held against the server that played the file, and against the one that played its stories."""


def verify(target: str, *flags: str) -> Ended:
    """Plays the agent of the day to a server, and says where that does something else."""
    return _run("verify", str(DAY), "--target", target, *flags)


def drive(target: str, agents: int, figures: Path, *flags: str) -> dict[str, Any]:
    """The day of so many agents at once; returns what `replay drive` counted."""
    ended = _run(
        "drive", str(DAY), "--target", target, "--agents", str(agents), "--json", str(figures), *flags
    )
    assert ended.code == 0, ended.said
    found: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    return found


def _run(*arguments: str) -> Ended:
    command = [sys.executable, "-m", "replay", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Ended(done.returncode, done.stdout + done.stderr)


def told(recording: Path) -> list[Scenario]:
    """The stories of a recording, called alike whatever it is called."""
    exchanges = open_recording(recording).exchanges
    return [each.scenario for each in distil(exchanges, name="day", recording=recording.name)]


def road(folder: Path, speed: float, *flags: str) -> Road:
    """Serve, record, distil, twice; by `verify`, with these flags, before what was distilled."""
    recordings = folder / "first.mitm", folder / "second.mitm"
    with replayer(DAY, "--speed", f"{speed:g}") as server, recorder(server, recordings[0], None) as proxy:
        before = verify(proxy)
    first = told(recordings[0])
    files = [folder / f"{story.name}.yaml" for story in first]
    for file, story in zip(files, first, strict=True):
        write(file, story)
    with replayer(files) as server, recorder(server, recordings[1], None) as proxy:
        after = verify(proxy, *flags)
    return Road(first, told(recordings[1]), (before, after))


def compared(one: Scenario, other: Scenario, seconds: float) -> list[Difference]:
    """What differs, but for names of steps and for delays within so many seconds."""
    found = diff(one, other, tolerance=Tolerance(seconds)).differences
    return [each for each in found if each.kind != "renamed"]


def apart_from_the_file(first: Iterable[Scenario], speed: float, seconds: float) -> list[Difference]:
    """Where the stories say something else than the file, but for what no recording can tell."""
    day = load(DAY)
    pairs = [
        (_story(day, chat, speed), _only(each, each.steps)) for chat, each in zip(CHATS, first, strict=True)
    ]
    found = [each for pair in pairs for each in compared(*pair, seconds)]
    return [each for each in found if (each.step, each.field) not in UNKNOWABLE]


def bare(story: Scenario) -> str:
    """A story as it is written, without what a recording names and when things happened."""
    made = {name: Variable(make=each.make) if each.make else each for name, each in story.variables.items()}
    text = dumps(msgspec.structs.replace(story, source=Source(), about="", variables=made))
    return _TIMED.sub("", _MOMENT.sub("then", text))


def _story(day: Scenario, chat: str, speed: float) -> Scenario:
    """The steps of one chat of the day, with the delays that they have at a speed."""
    return _only(day, [_faster(step, speed) for step in day.steps if chat in _named(step)])


def _only(scenario: Scenario, steps: list[Step]) -> Scenario:
    """These steps, and of all else what they need."""
    names = {name for step in steps for name in _named(step)}
    variables = {name: each for name, each in scenario.variables.items() if name in names}
    return msgspec.structs.replace(
        scenario, variables=variables, shift_times=["timestamp"], session=[], steps=steps
    )


def _named(step: Step) -> set[str]:
    """Variables that a step speaks of."""
    return set(_VARIABLE.findall(json.dumps(msgspec.to_builtins(step), ensure_ascii=False)))


def _faster(step: Step, speed: float) -> Step:
    if isinstance(step, PushStep):
        trigger = parse_trigger(step.after)
        assert isinstance(trigger.delay, float)
        sooner = msgspec.structs.replace(trigger, delay=trigger.delay / speed)
        return msgspec.structs.replace(step, after=format_trigger(sooner))
    return msgspec.structs.replace(step, respond=[_sooner(each, speed) for each in step.respond])


def _sooner(answer: Respond, speed: float) -> Respond:
    after = format_duration(round(parse_duration(answer.after) / speed, 4))
    return msgspec.structs.replace(answer, after=after)


def main() -> int:
    """One line; 1 if anything differs but delays, or one delay in four by over 10 ms."""
    speed = float(sys.argv[1]) if len(sys.argv) > 1 else SLOW
    with tempfile.TemporaryDirectory() as folder:
        came = road(Path(folder), speed)
    pairs = list(zip(came.first, came.second, strict=True))
    tellings = [each for pair in pairs for each in compared(*pair, 0.0)]
    delays = [abs(each.apart) for each in tellings if each.apart is not None]
    others = [str(each) for each in tellings if each.apart is None]
    others += map(str, apart_from_the_file(came.first, speed, 0.25))
    others += [each.said for each in came.verified if each.code != 0]
    others += [
        line
        for pair in pairs
        for line in unified_diff(*(bare(each).splitlines() for each in pair), lineterm="", n=0)
    ]
    steps = sum(len(story.session) + len(story.steps) for story in came.first)
    late = sum(each > 0.010 for each in delays)
    print(*others, sep="\n", file=sys.stderr)
    print(
        f"a day at speed {speed:g}: {len(came.first)} stories, {steps} steps, {len(others)} differences; "
        f"{late} delays over 10 ms apart, worst {max(delays, default=0) * 1000:.0f} ms"
    )
    return int(bool(others) or late > steps / 4)


if __name__ == "__main__":
    sys.exit(main())
