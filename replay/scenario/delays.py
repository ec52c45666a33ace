"""Delays as the file writes them: a duration, or a distribution that one is drawn from.

uniform(10ms, 50ms)                    anything between
normal(40ms, 10ms)                     mean and standard deviation; what falls below zero is zero
lognormal(median 40ms, p99 200ms)      half are below the median, one in a hundred above p99
recorded(38ms, 41ms, 55ms)             one of these
"""

from __future__ import annotations

import difflib
import math
import random  # noqa: TID251  only for the type of the source that delays are drawn from
import re

import msgspec

from replay.scenario.durations import format_duration, parse_duration

_CALL = re.compile(r"([A-Za-z]+)(?:\s*\((.*)\))?", re.DOTALL)

EXAMPLES = {
    "uniform": "uniform(10ms, 50ms)",
    "normal": "normal(40ms, 10ms)",
    "lognormal": "lognormal(median 40ms, p99 200ms)",
    "recorded": "recorded(38ms, 41ms, 55ms)",
}
"""Each distribution by an example of it."""

_Z99 = 2.3263478740408408
"""Standard deviations from the median to the 99th percentile of a normal distribution."""
_LABELS = {"lognormal": ("median ", "p99 ")}


class Distribution(msgspec.Struct, frozen=True):
    """A kind of chance for a delay, with its numbers in seconds."""

    kind: str
    """uniform, normal, lognormal or recorded."""
    numbers: tuple[float, ...]
    """Lowest and highest; mean and deviation; median and p99; or the delays themselves."""

    @property
    def sigma(self) -> float:
        """Of a lognormal one: the standard deviation of the logarithm."""
        median, high = self.numbers
        return math.log(high / median) / _Z99

    @property
    def span(self) -> tuple[float, float]:
        """Between which seconds a delay lies; of what has no end, where one in a thousand does not."""
        first, last = self.numbers[0], self.numbers[-1]
        match self.kind:
            case "normal":
                return max(0.0, first - 3.09 * last), first + 3.09 * last
            case "lognormal":
                reach = math.exp(3.09 * self.sigma)
                return first / reach, first * reach
            case _:
                return min(self.numbers), max(self.numbers)

    @property
    def median(self) -> float:
        """The delay that half are below."""
        match self.kind:
            case "uniform":
                return sum(self.numbers) / 2
            case "recorded":
                return sorted(self.numbers)[(len(self.numbers) - 1) // 2]
            case _:
                return self.numbers[0]


Delay = float | Distribution
"""Seconds, or what they are drawn from."""


def parse_delay(text: str) -> Delay:
    """Reads a delay.

    Raises:
        ValueError: it is none; the message says what was read and what would be right.
    """
    call = _CALL.fullmatch(text)
    if call is None or (call[2] is None and call[1] not in EXAMPLES):
        return parse_duration(text)
    name, inside = call.groups()
    if name not in EXAMPLES:
        near = difflib.get_close_matches(name, EXAMPLES, n=1)
        example = EXAMPLES[near[0]] if near else ", ".join(EXAMPLES.values())
        raise ValueError(f"'{text}' is neither a duration nor a distribution; write {example}")
    parts = [part.strip() for part in inside.split(",")] if inside and inside.strip() else []
    labels = _LABELS.get(name, ())
    wrong = f"'{text}' is no distribution; write it as {EXAMPLES[name]}"
    if not parts or (name != "recorded" and len(parts) != 2):
        raise ValueError(wrong)
    for at, label in enumerate(labels):
        if not parts[at].startswith(label):
            raise ValueError(wrong)
        parts[at] = parts[at].removeprefix(label).strip()
    numbers = tuple(parse_duration(part) for part in parts)
    _ordered(name, numbers, text)
    return Distribution(name, numbers)


def _ordered(name: str, numbers: tuple[float, ...], text: str) -> None:
    first, last = numbers[0], numbers[-1]
    if name == "uniform" and first > last:
        raise ValueError(f"'{text}' ends before it begins; write the shorter duration first")
    if name == "lognormal" and not 0 < first <= last:
        raise ValueError(f"'{text}' needs a median above 0s and a p99 that is not below it")


def sample(delay: Delay, source: random.Random) -> float:
    """Seconds: those of a fixed delay, or one drawn from `source`."""
    if not isinstance(delay, Distribution):
        return delay
    numbers = delay.numbers
    match delay.kind:
        case "uniform":
            return source.uniform(*numbers)
        case "normal":
            return max(0.0, source.gauss(*numbers))
        case "lognormal":
            return numbers[0] * math.exp(source.gauss(0.0, delay.sigma))
        case _:
            return source.choice(numbers)


def format_delay(delay: Delay) -> str:
    """The text that `parse_delay` reads as `delay`; exact to 0.1 ms."""
    if not isinstance(delay, Distribution):
        return format_duration(delay)
    labels = _LABELS.get(delay.kind, ("",) * len(delay.numbers))
    parts = [f"{label}{format_duration(number)}" for label, number in zip(labels, delay.numbers, strict=True)]
    return f"{delay.kind}({', '.join(parts)})"


def median(delay: Delay) -> float:
    """The delay, or of a distribution the one that half are below, in seconds."""
    return delay.median if isinstance(delay, Distribution) else delay


def span(delay: Delay) -> tuple[float, float]:
    """The shortest and the longest that a delay may be, in seconds."""
    return delay.span if isinstance(delay, Distribution) else (delay, delay)
