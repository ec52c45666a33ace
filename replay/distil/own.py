"""Whose traffic it is: the API's own requests, without pages, pictures and other people's servers."""

from __future__ import annotations

import msgspec

from replay.distil import notes
from replay.distil.causes import READING
from replay.distil.notes import Notes
from replay.distil.sightings import Call, Stream, origin_of
from replay.profiles.profile import Profile

_PAGE_TYPES = ("text/html", "text/css", "javascript", "image/", "font/", "audio/", "video/")
_PAGE_NAMES = (
    *(".css", ".gif", ".htm", ".html", ".ico", ".jpeg", ".jpg", ".js", ".map", ".mp3", ".png", ".svg"),
    *(".ttf", ".wav", ".webp", ".woff", ".woff2"),
)


def own(stream: Stream, profile: Profile, aside: Notes) -> Stream:
    """The stream without requests that have nothing to do with the API: pages, and other people's servers."""
    calls = [call for call in stream.calls if not _is_page(call, profile)]
    aside.count(notes.PAGES, len(stream.calls) - len(calls))
    origins = {client.origin for client in stream.clients}
    home = [call for call in calls if origin_of(call.exchange) in origins or _is_api(call, profile)]
    # REST may live on another port than CometD; where nothing is at home, everything is.
    home = home or calls
    aside.count(notes.ELSEWHERE, len(calls) - len(home))
    aside.count(
        notes.BODIES, sum(call.body is msgspec.UNSET and bool(call.exchange.request_body) for call in home)
    )
    return msgspec.structs.replace(stream, calls=tuple(home))


def _is_page(call: Call, profile: Profile) -> bool:
    if call.exchange.method not in READING or _is_api(call, profile):
        return False
    kind = call.exchange.response_header("Content-Type").lower()
    path = call.exchange.split.path.lower()
    return any(each in kind for each in _PAGE_TYPES) or path.endswith(_PAGE_NAMES)


def _is_api(call: Call, profile: Profile) -> bool:
    return len(profile.api_prefix) > 1 and profile.api_prefix in call.exchange.split.path
