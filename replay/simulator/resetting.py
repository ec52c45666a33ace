"""A simulator made as it was when it began, in parts: what happened, who is there, what goes wrong.

Time goes on, and so do the numbers of the journal: who reads it from where it was left sees nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, get_args

from replay.simulator.happenings import Again, Due, Reached
from replay.simulator.lateness import Lateness
from replay.simulator.telling import Told
from replay.wire import Cut

if TYPE_CHECKING:
    from replay.simulator.simulator import Item, Simulator

What = Literal["journal", "agents", "faults"]
WHATS: tuple[What, ...] = get_args(What)


def reset(simulator: Simulator, what: Iterable[What], now: float) -> list[What]:
    """Forgets these; returns them in the order in which that was done, which is always the same."""
    wanted = set(what)
    # The journal last: of what the others bring about it has nothing left.
    done: list[What] = [each for each in ("agents", "faults", "journal") if each in wanted]
    for each in done:
        match each:
            case "agents":
                _forget_agents(simulator, now)
            case "faults":
                simulator.switching.begin_anew(now)
            case "journal":
                _forget_journal(simulator)
    if done:
        simulator.journal.note("reset", simulator.since_start(now), "", what=done)
    return done


def _forget_journal(simulator: Simulator) -> None:
    """All that is counted and kept of what happened."""
    simulator.journal.forget_all()
    simulator.tallies.lateness.add(simulator.lateness)
    simulator.lateness = Lateness()
    simulator.misses.forget()
    for agent in simulator.agents.all:
        agent.misses = 0


def _forget_agents(simulator: Simulator, now: float) -> None:
    """As a server that starts again: who has a client is told that it is unknown, and begins anew.

    Connections stay, but for those on which answers of plays were to come: these are reset.
    """
    for client in list(simulator.bayeux.clients.values()):
        simulator.bayeux.forget(client, now)
    for _, item in simulator.agenda:
        if isinstance(item, Reached) and item.answer is not None:
            simulator.bayeux.add(Cut(carrier=item.answer.exchange, at=now))
    simulator.withdraw(_is_of_a_play)
    simulator.agents.forget_all()
    simulator.casting.forget_all()
    simulator.offering.forget_all()
    simulator.faulting.forget_agents()
    _take_down_unplayed(simulator, now)
    simulator.expecting.forget()
    simulator.turnstile.forget()
    simulator.generation += 1


def _take_down_unplayed(simulator: Simulator, now: float) -> None:
    """Rules of scenarios that are on request, and that nobody plays any more."""
    names = {each.name for each in simulator.timelines if not simulator.faulting.is_played(each)}
    for rule in list(simulator.faulting.striking.rules) if names else ():
        if rule.source == "scenario" and rule.scenario in names:
            simulator.switching.remove(rule, now, "deleted")


def _is_of_a_play(item: Item) -> bool:
    return isinstance(item, Due | Reached | Told | Again)
