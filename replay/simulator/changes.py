"""What a fault has changed, in a few words for the journal."""

from __future__ import annotations

from collections.abc import Sequence

from replay.faults.fault import Telling
from replay.scenario.durations import format_duration
from replay.wire import Answer, Begin, Cut, Effect, Piece, Send


def of_answer(before: Answer, after: Sequence[Effect]) -> str:
    """What became of an answer."""
    if not after:
        return "no answer"
    if isinstance(after[0], Cut):
        return "reset" if after[0].reset else "closed without an answer"
    if isinstance(after[0], Begin):
        sent = sum(len(each.body) for each in after if isinstance(each, Piece))
        if isinstance(after[-1], Cut):
            return f"{sent} of {after[0].length} bytes"
        return f"its {sent} bytes took {_span(after[-1].at - after[0].at)}"
    answer = after[0]
    assert isinstance(answer, Answer)
    changes = []
    if answer.status != before.status:
        changes.append(f"{answer.status} instead of {before.status}")
    elif answer.body != before.body:
        changes.append(f"{len(answer.body)} bytes that are no JSON")
    elif answer.headers != before.headers:
        changes.append("other headers")
    if answer.at > before.at:
        changes.append(f"{_span(answer.at - before.at)} later")
    return ", ".join(changes)


def of_frame(before: Send, after: Sequence[Effect]) -> str:
    """What became of a frame with replies."""
    if not after:
        return "no reply"
    if isinstance(after[0], Cut):
        return "reset" if after[0].reset else "closed"
    later = after[0].at - before.at
    return f"{_span(later)} later" if later > 0 else "no JSON"


def of_event(before: Telling, after: Sequence[Telling]) -> str:
    """What became of an event."""
    if not after:
        return "not told"
    first = after[0]
    changes = [f"told {len(after)} times"] if len(after) > 1 else []
    changes += ["no JSON"] if first.broken and not before.broken else []
    changes += ["alone"] if first.alone and not before.alone else []
    changes += ["together with others"] if first.together and not before.together else []
    if first.overtaken_by > before.overtaken_by:
        changes.append(f"after the next {first.overtaken_by}" if first.overtaken_by > 1 else "after the next")
    elif first.at > before.at:
        changes.append(f"{_span(first.at - before.at)} later")
    return ", ".join(changes)


def _span(seconds: float) -> str:
    return format_duration(max(0.0, seconds))
