"""`replay drive`: many agents against a server, and how fast it answers them."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import click
import msgspec

from replay.capture.preflight import parse_upstream
from replay.cli.credentials import trusted
from replay.cli.diff import story
from replay.cli.drive_report import Run, check_places, write_reports
from replay.cli.drive_told import Bars
from replay.cli.drive_users import are_numbered, callers, unknown
from replay.cli.files import FILE
from replay.cli.loop import run_loop, settle
from replay.cli.settings import SETTING, planned
from replay.cli.verify import CARRIED
from replay.drive.access import Access, Hidden
from replay.drive.arrivals import parse_arrivals
from replay.drive.chats import Driving
from replay.drive.crowd import Caller, Crowd, Load
from replay.drive.descriptors import check_descriptors
from replay.drive.http import Http, opened
from replay.drive.limits import EXAMPLES as LIMITS
from replay.drive.limits import held, parse_limit
from replay.drive.offers import Offers, check_plays, health_of, steering
from replay.drive.tallies import Tallies, check_installed
from replay.drive.thinking import parse_thinking
from replay.errors import ReplayError, SurroundingsError, UsageError
from replay.plan.pace import Pace, parse_speed
from replay.scenario.durations import parse_duration


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What `replay drive` was asked for."""

    file: Path
    target: str
    agents: int
    ramp: str
    duration: str | None
    arrivals: str | None
    chats_per_agent: int
    transport: str
    settings: dict[str, Any]
    think: str
    speed: str | None
    seed: int
    patience: str
    users: Path | None
    admin_token: str | None
    insecure: bool
    target_ca: Path | None
    json: str | None
    html: str | None
    fail_if: tuple[str, ...]


@click.command()
@click.argument("file", type=FILE)
@click.option("--target", required=True, metavar="URL", help="The server to drive, such as http://gws:8090.")
@click.option(
    "--agents",
    type=click.IntRange(1, 1_000_000),
    default=1,
    show_default=True,
    metavar="N",
    help="How many come; a multiple of the roles, where the steps name any.",
)
@click.option("--ramp", default="0s", show_default=True, metavar="T", help="Over how long the agents come.")
@click.option(
    "--duration",
    metavar="T",
    help="Play chat after chat for so long; else each agent leaves after its chats.",
)
@click.option(
    "--arrivals",
    metavar="RATE",
    help="Chats come at this rate to all agents together: 'poisson(3/s)' as customers do, 'constant(3/s)' "
    "evenly. Else each agent gets the next when one has ended. Only where the target is 'replay serve'.",
)
@click.option(
    "--chats-per-agent",
    type=click.IntRange(1, 1_000),
    default=1,
    show_default=True,
    metavar="N",
    help="Chats that an agent has at once.",
)
@click.option(
    "--transport",
    type=click.Choice(CARRIED),
    default="long-polling",
    show_default=True,
    help="What their events come by.",
)
@SETTING
@click.option(
    "--think",
    default="recorded",
    show_default=True,
    metavar="T",
    help="How long a person takes before each request: 'recorded' as the scenario says, 'none', a duration, "
    "or a distribution.",
)
@click.option(
    "--speed",
    metavar="N",
    help="The speed at which the target plays, 'max' where it drops waits; 'replay serve' says it itself.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="The same seed makes the same arrivals and the same thinking.",
)
@click.option(
    "--patience",
    default="30s",
    show_default=True,
    metavar="T",
    help="After how long an answer, or an event that is due, is given up.",
)
@click.option(
    "--users",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Logins, a line each: user,password (CSV).",
)
@click.option("--admin-token", metavar="T", help="That of 'replay serve', where that is not on this machine.")
@click.option("--insecure", is_flag=True, help="Accept any certificate of the target.")
@click.option(
    "--target-ca", type=click.Path(path_type=Path), metavar="FILE", help="Its certificate authority (PEM)."
)
@click.option("--json", metavar="OUT", help="Write all figures as JSON; - is standard output.")
@click.option("--html", metavar="OUT", help="Write a page with plots, which is one file.")
@click.option(
    "--fail-if",
    multiple=True,
    metavar="LIMIT",
    help=f"Exit code 1 if this is so when the run ends; may be given more than once. Such as: {LIMITS}.",
)
@click.pass_context
def drive(context: click.Context, /, **given: Any) -> None:
    """Plays the client's part of a scenario as many agents, and says how fast a server is.

    FILE is a scenario, or a recording, which is distilled first. The target may be 'replay serve' or a real
    server; there customers have to start the chats.

    Agents log in as agent1, agent2 and so on. REPLAY_USER and REPLAY_PASSWORD, or REPLAY_AUTHORIZATION, say
    otherwise, with {n} for the agent's number: REPLAY_USER='load-{n}'.

    Exit code 0 if no limit of --fail-if is broken, 1 if one is, 2 for a bad file or wrong usage, 3 if the
    server could not be driven, 130 if it was interrupted.
    """
    asked = Asked(**given)
    target = str(parse_upstream(asked.target, option="--target"))
    check_installed()
    check_places(asked.json, asked.html, asked.file)
    timeline = planned(story(asked.file), asked.settings)
    steps = [step.id for step in (*timeline.scenario.session, *timeline.scenario.steps)]
    limits = [parse_limit(text, steps) for text in asked.fail_if]
    hidden = Hidden()
    trust = trusted(asked.target_ca, insecure=asked.insecure)
    come = callers(
        os.environ, asked.users, agents=asked.agents, roles=timeline.roles, trust=trust, hidden=hidden
    )
    load = _load(asked)
    _speed(asked.speed)
    _patience(asked.patience)
    _checked("--think", parse_thinking, asked.think, seed=asked.seed, speed=1.0)
    check_descriptors(asked.agents)
    tallies = Tallies(steps)
    run = Run(file=str(asked.file), target=target, timeline=timeline, agents=asked.agents, load=load)
    driving = _Driving(asked, run, come, tallies, trust=Access(trust=trust))
    crowd = driving.run()
    took = crowd.elapsed
    found = [held(limit, tallies, seconds=took, lost=crowd.lost) for limit in limits]
    write_reports(run, crowd, found, hidden, as_json=asked.json, as_html=asked.html)
    if driving.was_interrupted:
        raise KeyboardInterrupt
    if crowd.why or not (tallies.requests.count or tallies.came):
        raise SurroundingsError(
            hidden.without(crowd.why) or f"{target} could not be driven: nothing came of it"
        )
    context.exit(1 if any(each.is_broken for each in found) else 0)


