"""What is to be known of each fault: for `replay faults` and for the reference page."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import msgspec

from replay import registry
from replay.faults.fault import Fault
from replay.scenario import model
from replay.scenario.aims import NOUNS, listed
from replay.scenario.dump import dumps_faults
from replay.scenario.kinds import kind_of
from replay.scenario.model import Where, fields_of
from replay.scenario.schema import docstrings


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of a fault."""

    name: str
    takes: str
    """What values, in words."""
    default: Any
    about: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One fault."""

    name: str
    group: str
    """What it strikes at."""
    does: str
    """In a sentence; more in `more`."""
    more: str
    observed: str
    """What a client observes."""
    strikes: str
    """What its rules may name, in words: `requests; with 'meta' also handshake or connect`."""
    settings: tuple[Setting, ...]
    example: str
    """A file of faults, with the scenario `accept-chat`."""


GROUPS = {
    "Answers to requests": frozenset({"request", "meta"}),
    "Events": frozenset({"event"}),
    "Bayeux messages": frozenset({"meta"}),
    "Requests, events and Bayeux messages": frozenset({"request", "event", "meta"}),
    "All that an agent gets": frozenset({"traffic"}),
    "The whole server": frozenset(),
}
"""What faults strike at, in the order of the reference, each with the seams."""


def entries() -> list[Entry]:
    """All faults, by group, else in the order of the registry."""
    found = [entry(name) for name in registry.FAULTS]
    return [each for group in GROUPS for each in found if each.group == group]


def entry(name: str) -> Entry:
    """What is to be known of a fault.

    Raises:
        KeyError: there is no such fault.
    """
    kind: type[Fault] = registry.resolve(registry.FAULTS, name)
    said = docstrings(sys.modules[kind.__module__])[kind.__name__]
    does, _, more = said[""].partition("\n\n")
    settings = tuple(
        Setting(
            name=field.encode_name,
            takes=kind_of(field.type),
            default=field.default_factory() if field.default is msgspec.NODEFAULT else field.default,
            about=said.get(field.name, ""),
        )
        for field in fields_of(kind)
    )
    return Entry(
        name=name,
        group=_group(kind),
        does=does,
        more=" ".join(more.split()),
        observed=kind.observed,
        strikes=_strikes(kind),
        settings=settings,
        example=dumps_faults([example(name, kind)]),
    )


def _group(kind: type[Fault]) -> str:
    if kind.whole_server:
        return "The whole server"
    seams = kind.seams | {"meta"} if kind.seams == {"request"} else kind.seams
    mixed = "Requests, events and Bayeux messages"
    return next((group for group, those in GROUPS.items() if those == seams), mixed)


def _strikes(kind: type[Fault]) -> str:
    seams, metas = kind.taken(Where())
    taken = list(metas) or [noun for seam, noun in NOUNS.items() if seam in seams]
    others = [meta for meta in kind.metas if meta not in metas] if "meta" in kind.seams else []
    text = listed(taken) + (f"; with `meta` also {listed(others, 'or')}" if others else "")
    if kind.is_at_home_in_meta:
        of_story = [noun for seam, noun in NOUNS.items() if seam in kind.seams and seam != "meta"]
        text += f"; where it names something of the story, {listed(of_story)} instead"
    return text


def example(name: str, kind: type[Fault]) -> model.Fault:
    """A rule of this fault with all its settings, that strikes in the scenario `accept-chat`."""
    if "traffic" in kind.seams:
        where = Where(agent="#1")
    elif "request" in kind.seams and not kind.is_at_home_in_meta:
        where = Where(step="accept")
    else:
        where = Where(step="invited") if kind.seams == {"event"} else Where(meta=kind.metas[0])
    settings: dict[str, Any] = msgspec.to_builtins(kind(**kind.example))
    return model.Fault(
        name=f"one-{name}",
        fault=name,
        where=where,
        settings={each: value for each, value in settings.items() if value not in ("", {})},
        nth=[] if "traffic" in kind.seams else [1],
        ttl="10s" if kind.whole_server else "",
    )


@cache
def rule_fields() -> dict[str, str]:
    """What a rule may say beside its fault, each with what that means."""
    said = docstrings(sys.modules[model.Fault.__module__])
    return {field.encode_name: said["Fault"][field.name] for field in fields_of(model.Fault)}


@cache
def where_fields() -> dict[str, str]:
    """What `where` may say, each with what that means."""
    said = docstrings(sys.modules[Where.__module__])
    return {field.encode_name: said["Where"][field.name] for field in fields_of(Where)}
