"""Whether a rule can ever strike: what its `where` says held against its fault, and against the scenarios."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from replay import registry
from replay.errors import Problem, nearest
from replay.scenario.ground import FACTS, Facts, Ground
from replay.scenario.model import Fault
from replay.scenario.reader import Document, Path

METAS = ("handshake", "connect", "subscribe", "unsubscribe", "disconnect")
"""What `where: {meta: …}` may name."""

NOUNS = {
    "request": "requests",
    "event": "events",
    "meta": "Bayeux messages",
    "traffic": "all that an agent gets",
}
"""What faults strike at, in words."""

# Which occasions there is something to be said of by each key of `where`.
_SAID_OF = {
    "step": {"request", "event"},
    "path": {"request"},
    "operation": {"request"},
    "channel": {"event"},
    "messageType": {"event"},
    "notificationType": {"event"},
    "meta": {"meta"},
    "agent": set(NOUNS),
    "transport": set(NOUNS),
}
_NOBODY = {
    "path": "{} asks for the path '{}'",
    "operation": "{} asks for the operation '{}'",
    "channel": "{} pushes to the channel '{}'",
    "messageType": "{} sends messageType '{}'",
    "notificationType": "{} sends notificationType '{}'",
}
_ORDINAL = re.compile(r"#[1-9]\d*", re.ASCII)


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule can strike at."""

    kind: Any
    """Its fault's struct."""
    seams: frozenset[str]
    metas: tuple[str, ...]
    given: dict[str, str]
    """What its `where` says."""

    @property
    def is_by_the_clock(self) -> bool:
        """Whether it begins without anything happening."""
        return bool(self.kind.whole_server) and not self.given


def aim_of(fault: Fault, ground: Ground) -> Aim:
    """What a rule can strike at; its fault's name is known."""
    kind = registry.resolve(registry.FAULTS, fault.fault)
    given: dict[str, str] = msgspec.to_builtins(fault.where)
    if "meta" in given:
        given["meta"] = given["meta"].removeprefix("/meta/")
    seams, metas = kind.taken(fault.where)
    for name in given:
        seams &= _said_of(name, given, ground)
    return Aim(kind=kind, seams=seams, metas=metas, given=given)


def check_where(fault: Fault, aim: Aim, path: Path, ground: Ground, document: Document) -> Iterator[Problem]:
    """Problems with `where`, the first that there is no way around, or all that are mistakes of their own."""
    mistaken = list(mistakes(fault, path, ground, document))
    if mistaken:
        yield from mistaken
        return
    for check in (_contradiction, _not_of_this_fault, _not_offered, _nothing_there):
        problem = check(fault, aim, path, ground, document)
        if problem is not None:
            yield problem
            return


def mistakes(fault: Fault, path: Path, ground: Ground, document: Document) -> Iterator[Problem]:
    """What is wrong with `where` whatever the fault: names there are none of, patterns that are none."""
    path = (*path, "where")
    given: dict[str, str] = msgspec.to_builtins(fault.where)
    step, meta = given.get("step", ""), given.get("meta", "").removeprefix("/meta/")
    if step and step not in ground.steps:
        yield document.problem(
            (*path, "step"), f"no step is called '{step}'", help=nearest(step, ground.steps)
        )
    if meta and meta not in METAS:
        yield unknown("Bayeux message", meta, METAS, (*path, "meta"), document)
    if "transport" in given and given["transport"] not in registry.TRANSPORTS:
        yield unknown("transport", given["transport"], registry.TRANSPORTS, (*path, "transport"), document)
    agent = given.get("agent", "")
    if agent.startswith("#") and not _ORDINAL.fullmatch(agent):
        yield document.problem((*path, "agent"), f"'{agent}' is no agent's number", help="Write it as #2.")
    for name in ("path", "channel"):
        value = given.get(name, "")
        if value and not value.startswith("/"):
            yield document.problem((*path, name), f"the {name} '{value}' does not begin with '/'")
        elif "**" in value.removesuffix("/**"):
            yield document.problem((*path, name), f"'**' stands at the end of a {name} only, after a '/'")
        elif name == "channel" and "*" in value.removesuffix("/**").removesuffix("/*"):
            yield document.problem((*path, name), "'*' stands at the end of a channel only, after a '/'")


def unknown(kind: str, name: str, known: Iterable[str], path: Path, document: Document) -> Problem:
    """A name that is none, with those that are."""
    names = list(known)
    advice = f"{nearest(name, names)} Known: {', '.join(names)}.".strip()
    return document.problem(path, f"unknown {kind} '{name}'", help=advice)


def _said_of(name: str, given: dict[str, str], ground: Ground) -> set[str]:
    if name == "step" and given["step"] in ground.steps:
        return {facts.seam for facts in ground.steps[given["step"]]}
    return _SAID_OF[name]


def _told(name: str, given: dict[str, str], ground: Ground) -> str:
    """What a key of `where` means for what can be struck, in words."""
    of = _said_of(name, given, ground)
    if name == "step" and len(of) == 1:
        return f"step '{given['step']}' is a {'request' if of == {'request'} else 'push'}"
    return f"'{name}' is said of {listed(NOUNS[seam] for seam in NOUNS if seam in of)}"


def listed(names: Iterable[str], word: str = "and") -> str:
    """`a, b and c`."""
    *before, last = names
    return f"{', '.join(before)} {word} {last}" if before else last


