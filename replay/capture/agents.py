"""Counts the agents in a recording under way, by the signs they send: user, session cookie, clientId."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_SESSION = re.compile(rb"sess|(?:^|[_-])sid$|bayeux_browser", re.IGNORECASE)
_CLIENT_ID = re.compile(rb'"clientId"\s*:\s*"([^"\\]+)"')


class Agents:
    """Who has been met. Signs that came together belong to one agent."""

    def __init__(self) -> None:
        self._leads: dict[bytes, bytes] = {}
        self.count = 0

    def meet(self, state: dict[str, Any]) -> None:
        """Take the signs of a flow's state, already cleaned."""
        signs = list(_signs(state))
        known = {self._first(sign) for sign in signs if sign in self._leads}
        if not signs:
            return
        first = min(known) if known else signs[0]
        self.count += 1 - len(known)
        for sign in (*known, *signs):
            self._leads[sign] = first

    def _first(self, sign: bytes) -> bytes:
        while (before := self._leads[sign]) != sign:
            sign = before
        return sign


def _signs(state: dict[str, Any]) -> Iterator[bytes]:
    request, response, socket = state["request"], state.get("response"), state.get("websocket")
    for name, value in request["headers"]:
        match name.lower():
            case b"authorization":
                yield b"user " + value
            case b"cookie":
                yield from filter(None, map(_session, value.split(b";")))
    for name, value in response["headers"] if response else ():
        if name.lower() == b"set-cookie" and (cookie := _session(value.partition(b";")[0])):
            yield cookie
    bodies = [request["content"], response["content"] if response else None]
    bodies += [message[2] for message in socket["messages"]] if socket else []
    for body in bodies:
        for found in _CLIENT_ID.finditer(body or b""):
            yield b"client " + found[1]


def _session(pair: bytes) -> bytes:
    name, _, value = pair.strip().partition(b"=")
    value = value.strip(b'" ')
    # `deleted` is nobody.
    return b"cookie " + value if len(value) >= 8 and _SESSION.search(name) else b""
