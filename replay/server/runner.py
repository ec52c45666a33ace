"""A running server: opened on a port, closed without leaving anything behind."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import ssl
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from replay.clock import Clock, ManualClock, SystemClock, wall_time
from replay.entries import Entry
from replay.errors import SurroundingsError, UsageError
from replay.plan.timeline import Timeline, plan, plan_all
from replay.scenario.model import Scenario
from replay.server import tls
from replay.server.advancing import ServerClock
from replay.server.app import App
from replay.server.connections import Refusal, reset
from replay.server.control.control import Control
from replay.server.control.passing import control_at
from replay.server.control.terms import PREFIX, Terms, Token
from replay.server.descriptors import Probe
from replay.server.door import Door
from replay.server.draining import answered, let_nobody_in, to_the_end
from replay.server.front import Fronts
from replay.server.listening import AT_ONCE, prepare
from replay.server.pressure import Pressure, Watched
from replay.server.requests import unquoted
from replay.server.routing import Route
from replay.server.stage import Stage
from replay.simulator.limits import Limit, is_first
from replay.simulator.options import Options
from replay.simulator.simulator import Simulator
from replay.wire import Gate, Woken

KEEPALIVE = 75.0
"""Seconds an idle connection stays open: longer than any client keeps one it means to use again."""

SHUTDOWN = 1.0
"""Seconds that requests under way get to end when the server closes."""

CONTROL_HOST = "127.0.0.1"
"""Where the port for control alone listens, whatever the other is open to."""

log = logging.getLogger(__name__)


class _Shortly(logging.Filter):
    """Of what is wrong with a client's HTTP there is a line: it has been told, and no code is at fault."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError | web.RequestPayloadError):
            told = unquoted(str(getattr(error, "message", error)))
            record.msg, record.args = "a client sent what is no good HTTP: %s", (told,)
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        return True


http_log = logging.getLogger(f"{__name__}.http")
"""What aiohttp has to say."""
http_log.addFilter(_Shortly())

# Cancellation is how a handler learns that its client has gone away.
SERVING: dict[str, Any] = {
    "handler_cancellation": True,
    "access_log": None,
    "logger": http_log,
    "keepalive_timeout": KEEPALIVE,
    "tcp_keepalive": True,
}


