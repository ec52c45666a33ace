"""`replay serve`: plays scenarios to unmodified clients."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import click

from replay import __version__
from replay.cli.loop import run_loop, settle
from replay.clock import ManualClock
from replay.errors import UsageError
from replay.journal import Head
from replay.library import library
from replay.plan.pace import Pace, at_speed, parse_pace, parse_speed
from replay.registry import MODIFIERS, PACES, TRANSPORTS
from replay.scenario.load import load
from replay.scenario.model import Scenario
from replay.scenario.paces import examples
from replay.server.control.terms import PREFIX
from replay.server.journal_file import JournalFile
from replay.server.runner import Server
from replay.server.serving import gather
from replay.simulator.simulator import Options

NAMED = 30
"""Rules that are named in one line; a pinned run may have thousands."""


def _speed(_context: click.Context, _parameter: click.Parameter, text: str) -> Pace:
    try:
        return parse_speed(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _pace(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Pace:
    try:
        return parse_pace(text) if text is not None else Pace()
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _paces() -> str:
    """The help of `--pace`."""
    bases, modifiers = (", ".join(examples(table)) for table in (PACES, MODIFIERS))
    return (
        f"How delays come about: {bases}. After it, what is done to them: {modifiers}. As in "
        "'recorded, idle-max(2s), jitter(20%)'. Without it each scenario keeps its own pace, or the "
        "recorded one."
    )


def _date(_context: click.Context, _parameter: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        raise click.BadParameter("write it as 2014-01-02T14:23:20-08:00") from None


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8090, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one."
)
@click.option(
    "--speed", default="1", show_default=True, callback=_speed, help="2 is twice as fast; 'max' drops waits."
)
@click.option("--pace", callback=_pace, metavar="PACE", help=_paces())
@click.option(
    "--clock",
    type=click.Choice(["real", "manual"]),
    default="real",
    show_default=True,
    help="'manual' stands still until it is moved by hand.",
)
@click.option("--date", callback=_date, metavar="T", help="Pretend that plays begin at this time (ISO 8601).")
@click.option("--seed", default=0, show_default=True, help="The same seed makes the same ids and draws.")
@click.option(
    "--transport",
    "transports",
    multiple=True,
    type=click.Choice(list(TRANSPORTS)),
    help="Offer this transport whatever the scenarios say; may be given more than once.",
)
@click.option(
    "--tls",
    nargs=2,
    type=click.Path(path_type=Path),
    metavar="CERT KEY",
    help="Speak https with this certificate and its key (PEM; one file with both is given twice).",
)
@click.option(
    "--faults",
    "fault_files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Let this go wrong too, before what the scenarios say; may be given more than once.",
)
@click.option(
    "--preset",
    "presets",
    multiple=True,
    metavar="NAME",
    help="Let these faults go wrong together ('replay faults' lists them); may be given more than once.",
)
@click.option(
    "--control-port",
    type=click.IntRange(0, 65535),
    help="A port on loopback for control alone, which no fault reaches; 0 picks a free one.",
)
@click.option(
    "--control-prefix",
    default=PREFIX,
    show_default=True,
    metavar="PATH",
    help="The path that all of control is under.",
)
@click.option(
    "--admin-token",
    envvar="REPLAY_ADMIN_TOKEN",
    show_envvar=True,
    metavar="TOKEN",
    help="Let whoever says this token steer, from any machine; without it only this one may.",
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write what happens as JSON Lines, as it goes: for `replay show`, `pin` and `diff`.",
)
@click.option("--print-url", is_flag=True, help="Print the URL alone on standard output once it listens.")
def serve(
    *,
    files: tuple[Path, ...],
    host: str,
    port: int,
    speed: Pace,
    pace: Pace,
    clock: str,
    date: float | None,
    seed: int,
    transports: tuple[str, ...],
    tls: tuple[Path, Path] | None,
    fault_files: tuple[Path, ...],
    presets: tuple[str, ...],
    control_port: int | None,
    control_prefix: str,
    admin_token: str | None,
    journal: Path | None,
    print_url: bool,
) -> None:
    """Plays scenarios to unmodified clients until Ctrl-C.

    Without FILE the scenarios that come with the package are played.
    """
    try:
        apart = control_port is not None
        read = list(files or library())
        scenarios = [load(path, control_apart=apart) for path in read]
        if not scenarios:
            raise UsageError("there is no scenario to play: name a file")
        faults = gather(fault_files, presets, scenarios, control_apart=apart)
        options = Options(pace=at_speed(pace, speed), seed=seed, date=date, faults=tuple(faults))
        inputs = (*files, *fault_files, *(tls or ()))
        if journal is not None and journal.exists() and any(map(journal.samefile, inputs)):
            raise UsageError(f"{journal} is what is to be read: name another file with --journal")
        server = Server(
            scenarios,
            host=host,
            port=port,
            options=options,
            clock=ManualClock() if clock == "manual" else None,
            transports=transports,
            certificate=tls,
            control_port=control_port,
            control_prefix=control_prefix,
            admin_token=admin_token,
            files={scenario.name: path for scenario, path in zip(scenarios, read, strict=True)},
        )
        written = _journal(journal, scenarios, options)
        run_loop(_serve(server, scenarios, written, print_url=print_url, apart=apart))
    except KeyboardInterrupt:
        click.echo("ended before it listened", err=True)


@contextmanager
def _journal(
    path: Path | None, scenarios: list[Scenario], options: Options
) -> Iterator[Callable[[bytes], None] | None]:
    """What takes the journal's lines, if it is to be written."""
    if path is None:
        yield None
        return
    speed = options.pace.speed
    head = Head(
        replay=__version__,
        scenarios=[scenario.name for scenario in scenarios],
        seed=options.seed,
        speed=speed if speed is not None else "max",
    )
    with JournalFile(path, head) as file:
        if file.kept is not None:
            click.echo(f"note: what {path} held before is kept as {file.kept}", err=True)
        yield file.take


