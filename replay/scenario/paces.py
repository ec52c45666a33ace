"""Paces as the file and `--pace` write them: how delays come about, then what is done to them.

recorded, idle-max(2s), jitter(20%)
fixed(50ms)
drawn, clamp(5ms, 2s)
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from replay.registry import MODIFIERS, PACES, resolve
from replay.scenario.delays import Distribution, parse_delay
from replay.scenario.durations import parse_duration

_PART = re.compile(r"\s*([^\s,()]+)\s*(?:\(([^()]*)\))?\s*(,|$)", re.DOTALL)
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s?%", re.ASCII)
_DISTRIBUTIONS = ("uniform", "normal", "lognormal")
"""Written as where one delay is drawn from them."""


class Amount(msgspec.Struct, frozen=True):
    """A length of time, or a share of one."""

    seconds: float = 0.0
    share: float = 0.0

    def of(self, delay: float) -> float:
        """Seconds, of a delay."""
        return self.seconds + self.share * delay


def parse_paces(text: str) -> tuple[Any, list[Any]]:
    """Reads a pace: its basis, None where only modifiers are written, and its modifiers in order of work.

    Raises:
        ValueError: it is none; the message says what was read and what would be right.
    """
    basis, modifiers = None, dict[str, Any]()
    for name, inside in _parts(text):
        if name in PACES:
            if basis is not None or modifiers:
                raise ValueError(
                    f"'{name}' stands too late in '{text}': how delays come about is said once and first, "
                    f"as in {_example(name)}, jitter(20%)"
                )
            basis = _made(name, inside)
        elif name in modifiers:
            raise ValueError(f"'{name}' stands twice in '{text}'; write it once: {_example(name)}")
        else:
            modifiers[name] = _made(name, inside)
    return basis, [modifiers[name] for name in MODIFIERS if name in modifiers]


def examples(names: Iterable[str]) -> list[str]:
    """How each of these parts of a pace is written."""
    return [_example(name) for name in names]


def _parts(text: str) -> list[tuple[str, str | None]]:
    """The names in a pace, each with what stands in its brackets."""
    parts: list[tuple[str, str | None]] = []
    at, more = 0, True
    while more:
        found = _PART.match(text, at)
        if found is None:
            raise ValueError(
                f"'{text}' is no pace: it is a list with commas, such as recorded, idle-max(2s), jitter(20%)"
            )
        if found[1] not in PACES and found[1] not in MODIFIERS:
            raise ValueError(_unknown(found[1]))
        parts.append((found[1], found[2]))
        at, more = found.end(), found[3] == ","
    return parts


def _unknown(name: str) -> str:
    known = [*PACES, *MODIFIERS]
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"unknown pace '{name}'; did you mean '{near[0]}'? Write it as {_example(near[0])}"
    return f"unknown pace '{name}'; write one of {', '.join(examples(known))}"


def _class(name: str) -> Any:
    return resolve(PACES if name in PACES else MODIFIERS, name)


def _example(name: str) -> str:
    return str(_class(name).example)


def _made(name: str, inside: str | None) -> Any:
    """The struct of a part."""
    made = _class(name)
    read = name if inside is None else f"{name}({inside})"
    if name in _DISTRIBUTIONS and inside is not None:
        distribution = parse_delay(read)
        assert isinstance(distribution, Distribution)
        return made(*distribution.numbers)
    fields = msgspec.structs.fields(made)
    values = [value.strip() for value in inside.split(",")] if inside and inside.strip() else []
    if len(values) != len(fields):
        takes = " and ".join(f"'{field.name}'" for field in fields) or "no settings"
        raise ValueError(f"'{read}' is no pace: '{name}' takes {takes}; write it as {made.example}")
    try:
        return made(*(_READ[field.type](value) for field, value in zip(fields, values, strict=True)))
    except ValueError as error:
        raise ValueError(f"'{read}': {error}; write it as {made.example}") from None


def _amount(text: str) -> Amount:
    found = _SHARE.fullmatch(text)
    if found is None:
        if "%" in text:
            raise ValueError(f"'{text}' is no share")
        return Amount(seconds=parse_duration(text))
    if float(found[1]) > 100:
        raise ValueError(f"'{text}' is more than all of a delay")
    return Amount(share=float(found[1]) / 100)


_READ: dict[Any, Any] = {float: parse_duration, Amount: _amount}
