"""Makes large flow files of real exchanges: many agents, each with a chat, among pages of somebody else's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, BinaryIO

from mitmproxy.io import tnetstring

DATA = Path(__file__).parents[1] / "data"
_TOKENS = re.compile(
    rb"(?<=\"clientId\":\")[0-9a-z]{20,}|(?<=BAYEUX_BROWSER=)[0-9a-z]{16}"
    rb"|0000[0-9A-Za-z]{10}2X|0090[0-9A-Z]{12}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
)
_APART = 0.2
"""Seconds from the beginning of one agent's story to the next one's."""

_PAGE = 20_000
_PIECES = [b"<p>%d %s</p>\n" % (n, b"lorem ipsum dolor sit amet " * (n % 5 + 1)) for n in range(97)]

State = dict[str, Any]


def write(path: Path, megabytes: float, *, chats: float = 0.25, redacted: bool = False) -> int:
    """Write a file of that size, and say how many chats it holds.

    `chats` is the part of it that is CometD and REST; `redacted` makes it one that our recorder has cleaned.
    """
    templates = [_loaded(DATA / f"{kind}_cometdjs9_java.mitm", redacted) for kind in ("lp", "ws")]
    number = 0
    with path.open("wb") as file:
        while file.tell() < megabytes * 1e6:
            story = templates[number % 8 == 7]
            began = file.tell()
            for state in story:
                file.write(tnetstring.dumps(_copied(state, number)))
            ours = file.tell() - began
            _pages(file, story[0], number, ours * (1 - chats) / chats if chats else 0)
            number += 1
    return number


def pages(path: Path, amount: int) -> None:
    """Add that many pages to a file."""
    state = _loaded(DATA / "lp_cometdjs9_java.mitm", redacted=True)[0]
    with path.open("ab") as file:
        for number in range(amount):
            file.write(tnetstring.dumps(_page(state, number)))


def _pages(file: BinaryIO, state: State, number: int, size: float) -> None:
    end = file.tell() + size
    place = 0
    while file.tell() < end:
        file.write(tnetstring.dumps(_page(state, number * 1000 + place)))
        place += 1


def _page(state: State, number: int) -> State:
    made: State = _copied(state, number // 1000)
    body = b"".join(_PIECES[(number + n) % len(_PIECES)] for n in range(_PAGE // 80))
    made["request"] |= {
        "method": b"GET",
        "host": "pages.example",
        "port": 80,
        "path": b"/page/%d.html" % number,
        "content": b"",
        "headers": [[b"Host", b"pages.example"], [b"Accept", b"text/html"]],
    }
    made["response"] |= {"headers": [[b"Content-Type", b"text/html"]], "content": body}
    return made


def _loaded(path: Path, redacted: bool) -> list[State]:
    with path.open("rb") as file:
        states = []
        while file.tell() < path.stat().st_size:
            states.append(tnetstring.load(file))
            states[-1]["metadata"] = {"replay.redacted": "default"} if redacted else {}
    return states


def _copied(value: Any, number: int, key: str = "") -> Any:
    """The same with ids of its own, later by the number's share."""
    if isinstance(value, dict):
        return {name: _copied(item, number, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_copied(item, number) for item in value]
    if isinstance(value, float):
        return value + number * _APART
    if isinstance(value, bytes):
        return _TOKENS.sub(lambda token: _other(token[0], number), value)
    if isinstance(value, str) and key == "id":
        return _other(value.encode(), number).decode()
    return value


def _other(token: bytes, number: int) -> bytes:
    """An id of the same shape."""
    mark = b"%05X" % number if token.isupper() else b"%05x" % number
    return token[:5] + mark + token[10:]
