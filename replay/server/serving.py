"""`replay.serve`: a server in a program of your own, and what a test does with it.

async with replay.serve("accept-chat.yaml", clock="manual") as simulator:
    with simulator.fault("hang", where={"step": "accept"}):
        ...
    await simulator.clock.advance("30s")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from replay.clock import ManualClock
from replay.errors import UsageError, nearest
from replay.faults.rules import Rule
from replay.journal import Entry
from replay.plan.pace import Pace, at_speed, parse_pace, parse_speed
from replay.registry import FAULTS, PRESETS, TRANSPORTS
from replay.scenario.fault_files import faults_from, load_faults
from replay.scenario.load import load
from replay.scenario.model import Fault, Scenario
from replay.server.advancing import ServerClock
from replay.server.runner import Server
from replay.server.stage import Stage
from replay.server.watching import Watching
from replay.simulator.simulator import Options
from replay.simulator.switching import Standing, Switching

CLOCKS = ("real", "manual")
LAST_PORT = 65535


def serve(
    *scenarios: Scenario | Path | str,
    speed: float | Literal["max"] = 1,
    pace: str = "",
    clock: Literal["real", "manual"] = "real",
    seed: int = 0,
    faults: Sequence[Path | str | Mapping[str, Any]] = (),
    presets: Sequence[str] = (),
    host: str = "127.0.0.1",
    port: int = 0,
    control_port: int | None = None,
    transports: Sequence[str] = (),
    watch: bool = False,
) -> Served:
    """A server of scenarios, opened and closed by `async with`.

    Args:
        scenarios: Scenarios, or files of them.
        speed: 2 is twice as fast; `max` drops waits.
        pace: As `serve --pace` has it; each scenario's own when empty.
        clock: `manual` stands still until `clock.advance("30s")`.
        faults: Files of them, or faults as mappings; they come before those of the scenarios.
        presets: Faults that go together, by name.
        port: 0 picks a free one.
        control_port: A port for control alone, which no fault reaches; 0 picks one.
        watch: Files that change are played anew; what is wrong with them is logged.

    Raises:
        ScenarioError: a scenario or a fault is bad; carries every problem found.
        UsageError: there is no scenario, or no such pace, clock, transport or port.
    """
    _check("clock", clock, CLOCKS)
    for transport in _each(transports):
        _check("transport", transport, TRANSPORTS)
    for number in (port, control_port or 0):
        if not 0 <= number <= LAST_PORT:
            raise UsageError(
                f"{number} is no port", help=f"Ports are from 0, which picks one, to {LAST_PORT}."
            )
    apart = control_port is not None
    read = [
        each if isinstance(each, Scenario) else load(Path(each), control_apart=apart) for each in scenarios
    ]
    if not read:
        raise UsageError("there is no scenario to play: name a file")
    options = Options(
        pace=_pace(pace, speed),
        seed=seed,
        faults=tuple(gather(_each(faults), _each(presets), read, control_apart=apart)),
    )
    manual = ManualClock() if clock == "manual" else None
    server = Server(
        read,
        host=host,
        port=port,
        options=options,
        clock=manual,
        transports=_each(transports),
        control_port=control_port,
    )
    files = {place: Path(each) for place, each in enumerate(scenarios) if not isinstance(each, Scenario)}
    if watch and not files:
        raise UsageError("there is no file to watch: name one")
    return Served(server, Watching(server, files, control_apart=apart) if watch else None)


def _each(given: Any) -> Sequence[Any]:
    """One of a kind may stand without the list."""
    return [given] if isinstance(given, str | Path | Mapping) else list(given)


def _check(what: str, name: Any, known: Iterable[str]) -> None:
    if name not in known:
        advice = nearest(str(name), known) or f"Known: {', '.join(known)}."
        raise UsageError(f"there is no {what} '{name}'", help=advice)


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
    names = list(dict.fromkeys(presets))
    for name in names:
        _check("preset", name, PRESETS)
    if names:
        found += faults_from({"presets": names}, scenarios, file="--preset", control_apart=control_apart)
    for each in faults:
        if isinstance(each, Mapping):
            found += faults_from(dict(each), scenarios, beside=found, control_apart=control_apart)
        else:
            found += load_faults(Path(each), scenarios, beside=found, control_apart=control_apart)
    return found


class Served:
    """A server, as a test sees it once `async with` has opened it."""

    def __init__(self, server: Server, watching: Watching | None = None) -> None:
        self.server = server
        self._watching = watching
        self._is_open = self._was_open = False

    async def __aenter__(self) -> Served:
        if self._is_open:
            raise UsageError("this server is open already", help="Make another by replay.serve().")
        await self.server.__aenter__()
        if self._watching is not None:
            await self._watching.__aenter__()
        self._is_open = self._was_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_open = False
        try:
            if self._watching is not None:
                await self._watching.__aexit__(kind, error, trace)
        finally:
            await self.server.__aexit__(kind, error, trace)

    def _check_opened(self) -> None:
        if not self._was_open:
            raise UsageError("this server is not open yet", help="Open it by 'async with'.")

    @property
    def _stage(self) -> Stage:
        """What plays, or has played."""
        self._check_opened()
        return self.server.stage

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.url

    @property
    def cometd_url(self) -> str:
        """The CometD path of the first scenario."""
        return self.server.cometd_url

    @property
    def control_url(self) -> str:
        """Where it is steered."""
        return self.server.control_url

    @property
    def clock(self) -> ServerClock:
        """What its plays go by; with `clock="manual"` it is moved here."""
        self._check_opened()
        return self.server.clock

    @property
    def journal(self) -> list[Entry]:
        """What has happened, in order."""
        return list(self._stage.simulator.journal)

    @property
    def faults(self) -> list[Standing]:
        """All rules, foremost first, and how often they struck."""
        return self._stage.steer(lambda rules, now: rules.standing(now))

    def fault(
        self,
        what: str | Mapping[str, Any],
        *,
        where: Mapping[str, Any] | None = None,
        ttl: str | None = None,
        **settings: Any,
    ) -> PutUp:
        """Puts up a fault; as a context manager, while its block lasts.

        Args:
            what: The name of a fault or of a preset, or a whole fault: `{fault: hang, where: …, nth: 1}`.
            where: What it is applied to.
            ttl: It is taken down so long from now: `30s`.
            settings: Of the fault: `delay="2s"`.

        Raises:
            ScenarioError: it cannot be applied, or contradicts what is up.
            UsageError: nothing is called that.
        """
        if self._was_open and not self._is_open:
            raise UsageError("this server is closed: nothing goes wrong any more")
        value = _value(what, {"where": where, "settings": settings})
        if ttl is not None:
            value["ttl"] = ttl
        return PutUp(self.server, self._stage.steer(lambda rules, now: rules.put_up(value, now)))


class PutUp:
    """What was put up at run time: one fault, or those of a preset."""

    def __init__(self, server: Server, rules: list[Rule]) -> None:
        self._server = server
        self._rules = rules

    def __enter__(self) -> PutUp:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    @property
    def name(self) -> str:
        """How the journal knows it; of a preset, its first fault."""
        return self._rules[0].name

    @property
    def struck(self) -> int:
        """How often it has struck, whomever."""
        return sum(rule.struck.total() for rule in self._rules)

    def off(self) -> None:
        """It does not strike until it is on again; an outage of its ends."""
        self._switch(on=False)

    def on(self) -> None:
        """It strikes again."""
        self._switch(on=True)

    def remove(self) -> None:
        """It is taken down; harmless when it is gone."""

        def take_down(rules: Switching, now: float) -> None:
            for rule in self._rules:
                rules.remove(rule, now, "deleted")

        self._server.stage.steer(take_down)

    def _switch(self, *, on: bool) -> None:
        def switch(rules: Switching, now: float) -> None:
            for rule in self._rules:
                rules.switch(rule, now, on=on)

        self._server.stage.steer(switch)


def _value(what: str | Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in said.items() if value}
    if not isinstance(what, str):
        if given:
            raise UsageError(f"say '{next(iter(given))}' within the fault")
        return dict(what)
    if what in PRESETS:
        if given:
            raise UsageError(f"'{what}' is a preset, and has no '{next(iter(given))}' of its own")
        return {"preset": what}
    if what not in FAULTS:
        known = [*FAULTS, *PRESETS]
        advice = nearest(what, known) or f"Known: {', '.join(known)}."
        raise UsageError(f"there is no fault or preset '{what}'", help=advice)
    return {"fault": what, **given}


def _pace(pace: str, speed: float | str) -> Pace:
    try:
        return at_speed(parse_pace(pace) if pace else Pace(), parse_speed(f"{speed}"))
    except ValueError as error:
        raise UsageError(str(error)) from None
