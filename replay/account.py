"""Entries of a journal as a person reads them, in a line each: what came, what went, where faults struck."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from replay.entries import Entry, scenario_of

STRUCK = "⚡"
_SIGNS = {
    "request": "→",
    "retry": "→",
    "answer": "←",
    "event": "⇐",
    "held": "…",
    "miss": "✗",
    "fault": STRUCK,
}
_SAID = 300
"""Characters of one value that are shown."""


def printable(line: str) -> str:
    """A line that does to a terminal what it says: clients make up their users' names."""
    if line.isprintable():
        return line
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)


def lines_of(entries: list[Entry]) -> Iterator[str]:
    """A line for each, in columns; as it stands, also where it would not print well."""
    seconds = max(len(f"{entry.at:.3f}") for entry in entries)
    name = max(len(_subject(entry)) for entry in entries)
    plays: dict[str, set[str]] = {}
    for entry in entries:
        plays.setdefault(scenario_of(entry), set()).add(entry.play)
    # Whose play it is goes without saying while there is one of each.
    many = any(len(found) > 1 for found in plays.values()) or len([each for each in plays if each]) > 1
    for entry in entries:
        play = f"  {entry.play}" if many and entry.play and entry.kind != "play" else ""
        sign = _SIGNS.get(entry.kind, "·")
        line = f"  {entry.at:>{seconds}.3f}  {sign} {_subject(entry):<{name}}  {_what(entry)}{play}"
        yield f"{line.rstrip()}{_touch(entry)}"


def _subject(entry: Entry) -> str:
    if entry.kind == "fault":
        return str(entry.detail.get("rule", ""))
    return entry.step or entry.kind


def _touch(entry: Entry) -> str:
    """The rules by which it is not as it would have been."""
    rules = entry.detail.get("faults")
    return f"   {STRUCK} {', '.join(map(str, rules))}" if entry.kind != "fault" and rules else ""


def _what(entry: Entry) -> str:
    detail = {name: _said(value) for name, value in entry.detail.items()}
    match entry.kind:
        case "fault":
            said = _fault(entry)
        case "request":
            said = "asked"
        case "retry":
            said = "asked again: the same answer"
        case "answer":
            lacking = f", for want of {detail['demand']}" if "demand" in detail else ""
            why = f": {detail['why']}" if "why" in detail else ""
            said = f"{detail.get('request', '')} answered {detail.get('status', '')}{lacking}{why}".lstrip()
        case "event":
            said = f"told on {detail.get('channel', '')}{', by control' if 'by' in detail else ''}"
        case "held" if "role" in detail:
            said = f"held until somebody is {detail['role']}"
        case "held":
            said = f"held until somebody listens to {detail.get('channel', '')}"
        case "miss":
            said = f"{detail.get('request', '')}: {detail.get('why', '')}"
        case "agent":
            said = f"was {detail['was']}" if "was" in detail else detail.get("forgotten", "came")
        case _:
            said = ", ".join(filter(None, (entry.play, *_details(detail))))
    return said


def _fault(entry: Entry) -> str:
    """What struck where, the how-manieth time, and what it changed."""
    detail = entry.detail
    settings = detail.get("settings", {})
    drawn = ", ".join(f"{name} {_said(value)}" for name, value in settings.items())
    what = f"{detail.get('fault', '')} ({drawn})" if drawn else str(detail.get("fault", ""))
    where = entry.step or detail.get("meta", "")
    what += f" at {where}" if where else ""
    what += f", time {detail['occurrence']}" if "occurrence" in detail else ""
    what += f", for {detail['ttl']}" if "ttl" in detail else ""
    what += f": {detail['changed']}" if detail.get("changed") else ""
    return f"{what}; drew {detail['draw']:.1%}" if "draw" in detail else what


def _details(detail: Mapping[str, str]) -> Iterator[str]:
    return (
        f"{name} {value}"
        for name, value in detail.items()
        if name != "faults" and value not in {"", "{}", "[]"}
    )


def _said(value: Any) -> str:
    plain = isinstance(value, str) and value.isprintable()
    text = value if plain else msgspec.json.encode(value).decode()
    return text if len(text) <= _SAID else f"{text[:_SAID]}…"
