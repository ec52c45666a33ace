"""What `replay serve` says on standard error when it begins and when it ends."""

from __future__ import annotations

from collections.abc import Iterator

from replay.server.runner import Server
from replay.simulator.simulator import Simulator
from replay.simulator.undelivered import undelivered

NAMED = 30
"""Rules that are named in one line; a pinned run may have thousands."""

FEW = 5
"""Scenarios on request that are named."""

KINDS = 5
"""Kinds of miss that have a line, and as many of events that nobody was given."""


def begins(server: Server, *, apart: bool) -> Iterator[tuple[str, str]]:
    """Where it listens, and what goes wrong: what programs know it by, and a line of it.

    Args:
        apart: Control has a port of its own.
    """
    simulator = server.stage.simulator
    rules = simulator.faulting.striking.rules
    if rules:
        said = [f"{rule.name} ({rule.written.fault}, {rule.source})" for rule in rules]
        yield "faults", f"faults: {_some(said)}"
    if apart:
        yield "control", f"control on {server.control_url}"
    if server.peers:
        yield "peers", f"control calls reach {', '.join(server.peers)} too"
    yield "playing", f"playing {played_in_words(simulator)} on {server.cometd_url}; Ctrl-C ends"


def played_in_words(simulator: Simulator) -> str:
    """What agents get by themselves; of the rest, where it is much, how much there is."""
    asked = [each.name for each in simulator.timelines if each.is_on_request]
    comes = ", ".join(each.name for each in simulator.timelines if not each.is_on_request)
    if not asked:
        return comes
    rest = f"{', '.join(asked) if len(asked) <= FEW else len(asked)} on request"
    return f"{comes}, and {rest}," if comes else rest


def summary(simulator: Simulator, now: float) -> Iterator[tuple[str, str]]:
    """What happened, how late, which rules struck, and what did not fit, in the same way.

    Args:
        now: When it ended.
    """
    counts = simulator.journal.counts
    told = (
        f"{_counted(counts['request'], 'request', 'requests')} answered",
        f"{_counted(counts['event'], 'event', 'events')} sent",
        _counted(counts["miss"], "miss", "misses"),
    )
    yield "ended", ", ".join(told)
    if simulator.lateness.count:
        yield "lateness", f"lateness: {simulator.lateness}"
    tallies = simulator.switching.tallies()
    if tallies:
        yield "struck", f"faults: {struck(tallies)}"
    yield from (("missed", f"miss: {line}") for line in simulator.misses.summed_up(KINDS))
    yield from (("undelivered", f"undelivered: {line}") for line in _undelivered(simulator))
    yield from (("unmet", f"unmet: {line}") for line in simulator.expecting.unmet(now))


def _undelivered(simulator: Simulator) -> Iterator[str]:
    """Events that nobody was given, those that wait for the same together."""
    shown, total = undelivered(simulator)
    kinds: dict[tuple[str, str], tuple[int, str]] = {}
    for each in shown:
        # Which client of which agent tells no two of them apart.
        kind = each.cause, each.step or each.channel
        count, why = kinds.get(kind, (0, each.why))
        kinds[kind] = count + each.events, why
    told = 0
    for count, why in list(kinds.values())[:KINDS]:
        told += count
        yield f"{_times(count)}, {why}" if count > 1 else why
    if total > told:
        yield f"and {total - told:,} more"


def struck(tallies: dict[str, int]) -> str:
    """How often each rule struck, and which never did."""
    struck = [f"{name} struck {_times(count)}" for name, count in tallies.items() if count]
    idle = [name for name, count in tallies.items() if not count]
    never = [f"never struck: {_some(idle)}"] if idle else []
    return "; ".join(([_some(struck)] if struck else []) + never)


def _some(names: list[str]) -> str:
    """The first of them, and how many there are beside."""
    beside = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f", and {beside:,} more" if beside > 0 else "")


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