class Server:
    """Plays scenarios on a port of this machine. An async context manager."""

    def __init__(
        self,
        scenarios: list[Scenario],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        options: Options | None = None,
        clock: Clock | None = None,
        transports: Sequence[str] = (),
        certificate: tuple[Path, Path] | None = None,
        control_port: int | None = None,
        control_prefix: str = PREFIX,
        admin_token: str | None = None,
        peers: Sequence[str] = (),
        route: str = "",
        files: Mapping[str, Path] | None = None,
        front: bool = True,
    ) -> None:
        """Plays nothing yet.

        Args:
            transports: Offered whatever the scenarios say; what they say when empty.
            certificate: PEM files of a certificate and its key: the server then speaks https.
            control_port: A port on loopback for control alone, which no fault reaches; 0 picks one. It
                speaks http.
            control_prefix: The path that all of control is under.
            admin_token: What control calls have to say, which may then come from anywhere; without one they
                come from this machine.
            peers: URLs of other replicas, which control calls made here reach too.
            route: The name of this one of several replicas, which balancers go by.
            files: Where scenarios were read from, by name.
            front: Plain requests are answered without aiohttp's stack, where httptools is there.

        Raises:
            ScenarioError: a scenario cannot be played together with the others, or needs a path of control.
            UsageError: this is no host, path for control, token, URL of a replica or name of one.
        """
        if not host:
            # A loop would take it for all addresses.
            where = "Name an address: 127.0.0.1, or 0.0.0.0 for all that this machine has."
            raise UsageError("the host to listen on is empty", help=where)
        self.scenarios = list(scenarios)
        """Those it was given; what is played now, the simulator knows."""
        self.files = dict(files or {})
        """Where they were read from, by the name that they have now."""
        self._transports = transports
        self._terms = Terms(
            prefix=control_prefix,
            token=None if admin_token is None else Token(admin_token),
            listening=host,
            peers=tuple(map(control_at, peers)),
            files=self.files,
        )
        self._options = options or Options()
        played = [_offering(scenario, transports) for scenario in scenarios]
        self._timelines = plan_all(played, self._options.settings)
        for scenario in scenarios:
            self._terms.check_apart(scenario)
        self._tls = tls.context(*certificate) if certificate is not None else None
        self._route = Route(route) if route else None
        self.peers = self._terms.peers
        """Where the control calls go that reach other replicas, itself perhaps among them."""
        self._host = host
        self._port = port
        self._clock = clock
        self._control_port = control_port
        # With TLS nearly all that a request costs is elsewhere.
        self._has_front = front and certificate is None
        self._runners: list[web.ServerRunner] = []
        self._listening: list[asyncio.Server] = []
        self.stage: Stage
        self.clock: ServerClock
        """What its plays go by, once it is open; with a `ManualClock` it is moved here."""

    @property
    def has_control_apart(self) -> bool:
        """Whether control has a port of its own, which faults of the whole server do not reach."""
        return self._control_port is not None

    @property
    def url(self) -> str:
        """Where it listens; the port is known once it is open."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self._port}"

    @property
    def control_url(self) -> str:
        """Where it is steered: the port for that alone, if there is one."""
        if self._control_port is None:
            return self.url + self._terms.prefix
        return f"http://{CONTROL_HOST}:{self._control_port}{self._terms.prefix}"

    @property
    def cometd_url(self) -> str:
        """The CometD path of the first scenario."""
        return self.url + self._timelines[0].scenario.cometd.path

    async def __aenter__(self) -> Server:
        clock = self._clock or SystemClock()
        options = msgspec.structs.replace(
            self._options,
            control_apart=self._control_port is not None,
            is_moved_by_hand=isinstance(clock, ManualClock),
            replica=self._route.name if self._route is not None else "",
            run=self._options.run or os.urandom(8).hex(),
        )
        if not options.epoch:
            options = msgspec.structs.replace(options, epoch=wall_time() - clock.now())
        self.stage = Stage(Simulator(self._timelines, options), clock)
        self.stage.route = self._route
        self.clock = ServerClock(clock, self.stage)
        app = App(self.stage, Control(self.stage, self.clock, self._terms))
        # What sockets do goes by real time, whatever the plays go by.
        self._pressure = Pressure(SystemClock(), partial(self._turned_away, "reading"))
        self._probe = Probe()
        gated = _Gated(app, self.stage, self._pressure, front=self._has_front)
        self.stage.gatekeeper = gated.heed
        self.stage.simulator.journal.report(_say_first, ["refused"])
        try:
            door = Door(gated, self._probe, partial(self._turned_away, "connections"))
            self._port = await self._listen(gated, "--port", self._host, self._port, self._tls, door=door)
            if self._control_port is not None:
                alone = web.Server(app.steer, **SERVING)
                self._control_port = await self._listen(
                    alone, "--control-port", CONTROL_HOST, self._control_port
                )
        except BaseException:
            await self._close()
            raise
        misses = self.stage.simulator.misses
        # On the port that clients dial it is found whatever they call the host.
        misses.control = self.control_url.removeprefix(self.url)
        if self._terms.token is not None:
            misses.control_sign = '-H "Authorization: Bearer $REPLAY_ADMIN_TOKEN"'
        # Rules by the clock begin with the server.
        self.stage.feed(Woken())
        return self

    def planned(self, scenario: Scenario) -> Timeline:
        """A scenario made ready to be played here; may be called from another thread.

        Raises:
            ScenarioError: it needs a path of control.
        """
        self._terms.check_apart(scenario)
        return plan(_offering(scenario, self._transports), self._options.settings)

    def renew(self, place: int, timeline: Timeline, *, file: str = "") -> None:
        """New plays of the scenario in this place go by this one; those that have begun go on as they were.

        Args:
            place: Which of those served, in the order in which they were given.
            file: What holds it, for the journal.

        Raises:
            UsageError: another that is served has its name.
        """
        renewing = self.stage.simulator.renewing
        self.stage.steer(lambda _, now: renewing.renew(place, timeline, now, file=file))
        before, self._timelines[place] = self._timelines[place], timeline
        if before.name in self.files:
            self.files[timeline.name] = self.files.pop(before.name)

    def refuse(self, place: int, problems: Sequence[str], *, file: str) -> None:
        """What a file holds now cannot be played: the scenario in this place stays as it is."""
        renewing = self.stage.simulator.renewing
        self.stage.steer(lambda _, now: renewing.refuse(place, problems, now, file=file))

    def good_again(self, place: int, *, file: str) -> None:
        """A file that was refused holds again what is played."""
        renewing = self.stage.simulator.renewing
        self.stage.steer(lambda _, now: renewing.good_again(place, now, file=file))

    def _turned_away(self, limit: Limit, why: str) -> None:
        self.stage.simulator.turnstile.turned_away(limit, why, self.stage.clock.now())

    async def _listen(
        self,
        server: web.Server,
        option: str,
        host: str,
        port: int,
        secure: ssl.SSLContext | None = None,
        *,
        door: Door | None = None,
    ) -> int:
        """Opens a port; returns which.

        Args:
            door: What takes connections; the server itself where there is none.
        """
        runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN)
        self._runners.append(runner)
        await runner.setup()
        loop = asyncio.get_running_loop()
        try:
            # Whoever opens it may be cancelled, and then has to have what is to be closed.
            listening = await loop.create_server(
                door or server, host, port, ssl=secure, backlog=AT_ONCE, start_serving=False
            )
            self._listening.append(listening)
            await listening.start_serving()
        except OSError as error:
            raise SurroundingsError(_cannot_listen(host, port, error, option)) from None
        if not listening.sockets:
            # asyncio takes a socket that cannot be made for one of a kind that there is not.
            raise SurroundingsError(f"cannot listen on {host}:{port}: no socket is to be had (ulimit -n?)")
        prepare(listening)
        return int(listening.sockets[0].getsockname()[1])

    async def drain(self) -> None:
        """Takes nobody new, and waits for answers that come within moments: the first half of closing."""
        await let_nobody_in(self._listening)
        self._listening.clear()
        for runner in self._runners:
            if runner.server is not None:
                runner.server.pre_shutdown()
        await answered(self.stage)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stage.stop()
        await self._close()

    async def _close(self) -> None:
        await to_the_end(self._end())

    async def _end(self) -> None:
        await let_nobody_in(self._listening)
        self._listening.clear()
        self._pressure.close()
        self._probe.close()
        runners, self._runners = self._runners, []
        await asyncio.gather(*(runner.cleanup() for runner in runners))


def _say_first(entry: Entry, _: bytes) -> None:
    """A limit is reached: said once, and not for each whom it turns away."""
    if is_first(entry.detail):
        log.warning("%s (said once; the journal has them all)", entry.detail["why"])


class _Gated(web.Server):
    """Takes connections until it is told not to."""

    _opens = True

    def __init__(self, app: App, stage: Stage, pressure: Pressure, *, front: bool) -> None:
        super().__init__(app.handle, **SERVING)
        self._pressure = pressure
        self.fronts = (
            Fronts(stage, app, otherwise=self._handler, pressure=pressure, keepalive=KEEPALIVE)
            if front
            else None
        )

    def _handler(self) -> Watched:
        """A connection of aiohttp's."""
        return Watched(self, loop=self._loop, pressure=self._pressure, **self._kwargs)

    def heed(self, gate: Gate) -> None:
        """Opens or shuts."""
        self._opens = gate.opens
        if gate.cut:
            for connection in self.connections:
                reset(connection.transport)
            if self.fronts is not None:
                self.fronts.reset()

    def __call__(self) -> asyncio.Protocol:  # type: ignore[override]  # a listener asks for no more
        if not self._opens:
            return Refusal()
        return self.fronts() if self.fronts is not None else self._handler()

    def pre_shutdown(self) -> None:
        """Nobody is kept who waits for nothing."""
        super().pre_shutdown()
        if self.fronts is not None:
            self.fronts.close_idle()

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  aiohttp's words
        """Ends all connections; requests under way get so many seconds."""
        fronts = [self.fronts.shut(timeout or SHUTDOWN)] if self.fronts is not None else []
        await asyncio.gather(super().shutdown(timeout), *fronts)


def _offering(scenario: Scenario, transports: Sequence[str]) -> Scenario:
    if not transports:
        return scenario
    cometd = msgspec.structs.replace(scenario.cometd, transports=list(transports))
    return msgspec.structs.replace(scenario, cometd=cometd)


def _cannot_listen(host: str, port: int, error: OSError, option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: end what listens there, or choose another with {option}"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} may not be opened: choose one above 1023 with {option}"
    return f"cannot listen on {host}:{port}: {error.strerror or error}"
