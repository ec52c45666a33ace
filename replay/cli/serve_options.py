"""The options of `replay serve`, in groups: each is declared in one, and is a field of `Asked`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from replay.cli.files import FILE
from replay.cli.settings import SETTING
from replay.cli.sizes import parse_size
from replay.journal import MAX_BYTES, MAX_ENTRIES
from replay.plan.pace import Pace, parse_pace, parse_speed
from replay.registry import MODIFIERS, PACES, TRANSPORTS
from replay.scenario.paces import examples
from replay.server.control.terms import PREFIX
from replay.server.logs.lines import LEVELS, Form, Level
from replay.simulator.limits import AGENTS, QUEUE

Command = Callable[..., Any]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What `replay serve` was asked for."""

    files: tuple[Path, ...]
    listed: bool
    watch: bool
    host: str
    port: int
    tls: tuple[Path, Path] | None
    no_front: bool
    transports: tuple[str, ...]
    speed: Pace
    pace: Pace
    clock: str
    date: float | None
    seed: int
    settings: dict[str, Any]
    fault_files: tuple[Path, ...]
    presets: tuple[str, ...]
    unmatched: str
    upstream: str | None
    max_agents: int
    max_queue: int
    control_port: int | None
    control_prefix: str
    admin_token: str | None
    peers: tuple[str, ...]
    route: str
    log_level: Level
    log_format: Form
    journal: Path | None
    journal_entries: int
    journal_size: int
    har: Path | None
    expect: bool
    print_url: bool


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


