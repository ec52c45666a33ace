"""Whose traffic it is: the API's own requests, without pages, pictures and other people's servers.

What is foreign is dropped as it passes. A request to a host of which nothing is known yet waits, within
`MOST_WAITING`: it is at home when a CometD client turns up at the same host, or when nothing else is at home.
"""

from __future__ import annotations

from collections import defaultdict

from replay.distil import notes
from replay.distil.causes import READING
from replay.distil.notes import Notes
from replay.distil.packed import PackedCall
from replay.distil.sightings import origin_of
from replay.exchange import Exchange
from replay.profiles.profile import Profile

MOST_WAITING = 32_000_000
"""Bytes of requests to hosts not known to be at home that are kept; beyond, the busiest host is given up."""
_OVERHEAD = 1000
"""Bytes that a call takes besides its bodies, roughly."""

_PAGE_TYPES = ("text/html", "text/css", "javascript", "image/", "font/", "audio/", "video/")
_PAGE_NAMES = (
    *(".css", ".gif", ".htm", ".html", ".ico", ".jpeg", ".jpg", ".js", ".map", ".mp3", ".png", ".svg"),
    *(".ttf", ".wav", ".webp", ".woff", ".woff2"),
)


class Own:
    """Keeps what is asked of the API, and counts the rest."""

    def __init__(self, profile: Profile, aside: Notes) -> None:
        self._prefix = profile.api_prefix if len(profile.api_prefix) > 1 else ""
        self._notes = aside
        self._home: list[PackedCall] = []
        self._waiting: dict[str, list[PackedCall]] = defaultdict(list)
        self._sizes: dict[str, int] = defaultdict(int)
        self._given_up: set[str] = set()

    def is_page(self, exchange: Exchange) -> bool:
        """Whether it is a page, a script or a picture, which no scenario holds; counts those."""
        if exchange.method not in READING or self._is_api(exchange):
            return False
        kind = exchange.response_header("Content-Type").lower()
        path = exchange.split.path.lower()
        found = any(each in kind for each in _PAGE_TYPES) or path.endswith(_PAGE_NAMES)
        self._notes.count(notes.PAGES, found)
        return found

    def take(self, call: PackedCall) -> None:
        """One more request, in order of time."""
        if self._is_api(call.exchange):
            self._home.append(call)
            return
        origin = origin_of(call.exchange)
        if origin in self._given_up:
            self._notes.count(notes.ELSEWHERE)
            return
        self._waiting[origin].append(call)
        self._sizes[origin] += call.size + _OVERHEAD
        if sum(self._sizes.values()) > MOST_WAITING:
            busiest = max(self._sizes, key=lambda each: (self._sizes[each], each))
            self._given_up.add(busiest)
            self._notes.count(notes.ELSEWHERE, len(self._waiting.pop(busiest)))
            del self._sizes[busiest]

    def calls(self, origins: set[str]) -> list[PackedCall]:
        """What is at home, where CometD clients were seen at these origins."""
        calls = self._home + [call for origin in origins for call in self._waiting.pop(origin, [])]
        foreign = [call for each in self._waiting.values() for call in each]
        if not calls:
            # REST may live on another port than CometD; where nothing is at home, everything is.
            calls, foreign = foreign, []
        self._notes.count(notes.ELSEWHERE, len(foreign))
        return sorted(calls, key=lambda call: (call.at, call.exchange.number))

    def _is_api(self, exchange: Exchange) -> bool:
        return bool(self._prefix) and self._prefix in exchange.split.path
