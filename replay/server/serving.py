"""`replay.serve`: a server in a program of your own, and what a test does with it.

async with replay.serve("accept-chat.yaml", clock="manual") as simulator:
    with simulator.fault("hang", where={"step": "accept"}):
        ...
    await simulator.clock.advance("30s")
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import NoneType
from typing import Any, Literal

import msgspec

from replay.clock import ManualClock
from replay.errors import UsageError, check_known
from replay.library import meant
from replay.plan.adapting import as_wanted
from replay.plan.pace import Pace, at_speed, parse_pace, parse_speed
from replay.registry import FAULTS, PRESETS, TRANSPORTS
from replay.scenario.fault_files import faults_from, load_faults, with_name
from replay.scenario.load import load
from replay.scenario.model import Fault, Scenario
from replay.scenario.profile_settings import overriding
from replay.server.control.terms import PREFIX
from replay.server.kinds import check_kind, check_text, each, names
from replay.server.runner import Server
from replay.server.served import Served
from replay.server.watching import Watching
from replay.simulator.options import Options

log = logging.getLogger(__name__)

CLOCKS = ("real", "manual")
LAST_PORT = 65535


def serve(
    *scenarios: Scenario | Path | str,
    speed: float | Literal["max"] = 1,
    pace: str = "",
    clock: Literal["real", "manual"] = "real",
    seed: int = 0,
    variables: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    faults: Sequence[Path | str | Mapping[str, Any]] = (),
    presets: Sequence[str] = (),
    host: str = "127.0.0.1",
    port: int = 0,
    control_port: int | None = None,
    control_prefix: str = PREFIX,
    admin_token: str | None = None,
    transports: Sequence[str] = (),
    watch: bool = False,
    upstream: str = "",
    learned: Path | str = "",
) -> Served:
    """A server of scenarios, opened and closed by `async with`.

    Args:
        scenarios: Scenarios, files of them, or names of those that come with the package, as `chat/accept`.
        speed: 2 is twice as fast; `max` drops waits.
        pace: As `serve --pace` has it; each scenario's own when empty.
        clock: `manual` stands still until `clock.advance("30s")`.
        variables: What these are in every play, by name, whichever scenarios declare them; JSON values. A
            client that sends another where one stands has sent what no step is.
        settings: How the API says things, by the `profile_settings` that its scenarios have: they override
            what these say.
        faults: Files of them, or faults as mappings, whose names may be left out; they come before those of
            the scenarios.
        presets: Faults that go together, by name.
        port: 0 picks a free one.
        control_port: A port for control alone, which no fault reaches; 0 picks one.
        control_prefix: The path that all of control is under.
        admin_token: What control calls have to say, which may then come from anywhere; without one they come
            from this machine.
        watch: Files that change are played anew; what is wrong with them is logged.
        upstream: The URL of the real server, which is asked what no step is. What it answers is written as
            new steps to `NAME.new.yaml`; where that is, is logged.
        learned: The folder of those files; beside the scenarios' own when left out.

    Raises:
        ScenarioError: a scenario or a fault is bad; carries every problem found.
        UsageError: there is no scenario, or no such pace, clock, variable, setting, transport, port, prefix
            or token; or something is not of its kind.
    """
    _check_kinds(pace, seed, variables, settings)
    check_text(host=host, control_prefix=control_prefix, upstream=upstream)
    check_kind("admin_token", admin_token, str, NoneType, words="a text")
    check_known("clock", clock, CLOCKS)
    for transport in names("transports", transports):
        check_known("transport", transport, TRANSPORTS)
    for name, number in (("port", port), ("control_port", 0 if control_port is None else control_port)):
        check_kind(name, number, int, words="a whole number")
        if not 0 <= number <= LAST_PORT:
            raise UsageError(
                f"{number} is no port", help=f"Ports are from 0, which picks one, to {LAST_PORT}."
            )
    apart = control_port is not None
    read: list[Scenario] = []
    files: dict[str, Path] = {}
    for given in scenarios:
        check_kind("scenario", given, Scenario, Path, str, words="a file, or what replay.load returned")
        if isinstance(given, Scenario):
            read.append(given)
            continue
        file = meant(Path(given))
        scenario = load(file, control_apart=apart)
        read.append(scenario)
        files[scenario.name] = file
    if not read:
        raise UsageError("there is no scenario to play: name a file")
    wanted = overriding(settings or {}, read, whose="settings")
    told = [as_wanted(scenario, wanted) for scenario in read]
    options = Options(
        pace=_pace(pace, speed),
        seed=seed,
        values=_values(variables or {}, read),
        settings=wanted,
        forward=bool(upstream),
        faults=tuple(gather(each("faults", faults), names("presets", presets), told, control_apart=apart)),
    )
    manual = ManualClock() if clock == "manual" else None
    server = Server(
        read,
        host=host,
        port=port,
        options=options,
        clock=manual,
        transports=names("transports", transports),
        control_port=control_port,
        control_prefix=control_prefix,
        admin_token=admin_token,
        files=files,
    )
    beside: list[AbstractAsyncContextManager[Any]] = [Watching(server)] if watch else []
    if upstream:
        beside += _asking(server, upstream, learned)
    return Served(server, beside)


def _asking(server: Server, upstream: str, learned: Path | str) -> list[AbstractAsyncContextManager[Any]]:
    """Whoever asks the real server, and whoever writes what it says."""
    # They take a moment to import.
    from replay.capture.preflight import parse_upstream  # noqa: PLC0415
    from replay.server.forwarding import Forwarder  # noqa: PLC0415
    from replay.server.learning import Learner  # noqa: PLC0415

    named = [server.files.get(scenario.name, Path(f"{scenario.name}.yaml")) for scenario in server.scenarios]
    files = {place: Path(learned, file.name) if learned else file for place, file in enumerate(named)}
    learner = Learner(server, files, log.info)
    return [learner, Forwarder(server, parse_upstream(upstream, option="upstream"), learner.take)]


def _check_kinds(pace: object, seed: object, variables: object, settings: object) -> None:
    check_kind("pace", pace, str, words="a text, such as 'jitter(20%)'")
    check_kind("seed", seed, int, words="a whole number")
    for name, given in (("variables", variables), ("settings", settings)):
        check_kind(name, given, Mapping, NoneType, words="a mapping of names to values")


def gather(
    faults: Iterable[Path | str | Mapping[str, Any]],
    presets: Iterable[str],
    scenarios: Sequence[Scenario],
    *,
    control_apart: bool,
) -> list[Fault]:
    """Faults of files, mappings and presets, held against the scenarios and each other.

    Raises:
        ScenarioError: not all of them can be applied.
        UsageError: there is no such preset.
    """
    found: list[Fault] = []
    chosen = list(dict.fromkeys(presets))
    for name in chosen:
        check_known("preset", name, PRESETS)
    if chosen:
        found += faults_from({"presets": chosen}, scenarios, file="--preset", control_apart=control_apart)
    for given in faults:
        check_kind("faults", given, Mapping, Path, str, words="files, or faults as mappings")
        if isinstance(given, Mapping):
            value = with_name(dict(given), {fault.name for fault in found})
            found += faults_from(value, scenarios, beside=found, control_apart=control_apart)
            continue
        if given in FAULTS and not Path(given).exists():
            written = f"faults=[{{'fault': '{given}'}}]"
            raise UsageError(f"'{given}' is a fault, and no file", help=f"Write {written}.")
        found += load_faults(Path(given), scenarios, beside=found, control_apart=control_apart)
    return found


def _values(variables: Mapping[str, Any], scenarios: Sequence[Scenario]) -> dict[str, Any]:
    """Values of variables as JSON has them, held against what the scenarios declare."""
    known = list(dict.fromkeys(name for scenario in scenarios for name in scenario.variables))
    values = {}
    for name, value in variables.items():
        if not known:
            raise UsageError(f"there is no variable '{name}': no scenario that is served has any")
        check_known("variable", name, known)
        try:
            # A copy, so that nobody changes it while it is played.
            values[name] = msgspec.json.decode(msgspec.json.encode(value))
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(f"variable '{name}' is no JSON value: {error}") from None
    return values


def _pace(pace: str, speed: float | str) -> Pace:
    try:
        return at_speed(parse_pace(pace) if pace else Pace(), parse_speed(f"{speed}"))
    except ValueError as error:
        raise UsageError(str(error)) from None
