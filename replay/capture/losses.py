"""What of a recording is missing or was mended, counted by kind, with the first few named."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_NAMED = 3


class Loss(NamedTuple):
    """One kind of thing that a recording lacks."""

    noun: str
    plural: str
    rest: str
    """The sentence's end, after `1 flow` or `2 flows`."""


class Losses:
    """Counts; a million losses take no more room than three."""

    def __init__(self) -> None:
        self._counted: dict[Loss, int] = {}
        self._named: dict[Loss, list[str]] = {}

    def add(self, loss: Loss, name: str = "", *, times: int = 1) -> None:
        """One more of a kind, by the name under which a reader finds it (`flow 3 (GET http://…)`)."""
        self._counted[loss] = self._counted.get(loss, 0) + times
        named = self._named.setdefault(loss, [])
        if name and len(named) < _NAMED:
            named.append(name)

    def __getitem__(self, loss: Loss) -> int:
        return self._counted.get(loss, 0)

    def sentences(self, path: Path) -> tuple[str, ...]:
        """One for each kind, in the order in which they were met."""
        return tuple(f"{path}: {self._sentence(loss, number)}." for loss, number in self._counted.items())

    def _sentence(self, loss: Loss, number: int) -> str:
        said = f"{count(number, loss.noun, loss.plural)} {loss.rest}"
        names = self._named[loss]
        if not names:
            return said
        more = number - len(names)
        return f"{said}: {', '.join(names)}" + (f" and {more} more" if more else "")


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 flow`, `2 flows`."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"
