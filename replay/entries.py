"""What an entry of a journal is, and what a journal's file holds."""

from __future__ import annotations

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

KINDS: tuple[Kind, ...] = get_args(Kind)


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
    late: float = 0.0
    """Of an event or an answer: seconds after its time, to the microsecond."""
    detail: dict[str, Any] = {}


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
