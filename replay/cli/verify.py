"""`replay verify`: does a server still do what a scenario says?"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Literal, get_args

import click
import msgspec

from replay.capture.preflight import parse_upstream
from replay.cli.credentials import accesses, trusted
from replay.cli.diff import story
from replay.cli.files import FILE
from replay.cli.loop import run_loop
from replay.cli.printing import print_lines
from replay.cli.reports import check_outputs, write_outputs
from replay.cli.settings import SETTING, planned
from replay.cli.verify_report import Held, cases, clean, lines, properties, row
from replay.cli.verify_told import Follower, Teller
from replay.drive.access import Access, Hidden
from replay.drive.playing import play, play_together
from replay.errors import SurroundingsError, UsageError, check_known
from replay.library import called
from replay.plan.timeline import Timeline
from replay.scenario.durations import parse_duration
from replay.verify.judge import judge
from replay.verify.merged import merged
from replay.verify.report import Verdict
from replay.verify.role import Seen
from replay.verify.timing import Tolerance, parse_tolerance

Order = Literal["strict", "causal", "any"]
EXIT_CODES: dict[Verdict, int] = {"pass": 0, "fail": 1, "inconclusive": 3}
CARRIED = ["websocket", "long-polling"]
"""Transports that the built-in client speaks."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What `replay verify` was asked for."""

    file: Path
    target: str
    order: Order
    timing: str | None
    transport: str
    role: str | None
    settings: dict[str, Any]
    patience: str
    allow_new_fields: bool
    target_ca: Path | None
    insecure: bool
    json: str | None
    junit: str | None


@click.command()
@click.argument("file", type=FILE)
@click.option("--target", required=True, metavar="URL", help="The server to verify, such as http://gws:8090.")
@click.option(
    "--order",
    type=click.Choice(get_args(Order)),
    default="causal",
    show_default=True,
    help="'strict': all comes in the order that it has in the story; 'causal': nothing comes before what it "
    "follows, and what is independent may swap; 'any': no order is held.",
)
@click.option(
    "--timing", metavar="T", help="Compare delays too: what they may be apart, such as 50ms or 200%."
)
@click.option("--transport", type=click.Choice(CARRIED), default="long-polling", show_default=True)
@click.option("--role", metavar="NAME", help="Play this agent alone, where the steps name several.")
@SETTING
@click.option(
    "--patience",
    default="30s",
    show_default=True,
    metavar="T",
    help="How long to wait for an answer, and for an event that somebody has to cause.",
)
@click.option("--allow-new-fields", is_flag=True, help="Fields that only the target has are no difference.")
@click.option("--insecure", is_flag=True, help="Accept any certificate of the target.")
@click.option(
    "--target-ca", type=click.Path(path_type=Path), metavar="FILE", help="Its certificate authority (PEM)."
)
@click.option("--json", metavar="OUT", help="Write everything that differs as JSON; - is standard output.")
@click.option("--junit", metavar="OUT", help="Write a test case per step as JUnit XML; - is standard output.")
@click.pass_context
def verify(context: click.Context, /, **given: Any) -> None:
    """Plays the client's part of a scenario to a server, and says where that does not do what FILE says.

    FILE is a scenario, or a recording, which is distilled first. Answers, events and their order are
    compared; fields that the scenario names under `ignore:` are not, nor ids that are made anew.

    The login comes from the environment: REPLAY_USER and REPLAY_PASSWORD, or REPLAY_AUTHORIZATION for a whole
    header. Where several agents play, REPLAY_USER_NAME and REPLAY_PASSWORD_NAME for each.

    Exit code 0 if it passes, 1 if something differs, 3 if it is inconclusive, as the server could not be
    exercised, 2 for a bad file or wrong usage.
    """
    asked = Asked(**given)
    target = str(parse_upstream(asked.target, option="--target"))
    tolerance, patience = _tolerance(asked.timing), _patience(asked.patience)
    check_outputs(asked.json, asked.junit, asked.file)
    timeline = planned(story(asked.file), asked.settings)
    if asked.role is not None:
        check_known("role", asked.role, timeline.roles)
    roles = timeline.roles if asked.role is None else (asked.role,)
    hidden = Hidden()
    come = accesses(os.environ, roles, trusted(asked.target_ca, insecure=asked.insecure), hidden)
    playing = _Playing(timeline, target, roles, hidden)
    interrupted = playing.run(asked.transport, patience, come)
    found = [
        judge(
            timeline,
            playing.followers[role].seen,
            role=timeline.roles.index(role),
            why=playing.why(role),
            order=asked.order,
            tolerance=tolerance,
            allow_new_fields=asked.allow_new_fields,
            others=playing.seen_beside(role),
        )
        for role in roles
    ]
    told = timeline.scenario
    held = Held(clean(merged(found, told), hidden), told, called(asked.file), target)
    _report(held, asked)
    if interrupted:
        raise KeyboardInterrupt
    context.exit(EXIT_CODES[held.found.verdict])


