"""What Locust is told of a scenario: its own custom arguments, and what they come to."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from replay.capture.preflight import parse_upstream
from replay.drive.access import Access, by_name
from replay.drive.chats import Driving
from replay.drive.locust.http import Http, NoAnswerError, trusted
from replay.errors import UsageError, check_known
from replay.library import library
from replay.plan.pace import parse_speed
from replay.plan.timeline import plan
from replay.scenario.durations import parse_duration
from replay.scenario.load import load

TRANSPORTS = ("long-polling", "websocket")
PASSWORD = "REPLAY_PASSWORD"  # noqa: S105  the name of a variable
PROBING = 5.0
"""Seconds for a target to say whether it is a simulator."""

ARGUMENTS: dict[str, tuple[str, str]] = {
    "scenario": ("", "The scenario whose client's part is played; the one that comes with the package."),
    "transport": ("long-polling", f"How events come: {' or '.join(TRANSPORTS)}."),
    "user": (
        "user{number}-{play}",
        "What users are called: {number} is there once among all workers, from 1 on without gaps; {play} "
        "counts the stories of one user, as a simulator begins one for each agent that is new.",
    ),
    "logins": ("", "A file with a line NAME:PASSWORD for each number, instead of names by pattern."),
    "plays": (
        "0",
        "Stories that each user plays; then it is done, and with the last one the run. 0: no end.",
    ),
    "speed": ("1", "The speed at which the target plays, so that events are known to be late: 2, or max."),
    "patience": ("30s", "How long to wait for an answer, or for an event that is due."),
    "target_ca": ("", "The certificate authority of the target (PEM)."),
    "insecure": ("", "Accept any certificate of the target: yes."),
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
    trust: ssl.SSLContext | bool

    def access(self, number: int, play: int) -> Access:
        """With what a user comes.

        Raises:
            UsageError: there is no login for it.
        """
        if not self.logins:
            name, password = self.user.format(number=number, play=play), os.environ.get(PASSWORD, "")
        elif number <= len(self.logins):
            name, password = self.logins[number - 1]
        else:
            raise UsageError(f"there are {len(self.logins)} logins, and none for user {number}")
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
    """What the arguments come to, with the scenario read.

    Args:
        given: Arguments by name.
        host: Locust's `--host`.

    Raises:
        UsageError: they are wrong.
        ScenarioError: the scenario is.
    """
    if not host:
        raise UsageError("--host is missing: the server to drive, such as http://gws:8090.")
    check_known("transport", given["transport"], TRANSPORTS)
    timeline = plan(load(Path(given["scenario"]) if given["scenario"] else library()[0]))
    if len(timeline.roles) > 1:
        several = f"{timeline.name} is played by several agents together: {', '.join(timeline.roles)}"
        raise UsageError(several, help="Users of Locust play alone; `replay drive` plays all of them.")
    target = str(parse_upstream(host, option="--host"))
    trust = trusted(given["target_ca"], insecure=given["insecure"].lower() in {"1", "yes", "true"})
    try:
        speed, patience = parse_speed(given["speed"]).speed, parse_duration(given["patience"])
        given["user"].format(number=1, play=1)
        plays = int(given["plays"])
    except (ValueError, KeyError, IndexError) as error:
        raise UsageError(_wrong(given, error)) from None
    driving = Driving(
        timeline, target, patience=patience, speed=speed, starts_known=_is_simulator(target, trust)
    )
    return Setting(
        driving=driving,
        transport=given["transport"],
        user=given["user"],
        logins=_logins(given["logins"]),
        plays=plays,
        trust=trust,
    )


def _wrong(given: Mapping[str, str], error: Exception) -> str:
    match error:
        case KeyError() | IndexError():
            return (
                f"--replay-user {given['user']} may have {{number}} and {{play}} in braces, and nothing else"
            )
        case _ if "int()" in str(error):
            return f"--replay-plays is a number of stories, not '{given['plays']}'"
        case _:
            return f"--replay-speed or --replay-patience: {error}"


def _logins(file: str) -> tuple[tuple[str, str], ...]:
    if not file:
        return ()
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", "") or "it is no UTF-8"
        raise UsageError(f"--replay-logins {file} cannot be read: {why}") from None
    found = []
    for at, line in enumerate(lines, 1):
        name, colon, password = line.partition(":")
        if not colon or not name:
            # What stands there may be a password.
            raise UsageError(f"--replay-logins {file}:{at}: a line is NAME:PASSWORD")
        found.append((name, password))
    return tuple(found)


def _is_simulator(target: str, trust: ssl.SSLContext | bool) -> bool:
    """Whether the target begins a story by itself, and not when a customer comes."""
    http = Http(target, Access(trust=trust))
    try:
        answer = http.ask("GET", f"{target}/__replay/health", None, within=PROBING)
        return answer.status == 200 and "playing" in msgspec.json.decode(answer.body, type=dict[str, Any])
    except (NoAnswerError, msgspec.DecodeError, msgspec.ValidationError):
        return False
    finally:
        http.close()