class _Driving:
    """A run on a loop."""

    def __init__(
        self, asked: Asked, run: Run, come: list[Caller], tallies: Tallies, *, trust: Access
    ) -> None:
        self._asked, self._come, self._tallies = asked, come, tallies
        self._target, self._timeline, self._load = run.target, run.timeline, run.load
        self._trust = trust
        self._crowd: Crowd | None = None
        self.was_interrupted = False

    def run(self) -> Crowd:
        """Drives it to the end."""
        run_loop(self._run(), fast=not self._target.startswith("https"))
        assert self._crowd is not None
        return self._crowd

    async def _run(self) -> None:
        async with opened(steering(self._asked.admin_token, self._trust), Hidden()) as control:
            offers, speed, all_offered = await self._steered(control)
            thinking = parse_thinking(self._asked.think, seed=self._asked.seed, speed=speed)
            driving = Driving(
                self._timeline,
                self._target,
                thinking=thinking,
                patience=_patience(self._asked.patience),
                speed=speed,
                starts_known=offers is not None,
                all_offered=all_offered,
            )
            with Bars(self._asked.agents, self._load.duration) as bars:
                crowd = self._crowd = Crowd(
                    driving,
                    self._load,
                    self._come,
                    self._tallies,
                    offers=offers,
                    each_second=lambda: bars.show(crowd),
                )
                self._listen_for_signals(crowd)
                settle()
                await crowd.run()

    def _listen_for_signals(self, crowd: Crowd) -> None:
        def interrupted() -> None:
            self.was_interrupted = True
            crowd.stop()
            for number in (signal.SIGINT, signal.SIGTERM):
                # Whoever asks again wants it now.
                loop.remove_signal_handler(number)

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupted)

    async def _steered(self, control: Http) -> tuple[Offers | None, float | None, bool]:
        """Who offers chats, if a server of ours does; its speed; and whether all have to be offered."""
        health = await health_of(control, self._target)
        said = _speed(self._asked.speed)
        if health is None:
            if self._load.arrivals is not None:
                what = f"--arrivals: {self._target} is not 'replay serve', there customers start the chats"
                raise UsageError(what, help="Leave it out; what comes is played.")
            return None, said.speed if said else 1.0, False
        check_plays(health, self._target, self._timeline.name)
        offers = Offers(control, self._target, self._timeline.name)
        await offers.look()
        if are_numbered(os.environ, self._asked.users):
            self._come = unknown(self._come, offers.knows, trust=self._trust.trust)
        speed = None if health.speed == "max" else float(health.speed)
        all_offered = self._timeline.name in health.on_request
        return offers, said.speed if said else speed, all_offered


def _load(asked: Asked) -> Load:
    duration = None if asked.duration is None else _checked("--duration", parse_duration, asked.duration)
    if duration == 0:
        raise UsageError("--duration: nothing happens in no time", help="Write 60s.")
    arrivals = None if asked.arrivals is None else _checked("--arrivals", parse_arrivals, asked.arrivals)
    ramp = _checked("--ramp", parse_duration, asked.ramp)
    if duration is not None and ramp > duration:
        what = f"--ramp: over {asked.ramp} not all agents come before the end, --duration {asked.duration}"
        raise UsageError(what, help="Make the ramp the shorter of the two.")
    return Load(
        ramp=ramp,
        duration=duration,
        arrivals=arrivals,
        chats_per_agent=asked.chats_per_agent,
        transport=asked.transport,
        seed=asked.seed,
    )


def _speed(text: str | None) -> Pace | None:
    return None if text is None else _checked("--speed", parse_speed, text)


def _patience(text: str) -> float:
    patience: float = _checked("--patience", parse_duration, text)
    if not patience:
        raise UsageError("--patience: no server answers in no time; write 30s")
    return patience


def _checked(option: str, parse: Any, text: str, **how: Any) -> Any:
    """What an option says, with its name in front of what is wrong with it."""
    try:
        return parse(text, **how)
    except ReplayError:
        raise
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None
