"""Makes a recording of what the addon saw: cleans, counts, serialises and appends.

It runs in a process beside the proxy, or where that cannot be, inside it (`carrier.py`). What it is told are
plain tuples, so that they can travel:

    begin KEY FLOW      a request has come; FLOW is the state of a flow, as mitmproxy's `get_state` gives it
    head KEY FLOW       the head of an answer that goes on for long: a WebSocket's, or a stream's
    frame KEY MESSAGE   one message of a WebSocket, as in its state
    piece KEY BYTES     some of the body of a stream
    end KEY FLOW        it is over; with `None` for what the worker has to put together

FLOW may leave out what was told before. What goes on for long is written in parts (`SOCKET`, `STREAM`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import coding, filters, pseudonyms, rules, tnetstrings, writer
from .agents import Agents

logger = logging.getLogger("replay.capture")

REDACTED = "replay.redacted"
"""In `flow.metadata`: the name of the rules by which the flow was cleaned; absent when it was not."""
SOCKET = "replay.socket"
"""In `flow.metadata`: the id of the WebSocket of which this flow holds the messages since the part before."""
STREAM = "replay.stream"
"""In `flow.metadata`: the id of the answer of which this flow holds the bytes since the part before."""
PART = "replay.part"
"""In `flow.metadata`: the number of the part, from 0, as text."""

_LONGEST_LINE = 1024 * 1024
"""Bytes of a stream that may wait for the end of their line."""
_ENDS = 1000
"""Connections whose state is remembered."""

Message = tuple[Any, ...]


class Worker:
    """One recording in the making."""

    def __init__(self, settings: dict[str, Any]) -> None:
        """Take plain data: `path`; `key`, `learned` of the pseudonyms, `rules` (plain, or None);
        `channels`; and to go on with a recording its last report, and `parts`, how many of each flow under
        way are written.
        """
        self.writer = writer.Writer(Path(settings["path"]), size=settings.get("size"))
        self.writer.lost = settings.get("lost", 0)
        self.exchanges: int = settings.get("exchanges", 0)
        self.events: int = settings.get("events", 0)
        self.left_out: int = settings.get("left_out", 0)
        """Bayeux messages on channels that are not recorded."""
        self.failed: int = settings.get("failed", 0)
        """Exchanges that could not be cleaned, and so are not recorded."""
        self._redact: str = settings["rules"]["name"] if settings["rules"] else ""
        self._pseudonyms = pseudonyms.Pseudonyms(
            settings["key"], rules=rules.of_plain(settings["rules"]) if self._redact else rules.Rules("")
        )
        self._pseudonyms.recall(settings.get("learned", ()))
        self._wanted = filters.matcher(settings["channels"])
        self._agents = Agents()
        self._agents_before: int = settings.get("agents", 0)
        self._open: dict[str, dict[str, Any]] = {}
        self._news: dict[str, list[Any]] = {}
        self._parts: dict[str, int] = dict(settings.get("parts", {}))
        self._parted: set[str] = set()
        self._unlearned: set[str] = set()
        self._ends: dict[str, tuple[dict[str, Any], tnetstrings.Raw]] = {}
        self._inflaters: dict[str, Callable[[bytes], bytes]] = {}

    @property
    def agents(self) -> int:
        """How many have been met."""
        return max(self._agents.count, self._agents_before)

    def handle(self, message: Message) -> None:
        """Take one message; what goes wrong is said, and never the caller's trouble."""
        kind, key, told = message
        try:
            self._take(kind, key, told)
        except Exception as error:  # noqa: BLE001  whatever it is, the recording goes on
            if kind == "end":
                self._forget(key)
            self.failed += kind in ("end", "part")
            logger.error("An exchange could not be recorded whole (%s in %s).", type(error).__name__, kind)

    def checkpoint(self) -> None:
        """Write what has come of the flows under way."""
        for key in list(self._news):
            self.handle(("part", key, None))

    def finish(self) -> None:
        """Write what is open, and close the file."""
        for key in list(self._open):
            self.handle(("end", key, None))
        self.writer.close()

    def report(self) -> dict[str, Any]:
        """Where the recording stands, as plain data."""
        parts = {key: self._parts[key] for key in self._parted & self._parts.keys()}
        self._parted.clear()
        return {
            "size": self.writer.size,
            "unwritten": self.writer.unwritten,
            "trouble": self.writer.trouble,
            "exchanges": self.exchanges,
            "events": self.events,
            "agents": self.agents,
            "left_out": self.left_out,
            "failed": self.failed,
            "learned": self._pseudonyms.news(),
            "parts": parts,
        }

    def _take(self, kind: str, key: str, told: Any) -> None:
        match kind:
            case "begin":
                self._begin(key, told)
            case "head":
                self._head(key, told)
            case "frame":
                self._frame(key, told)
            case "piece":
                self._piece(key, told)
            case "part":
                self._part(key)
            case "end":
                self._end(key, told)
            case _:
                raise ValueError(kind)

    def _begin(self, key: str, flow: dict[str, Any]) -> None:
        self._open[key] = flow
        self._unlearned.add(key)

    def _head(self, key: str, flow: dict[str, Any]) -> None:
        self._open[key] = self._open.get(key, {}) | flow
        if key not in self._parts:
            self._parts[key] = 0
            self._news[key] = []
        if not flow["websocket"] and (inflater := coding.inflater(flow["response"])):
            self._inflaters[key] = inflater

    def _frame(self, key: str, frame: Any) -> None:
        self._news.setdefault(key, []).append(frame)
        if self._redact:
            self._pseudonyms.body(frame[2])

    def _piece(self, key: str, piece: bytes) -> None:
        if key in self._inflaters:
            piece = self._inflaters[key](piece)
        self._news.setdefault(key, []).append(piece)

    def _part(self, key: str) -> None:
        news = self._news.pop(key)
        flow = self._open[key]
        if not flow["websocket"]:
            text = b"".join(news)
            # A secret may be cut by the network, but hardly by the end of a line, and events end with one.
            end = text.rfind(b"\n") + 1 if len(text) < _LONGEST_LINE else len(text)
            if end < len(text):
                self._news[key] = [text[end:]]
            if not end and text:
                return
            news = [text[:end]]
        if not self._write(key, self._as_part(key, flow, news)):
            self._parts[key] -= 1

    def _end(self, key: str, flow: dict[str, Any] | None) -> None:
        whole = self._open.get(key, {}) | (flow or {})
        news = self._news.get(key)
        if key not in self._parts:
            self._write(key, _state(whole))
        elif flow is not None or news is not None:
            self._write(key, self._as_part(key, whole, news or []))
        # What merely stopped, with nothing new, is on disk as it is.
        self._forget(key)

    def _forget(self, key: str) -> None:
        self._unlearned.discard(key)
        of: dict[str, Any]
        for of in (self._open, self._news, self._parts, self._inflaters):
            of.pop(key, None)

    def _as_part(self, key: str, flow: dict[str, Any], news: list[Any]) -> dict[str, Any]:
        number = self._parts[key]
        self._parts[key] = number + 1
        self._parted.add(key)
        kind = SOCKET if flow["websocket"] else STREAM
        state = _state(flow | {"id": f"{key}-{number}"})
        state["metadata"] |= {kind: key, PART: str(number)}
        if kind == SOCKET:
            state["websocket"]["messages"] = news
        elif news:
            state["response"]["content"] = b"".join(news)
            if key in self._inflaters:
                state["response"]["headers"] = coding.without(state["response"]["headers"])
        return state

    def _learn_others(self, key: str) -> None:
        """Learn what requests under way say in secret; one's own is cleaned with its answer."""
        for other in self._unlearned - {key}:
            self._pseudonyms.clean(self._decoded(_state(self._open[other])))
        self._unlearned.clear()

    def _decoded(self, state: dict[str, Any]) -> dict[str, Any]:
        for message in (state["request"], state["response"]):
            if message and message["content"]:
                coding.undo(message, keep=not self._redact)
        return state

    def _write(self, key: str, state: dict[str, Any]) -> bool:
        """Clean and write a flow; False when filters leave nothing of it."""
        state = self._decoded(state)
        # A long poll is written when it ends; what it says in secret has to be known before.
        if self._redact:
            self._learn_others(key)
        ends = {end: self._raw(state.pop(end)) for end in ("client_conn", "server_conn")}
        if self._redact:
            state = self._pseudonyms.clean(state)
            state["metadata"] = {**state["metadata"], REDACTED: self._redact}
        if self._wanted is not None and self._filter(state):
            return False
        self.writer.write(tnetstrings.dumps(state | ends))
        self.exchanges += state["metadata"].get(PART, "0") == "0"
        self.events += _events(state)
        self._agents.meet(state)
        return True

    def _raw(self, end: dict[str, Any]) -> tnetstrings.Raw:
        """The state of a connection, cleaned and serialised: half of a flow, and mostly the same again."""
        known = self._ends.get(end["id"])
        if known is None or known[0] != end:
            cleaned = self._pseudonyms.known(end) if self._redact else end
            if len(self._ends) >= _ENDS:
                self._ends.clear()
            known = self._ends[end["id"]] = (end, tnetstrings.Raw(tnetstrings.dumps(cleaned)))
        return known[1]

    def _filter(self, state: dict[str, Any]) -> bool:
        """Leave out the messages on other channels; True when none is left of a WebSocket's part."""
        wanted = self._wanted
        assert wanted is not None
        for message in (state["request"], state["response"]):
            if message and message["content"]:
                message["content"], left_out = filters.only_channels(message["content"], wanted)
                self.left_out += left_out
        socket = state["websocket"]
        if not socket or not socket["messages"]:
            return False
        kept = []
        for kind, sender, content, *rest in socket["messages"]:
            rest_of_it, left_out = filters.only_channels(content, wanted)
            self.left_out += left_out
            if not left_out or rest_of_it.strip() != b"[]":
                kept.append((kind, sender, rest_of_it, *rest))
        socket["messages"] = kept
        return not kept and socket["timestamp_end"] is None and state["metadata"][PART] != "0"


def _state(flow: dict[str, Any]) -> dict[str, Any]:
    """A copy that may be changed."""
    copied = dict(flow)
    copied["request"] = dict(flow["request"])
    copied["response"] = dict(flow["response"]) if flow["response"] else None
    copied["websocket"] = dict(flow["websocket"]) if flow["websocket"] else None
    copied["metadata"] = dict(flow["metadata"])
    return copied


def _events(state: dict[str, Any]) -> int:
    """How many Bayeux messages with data the server sent."""
    socket = state["websocket"]
    bodies = [message[2] for message in socket["messages"] if not message[1]] if socket else []
    if state["response"]:
        bodies.append(state["response"]["content"])
    count = 0
    for body in bodies:
        if not body or b'"channel"' not in body or b'"data"' not in body:
            continue
        try:
            messages = json.loads(body)
        except ValueError:
            continue
        for message in messages if isinstance(messages, list) else [messages]:
            count += isinstance(message, dict) and "data" in message and "channel" in message
    return count