async def _serve(
    server: Server,
    scenarios: list[Scenario],
    written: AbstractContextManager[Callable[[bytes], None] | None],
    *,
    print_url: bool,
    apart: bool,
) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as opened:
        # Closed last, and opened once it listens: a server that cannot leaves the journal of another alone.
        closed_last = opened.enter_context(ExitStack())
        await opened.enter_async_context(server)
        server.stage.simulator.journal.tell(closed_last.enter_context(written))
        settle()
        if print_url:
            click.echo(server.url)
        names = ", ".join(scenario.name for scenario in scenarios)
        rules = server.stage.simulator.faulting.striking.rules
        if rules:
            said = [f"{rule.name} ({rule.written.fault}, {rule.source})" for rule in rules]
            click.echo(f"faults: {_some(said)}", err=True)
        if apart:
            click.echo(f"control on {server.control_url}", err=True)
        click.echo(f"playing {names} on {server.cometd_url}; Ctrl-C ends", err=True)
        await stopped.wait()
    simulator = server.stage.simulator
    counts = simulator.journal.counts
    told = (
        f"{_counted(counts['request'], 'request', 'requests')} answered",
        f"{_counted(counts['event'], 'event', 'events')} sent",
        _counted(counts["miss"], "miss", "misses"),
    )
    click.echo(", ".join(told), err=True)
    if simulator.lateness.count:
        click.echo(f"lateness: {simulator.lateness}", err=True)
    tallies = simulator.switching.tallies()
    if tallies:
        click.echo(f"faults: {struck(tallies)}", err=True)


def struck(tallies: dict[str, int]) -> str:
    """How often each rule struck, and which never did."""
    struck = [f"{name} struck {_times(count)}" for name, count in tallies.items() if count]
    idle = [name for name, count in tallies.items() if not count]
    never = [f"never struck: {_some(idle)}"] if idle else []
    return "; ".join(([_some(struck)] if struck else []) + never)


def _some(names: list[str]) -> str:
    """The first of them, and how many there are beside."""
    beside = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f", and {beside:,} more" if beside > 0 else "")


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
