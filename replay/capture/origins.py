"""Keeps a client on a reverse proxy: swaps the server's origin for the proxy's, and back.

A server names itself in absolute URLs, and not always by the name it was dialled by: Genesys Web Services
takes it from `externalApiUrlV2`. So the API's prefix tells its URLs too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
# The slashes as they are, as JSON may escape them, and as they stand in a query.
_URL = re.compile(
    rb"(?<![a-z])(?P<scheme>https?|wss?)(?P<mark>:(?://|\\/\\/)|%3A%2F%2F)"
    rb"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)"
    rb"(?:(?::|%3A)(?P<port>\d{1,5}))?(?![\w.@:-])",
    re.IGNORECASE,
)
_MARK = re.compile(rb":(?://|\\/\\/)|%3[Aa]%2[Ff]%2[Ff]")
_SCHEME = re.compile(rb"(?:https?|wss?)$", re.IGNORECASE)
_TEXT = re.compile(r"json|text|javascript|xml|x-www-form-urlencoded", re.IGNORECASE)
TO_CLIENT_HEADERS = (
    "location",
    "content-location",
    "access-control-allow-origin",
    "link",
    "refresh",
    "content-security-policy",
)
_PREFIXED = re.compile(r"^__(Host|Secure)-", re.IGNORECASE)
_RENAMED = re.compile(r"(^|;\s*)replay\.(Host|Secure)-")


class Origin(NamedTuple):
    """Scheme (http or https), host and port of a server."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """What stands in a `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Origin | None:
    """The origin of an absolute URL, or None where there is none."""
    match = _URL.match(url.encode("utf-8", "replace"))
    return _origin(match) if match else None


class Origins:
    """What one upstream is called, by itself and by its clients."""

    def __init__(self, api_prefix: str = "/api/v2/") -> None:
        path = api_prefix.rstrip("/").encode()
        forms = [re.escape(path.replace(b"/", slash)) for slash in (b"/", b"\\/", b"%2F")]
        # Without a prefix no URL is told by it.
        self._prefix = re.compile(rb"(?:%s)(?![\w.-])" % (b"|".join(forms) if path else b"(?!)"))
        self.named: Origin | None = None
        """What the server called itself last, in a URL of its API."""

    def __repr__(self) -> str:
        return f"<Origins named {self.named or 'nothing yet'}>"

    def to_client(self, text: bytes, *, upstream: Origin, dialled: Origin) -> bytes:
        """The server's own URLs, as URLs of the proxy."""

        def ours(origin: Origin, after: int) -> Origin | None:
            if self._prefix.match(text, after):
                self.named = origin
                return dialled
            return dialled if _same(origin, upstream) else None

        return _swap(text, ours)

    def to_server(self, text: bytes, *, upstream: Origin, dialled: Origin) -> bytes:
        """The proxy's URLs, as the server named itself; as the upstream's before it has."""
        return _swap(text, lambda origin, _: (self.named or upstream) if _same(origin, dialled) else None)


def to_upstream(text: bytes, *, upstream: Origin, dialled: Origin) -> bytes:
    """The proxy's URLs as the upstream's: for headers a server compares with `Host`."""
    return _swap(text, lambda origin, _: upstream if _same(origin, dialled) else None)


def is_text(content_type: str, body: bytes) -> bool:
    """Whether URLs are to be looked for in a body."""
    if content_type:
        return bool(_TEXT.search(content_type))
    return body.lstrip()[:1] in (b"{", b"[", b"<")


def cookie_to_client(cookie: str, *, secure: bool) -> str:
    """A `Set-Cookie` that a browser accepts from the proxy, which is `secure` when the client dialled https.

    Browsers refuse a cookie named `__Host-…` or `__Secure-…` without `Secure`: it travels under another name.
    """
    pair, *attributes = (part.strip() for part in cookie.split(";"))
    dropped = {"domain"} if secure else {"domain", "secure", "partitioned"}
    kept = []
    for attribute in attributes:
        name, _, value = (part.strip().lower() for part in attribute.partition("="))
        # SameSite=None without Secure is refused too.
        if name in dropped or (not secure and name == "samesite" and value == "none"):
            continue
        kept.append(attribute)
    return "; ".join((pair if secure else _PREFIXED.sub(r"replay.\1-", pair), *kept))


def cookies_to_server(cookies: str) -> str:
    """A `Cookie` header with the names the server gave."""
    return _RENAMED.sub(r"\1__\2-", cookies) if "replay." in cookies else cookies


def _swap(text: bytes, target: Callable[[Origin, int], Origin | None]) -> bytes:
    done: list[bytes] = []
    end = past = 0
    # Looking for what few texts hold, and then for the URL around it, takes a fraction of looking for URLs:
    # this is on the way of every exchange.
    for mark in _MARK.finditer(text):
        scheme = _SCHEME.search(text, max(past, mark.start() - 5), max(past, mark.start()))
        match = _URL.match(text, scheme.start()) if scheme else None
        if match is None:
            continue
        past = match.end()
        if wanted := target(_origin(match), past):
            done += (text[end : match.start()], _written(wanted, match))
            end = past
    return b"".join((*done, text[end:])) if done else text


def _written(wanted: Origin, match: re.Match[bytes]) -> bytes:
    """An origin in the way another one was written."""
    scheme = wanted.scheme
    if match["scheme"].lower().startswith(b"ws"):
        scheme = "wss" if scheme == "https" else "ws"
    authority = wanted.authority.encode()
    if match["mark"].startswith(b"%"):
        authority = authority.replace(b":", b"%3A")
    return scheme.encode() + match["mark"] + authority


def _origin(match: re.Match[bytes]) -> Origin:
    scheme = match["scheme"].decode().lower()
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    http = {"ws": "http", "wss": "https"}.get(scheme, scheme)
    return Origin(http, match["host"].decode().lower().strip("[]"), port)


def _same(one: Origin, other: Origin) -> bool:
    return one.port == other.port and _plain(one.host) == _plain(other.host)


def _plain(host: str) -> str:
    return "localhost" if host in ("127.0.0.1", "::1") else host.lower()