class _Playing:
    """All roles that are played, and what became of it."""

    def __init__(self, timeline: Timeline, target: str, roles: tuple[str, ...], hidden: Hidden) -> None:
        self._timeline = timeline
        self._target = target
        self._roles = roles
        self._hidden = hidden
        self._whys: dict[str, str] = {}
        self._cut_short = ""
        self._teller = Teller(hidden)
        self.followers = {role: Follower(self._teller, timeline, role) for role in roles}

    def run(self, transport: str, patience: float, come: dict[str, Access]) -> bool:
        """Plays them all to their ends; returns whether somebody interrupted it."""
        try:
            with self._teller:
                run_loop(self._play(transport, patience, come), fast=False)
        except KeyboardInterrupt:
            self._cut_short = "it was interrupted"
            return True
        except SurroundingsError as error:
            self._cut_short = str(error)
        return False

    def why(self, role: str) -> str:
        """Why it ended before all was seen; empty when it did not."""
        return self._hidden.without(self._cut_short or self._whys.get(role, ""))

    def seen_beside(self, role: str) -> list[Seen] | None:
        """What the others saw; None when it is alone."""
        if len(self._roles) < len(self._timeline.roles):
            return None
        return [each for other in self._roles if other != role for each in self.followers[other].seen]

    async def _play(self, transport: str, patience: float, come: dict[str, Access]) -> None:
        if len(self._roles) == 1:
            (role,) = self._roles
            outcomes = {
                role: await play(
                    self._timeline,
                    self._target,
                    transport=transport,
                    patience=patience,
                    role=role,
                    access=come[role],
                    hidden=self._hidden,
                    watch=self.followers[role],
                    goes_on=True,
                )
            }
        else:
            outcomes = await play_together(
                self._timeline,
                self._target,
                transports=dict.fromkeys(self._roles, transport),
                patience=patience,
                accesses=come,
                hidden=self._hidden,
                watches=self.followers,
                goes_on=True,
            )
        self._whys = {role: outcome.why for role, outcome in outcomes.items()}


def _report(held: Held, asked: Asked) -> None:
    """Files first, as whoever reads the text may go away; the text also where they cannot be written."""
    try:
        write_outputs(
            (asked.json, lambda: row(held, asked.order)),
            (asked.junit, lambda: (held.found.scenario, cases(held), properties(held, asked.order))),
        )
    finally:
        print_lines(lines(held), sys.stderr if "-" in (asked.json, asked.junit) else sys.stdout)


def _tolerance(text: str | None) -> Tolerance | None:
    try:
        return None if text is None else parse_tolerance(text)
    except ValueError as error:
        raise UsageError(f"--timing: {error}") from None


def _patience(text: str) -> float:
    try:
        patience = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--patience: {error}") from None
    if not patience:
        raise UsageError("--patience: no server answers in no time; write 30s")
    return patience
