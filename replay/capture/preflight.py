"""What can be known before a recording begins: whether there is an upstream, and a port to listen on."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from replay.errors import SurroundingsError, UsageError

PATIENCE = 10.0
"""Seconds an upstream has to take a connection."""


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """The server to record."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        default = 443 if self.scheme == "https" else 80
        return f"{self.scheme}://{shown(self.host)}" + (f":{self.port}" if self.port != default else "")


def shown(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def parse_upstream(url: str, *, option: str = "--upstream") -> Upstream:
    """Read the URL of an upstream, given by this option. Raises `UsageError`."""
    said = url.rpartition("@")[2]
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{option} {said} is no URL: {error}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        like = "http://" + (re.sub(r"^\w*:/+", "", said) or "gws:8090")
        raise UsageError(f"{option} {said} has to be an http or https URL, such as {like}.")
    upstream = Upstream(
        scheme=parts.scheme, host=parts.hostname, port=port or (443 if parts.scheme == "https" else 80)
    )
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise UsageError(f"{option} names a server and nothing else: write {upstream}.")
    return upstream


def parse_listen(address: str) -> tuple[str, int]:
    """Read `--listen`. Raises `UsageError`."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535 or not host:
        raise UsageError(f"--listen {address} has to be an address and a port, such as 127.0.0.1:8091.")
    return host.removeprefix("[").removesuffix("]"), int(port)


def check_listen(host: str, port: int) -> None:
    """See whether the port can be had. Raises `SurroundingsError`."""
    where = f"port {port} on {host}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As asyncio's servers do: a port just left is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        raise SurroundingsError(f"{host} cannot be listened on: the name is not known.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SurroundingsError(f"{where} is in use; --listen chooses another.") from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise SurroundingsError(f"{host} is no address of this machine.") from None
        raise SurroundingsError(f"{where} cannot be listened on: {_reason(error)}.") from None


def check_upstream(upstream: Upstream, *, insecure: bool = False, authority: Path | None = None) -> None:
    """See whether the upstream takes connections, and has a good certificate. Raises `SurroundingsError`."""
    where = f"{shown(upstream.host)}:{upstream.port}"
    context = _context(insecure=insecure, authority=authority) if upstream.scheme == "https" else None
    try:
        with socket.create_connection((upstream.host, upstream.port), timeout=PATIENCE) as connection:
            if context is not None:
                _shake_hands(connection, context, upstream)
    except socket.gaierror:
        raise SurroundingsError(f"the upstream's name {upstream.host} is not known.") from None
    except ConnectionRefusedError:
        raise SurroundingsError(f"the upstream {where} refused the connection.") from None
    except TimeoutError:
        raise SurroundingsError(f"the upstream {where} did not answer within {PATIENCE:.0f} s.") from None
    except OSError as error:
        raise SurroundingsError(f"the upstream {where} cannot be reached: {_reason(error)}.") from None


def _context(*, insecure: bool, authority: Path | None) -> ssl.SSLContext:
    # mitmproxy trusts certifi's authorities, not the system's; the check has to come to the same result.
    import certifi  # noqa: PLC0415  comes with mitmproxy

    try:
        context = ssl.create_default_context(cafile=str(authority) if authority else certifi.where())
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--upstream-ca {authority} cannot be used: {_reason(error)}.") from None
    # Python 3.13 refuses certificates for reasons that mitmproxy does not share.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _shake_hands(connection: socket.socket, context: ssl.SSLContext, upstream: Upstream) -> None:
    where = f"{shown(upstream.host)}:{upstream.port}"
    try:
        context.wrap_socket(connection, server_hostname=upstream.host).close()
    except ssl.SSLCertVerificationError as error:
        raise SurroundingsError(
            f"the certificate of {where} is not accepted: {error.verify_message.rstrip('.')};"
            " --insecure accepts it, --upstream-ca names its authority."
        ) from None
    except (ssl.SSLError, ConnectionError) as error:
        raise SurroundingsError(f"the upstream {where} does not speak TLS: {_reason(error)}.") from None


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return (error.strerror or str(error)).rstrip(".")
