"""Which ask of which play a request is, and if none, which it nearly was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from replay.plan.difference import Difference
from replay.plan.timeline import Ask
from replay.plan.values import MISSING, Comparison, Text, as_text, heeded
from replay.simulator.asking import Candidate, Question
from replay.simulator.plays import Play

if TYPE_CHECKING:
    from replay.simulator.agents import Agent


def candidates(question: Question, agent: Agent, *groups: Iterable[Play]) -> list[Candidate]:
    """All an agent may ask in these plays held against the request, in order; the first group ranks first."""
    ranked = [(rank, play) for rank, plays in enumerate(groups) for play in plays]
    return [hold_against(question, play, ask, rank) for rank, play in ranked for ask in play.asks_for(agent)]


def choose(found: list[Candidate]) -> Candidate | None:
    """The one to answer: by rank, then saying most in query and body, then not answered, then in order."""
    if len(found) == 1:
        return found[0] if is_answerable(found[0]) else None
    answerable = [candidate for candidate in found if is_answerable(candidate)]
    return min(
        answerable,
        key=lambda each: (
            each.rank,
            -len(each.ask.query),
            -each.ask.said,
            each.play.counts[each.ask.id] > 0,
        ),
        default=None,
    )


def is_answerable(candidate: Candidate) -> bool:
    """Whether it can be answered now."""
    if candidate.differences or candidate.unmet:
        return False
    return candidate.play.reply_for(candidate.ask) is not None


def hold_against(question: Question, play: Play, ask: Ask, rank: int) -> Candidate:
    """One ask held against a request."""
    bound = play.bound_for(ask, question.base_url)
    captures = _plainly(question, ask, bound)
    if captures is not None:
        return Candidate(play, ask, [], captures, _unmet(play, ask), rank)
    comparison = Comparison(bound, exact=ask.exact)
    if question.method != ask.method:
        comparison.differences.append(Difference("method", ask.method, question.method))
    captured = ask.path.match(question.path, bound, segment=True)
    if captured is None:
        shown = ask.path.render(lambda name: bound.get(name, f"${{{name}}}"))
        comparison.differences.append(Difference("path", shown, question.path))
    elif captured:
        comparison.captures.update(captured)
    if ask.query:
        _compare_query(comparison, ask, question)
    if ask.body is not msgspec.UNSET:
        got = MISSING if question.json is msgspec.UNSET else question.json
        comparison.compare(ask.body, got, "body")
    if comparison.differences and play.timeline.ignored:
        comparison.differences = heeded(comparison.differences, play.timeline.ignored)
    return Candidate(play, ask, comparison.differences, comparison.captures, _unmet(play, ask), rank)


def _unmet(play: Play, ask: Ask) -> tuple[str, ...]:
    return tuple(step for step in ask.needs if not play.has_happened(step)) if ask.needs else ()


def _plainly(question: Question, ask: Ask, bound: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a request captures that is this ask beyond doubt: a flat body of strings and references.

    None where it is not, or where that takes a `Comparison` to say.
    """
    if ask.query or ask.exact or question.method != ask.method:
        return None
    captures: dict[str, Any] | None = ask.path.match(question.path, bound, segment=True)
    expected, got = ask.body, question.json
    if captures is None or expected is msgspec.UNSET:
        return captures
    if type(expected) is not dict or type(got) is not dict:
        return None
    for key, value in expected.items():
        if key not in got:
            return None
        if type(value) is str:
            if got[key] != value:
                return None
            continue
        name = value.whole if type(value) is Text else None
        if name is None or name in bound or name in captures:
            return None
        captures[name] = got[key]
    return captures


def _compare_query(comparison: Comparison, ask: Ask, question: Question) -> None:
    got = dict(question.query)
    for key, value in ask.query:
        if key not in got:
            comparison.differences.append(Difference(f"query.{key}", _shown(value), MISSING))
        else:
            comparison.compare(value, got[key], f"query.{key}")


def _shown(value: Any) -> str:
    return value.render(lambda name: f"${{{name}}}") if isinstance(value, Text) else as_text(value)
