"""What Locust is told of a scenario: its own custom arguments, and what they come to."""

from __future__ import annotations

import csv
import os
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from replay.capture.preflight import parse_upstream
from replay.drive.access import Access, by_name
from replay.drive.chats import Driving
from replay.drive.locust.http import trusted
from replay.drive.locust.target import health_of
from replay.drive.thinking import parse_thinking
from replay.errors import UsageError, check_known, nearest
from replay.library import meant
from replay.plan.pace import parse_speed
from replay.plan.timeline import plan
from replay.scenario.durations import parse_duration
from replay.scenario.load import load

TRANSPORTS = ("long-polling", "websocket")
PASSWORD = "REPLAY_PASSWORD"  # noqa: S105  the name of a variable

ARGUMENTS: dict[str, tuple[str, str]] = {
    "scenario": ("accept-chat", "The scenario whose client's part is played: a file, or one of the library."),
    "transport": ("long-polling", f"How events come: {' or '.join(TRANSPORTS)}."),
    "think": (
        "recorded",
        "How long a person takes before each request: 'recorded' as the scenario says, 'none', a duration, "
        "or a distribution.",
    ),
    "seed": ("0", "Of thinking."),
    "user": (
        "agent{n}-{play}",
        "What users are called: {n} is their number, there once among all workers, from 1 on without gaps; "
        "{play} counts the sessions of one, as a simulator begins a story for each agent that is new. "
        f"{PASSWORD} is the password of all.",
    ),
    "users": ("", "Logins, a line for each number instead: user,password (CSV)."),
    "plays": (
        "0",
        "Stories that each user plays; the run ends when all have. 0: it has no end.",
    ),
    "chats": ("1", "Stories in a session; a simulator is asked to offer each but the first."),
    "speed": ("", "At which the target plays, 'max' where it drops waits; 'replay serve' says it itself."),
    "patience": ("30s", "After how long an answer, or an event that is due, is given up."),
    "target_ca": ("", "The certificate authority of the target (PEM)."),
    "insecure": ("", "'yes' accepts any certificate of the target."),
}
"""By name: what it is if not given, and what it is for."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What users are to do."""

    driving: Driving
    transport: str
    user: str
    """A pattern."""
    logins: tuple[tuple[str, str], ...]
    """Names and passwords; empty when names go by the pattern."""
    plays: int
    chats: int
    """In a session."""
    trust: ssl.SSLContext | bool

    def access(self, number: int, play: int) -> Access:
        """With what a user comes.

        Raises:
            UsageError: there is no login for it.
        """
        if not self.logins:
            name, password = self.user.format(n=number, play=play), os.environ.get(PASSWORD, "")
        elif number <= len(self.logins):
            name, password = self.logins[number - 1]
        else:
            raise UsageError(f"--replay-users has {len(self.logins):,} users, and none for number {number}")
        return msgspec.structs.replace(by_name(name, password), trust=self.trust)


def add_arguments(parser: Any) -> None:
    """Adds them to Locust's own, each also as a variable: `REPLAY_LOCUST_SCENARIO`."""
    group = parser.add_argument_group("replay", "The part of a scenario that users play.")
    for name, (given, about) in ARGUMENTS.items():
        flag = f"--replay-{name.replace('_', '-')}"
        # What begins with a percent sign would be filled in.
        group.add_argument(
            flag,
            default=given,
            env_var=f"REPLAY_LOCUST_{name.upper()}",
            metavar="X",
            help=about.replace("%", "%%"),
        )


def settle(given: Mapping[str, str], host: str | None) -> Setting:
    """What the arguments come to, with the scenario read and the target asked what it is.

    Args:
        given: Arguments by name.
        host: Locust's `--host`.

    Raises:
        UsageError: they are wrong.
        ScenarioError: the scenario is.
        SurroundingsError: nobody answers at the target.
    """
    if not host:
        raise UsageError("--host is missing: the server to drive, such as http://gws:8090.")
    target = str(parse_upstream(host, option="--host"))
    check_known("transport", given["transport"], TRANSPORTS)
    timeline = plan(load(meant(Path(given["scenario"]))))
    if len(timeline.roles) > 1:
        several = f"{timeline.name} is played by several agents together: {', '.join(timeline.roles)}"
        raise UsageError(several, help="Users of Locust play alone; 'replay drive' plays all of them.")
    trust = trusted(given["target_ca"], insecure=given["insecure"].lower() in {"1", "yes", "true"})
    patience, seed, plays, chats = (_read(given, name, how) for name, how in _NUMBERS.items())
    _read(given, "user", lambda pattern: pattern.format(n=1, play=1))
    logins = _logins(given["users"])
    speed = _read(given, "speed", lambda text: parse_speed(text or "1").speed)
    health = health_of(target, trust)
    if health is not None:
        if timeline.name not in health.playing:
            advice = nearest(timeline.name, health.playing) or "Serve the same file that you drive."
            playing = ", ".join(health.playing)
            raise UsageError(f"{target} plays {playing}, and not {timeline.name}", help=advice)
        speed = speed if given["speed"] else parse_speed(str(health.speed)).speed
    thinking = _read(given, "think", lambda text: parse_thinking(text, seed=seed, speed=speed))
    starts_known = health is not None
    return Setting(
        driving=Driving(
            timeline,
            target,
            thinking=thinking,
            patience=patience,
            speed=speed,
            starts_known=starts_known,
            all_offered=health is not None and timeline.name in health.on_request,
        ),
        transport=given["transport"],
        user=given["user"],
        logins=logins,
        plays=plays,
        chats=max(1, chats),
        trust=trust,
    )


_NUMBERS: dict[str, Callable[[str], Any]] = {
    "patience": parse_duration,
    "seed": int,
    "plays": int,
    "chats": int,
}


def _read(given: Mapping[str, str], name: str, how: Callable[[str], Any]) -> Any:
    try:
        return how(given[name])
    except (ValueError, KeyError, IndexError) as error:
        what = f"--replay-{name} {given[name]}"
        if isinstance(error, KeyError | IndexError):
            raise UsageError(f"{what} may have {{n}} and {{play}} in braces, and nothing else") from None
        if how is int:
            raise UsageError(f"{what} is no whole number") from None
        raise UsageError(f"{what}: {error}") from None


def _logins(file: str) -> tuple[tuple[str, str], ...]:
    if not file:
        return ()
    try:
        with Path(file).open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.reader(lines) if row and not row[0].startswith("#")]
    except OSError as error:
        raise UsageError(f"--replay-users {file} cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error):
        raise UsageError(f"--replay-users {file} is no CSV in UTF-8", help=_LINE) from None
    for number, row in enumerate(rows, 1):
        if len(row) > 2 or not row[0].strip() or ":" in row[0] or not "".join(row).isprintable():
            # What stands there may be a password.
            raise UsageError(f"--replay-users {file}: entry {number} is no user", help=_LINE)
    return tuple((row[0].strip(), row[1].strip() if len(row) > 1 else "") for row in rows)


_LINE = "A line a user: user,password."
