"""What a row of the coverage page is made of."""

from __future__ import annotations

import msgspec

from tests.library.signs import Sign


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the API can do or say."""

    what: str
    """In Markdown, a line."""
    sign: Sign | None = None
    """How it is known in a scenario that plays it."""
    tests: tuple[str, ...] = ()
    """Tests that show it where the simulator plays it by itself: `tests/FILE.py::NAME`."""
    because: str = ""
    """Why nothing plays it."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one section of the reference."""

    title: str
    facts: tuple[Fact, ...]


def played(what: str, sign: Sign, *tests: str) -> Fact:
    """A thing that scenarios play."""
    return Fact(what=what, sign=sign, tests=tests)


def tested(what: str, *tests: str) -> Fact:
    """A thing that the simulator does whatever the scenario, as tests show."""
    return Fact(what=what, tests=tests)


def not_played(what: str, because: str) -> Fact:
    """A thing that nothing plays."""
    return Fact(what=what, because=because)
