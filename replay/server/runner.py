"""A running server: opened on a port, closed without leaving anything behind."""

from __future__ import annotations

import errno
import logging
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import msgspec
from aiohttp import web

from replay.clock import Clock, SystemClock, wall_time
from replay.errors import SurroundingsError
from replay.plan.timeline import plan_all
from replay.scenario.model import Scenario
from replay.server import tls
from replay.server.app import App
from replay.server.stage import Stage
from replay.simulator.simulator import Options, Simulator

KEEPALIVE = 75.0
"""Seconds an idle connection stays open: longer than any client keeps one it means to use again."""

SHUTDOWN = 2.0
"""Seconds that requests under way get to end when the server closes."""

log = logging.getLogger(__name__)


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
    ) -> None:
        """Plays nothing yet.

        Args:
            transports: Offered whatever the scenarios say; what they say when empty.
            certificate: PEM files of a certificate and its key: the server then speaks https.
        """
        self._timelines = plan_all([_offering(scenario, transports) for scenario in scenarios])
        self._tls = tls.context(*certificate) if certificate is not None else None
        self._host = host
        self._port = port
        self._options = options or Options()
        self._clock = clock
        self._runner: web.ServerRunner | None = None
        self.stage: Stage

    @property
    def url(self) -> str:
        """Where it listens; the port is known once it is open."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self._port}"

    @property
    def cometd_url(self) -> str:
        """The CometD path of the first scenario."""
        return self.url + self._timelines[0].scenario.cometd.path

    async def __aenter__(self) -> Server:
        clock = self._clock or SystemClock()
        options = self._options
        if not options.epoch:
            options = msgspec.structs.replace(options, epoch=wall_time() - clock.now())
        self.stage = Stage(Simulator(self._timelines, options), clock)
        handler = App(self.stage).handle
        # Cancellation is how a handler learns that its client has gone away.
        server = web.Server(
            handler,
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=KEEPALIVE,
            tcp_keepalive=True,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN)
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, self._host, self._port, ssl_context=self._tls)
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise SurroundingsError(_cannot_listen(self._host, self._port, error)) from None
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        for site in list(self._runner.sites):
            await site.stop()
        self.stage.stop()
        await self._runner.cleanup()


def _offering(scenario: Scenario, transports: Sequence[str]) -> Scenario:
    if not transports:
        return scenario
    cometd = msgspec.structs.replace(scenario.cometd, transports=list(transports))
    return msgspec.structs.replace(scenario, cometd=cometd)


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: end what listens there, or choose another with --port"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} may not be opened: choose one above 1023 with --port"
    return f"cannot listen on {host}:{port}: {error.strerror or error}"