def _contradiction(
    fault: Fault,  # noqa: ARG001  one signature for all of these
    aim: Aim,
    path: Path,
    ground: Ground,
    document: Document,
) -> Problem | None:
    """Two keys that nothing has both."""
    names = list(aim.given)
    for at, name in enumerate(names):
        for other in names[:at]:
            if not _said_of(name, aim.given, ground) & _said_of(other, aim.given, ground):
                what = f"{_told(other, aim.given, ground)}, and {_told(name, aim.given, ground)}"
                place = (*path, "where", name)
                return document.problem(place, what, help="Leave out one of the two.", key=True)
    return None


def _not_of_this_fault(
    fault: Fault, aim: Aim, path: Path, ground: Ground, document: Document
) -> Problem | None:
    """A key that this fault has no use for."""
    kind = aim.kind
    strikes = listed(NOUNS[seam] for seam in NOUNS if seam in kind.seams)
    for name in aim.given:
        of = _said_of(name, aim.given, ground)
        if not of & kind.seams:
            what = f"'{fault.fault}' is a fault of {strikes}, and {_told(name, aim.given, ground)}"
            return document.problem((*path, "where", name), what, help=_others(of), key=True)
    meta = aim.metas[0] if "meta" in aim.given else ""
    if meta and meta not in kind.metas:
        what = f"'{fault.fault}' strikes at {listed(kind.metas)}, and 'meta' says {meta}"
        return document.problem((*path, "where", "meta"), what)
    return None


def _others(seams: set[str]) -> str:
    """Which faults there are of what somebody aims at."""
    seam = next(seam for seam in NOUNS if seam in seams)
    kinds = {name: registry.resolve(registry.FAULTS, name).seams for name in registry.FAULTS}
    # Those that strike at nothing else are the likelier.
    names = sorted((name for name, of in kinds.items() if seam in of), key=lambda name: len(kinds[name]))
    return f"Faults of {NOUNS[seam]}: {', '.join(names)}."


def _not_offered(fault: Fault, aim: Aim, path: Path, ground: Ground, document: Document) -> Problem | None:
    """A transport or an extension that is needed and not there."""
    kind, name = aim.kind, fault.fault
    here: Path = (*path, "fault")
    transport = aim.given.get("transport", "")
    offered = [each for each in registry.TRANSPORTS if each in ground.transports]
    only = f"Offered: {', '.join(offered)}; see 'transports' of 'cometd'."
    if transport:
        here = (*path, "where", "transport")
        if transport not in offered:
            return document.problem(here, f"the transport '{transport}' is not offered", help=only)
    left = {transport} if transport else ground.transports
    if kind.transports and not left & set(kind.transports):
        what = f"'{name}' can be on {listed(kind.transports)} alone"
        return document.problem(here, what, help="" if transport else only)
    if kind.http and "meta" in aim.seams and left == {"websocket"}:
        what = f"'{name}' is about HTTP answers, and over WebSocket a Bayeux message gets none"
        return document.problem(here, what)
    if kind.extension and kind.extension not in ground.extensions:
        what = f"'{name}' is about the extension '{kind.extension}', which is not offered"
        advice = f"Add {kind.extension} to 'extensions' of 'cometd'."
        return document.problem((*path, "fault"), what, help=advice)
    return None


def _nothing_there(fault: Fault, aim: Aim, path: Path, ground: Ground, document: Document) -> Problem | None:
    """No step is as the rule wants it."""
    given = {name: value for name, value in aim.given.items() if name in FACTS}
    step = aim.given.get("step", "")
    if not step and not given and (aim.is_by_the_clock or aim.seams & {"meta", "traffic"}):
        return None
    shapes = [facts for facts in (ground.steps[step] if step else ground.shapes) if facts.seam in aim.seams]
    if not step and not shapes:
        nouns = " or ".join(NOUNS[seam] for seam in NOUNS if seam in aim.seams)
        what = f"'{fault.fault}' finds nothing to strike at: there are no {nouns}"
        return document.problem((*path, "fault"), what)
    for name, value in given.items():
        if not any(facts.fits(name, value) for facts in shapes):
            known = ground.values(name, shapes)
            what = _NOBODY[name].format(f"step '{step}' never" if step else "no step", value)
            return document.problem((*path, "where", name), what, help=_instead(value, known, step=step))
    fitting = [facts for facts in shapes if all(facts.fits(name, value) for name, value in given.items())]
    if not fitting:
        both = listed(f"{name} '{value}'" for name, value in given.items())
        what = f"no step has {both} at once"
        return document.problem((*path, "where", list(given)[-1]), what)
    if aim.kind.follows and not _is_followed([step] if step else ground.causes, fitting, ground):
        what = f"'{fault.fault}' is about the events that a request sets off, and here none sets off any"
        return document.problem((*path, "where", "step") if step else (*path, "fault"), what)
    return None


def _is_followed(steps: Iterable[str], fitting: list[Facts], ground: Ground) -> bool:
    """Whether one of these steps is as the rule wants it, and sets off an event."""
    return any(
        facts in fitting for step in steps if step in ground.causes for facts in ground.steps.get(step, ())
    )


def _instead(value: str, known: list[str], *, step: str) -> str:
    guess = nearest(value, known)
    if guess or not step:
        return guess
    there = " or ".join(f"'{each}'" for each in known)
    return f"There it is {there}." if known else "It has none."
