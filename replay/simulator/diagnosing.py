"""What a failed test prints: what to change, and what happened, short enough to be read.

What is most telling comes first. A request that was no step says what is wrong with it; a client that polls
too late loses what comes next; a channel that nobody listens to keeps a play from going on. Only where there
is nothing of that kind does it say what plays wait for.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from replay.account import lines_of, printable
from replay.bayeux.server import SILENT
from replay.entries import Entry
from replay.scenario.durations import format_duration
from replay.simulator.ahead import ahead_of, seconds
from replay.simulator.explaining import MISDIALLED, to_do
from replay.simulator.happenings import Reached
from replay.simulator.judging import Judging
from replay.simulator.misses import Miss
from replay.simulator.pending import may_come, open_asks
from replay.simulator.undelivered import Undelivered, undelivered
from replay.simulator.wording import cut

if TYPE_CHECKING:
    from replay.simulator.agents import Agent
    from replay.simulator.plays import Play
    from replay.simulator.simulator import Simulator

WIDTH = 120
"""Columns of a line."""
LATEST = 10
"""Entries of the journal that are shown."""
_SHOWN = 4
"""Lines of every other part."""
_FIRST = 3
"""Lines that the first sentence may take."""
_LONGEST = 60
"""Characters of a name."""


def diagnosis(simulator: Simulator, now: float) -> str:
    """What went wrong here, in some 40 lines at most; the first says what to change."""
    looked = _Diagnosis(simulator, now)
    first = textwrap.wrap(printable(looked.first()), WIDTH, break_on_hyphens=False)
    if len(first) > _FIRST:
        first = [*first[: _FIRST - 1], _fitting(" ".join(first[_FIRST - 1 :]))]
    lines = list(first)
    for title, said in looked.parts():
        lines += ["", title, *(_fitting(f"  {line}") for line in said)]
    return "\n".join(lines)


class _Diagnosis:
    """One look at what may have gone wrong."""

    def __init__(self, simulator: Simulator, now: float) -> None:
        self._simulator = simulator
        self._now = now
        self._judging = Judging(simulator, now)
        self._unmet = simulator.expecting.unmet(now)
        self._undelivered = undelivered(simulator)[0]
        self._unfinished = self._judging.unfinished()
        self._journal = list(simulator.journal)
        self._agents = {agent.label: agent for agent in simulator.agents.all}
        self._asked = {
            (entry.step, entry.agent): entry.number for entry in self._journal if entry.kind == "request"
        }
        """The number of the latest request that was a step, by step and agent."""

    # What to change

    def first(self) -> str:
        """The most telling of what is wrong, as something to do."""
        return next(self._said())

    def _said(self) -> Iterator[str]:
        misses = list(self._simulator.misses)
        again = [miss for miss in misses if _is_used_up(miss)]
        others = [miss for miss in misses if not self._is_settled(miss) and not _is_used_up(miss)]
        near = [miss for miss in others if miss.closest is not None or miss.why.startswith(MISDIALLED)]
        forgotten = self._forgotten()
        if not self._agents:
            yield from self._of_strays()
            yield "let the client connect: nobody has come"
        yield from self._of_upstream()
        if near and (forgotten is None or near[-1].at <= forgotten.at):
            yield self._of_miss(near[-1])
        if forgotten is not None:
            yield self._of_silence(forgotten)
        yield from map(self._of_miss, [*near[-1:], *again[-1:]])
        yield from self._of_strays()
        yield from self._of_clock()
        yield from self._of_delivery("unsubscribed", "role")
        # What is like no step may have nothing to do with it: browsers ask for icons.
        yield from map(self._of_miss, list(filter(self._is_of_the_api, others))[-1:])
        yield from self._of_delivery("unpolled")
        yield from map(self._of_miss, others[-1:])
        yield from self._of_expectations()
        yield from self._of_plays()
        yield from self._of_delivery("lost")
        yield from map(self._of_miss, misses[-1:])
        # It may have had its reason: an answer that was lost.
        retry = next((entry for entry in reversed(self._journal) if entry.kind == "retry"), None)
        if retry is not None:
            what = "the same request came again soon, was taken for a retry, and got the same answer"
            yield f"ask '{retry.step}' only once: {what}, in {retry.play}"
        over = "all plays are over" if self._judging.plays_anybody() else "nobody plays"
        yield f"nothing here went wrong: {over}; look at the client"

    def _of_miss(self, miss: Miss) -> str:
        asked = cut(miss.request, _LONGEST * 2)
        if _is_used_up(miss):
            assert miss.closest is not None
            step, play = miss.closest.step, miss.closest.play
            return f"ask '{step}' only once: it was answered already in {play}, and came again ({asked})"
        whose = f", by {cut(miss.agent, _LONGEST)}" if miss.agent else ""
        return f"{miss.why} (asked was {asked}{whose})"

    def _is_of_the_api(self, miss: Miss) -> bool:
        """Whether the scenario ought to have it; what another server has answered instead is no mistake."""
        path = miss.request.partition(" ")[2]
        prefix = self._simulator.timelines[0].profile.api_prefix
        return path.startswith(prefix) and not self._simulator.options.forward

    def _of_upstream(self) -> Iterator[str]:
        """The other server has not answered."""
        answers = (each for each in reversed(self._journal) if each.detail.get("by") == "upstream")
        entry = next(answers, None)
        if entry is not None and "why" in entry.detail:
            asked = cut(str(entry.detail.get("request", "")), _LONGEST * 2)
            yield f"see to the real server: {entry.detail['why']} (asked was {asked})"

    def _of_strays(self) -> Iterator[str]:
        """A client goes on that was never there, or is no more."""
        stray = self._simulator.bayeux.stray
        if stray is not None and stray.is_named:
            what = cut(stray.channel, _LONGEST)
            yield f"shake hands anew: {what} came with the clientId of nobody who is here"
        elif stray is not None:
            yield f"shake hands first: {cut(stray.channel, _LONGEST)} came without a clientId"

    def _of_clock(self) -> Iterator[str]:
        """A client waits for an answer, and nobody moves the clock."""
        if not self._simulator.options.is_moved_by_hand:
            return
        answers = [
            (at, item.moment.step)
            for at, item in self._simulator.agenda
            if isinstance(item, Reached) and item.answer is not None
        ]
        if answers:
            at, step = min(answers)
            wait = seconds(at - self._now)
            yield f"move the clock by {wait}: '{step}' is asked, and answered only when the clock is moved"

    def _is_settled(self, miss: Miss) -> bool:
        """Whether what it was meant to be has been asked rightly since."""
        step = miss.closest.step if miss.closest is not None else ""
        return bool(step) and self._asked.get((step, miss.agent), 0) > miss.number

    def _forgotten(self) -> Entry | None:
        """The latest client that polled too late and lacks something for it."""
        for entry in reversed(self._journal):
            if entry.kind == "disconnect" and entry.detail.get("why") == SILENT:
                agent = self._agents.get(entry.agent)
                is_gone = agent is not None and not agent.clients and self._waits(agent)
                if is_gone or entry.detail.get("lost"):
                    return entry
        return None

    def _of_silence(self, entry: Entry) -> str:
        spans = {timeline.max_interval + timeline.interval for timeline in self._simulator.timelines}
        lost = entry.detail.get("lost", 0)
        events = f", and {lost} of its events with it" if lost else ""
        whose = f"client {entry.detail.get('client')} of {cut(entry.agent, _LONGEST)}"
        span = format_duration(max(spans))
        return (
            f"poll again within {span} of each answer, or shake hands anew after a 402: {whose} was silent "
            f"for longer (max_interval) and was forgotten{events}"
        )

    def _of_delivery(self, *causes: str) -> Iterator[str]:
        for cause in causes:
            found = next((each for each in self._undelivered if each.cause == cause), None)
            if found is not None:
                whose = f" ({cut(found.agent, _LONGEST)})" if found.agent and len(self._agents) > 1 else ""
                yield f"{self._remedy(found)}: {found.why}{whose}"

    def _remedy(self, found: Undelivered) -> str:
        agent = self._agents.get(found.agent)
        match found.cause:
            case "unsubscribed":
                clients = list(agent.clients.values()) if agent is not None else []
                listens = sorted({channel for client in clients for channel in client.subscriptions})
                named = " and ".join(cut(each, _LONGEST) for each in listens[:_SHOWN])
                shakes = "" if clients else "shake hands and "
                beside = f" (it listens to {named})" if named else ""
                return f"{shakes}subscribe to {cut(found.channel, _LONGEST)}{beside}"
            case "role":
                return "let another agent come"
            case "unpolled":
                return "poll"
            case _:
                return "take all events before the client goes"

    def _of_expectations(self) -> Iterator[str]:
        """What may still come is to be brought about, what came too often to be left."""
        for one in self._simulator.expecting.all():
            judged, step = self._judging.judge(one), one.wanted.step
            if judged.met or not step:
                continue
            play = self._judging.lacking(one)
            if play is None:
                yield judged.why
                continue
            harm = play.harm_to(step)
            ahead = ahead_of(self._simulator, play, step, self._now)
            if harm is not None and ahead.kind == "nothing":
                yield f"take '{harm.rule}' down, or do not expect '{step}': {judged.why}"
            yield f"{self._to_do(play, step)}: {judged.why}"
        yield from self._unmet

    def _of_plays(self) -> Iterator[str]:
        for play in reversed(self._unfinished):
            pushes = [cue.id for cue in play.part.cues if may_come(play, cue)]
            coming = next(self._judging.progress(play).next(), None)
            if coming is not None and self._stands(play, coming.step):
                yield f"{self._to_do(play, coming.step)}: {self._judging.waits_for(play)}"
            asks = [ask.id for ask in open_asks(play, play.part.asks)]
            step = next(iter([*pushes, *asks]), coming.step if coming is not None else "")
            if step:
                yield f"{self._to_do(play, step)}: {self._judging.waits_for(play)}"

    def _stands(self, play: Play, step: str) -> bool:
        """Whether a step would come by itself, did anybody move the clock."""
        moved = self._simulator.options.is_moved_by_hand
        return moved and ahead_of(self._simulator, play, step, self._now).kind == "come"

    def _to_do(self, play: Play, step: str) -> str:
        ahead = ahead_of(self._simulator, play, step, self._now)
        said = to_do(ahead, moved=self._simulator.options.is_moved_by_hand)
        # Nothing comes before what is to be done.
        return said.removesuffix(" first") if ahead.step == step else said

    def _waits(self, agent: Agent) -> bool:
        return bool(agent.held) or any(agent in play.seats for play in self._unfinished)

    # What happened

    def parts(self) -> Iterator[tuple[str, list[str]]]:
        """Each with its title, if there is anything to say."""
        misses = self._simulator.misses
        if misses.total:
            yield f"requests that were no step: {misses.total:,}", misses.summed_up(_SHOWN - 1)
        if self._unmet:
            yield "expected, and not so:", _some(self._unmet, len(self._unmet))
        if self._unfinished:
            found = [self._judging.waits_for(play) for play in self._newest()]
            yield "what plays wait for:", _some(found, len(self._unfinished))
        lacking = [
            each for each in self._undelivered if each.cause in {"unpolled", "lost", "unsubscribed", "role"}
        ]
        said = list(dict.fromkeys(each.why for each in lacking if each.since is not None))
        if said:
            yield "events that nobody was given:", _some(said, len(said))
        if self._journal:
            latest = self._journal[-LATEST:]
            total = self._simulator.journal.counts.total()
            title = (
                f"the last {len(latest)} of {total:,} things that happened"
                if total > len(latest)
                else "what happened"
            )
            yield f"{title}:", list(self._tail(latest))

    def _newest(self) -> list[Play]:
        return list(reversed(self._unfinished))[:_SHOWN]

    def _tail(self, entries: list[Entry]) -> Iterator[str]:
        """A line for each entry, with whose it is where there are several."""
        names = {entry.agent for entry in entries} - {""}
        width = max((len(cut(each, _LONGEST)) for each in names), default=0) if len(names) > 1 else 0
        for entry, line in zip(entries, lines_of(entries), strict=True):
            whose = f"{cut(entry.agent, _LONGEST):<{width}}" if width else ""
            yield f"{whose}{line}" if width else line.removeprefix("  ")


def _is_used_up(miss: Miss) -> bool:
    closest = miss.closest
    return closest is not None and closest.state == "used-up" and not (closest.differences or closest.role)


def _some(lines: list[str], total: int) -> list[str]:
    if total <= _SHOWN:
        return lines
    kept = lines[: _SHOWN - 1]
    return [*kept, f"and {total - len(kept):,} more"]


def _fitting(line: str) -> str:
    line = printable(line)
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
