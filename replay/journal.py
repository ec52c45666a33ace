"""What happened, in order, bounded by count and by bytes; what was pushed out is still counted.

Polls are not in it: how often a client polls is its own affair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, TypeVar, get_args

import msgspec

from replay.errors import Problem, UsageError

Kind = Literal[
    "agent",
    "handshake",
    "subscribe",
    "disconnect",
    "play",
    "request",
    "retry",
    "answer",
    "event",
    "held",
    "miss",
    "fault",
    "switch",
    "reset",
    "scenario",
    "refused",
]

MAX_ENTRIES = 100_000
"""Entries that the window holds unless more are wanted."""
MAX_BYTES = 64_000_000
"""What they take as JSON at most."""

KINDS: tuple[Kind, ...] = get_args(Kind)

_ON_TIME = 0.0
"""The one zero that msgspec leaves out: it knows a default by its identity."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened."""

    number: int
    """From 1, without gaps."""
    at: float
    """Seconds since the simulator began, to the microsecond."""
    kind: Kind
    agent: str
    """The agent's user, or its ordinal as `#1`."""
    play: str = ""
    """`SCENARIO#N`, the agent's N-th play of it."""
    step: str = ""
    late: float = _ON_TIME
    """Of an event or an answer: seconds after its time, to the microsecond."""
    detail: dict[str, Any] = {}


Listener = Callable[[Entry, bytes], None]


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a journal's file: which run it is of."""

    replay: str
    """Version of the package that wrote it."""
    journal: Literal[1] = 1
    """Version of the file's form."""
    scenarios: list[str]
    """Names of the scenarios that were played."""
    seed: int
    speed: float | str
    """Times as fast as recorded, or `max`."""

    def line(self) -> bytes:
        """As it stands in the file."""
        return msgspec.json.encode(self) + b"\n"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A journal as a file has it."""

    head: Head | None
    """None where only entries were kept, as the control route gives them."""
    entries: tuple[Entry, ...]
    is_cut: bool
    """Whether its last line is not whole, as after `kill -9` or on a full disk."""

    @property
    def scenarios(self) -> list[str]:
        """Names of the scenarios that were played, as far as it says."""
        if self.head is not None:
            return self.head.scenarios
        return list(dict.fromkeys(scenario_of(entry) for entry in self.entries if entry.play))

    @property
    def first_names(self) -> dict[str, str]:
        """What each agent was called at first, by what it was called later."""
        found: dict[str, str] = {}
        for entry in self.entries:
            if entry.kind == "agent" and "was" in entry.detail:
                was = entry.detail["was"]
                found[entry.agent] = found.get(was, was)
        return found

    @property
    def agents(self) -> list[str]:
        """Who is in it, in order of appearance, each by the first name it had."""
        return [name for name in self.by_agent() if name]

    def by_agent(self) -> dict[str, list[Entry]]:
        """The entries of each agent, by the first name it had; of nobody in particular under none."""
        first = self.first_names
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(first.get(entry.agent, entry.agent), []).append(entry)
        return found


def scenario_of(entry: Entry) -> str:
    """The scenario that an entry's play is one of; empty if it is about none."""
    return entry.play.rpartition("#")[0]


