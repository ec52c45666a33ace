"""The files that a scenario is made of: found, read once each, and looked through one by one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from replay.errors import Problem, ScenarioError, nearest
from replay.library import SUFFIX, file_name, find, is_name, leads_out, names, places
from replay.scenario.decode import decode_own, is_made
from replay.scenario.kinds import as_written
from replay.scenario.reader import Document
from replay.scenario.reader import Path as Place

MAX_LEVELS = 20
"""How many files may name each other, one the next."""

_SHAPE = "Write it as 'accept-chat' or 'chat/accept': beside this file, in a folder below, or in the library."


class Part(msgspec.Struct, eq=False):
    """A file, and those that it is made of."""

    document: Document
    extended: Part | None = None
    included: list[Part] = []
    levels: int = 1
    """How many files name each other here, one the next."""

    def bases(self) -> list[Part]:
        """Those it names, in the order in which each is laid over the one before."""
        return [*([self.extended] if self.extended is not None else []), *self.included]


class Reading(Protocol):
    """Whoever reads files."""

    parts: dict[str, Part | None]
    """What has been read by now, by where it really is; None while it is looked through."""

    def look(self, path: Path) -> None:
        """A file is looked for here."""

    def read(self, path: Path) -> Document:
        """What a file holds; raises ScenarioError."""


def gather(document: Document, path: Path, reading: Reading) -> Part:
    """A file that has been read, with all that it is made of.

    Args:
        path: Where it stands: what it names is looked for beside it.

    Raises:
        ScenarioError: something is wrong with one of them; carries every problem found.
    """
    gatherer = _Gatherer(reading)
    part = gatherer.part(document, path)
    if gatherer.problems:
        # Whoever names one of them again is told again.
        reading.parts.clear()
        raise ScenarioError(gatherer.problems)
    return part


class _Gatherer:
    """Goes from file to file; collects problems and goes on."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.problems: list[Problem] = []
        self._found = reading.parts
        self._open: list[tuple[str, Path]] = []
        """The files that name each other on the way to the one that is looked at."""

    def part(self, document: Document, path: Path) -> Part:
        self._open.append((os.path.realpath(path), path))
        self.problems += decode_own(document)
        part = Part(document)
        for place, name in _named(document.value):
            other = self._other(name, path.parent, document, place)
            if other is None:
                continue
            part.levels = max(part.levels, 1 + other.levels)
            if place == ("extends",):
                part.extended = other
            else:
                part.included.append(other)
        self._open.pop()
        return part

    def _other(self, name: str, beside: Path, document: Document, place: Place) -> Part | None:
        """The file that a name means, or None after saying why there is none."""
        for path in places(name, beside):
            self._reading.look(path)
        found = find(name, beside)
        if found is None:
            self.problems.append(_missing(name, beside, document, place))
            return None
        real = os.path.realpath(found)
        way = [each for each, _ in self._open]
        if real in way:
            ring = [path for _, path in self._open[way.index(real) :]]
            shown = " → ".join(str(path) for path in (*ring, ring[0]))
            what = f"'{name}' would be made of itself: {shown}"
            advice = f"Give this file another name, if the library's '{name}' is meant."
            is_of_library = len(ring) == 1 and find(name, None) is not None
            self.problems.append(document.problem(place, what, help=advice if is_of_library else ""))
            return None
        # One that is known may have many below it that were not looked at on this way.
        known = self._found.get(real)
        if len(self._open) + (known.levels if known is not None else 1) > MAX_LEVELS:
            what = f"'{name}' is one of more than {MAX_LEVELS} files that are made of each other"
            self.problems.append(document.problem(place, what, help="Name fewer, and these directly."))
            return None
        if real not in self._found:
            self._found[real] = None
            try:
                self._found[real] = self.part(self._reading.read(found), found)
            except ScenarioError as error:
                self.problems += error.problems
        return self._found[real]


def _named(value: object) -> Iterator[tuple[Place, str]]:
    """The names that a file says, each with its place; what is no name has been told."""
    if not is_made(value):
        return
    assert isinstance(value, dict)
    if isinstance(value.get("extends"), str):
        yield ("extends",), value["extends"]
    included = value.get("include")
    for at, name in enumerate(included if isinstance(included, list) else []):
        if isinstance(name, str):
            yield ("include", at), name


def _missing(name: str, beside: Path, document: Document, place: Place) -> Problem:
    """Why a name means no file."""
    if not is_name(name):
        return document.problem(place, f"{as_written(name)} is no name of a scenario", help=_SHAPE)
    if leads_out(beside / file_name(name), beside):
        what = f"'{name}' is a link to something outside of the folder that this file is in"
        return document.problem(place, what, help="Put the file itself there.")
    if os.path.lexists(beside / file_name(name)):
        return document.problem(place, f"'{name}' is no file that could be read")
    what = f"there is no scenario '{name}' beside this file or in the library"
    return document.problem(place, what, help=nearest(name, _known(name, beside)) or _SHAPE)


def _known(name: str, beside: Path) -> list[str]:
    """Names that could have been meant."""
    here = (beside / name).parent
    close = [path.relative_to(beside) for path in here.glob(f"*{SUFFIX}") if path.is_file()]
    return sorted({*(path.as_posix().removesuffix(SUFFIX) for path in close), *names()})
