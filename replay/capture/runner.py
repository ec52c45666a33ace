"""Runs mitmproxy with our recorder, in this process, until a signal ends it."""

from __future__ import annotations

import asyncio
import gc
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from mitmproxy import exceptions, options
from mitmproxy.addons import default_addons
from mitmproxy.master import Master

from replay.capture.addon import FILTERS, Recorder
from replay.capture.preflight import Upstream, shown
from replay.capture.stopping import Stopping, nothing
from replay.errors import SurroundingsError, UsageError

_REMEMBERED_WARNINGS = 100
# Addons of mitmproxy that do nothing unless asked for, which nobody can here; but each is asked at each step
# of each exchange, which is a good part of what a proxied exchange costs.
_USELESS = frozenset(
    [
        "anticache",
        "anticomp",
        "asgiapp",
        "blocklist",
        "browser",
        "clientplayback",
        "command_history",
        "comment",
        "cut",
        "export",
        "maplocal",
        "mapremote",
        "modifybody",
        "modifyheaders",
        "onboarding",
        "proxyauth",
        "save",
        "savehar",
        "script",
        "serverplayback",
        "stickyauth",
        "stickycookie",
    ]
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How to record."""

    to: Path
    host: str
    port: int
    """0 picks a free one."""
    upstream: Upstream | None = None
    """None makes an ordinary proxy, which the client has to be told to use."""
    rewrite_urls: bool = True
    redact: bool = True
    rules: Path | None = None
    """A file of rules for what is replaced; None takes the defaults."""
    filters: dict[str, list[str]] = {}
    """Globs for `host`, `path` and `channel`; what does not match travels, and is not recorded."""
    insecure: bool = False
    upstream_ca: Path | None = None


def record(
    settings: Settings,
    *,
    stopping: Stopping,
    started: Callable[[str, Recorder], None],
    say: Callable[[str], None],
) -> Recorder:
    """Record until a signal comes; `started` is told the URL that is listened on, `say` every warning.

    Raises `SurroundingsError` when it cannot begin, or when the disk did not take all there was.
    """
    log = _Log(say, stopping)
    root = logging.getLogger()
    others, root.handlers = root.handlers, [log]
    try:
        with tempfile.TemporaryDirectory(prefix="replay-") as private:
            # In regular mode the client has to trust mitmproxy's authority, so it is the user's own.
            confdir = private if settings.upstream else options.CONF_DIR
            recorder = asyncio.run(_run(settings, confdir, stopping, started, log))
    finally:
        root.handlers = others
        gc.unfreeze()
    report = recorder.report
    if report.get("unwritten"):
        missing = f"{report['unwritten']} of {report['exchanges']} exchanges"
        why = report["trouble"] or "the disk took no more"
        raise SurroundingsError(f"{settings.to} lacks {missing}: {why}.")
    return recorder


async def _run(
    settings: Settings,
    confdir: str,
    stopping: Stopping,
    started: Callable[[str, Recorder], None],
    log: _Log,
) -> Recorder:
    master = Master(options.Options())
    recorder = Recorder(own=True)
    start = _Start(
        settings=settings, master=master, recorder=recorder, stopping=stopping, started=started, log=log
    )
    addons: Any = master.addons
    chosen: Any = master.options
    addons.add(*_default_addons(), recorder, start)
    try:
        chosen.update(**_options(settings, confdir))
    except exceptions.OptionsError as error:
        raise UsageError(f"mitmproxy does not take these settings: {error}.") from None
    try:
        await master.run()
    finally:
        # The loop is about to close, and takes no more calls; nor is there anything left to end.
        stopping.on_signal = nothing
        await _let_go(addons.get("proxyserver"))
    if start.failure is not None:
        raise start.failure
    return recorder


def _default_addons() -> list[Any]:
    make: Any = default_addons
    return [each for each in make() if type(each).__module__.rpartition(".")[2] not in _USELESS]


def _options(settings: Settings, confdir: str) -> dict[str, Any]:
    return {
        "confdir": confdir,
        "mode": [f"reverse:{_spec(settings.upstream)}" if settings.upstream else "regular"],
        "listen_host": settings.host,
        "listen_port": settings.port,
        # Eagerly, an upstream that is down would leave no flow.
        "connection_strategy": "lazy",
        "keep_host_header": settings.upstream is not None,
        "ssl_insecure": settings.insecure,
        "ssl_verify_upstream_trusted_ca": str(settings.upstream_ca) if settings.upstream_ca else None,
        "replay_to": str(settings.to),
        "replay_rewrite_urls": settings.rewrite_urls,
        "replay_no_redact": not settings.redact,
        "replay_redact": str(settings.rules or ""),
        **{FILTERS[kind]: globs for kind, globs in settings.filters.items()},
    }


def _spec(upstream: Upstream) -> str:
    return f"{upstream.scheme}://{shown(upstream.host)}:{upstream.port}"


async def _let_go(server: Any) -> None:
    """Close the clients' connections in order, rather than let the loop cancel them noisily."""
    update: Any = server.servers.update
    await update([])
    handlers = [
        io.handler
        for connection in list(server.connections.values())
        for io in list(connection.transports.values())
        if io.handler is not None
    ]
    for handler in handlers:
        handler.cancel("recording has ended")
    if handlers:
        await asyncio.wait(handlers, timeout=2)


class _Start:
    """An addon that comes last, so that mitmproxy and the recorder are ready when it is called."""

    def __init__(
        self,
        *,
        settings: Settings,
        master: Master,
        recorder: Recorder,
        stopping: Stopping,
        started: Callable[[str, Recorder], None],
        log: _Log,
    ) -> None:
        self.failure: SurroundingsError | None = None
        self._settings = settings
        self._master: Any = master
        self._recorder = recorder
        self._stopping = stopping
        self._started = started
        self._log = log

    def running(self) -> None:
        """Say where to point the client, or give up (mitmproxy's hook)."""
        self._stopping.on_signal = self._master.shutdown
        if self._settings.upstream:
            # The authority made for this recording has been read: a key in a file outlives who is killed.
            shutil.rmtree(self._master.options.confdir, ignore_errors=True)
        addresses = self._master.addons.get("proxyserver").listen_addrs()
        recorder, settings = self._recorder, self._settings
        if not addresses:
            self._fail(f"port {settings.port} on {settings.host} cannot be had: {self._log.errors}")
        elif trouble := recorder.report["trouble"]:
            self._fail(f"{settings.to} cannot be written: {trouble}.")
        elif self._stopping.requested:
            self._master.shutdown()
        else:
            self._log.started = True
            wildcard = settings.host in ("0.0.0.0", "::")  # noqa: S104  compared, not bound
            host = "127.0.0.1" if wildcard else shown(settings.host)
            self._started(f"http://{host}:{addresses[0][1]}", recorder)

    def _fail(self, sentence: str) -> None:
        self.failure = SurroundingsError(sentence)
        self._master.shutdown()


class _Log(logging.Handler):
    """Says our own warnings, and mitmproxy's once each."""

    def __init__(self, say: Callable[[str], None], stopping: Stopping) -> None:
        super().__init__(logging.WARNING)
        self.started = False
        self._stopping = stopping
        self._say = say
        self._early: list[str] = []
        self._said: set[str] = set()

    @property
    def errors(self) -> str:
        """What went wrong before the start."""
        return " ".join(self._early) or "mitmproxy did not say why."

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage().splitlines()[0] if record.getMessage() else ""
        if record.name == "replay.capture":
            # What keeps the recording from starting is said by whoever gives up.
            if self.started or record.levelno < logging.ERROR:
                self._say(message)
        elif not self.started:
            self._early.append(message)
        elif self._stopping.requested:
            # asyncio complains about the connections that are cut.
            return
        elif message not in self._said and len(self._said) < _REMEMBERED_WARNINGS:
            self._said.add(message)
            self._say(f"mitmproxy: {message}")
