"""A journal in a line an entry, agent by agent: what came, what went, and where faults struck."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from replay.account import STRUCK, lines_of, printable
from replay.entries import Entry, Kept


def chronicle(kept: Kept, *, agent: str = "") -> Iterator[str]:
    """The lines, without colour.

    Args:
        agent: The only one to tell of, by any name it has had; all when empty.
    """
    return map(printable, _chronicle(kept, agent))


def _chronicle(kept: Kept, agent: str) -> Iterator[str]:
    first = kept.first_names
    by_agent = kept.by_agent()
    yield title(kept)
    latest = {name: later for later, name in first.items()}
    for name, entries in by_agent.items():
        if agent and name != first.get(agent, agent):
            continue
        yield ""
        known = f"{name}, later {latest[name]}" if name in latest else name
        yield f"{known or 'nobody in particular'}{_struck(entries)}"
        yield from lines_of(entries)


def title(kept: Kept) -> str:
    """What it is the journal of, in a line."""
    head = kept.head
    run = f", seed {head.seed}" if head is not None else ""
    speed = head.speed if head is not None else 1.0
    if speed != 1:
        run += f", speed {speed:g}" if isinstance(speed, float) else f", speed {speed}"
    agents = _counted(len(kept.agents), "agent", "agents")
    counts = f"{_counted(len(kept.entries), 'entry', 'entries')}, {agents}"
    return f"journal of {', '.join(kept.scenarios) or 'nothing'}{run}: {counts}"


def _struck(entries: Iterable[Entry]) -> str:
    strikes = sum(entry.kind == "fault" for entry in entries)
    return f"   {STRUCK} {strikes}" if strikes else ""


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