def _size(_context: click.Context, _parameter: click.Parameter, text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _urls(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


PLAYED = (
    click.argument("files", nargs=-1, type=FILE, metavar="[FILE]..."),
    click.option(
        "--list",
        "listed",
        is_flag=True,
        help="Print what comes with the package, a line each, and play nothing.",
    ),
    click.option(
        "--watch",
        is_flag=True,
        help="Read FILE again when it changes: new plays go by it, those that have begun go on as they were.",
    ),
    SETTING,
)
"""What is played."""

PLACE = (
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
    click.option(
        "--port", default=8090, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one."
    ),
    click.option(
        "--tls",
        nargs=2,
        type=click.Path(path_type=Path),
        metavar="CERT KEY",
        help="Speak https with this certificate and its key (PEM; one file with both is given twice).",
    ),
    click.option(
        "--transport",
        "transports",
        multiple=True,
        type=click.Choice(list(TRANSPORTS)),
        help="Offer this transport whatever the scenarios say; may be given more than once.",
    ),
    click.option(
        "--no-front",
        is_flag=True,
        help="Let aiohttp take every request, also those that are quicker without it.",
    ),
)
"""Where it listens, and what it speaks there."""

TIME = (
    click.option(
        "--speed",
        default="1",
        show_default=True,
        callback=_speed,
        help="2 is twice as fast; 'max' drops waits.",
    ),
    click.option("--pace", callback=_pace, metavar="PACE", help=_paces()),
    click.option(
        "--clock",
        type=click.Choice(["real", "manual"]),
        default="real",
        show_default=True,
        help="'manual' stands still until it is moved by hand.",
    ),
    click.option(
        "--date", callback=_date, metavar="T", help="Pretend that plays begin at this time (ISO 8601)."
    ),
    click.option("--seed", default=0, show_default=True, help="The same seed makes the same ids and draws."),
)
"""What plays go by."""

MISHAPS = (
    click.option(
        "--faults",
        "fault_files",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Let this go wrong too, before what the scenarios say; may be given more than once.",
    ),
    click.option(
        "--preset",
        "presets",
        multiple=True,
        metavar="NAME",
        help="Let these faults go wrong together ('replay faults' lists them); may be given more than once.",
    ),
)
"""What goes wrong."""

CONTROL = (
    click.option(
        "--control-port",
        type=click.IntRange(0, 65535),
        help="A port on loopback for control alone, which no fault reaches; 0 picks a free one.",
    ),
    click.option(
        "--control-prefix",
        default=PREFIX,
        show_default=True,
        metavar="PATH",
        help="The path that all of control is under.",
    ),
    click.option(
        "--admin-token",
        envvar="REPLAY_ADMIN_TOKEN",
        show_envvar=True,
        metavar="TOKEN",
        help="Let whoever says this token steer, from any machine; without it only this one may.",
    ),
)
"""Who steers it, and where."""

REPLICAS = (
    click.option(
        "--route",
        default="",
        envvar=["REPLAY_SERVE_ROUTE", "REPLAY_ROUTE"],
        metavar="NAME",
        help="This is the replica of this name behind a balancer: the cookie REPLAY_ROUTE tells clients so, "
        "and ids of those without a user are not those of another replica.",
    ),
    click.option(
        "--peers",
        default="",
        callback=_urls,
        envvar=["REPLAY_SERVE_PEERS", "REPLAY_PEERS"],
        metavar="URL,URL",
        help="The other replicas, which control calls made to this one reach too; it may be among them.",
    ),
)
"""Which of several it is."""

ACCOUNT = (
    click.option(
        "--log-level",
        type=click.Choice(list(LEVELS)),
        default="warning",
        show_default=True,
        envvar=["REPLAY_SERVE_LOG_LEVEL", "REPLAY_LOG_LEVEL"],
        help="What happens is told on standard error: 'warning' tells of misses, 'info' also of faults and "
        "of who comes, plays and goes, 'debug' of each request, answer and event.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(get_args(Form)),
        default="text",
        show_default=True,
        envvar=["REPLAY_SERVE_LOG_FORMAT", "REPLAY_LOG_FORMAT"],
        help="'json' makes all that is said on standard error JSON, a line each.",
    ),
    click.option(
        "--journal",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write what happens as JSON Lines, as it goes: for `replay show`, `pin` and `diff`.",
    ),
    click.option(
        "--journal-entries",
        default=MAX_ENTRIES,
        show_default=True,
        type=click.IntRange(1),
        help="Of what happens keep so much in memory, for control; a file keeps all.",
    ),
    click.option(
        "--journal-size",
        default=f"{MAX_BYTES // 1_000_000}MB",
        show_default=True,
        callback=_size,
        metavar="SIZE",
        help="And no more than this, as JSON.",
    ),
    click.option(
        "--har",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write what was heard and said as a HAR when it ends: for `replay distil`, and for browsers.",
    ),
    click.option(
        "--expect",
        is_flag=True,
        help="When it ends, exit with 1 unless all that the scenarios expect has happened (`expect:`).",
    ),
    click.option("--print-url", is_flag=True, help="Print the URL alone on standard output once it listens."),
)
"""What it says of what happens."""

LIMITS = (
    click.option(
        "--max-agents",
        default=AGENTS,
        show_default=True,
        type=click.IntRange(1),
        metavar="N",
        help="Take so many agents; who is new after them is refused in words, and the others go on.",
    ),
    click.option(
        "--max-queue",
        default=QUEUE,
        show_default=True,
        type=click.IntRange(1),
        metavar="N",
        help="Let so many events wait for a client that does not fetch them; then it is forgotten.",
    ),
)
"""How much it takes on."""

LACKING = (
    click.option(
        "--unmatched",
        type=click.Choice(["error", "forward"]),
        default="error",
        show_default=True,
        help="What no step is gets an error, or goes to --upstream and is written to NAME.new.yaml.",
    ),
    click.option("--upstream", metavar="URL", help="The real server, such as http://gws:8090."),
)
"""What becomes of what the scenarios lack."""

GROUPS = (PLAYED, PLACE, TIME, MISHAPS, LACKING, LIMITS, CONTROL, REPLICAS, ACCOUNT)
"""In the order of the help."""


def options(command: Command) -> Command:
    """Gives a command all of them."""
    for group in reversed(GROUPS):
        for option in reversed(group):
            command = option(command)
    return command
