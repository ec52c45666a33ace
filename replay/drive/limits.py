"""What `--fail-if` says: a figure, and what it must not be. Checked before a run, held after it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection

import msgspec

from replay.drive.tallies import MEASURES, Tallies
from replay.errors import UsageError, nearest
from replay.scenario.durations import format_duration, parse_duration

ALL = ("requests", "events", "chats")
"""Durations that are not of one step."""
COUNTS = ("errors", "given-up", "recoveries", "strangers", "lost")
"""Figures that are numbers; errors may also be a share: `errors > 1%`."""
RATE = "throughput"
EXAMPLES = "accept.p99 > 200ms, events.max > 1s, errors > 0, errors > 1%, throughput < 100/s"

_COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_LIMIT = re.compile(r"\s*([A-Za-z][\w.-]*?)\s*(>=|<=|>|<)\s*(\S+(?: \S+)?)\s*", re.ASCII)
_PERCENTILE = re.compile(r"p\d{1,2}(\.\d{1,4})?", re.ASCII)
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    text: str
    subject: str
    measure: str
    """Of durations; `share` or empty of others."""
    compared: str
    value: float
    """Seconds, a number, a share of one, or how many a second."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A limit, and what the run came to."""

    limit: Limit
    is_broken: bool
    found: str
    """The figure, in words."""


def parse_limit(text: str, steps: Collection[str]) -> Limit:
    """Reads `accept.p99 > 200ms`.

    Args:
        steps: The scenario's.

    Raises:
        UsageError: it is no limit, or of nothing that there is; says the nearest that is valid.
    """
    found = _LIMIT.fullmatch(text)
    if found is None:
        raise UsageError(f"--fail-if '{text}' is no limit", help=f"Such as: {EXAMPLES}.")
    figure, compared, value = found.groups()
    subject, measure = _figure(text, figure, steps)
    try:
        measure, number = _value(measure, subject, value)
    except ValueError as error:
        raise UsageError(f"--fail-if '{text}': {error}") from None
    return Limit(text=text.strip(), subject=subject, measure=measure, compared=compared, value=number)


def _figure(text: str, figure: str, steps: Collection[str]) -> tuple[str, str]:
    """Subject and measure of a figure, where there are such."""
    subject, _, measure = figure.partition(".")
    durations = [*steps, *ALL]
    if subject in durations:
        if measure in MEASURES or (_PERCENTILE.fullmatch(measure) and float(measure[1:]) > 0):
            return subject, measure
        near = nearest(measure, MEASURES)
        what = f"there is no measure '{measure}' of {subject}" if measure else f"{subject} needs a measure"
        advice = near or f"Write {subject}.p99; there are {', '.join(MEASURES)}."
        raise UsageError(f"--fail-if '{text}': {what}", help=advice)
    if subject in (*COUNTS, RATE):
        if not measure:
            return subject, ""
        raise UsageError(f"--fail-if '{text}': {subject} has no measures", help=f"Write {subject}.")
    known = [*durations, *COUNTS, RATE]
    if len(known) <= 12:
        there_are = f"There are {', '.join(known)}."
    else:
        there_are = f"There are the scenario's steps, {', '.join((*ALL, *COUNTS, RATE))}."
    raise UsageError(
        f"--fail-if '{text}': there is no step '{subject}'", help=nearest(subject, known) or there_are
    )


def _value(measure: str, subject: str, value: str) -> tuple[str, float]:
    """What the figure is held against, and how; raises `ValueError`."""
    if measure and measure != "count":
        return measure, parse_duration(value)
    if subject == "errors" and value.endswith("%"):
        if not _NUMBER.fullmatch(value[:-1]):
            raise ValueError(f"'{value}' is no percentage; write 1%")
        return "share", float(value[:-1]) / 100
    bare = re.sub(r"\s*/\s*s$", "", value) if subject == RATE else value
    if not _NUMBER.fullmatch(bare):
        what = "no rate; write 100/s" if subject == RATE else "no number"
        raise ValueError(f"'{value}' is {what}")
    return measure, float(bare)


def held(limit: Limit, tallies: Tallies, *, seconds: float, lost: int) -> Held:
    """A limit held against a run; durations of which there are none break it, since nothing was shown.

    Args:
        seconds: How long the run took.
        lost: Agents that were not there any more at the end.
    """
    numbers = {
        "errors": tallies.errors,
        "given-up": tallies.given_up,
        "recoveries": tallies.recoveries,
        "strangers": tallies.strangers,
        "lost": lost,
    }
    if limit.measure == "share":
        figure, said = tallies.error_share, f"{tallies.error_share:.2%}"
    elif limit.subject == RATE:
        figure = tallies.requests.count / seconds if seconds else 0.0
        said = f"{figure:,.1f}/s"
    elif limit.subject in numbers:
        figure = float(numbers[limit.subject])
        said = f"{figure:,.0f}"
    else:
        measured = tallies.of(limit.subject)
        if measured is None:
            is_count = limit.measure == "count"
            broken = _COMPARED[limit.compared](0.0, limit.value) if is_count else True
            return Held(limit=limit, is_broken=broken, found="there was none")
        figure = measured.measure(limit.measure)
        said = f"{figure:,.0f}" if limit.measure == "count" else format_duration(figure)
    return Held(limit=limit, is_broken=_COMPARED[limit.compared](figure, limit.value), found=said)
