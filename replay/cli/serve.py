"""`replay serve`: plays scenarios to unmodified clients."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from replay import __version__
from replay.cli.loop import load_first, run_loop, settle
from replay.cli.serve_beside import beside, check_beside
from replay.cli.serve_options import Asked, options
from replay.cli.serve_played import listed, played
from replay.cli.serve_told import begins, summary
from replay.cli.settings import OPTION
from replay.clock import ManualClock
from replay.entries import Head
from replay.errors import UsageError
from replay.plan.adapting import as_wanted
from replay.plan.pace import at_speed
from replay.scenario.model import Scenario
from replay.scenario.profile_settings import overriding
from replay.server.descriptors import limit, shortage, widen
from replay.server.har import parts_of, said_to_be_dropped
from replay.server.har_file import check_place, write_har
from replay.server.journal_file import JournalFile
from replay.server.logs.logs import Logs
from replay.server.runner import Server
from replay.server.serving import gather
from replay.simulator.limits import AGENTS, Limits
from replay.simulator.options import Options


@click.command()
@options
def serve(**asked: Any) -> None:
    """Plays scenarios to unmodified clients until Ctrl-C.

    FILE is a scenario's, or the name of one that comes with the package, such as accept-chat. Without FILE
    all of these are played: an agent is offered the chats of 'desk', one after another, and the others when
    somebody asks for them (control's plays, or the page).
    """
    wanted = Asked(**asked)
    try:
        if wanted.listed:
            _list(wanted)
        else:
            _play(wanted)
    except KeyboardInterrupt:
        click.echo("ended before it listened", err=True)


def _list(asked: Asked) -> None:
    if asked.files:
        raise UsageError("--list lists what comes with the package: leave out FILE")
    for line in listed():
        click.echo(line)


def _play(asked: Asked) -> None:
    load_first()
    apart = asked.control_port is not None
    files, scenarios = played(asked.files, control_apart=apart)
    check_beside(asked)
    if asked.expect and not any(scenario.expect for scenario in scenarios):
        raise UsageError("--expect has nothing to hold", help="No scenario has 'expect:'.")
    settings = overriding(asked.settings, scenarios, whose=OPTION)
    told = [as_wanted(scenario, settings) for scenario in scenarios]
    faults = gather(asked.fault_files, asked.presets, told, control_apart=apart)
    read, journal = (*asked.files, *asked.fault_files, *(asked.tls or ())), asked.journal
    for option, path in (("--journal", journal), ("--har", asked.har)):
        if path is not None and path.exists() and any(map(path.samefile, read)):
            raise UsageError(f"{path} is what is to be read: name another file with {option}")
    if asked.har is not None and journal is not None and asked.har.absolute() == journal.absolute():
        raise UsageError(f"{journal} is the journal: name another file with --har")
    how = Options(
        pace=at_speed(asked.pace, asked.speed),
        seed=asked.seed,
        date=asked.date,
        settings=settings,
        faults=tuple(faults),
        journal_entries=asked.journal_entries,
        journal_bytes=asked.journal_size,
        forward=asked.unmatched == "forward",
        limits=Limits.of(agents=asked.max_agents, queue=asked.max_queue),
    )
    server = Server(
        scenarios,
        host=asked.host,
        port=asked.port,
        options=how,
        clock=ManualClock() if asked.clock == "manual" else None,
        transports=asked.transports,
        certificate=asked.tls,
        control_port=asked.control_port,
        control_prefix=asked.control_prefix,
        admin_token=asked.admin_token,
        peers=asked.peers,
        route=asked.route,
        front=not asked.no_front,
        files={scenario.name: file for scenario, file in zip(scenarios, files, strict=True)},
    )
    widen()
    with Logs(_errors(), level=asked.log_level, form=asked.log_format) as logs:
        run_loop(_serve(server, asked, logs, _journal(journal, scenarios, how, logs)))
    if asked.expect and server.stage.simulator.expecting.unmet(server.stage.clock.now()):
        click.get_current_context().exit(1)


def _errors() -> int:
    """The descriptor of standard error; a command may be started without one."""
    return sys.stderr.fileno() if sys.stderr is not None else os.open(os.devnull, os.O_WRONLY)


@contextmanager
def _journal(
    path: Path | None, scenarios: list[Scenario], how: Options, logs: Logs
) -> Iterator[Callable[[bytes], None] | None]:
    """What takes the journal's lines, if it is to be written."""
    if path is None:
        yield None
        return
    speed = how.pace.speed
    head = Head(
        replay=__version__,
        scenarios=[scenario.name for scenario in scenarios],
        seed=how.seed,
        speed=speed if speed is not None else "max",
    )
    with JournalFile(path, head) as file:
        if file.kept is not None:
            logs.say("kept", f"note: what {path} held before is kept as {file.kept}")
        yield file.take


async def _serve(
    server: Server,
    asked: Asked,
    logs: Logs,
    written: AbstractContextManager[Callable[[bytes], None] | None],
) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as opened:
        # Closed last, and opened once it listens: a server that cannot leaves the journal of another alone.
        closed_last = opened.enter_context(ExitStack())
        await opened.enter_async_context(server)
        journal = server.stage.simulator.journal
        logs.hear(journal)
        take = closed_last.enter_context(written)
        if take is not None:
            journal.tell(take)
        for each in beside(server, asked, logs):
            await opened.enter_async_context(each)
        if asked.har is not None:
            check_place(asked.har)
        settle()
        if asked.print_url:
            click.echo(server.url)
        for event, said in begins(server, apart=asked.control_port is not None):
            logs.say(event, said)
        short = shortage(limit(), asked.max_agents if asked.max_agents != AGENTS else None)
        if short:
            logs.say("limits", f"warning: {short}")
        await stopped.wait()
        await server.drain()
    for event, said in summary(server.stage.simulator, server.stage.clock.now()):
        logs.say(event, said)
    if asked.har is not None:
        _write_har(asked.har, server, logs)


def _write_har(path: Path, server: Server, logs: Logs) -> None:
    """Writes what was heard and said; of very much that takes some seconds, which Ctrl-C cuts short."""
    traffic = server.stage.traffic
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
    logs.say("har", f"writing {path}")
    try:
        kept = write_har(path, parts_of(server.stage.simulator, traffic, server.stage.clock.now()))
    except KeyboardInterrupt:
        logs.say("har", f"{path} is not written")
        return
    if kept is not None:
        logs.say("kept", f"note: what {path} held before is kept as {kept}")
    dropped = said_to_be_dropped(traffic)
    if dropped:
        logs.say("dropped", f"note: {path} holds the latest only: {dropped} went before")
