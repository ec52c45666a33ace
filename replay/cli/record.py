"""`replay record`."""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from replay.capture import preflight
from replay.capture.stopping import Stopping
from replay.clock import wall_time
from replay.errors import SurroundingsError, UsageError

if TYPE_CHECKING:
    from replay.capture.addon import Recorder
    from replay.capture.runner import Settings


@click.command()
@click.option("--upstream", metavar="URL", help="The server to record, such as http://gws:8090.")
@click.option("--listen", default="127.0.0.1:8091", show_default=True, metavar="HOST:PORT")
@click.option("--to", type=click.Path(path_type=Path), help="Default: recordings/HOST-TIME.mitm.")
@click.option("--distil", "scenario", type=click.Path(path_type=Path), help="A scenario to write in the end.")
@click.option("--mode", type=click.Choice(["reverse", "regular"]), default="reverse", show_default=True)
@click.option("--redact", "rules", metavar="RULES", help="Not yet: rules of your own for what to replace.")
@click.option("--no-redact", is_flag=True, help="Not yet: record credentials and personal data.")
@click.option("--no-rewrite-urls", is_flag=True, help="Let the client see the server's own URLs.")
@click.option("--insecure", is_flag=True, help="Accept any certificate of the upstream.")
@click.option(
    "--upstream-ca", type=click.Path(path_type=Path), metavar="FILE", help="Its certificate authority (PEM)."
)
def record(
    *,
    upstream: str | None,
    listen: str,
    to: Path | None,
    scenario: Path | None,
    mode: str,
    rules: str | None,
    no_redact: bool,
    no_rewrite_urls: bool,
    insecure: bool,
    upstream_ca: Path | None,
) -> None:
    """Records what a server says to a client, until Ctrl-C or SIGTERM.

    Point the client at the address printed. Credentials, cookies and clientIds are replaced before anything
    is written. With --mode regular it is an ordinary proxy, which the client has to be told to use.
    """
    if no_redact:
        raise UsageError("redaction cannot be switched off yet.")
    if rules is not None:
        raise UsageError("--redact takes no rules yet.")
    console = Console(stderr=True, highlight=False)
    with Stopping() as stopping:
        try:
            server = _server(upstream, mode)
            host, port = preflight.parse_listen(listen)
            _check_mitmproxy()
            with stopping.interruptible():
                if stopping.requested:
                    raise KeyboardInterrupt
                preflight.check_listen(host, port)
                if server is not None:
                    preflight.check_upstream(server, insecure=insecure, authority=upstream_ca)
            path = to or _default_name(server)
            from replay.capture.runner import Settings  # noqa: PLC0415  mitmproxy takes a second to import

            settings = Settings(
                to=path,
                host=host,
                port=port,
                upstream=server,
                rewrite_urls=not no_rewrite_urls,
                insecure=insecure,
                upstream_ca=upstream_ca,
            )
            recorded = _record(settings, stopping, console)
        except KeyboardInterrupt:
            console.print("ended before the recording began")
            return
        if scenario is not None and recorded:
            from replay.cli.distil import distil_to  # noqa: PLC0415

            with stopping.interruptible():
                distil_to([path], scenario)


def _check_mitmproxy() -> None:
    try:
        import mitmproxy.version  # noqa: F401, PLC0415
    except ModuleNotFoundError:
        raise SurroundingsError(
            'recording needs mitmproxy, which is not installed: pip install "gws-replay[record]"'
        ) from None


def _server(upstream: str | None, mode: str) -> preflight.Upstream | None:
    if mode == "reverse":
        if upstream is None:
            raise UsageError(
                "--upstream is missing: the URL of the server to record, such as http://gws:8090."
            )
        return preflight.parse_upstream(upstream)
    if upstream is not None:
        raise UsageError("--upstream is for --mode reverse; a regular proxy goes wherever its client asks.")
    return None


def _default_name(upstream: preflight.Upstream | None) -> Path:
    now = dt.datetime.fromtimestamp(wall_time(), dt.UTC)
    host = upstream.host.replace(":", "-") if upstream else "proxy"
    return Path("recordings", f"{host}-{now:%Y%m%dT%H%M%SZ}.mitm")


def _record(settings: Settings, stopping: Stopping, console: Console) -> bool:
    """Record, and say so; False when there was nothing to record."""
    from replay.capture import runner  # noqa: PLC0415

    say = functools.partial(console.print, markup=False, soft_wrap=True)
    live: list[Live] = []

    def started(url: str, recorder: Recorder) -> None:
        where = f"{url} → {settings.upstream}" if settings.upstream else f"through the proxy {url}"
        say(f"recording {where} into {settings.to}; Ctrl-C ends")
        if not settings.upstream:
            say("for https the client has to trust ~/.mitmproxy/mitmproxy-ca-cert.pem")
        if console.is_terminal:
            live.append(Live(console=console, transient=True, get_renderable=lambda: Text(_counts(recorder))))
            live[0].start(refresh=True)

    try:
        recorder = runner.record(settings, stopping=stopping, started=started, say=say)
    finally:
        for each in live:
            each.stop()
    if not recorder.exchanges:
        say("nothing was recorded")
        return False
    say(f"recorded {_counts(recorder)} into {settings.to}")
    return True


def _counts(recorder: Recorder) -> str:
    size = recorder.writer.size if recorder.writer else 0
    exchanges = "1 exchange" if recorder.exchanges == 1 else f"{recorder.exchanges} exchanges"
    events = "1 event" if recorder.events == 1 else f"{recorder.events} events"
    return f"{exchanges}, {events}, {size / 1000:,.1f} kB"
