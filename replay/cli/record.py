"""`replay record`."""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from replay.capture import filters, preflight
from replay.capture.losses import count
from replay.capture.rules import RulesError, load_rules
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
@click.option(
    "--distil", "scenario", metavar="FILE", help="A scenario, or a folder/ of them, to write in the end."
)
@click.option("--mode", type=click.Choice(["reverse", "regular"]), default="reverse", show_default=True)
@click.option("--host", "hosts", multiple=True, metavar="GLOB", help="Record only these hosts; repeatable.")
@click.option("--path", "paths", multiple=True, metavar="GLOB", help="Record only these paths; repeatable.")
@click.option(
    "--channel", "channels", multiple=True, metavar="GLOB", help="Record only events of these; repeatable."
)
@click.option(
    "--redact",
    "rules",
    type=click.Path(path_type=Path),
    metavar="RULES",
    help="Rules of your own (YAML).",
)
@click.option("--no-redact", is_flag=True, help="Record credentials and personal data as they are.")
@click.option("--no-rewrite-urls", is_flag=True, help="Let the client see the server's own URLs.")
@click.option("--insecure", is_flag=True, help="Accept any certificate of the upstream.")
@click.option(
    "--upstream-ca", type=click.Path(path_type=Path), metavar="FILE", help="Its certificate authority (PEM)."
)
def record(*, upstream: str | None, listen: str, scenario: str | None, **given: Any) -> None:
    """Records what a server says to a client, until Ctrl-C or SIGTERM.

    Point the client at the address printed. Credentials, cookies, clientIds and personal data are replaced
    before anything is written. With --mode regular it is an ordinary proxy, which the client has to be told
    to use.
    """
    console = Console(stderr=True, highlight=False)
    with Stopping() as stopping:
        try:
            server = _server(upstream, given["mode"])
            host, port = preflight.parse_listen(listen)
            wanted = _filters(given)
            _check_rules(given)
            _check_mitmproxy()
            with stopping.interruptible():
                if stopping.requested:
                    raise KeyboardInterrupt
                preflight.check_listen(host, port)
                if server is not None:
                    insecure, authority = given["insecure"], given["upstream_ca"]
                    preflight.check_upstream(server, insecure=insecure, authority=authority)
            settings = _settings(server, (host, port), wanted, given)
            recorded = _record(settings, stopping, console)
        except KeyboardInterrupt:
            console.print("ended before the recording began")
            return
        if scenario is not None and recorded:
            from replay.cli.distil import How, distil_to  # noqa: PLC0415

            with stopping.interruptible():
                rules = load_rules(settings.rules) if settings.redact else None
                distil_to([settings.to], scenario, How(redact=rules))


def _check_rules(given: dict[str, Any]) -> None:
    if given["rules"] is None:
        return
    if given["no_redact"]:
        raise UsageError("--redact and --no-redact exclude each other: leave one out.")
    try:
        load_rules(given["rules"])
    except RulesError as error:
        raise UsageError(str(error)) from None


def _filters(given: dict[str, Any]) -> dict[str, list[str]]:
    wanted = {kind: list(given[f"{kind}s"]) for kind in ("host", "path", "channel")}
    for kind, globs in wanted.items():
        for glob in globs:
            if wrong := filters.wrong(kind, glob):
                raise UsageError(f"--{kind} {glob!r} matches nothing: {wrong}.")
    return wanted


def _settings(
    server: preflight.Upstream | None,
    listen: tuple[str, int],
    wanted: dict[str, list[str]],
    given: dict[str, Any],
) -> Settings:
    from replay.capture.runner import Settings  # noqa: PLC0415  mitmproxy takes a second to import

    return Settings(
        to=given["to"] or _default_name(server),
        host=listen[0],
        port=listen[1],
        upstream=server,
        rewrite_urls=not given["no_rewrite_urls"],
        redact=not given["no_redact"],
        rules=given["rules"],
        filters=wanted,
        insecure=given["insecure"],
        upstream_ca=given["upstream_ca"],
    )


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
        if not settings.redact:
            say("WARNING: --no-redact records passwords, cookies, tokens, names and messages as they are")
        if console.is_terminal:
            counts = functools.partial(_counts, recorder)
            live.append(Live(console=console, transient=True, get_renderable=lambda: Text(counts())))
            live[0].start(refresh=True)

    try:
        recorder = runner.record(settings, stopping=stopping, started=started, say=say)
    finally:
        for each in live:
            each.stop()
    for sentence in recorder.left_out_sentences({kind: f"--{kind}" for kind in settings.filters}):
        say(sentence)
    if not recorder.report["exchanges"]:
        say("nothing was recorded")
        return False
    say(f"recorded {_counts(recorder)} into {settings.to}")
    if failed := recorder.report["failed"]:
        raise SurroundingsError(f"{settings.to} lacks {count(failed, 'exchange')} that could not be cleaned.")
    return True


def _counts(recorder: Recorder) -> str:
    report = recorder.report
    numbers = [count(report[f"{noun}s"], noun) for noun in ("exchange", "event", "agent")]
    return f"{', '.join(numbers)}, {report['size'] / 1000:,.1f} kB"
