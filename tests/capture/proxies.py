"""A server to record, and recordings under way: what the tests of this folder stand on."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import ipaddress
import os
import queue
import resource
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from replay.capture import runner
from replay.capture.addon import Recorder
from replay.capture.preflight import parse_upstream
from replay.capture.recording import Recording, open_recording
from replay.capture.stopping import Stopping
from replay.errors import RecordingError

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
PATIENCE = 20

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def eventually(true: Callable[[], bool]) -> None:
    """Wait until it is so."""
    until = time.monotonic() + PATIENCE  # noqa: TID251  a wait for a process, not a test of times
    while not true():
        assert time.monotonic() < until, "it never came to be"  # noqa: TID251
        threading.Event().wait(0.02)


def holds(path: Path, exchanges: int) -> None:
    """Wait until the recording at this place has so many."""

    def there() -> bool:
        try:
            return len(open_recording(path).exchanges) == exchanges
        except RecordingError:
            return False

    eventually(there)


class Upstream:
    """An aiohttp server on a thread of its own."""

    def __init__(self, handler: Handler, context: ssl.SSLContext | None = None) -> None:
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        """Path with query, headers and body of each request."""
        self.arrived: queue.Queue[str] = queue.Queue()
        self.port = 0
        self._handler = handler
        self._context = context
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._released = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Upstream:
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)

    async def held(self) -> None:
        """For a handler: wait until the test calls `release`."""
        await self._released.wait()

    def release(self) -> None:
        self._loop.call_soon_threadsafe(self._released.set)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        serving = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._loop.run_until_complete(serving.setup())
        site = web.TCPSite(serving, "127.0.0.1", self.port, ssl_context=self._context)
        self._loop.run_until_complete(site.start())
        self.port = serving.addresses[0][1]
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(serving.cleanup())
        self._loop.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read() if request.method != "GET" else b""
        self.seen.append((request.path_qs, dict(request.headers), body))
        self.arrived.put(request.path)
        return await self._handler(request)


class Proxy:
    """A recording under way in this process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = ""
        self.said: list[str] = []
        self.failure: BaseException | None = None
        self.recorder: Recorder | None = None
        self.end: Callable[[], None] = lambda: None
        """Ends the recording, as a signal would, and waits for it."""

    @property
    def process(self) -> int | None:
        """The process that writes."""
        assert self.recorder is not None
        assert self.recorder.carrier is not None
        return self.recorder.carrier.process

    def read(self) -> Recording:
        return open_recording(self.path)


@contextlib.contextmanager
def recording(upstream: str, path: Path, **settings: Any) -> Iterator[Proxy]:
    """Record until the block ends, as if a signal had come then; no upstream makes it a regular proxy."""
    server = parse_upstream(upstream) if upstream else None
    proxy = Proxy(path)
    stopping = Stopping()
    ready: queue.Queue[str] = queue.Queue()

    def started(url: str, recorder: Recorder) -> None:
        proxy.recorder = recorder
        ready.put(url)

    def run() -> None:
        try:
            runner.record(
                runner.Settings(to=path, host="127.0.0.1", port=0, upstream=server, **settings),
                stopping=stopping,
                started=started,
                say=proxy.said.append,
            )
        except Exception as error:  # noqa: BLE001  looked at by the test
            proxy.failure = error
        ready.put("")

    def end() -> None:
        if thread.is_alive():
            stopping.requested = True
            stopping.on_signal()
            thread.join(PATIENCE)
        assert not thread.is_alive()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    proxy.url = ready.get(timeout=PATIENCE)
    proxy.end = end
    try:
        yield proxy
    finally:
        end()


class Command:
    """`replay record …` as a process of its own."""

    def __init__(
        self,
        *arguments: str,
        cwd: Path,
        program: tuple[str, ...] = ("-m", "replay", "record"),
        path: Path | None = None,
        group: bool = False,
    ) -> None:
        """Start it; `group` makes it the leader of a process group of its own."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        if path is not None:
            environment["PATH"] = f"{path}:{environment['PATH']}"
        self.printed = ""
        """Its stdout, once it has ended."""
        self.process = subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=cwd,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0 if group else None,
        )

    def until(self, words: str) -> str:
        """The first line of stderr that holds these words."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if words in line:
                return line
        raise AssertionError(f"it ended ({self.process.wait()}) without saying {words!r}")

    def ended(self) -> tuple[int, str]:
        """Its exit code and the rest of stderr."""
        self.printed, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """As on a full disk: no file grows beyond this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context for 127.0.0.1, signed by itself, and the file of the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=365 * 50))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, folder / "server.key")
    return context, file


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
