"""Delays and triggers as several recordings have them, made one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from replay.scenario.delays import Distribution, format_delay, parse_delay, span
from replay.scenario.durations import format_duration, parse_duration
from replay.scenario.model import PushStep
from replay.scenario.triggers import START, Trigger, format_trigger, parse_trigger


class SetOff(NamedTuple):
    """What sets an event off in all recordings."""

    after: str
    window: str
    because: str
    parted: bool
    """They do not agree."""


def delays(texts: Iterable[str]) -> str:
    """Delays as one: a duration if they are all the same, else `recorded(…)`, the shortest first."""
    numbers = sorted(number for text in texts for number in _numbers(text))
    written = [format_duration(number) for number in numbers]
    return written[0] if len(set(written)) == 1 else f"recorded({', '.join(written)})"


def _numbers(text: str) -> tuple[float, ...]:
    delay = parse_delay(text)
    if isinstance(delay, Distribution):
        return delay.numbers if delay.kind == "recorded" else span(delay)
    return (delay,)


def set_off(told: Mapping[int, PushStep], ids: list[dict[str, str]]) -> SetOff:
    """The trigger that most recordings agree on.

    Args:
        told: The event in each recording.
        ids: For each recording, what its steps are called in the common scenario.
    """
    triggers = {place: _renamed(parse_trigger(push.after), ids[place]) for place, push in told.items()}
    moments = {place: trigger.moments for place, trigger in triggers.items()}
    counts = Counter(moments.values())
    # Where as many say one as the other, something that an agent did is better evidence than nothing.
    chosen = max(counts, key=lambda each: (counts[each], each[0].step != START, -min(_places(moments, each))))
    places = _places(moments, chosen)
    delay = delays(format_delay(triggers[place].delay) for place in places)
    window = max(parse_duration(told[place].window) for place in places)
    names = format_trigger(Trigger(chosen, 0.0))
    return SetOff(
        after=names if delay == "0s" else f"{names} + {delay}",
        window=format_duration(window),
        because=told[places[0]].because,
        parted=len(counts) > 1,
    )


def _places(moments: Mapping[int, object], chosen: object) -> list[int]:
    return [place for place, each in moments.items() if each == chosen]


def _renamed(trigger: Trigger, ids: dict[str, str]) -> Trigger:
    moments = tuple(type(each)(ids.get(each.step, each.step), each.response) for each in trigger.moments)
    return Trigger(moments, trigger.delay)