class Journal:
    """A window on what happened: entries without gaps up to the newest, which is always there."""

    def __init__(self, *, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        """Nothing has happened yet.

        Args:
            max_entries: How many the window holds, 1 at least.
            max_bytes: What they take as JSON. An entry that is larger by itself stands in the window without
                its detail.
        """
        # As JSON, not as entries: three fifths of the memory, none of which the garbage collector looks at.
        self._lines: list[bytes] = []
        """From `_start` on those of the window."""
        self._start = 0
        self._max_entries = max(1, max_entries)
        self._max_bytes = max_bytes
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(Entry).decode
        self._listeners: dict[Kind, tuple[Listener, ...]] = dict.fromkeys(KINDS, ())
        self._before: Counter[str] = Counter()
        self.bytes = 0
        """What the entries of the window take as JSON."""
        self.total = 0
        """How many things happened."""
        self.dropped = 0
        """How many of them were pushed out of the window."""
        self.counts: Counter[str] = Counter()
        """How often each kind of thing happened, also of what the window has lost."""

    @property
    def ever(self) -> Counter[str]:
        """The same, whatever has been forgotten."""
        return self._before + self.counts

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.after(0, len(self)))

    def __len__(self) -> int:
        return len(self._lines) - self._start

    @property
    def first(self) -> int:
        """The number of the oldest entry in the window; of an empty one, what the next will have."""
        return self.total - len(self) + 1

    def after(self, number: int, most: int) -> list[Entry]:
        """The oldest entries of the window that come after the one of this number, `most` at most.

        It costs what it returns, wherever in the window that stands.
        """
        start = self._start + max(0, number + 1 - self.first)
        return [self._decode(line) for line in self._lines[start : start + most]]

    def note(
        self,
        kind: Kind,
        at: float,
        agent: str,
        *,
        play: str = "",
        step: str = "",
        late: float = 0.0,
        **detail: Any,
    ) -> None:
        """One more thing happened."""
        self.add(kind, at, agent, play, step, late, detail)

    def add(  # noqa: PLR0917  keywords are dear here
        self, kind: Kind, at: float, agent: str, play: str, step: str, late: float, detail: dict[str, Any]
    ) -> None:
        """The same, for those who note very much."""
        self.total += 1
        # Without a default: a Counter has Python look for one.
        self.counts[kind] = self.counts.get(kind, 0) + 1
        late = (round(late, 6) or _ON_TIME) if late else _ON_TIME
        entry = Entry(self.total, round(at, 6), kind, agent, play, step, late, detail)
        line = self._encode(entry)
        for listener in self._listeners[kind]:
            listener(entry, line)
        if len(line) > self._max_bytes:
            line = self._encode(msgspec.structs.replace(entry, detail={"left_out": len(line)}))
        self._lines.append(line)
        self.bytes += len(line)
        if self.bytes > self._max_bytes or len(self._lines) - self._start > self._max_entries:
            self._make_room()

    def tell(self, listener: Callable[[bytes], None]) -> None:
        """Tells of each entry, as a line of JSON: of those there are, then of each as it is made."""
        for line in self._lines[self._start :]:
            listener(line + b"\n")
        self.report(lambda _, line: listener(line + b"\n"))

    def report(self, listener: Listener, kinds: Iterable[Kind] = KINDS) -> None:
        """Hands over each entry of these kinds as it is made, and the JSON of it."""
        for kind in kinds:
            self._listeners[kind] += (listener,)

    def dismiss(self, listener: Listener) -> None:
        """Hands nothing over to it any more."""
        for kind, listeners in self._listeners.items():
            if listener in listeners:
                self._listeners[kind] = tuple(each for each in listeners if each != listener)

    def forget_all(self) -> None:
        """Nothing has happened yet; numbers go on, so that who reads on from one misses nothing."""
        self._lines.clear()
        self._start = self.bytes = 0
        self._before += self.counts
        self.counts.clear()

    def lines(self) -> bytes:
        """The window as JSON Lines."""
        return b"".join(line + b"\n" for line in self._lines[self._start :])

    def _make_room(self) -> None:
        """The oldest go, but never the newest."""
        lines, start = self._lines, self._start
        while self.bytes > self._max_bytes or len(lines) - start > self._max_entries:
            if len(lines) - start == 1:
                break
            self.bytes -= len(lines[start])
            lines[start] = b""
            start += 1
            self.dropped += 1
        self._start = start
        # Half of it at once: each entry is moved once at most, however large the window is.
        if self._start > len(self._lines) // 2:
            del self._lines[: self._start]
            self._start = 0


def is_journal(first: bytes) -> bool:
    """Whether a file that begins with this line is a journal, with a head or without."""
    found = _decoded(first, dict[str, Any])
    return found is not None and ("journal" in found or {"number", "at", "kind"} <= found.keys())


def read(data: bytes, file: str) -> Kept:
    """The journal that a file holds, of which it is known to be one.

    Args:
        file: What to call it in problems.

    Raises:
        UsageError: it is a journal of another version, or damaged before its last line.
    """
    lines = data.rstrip().splitlines()
    first, head = _decoded(lines[0], dict[str, Any]) or {}, None
    if "journal" in first:
        head = _decoded(lines.pop(0), Head)
        if head is None:
            what = "this is the head of a journal that this version cannot read"
            problem = Problem(
                file=file, line=1, what=what, help=f"It was written by replay {first.get('replay')}."
            )
            raise UsageError(str(problem))
    entries = [_entry(line) for line in lines]
    is_cut = bool(entries) and entries[-1] is None
    if is_cut:
        entries.pop()
    found = tuple(entry for entry in entries if entry is not None)
    if len(found) < len(entries):
        line = entries.index(None) + (2 if head is not None else 1)
        raise UsageError(str(Problem(file=file, line=line, what="this is no entry of a journal")))
    return Kept(head=head, entries=found, is_cut=is_cut)


class _Told(msgspec.Struct):
    """What is relied on of an entry's detail, where it is there."""

    was: str = ""
    rule: str = ""
    fault: str = ""
    meta: str = ""
    ttl: str = ""
    changed: str = ""
    settings: dict[str, Any] = {}
    faults: list[str] = []
    occurrence: int = 1
    since: float = 0.0
    draw: float = 0.0


def _entry(line: bytes) -> Entry | None:
    entry = _decoded(line, Entry)
    if entry is None:
        return None
    try:
        msgspec.convert(entry.detail, _Told)
    except msgspec.ValidationError:
        return None
    return entry


_Line = TypeVar("_Line")


def _decoded(line: bytes, kind: type[_Line]) -> _Line | None:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
