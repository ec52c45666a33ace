"""With what an agent comes to a server, and what of that nobody may read in a report."""

from __future__ import annotations

import html
import json
import re
import ssl
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

MASK = "***"
SHORT = 6
"""Characters below which a secret is masked only where it is a word: else it would be in every other word."""

_ESCAPED = re.compile("%[0-9A-F]{2}")


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How an agent proves who it is, and how the server has to."""

    user: str = ""
    """What it is called in sentences; empty when it says nothing of itself."""
    authorization: str = ""
    """The whole value of the header; none is sent when empty."""
    trust: ssl.SSLContext | bool = True
    """How the server's certificate is checked; False takes any."""


def by_name(user: str, password: str = "") -> Access:
    """Access by user name and password (Basic, UTF-8); by nothing at all for a user without a name."""
    if not user:
        return Access()
    return Access(user=user, authorization=f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}")


class Hidden:
    """What must not stand in a report, however the server may have put it: learned as it comes."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, *secrets: str) -> None:
        """These are secret, also as they stand in a URL, in HTML, in JSON, and anywhere in base64."""
        for secret in filter(None, secrets):
            if secret not in self._secrets:
                self._pattern = None
                self._secrets.update((secret, *_forms(secret), *_in_base64(secret.encode())))

    def learn_issued(self, *secrets: str) -> None:
        """These a server has given out: what is as short as `en` or `true` proves nothing."""
        self.learn(*(secret for secret in secrets if len(secret) >= SHORT))

    def without(self, text: str) -> str:
        """The text with a mask in place of each secret."""
        if not self._secrets:
            return text
        if self._pattern is None:
            longest_first = sorted(self._secrets, key=lambda secret: (-len(secret), secret))
            self._pattern = re.compile("|".join(map(_form, longest_first)))
        return self._pattern.sub(MASK, text)

    def cleaned(self, value: Any) -> Any:
        """A JSON value without them."""
        if isinstance(value, str):
            return self.without(value)
        if isinstance(value, dict):
            return {self.without(str(name)): self.cleaned(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.cleaned(each) for each in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return MASK if self.without(str(value)) != str(value) else value
        return value


def _forms(secret: str) -> Iterator[str]:
    for quoted in (quote(secret, safe=""), quote_plus(secret)):
        yield from (quoted, _ESCAPED.sub(lambda found: found[0].lower(), quoted))
    yield html.escape(secret)
    yield from (json.dumps(secret, ensure_ascii=plain)[1:-1] for plain in (True, False))


def _in_base64(secret: bytes) -> Iterator[str]:
    """By itself, and what of it is the same wherever it stands among other bytes."""
    for encode in (b64encode, urlsafe_b64encode):
        yield encode(secret).decode().rstrip("=")
        for before, own in enumerate((0, 2, 3)):
            whole = encode(bytes(before) + secret).decode()
            inner = whole[own : (before + len(secret)) * 8 // 6]
            if len(inner) >= 2 * SHORT:
                yield inner


def _form(secret: str) -> str:
    return re.escape(secret) if len(secret) >= SHORT else rf"(?<!\w){re.escape(secret)}(?!\w)"
