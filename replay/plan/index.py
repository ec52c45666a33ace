"""Asks by what stands in them as it is: a request is held against those that it can be, and no others.

    method        POST
    path          /api/v2/me/chats/     what stands before the first name
                  /messages             and after the last
    fields        operationName=Accept  all that is literal at the top of the body and in the query

An ask that is not found differs from the request. One that is found may differ all the same: names, and what
lies deeper in a body, are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, Protocol, TypeVar

from replay.plan.timeline import Ask
from replay.plan.values import Difference, Text, heeded

Row = TypeVar("Row")
Field = tuple[str, str]
"""`body` or `query`, and a name."""

_SCALARS = frozenset({str, int, float, bool, type(None)})
_NOTHING = object()
"""What a request has in a field that it does not have: no literal is equal to it."""


class Sought(Protocol):
    """Of a request, what asks are found by."""

    @property
    def method(self) -> str:
        """In capitals."""

    @property
    def path(self) -> str:
        """Without the query."""

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """Of a name that stands twice, the last counts."""

    @property
    def json(self) -> Any:
        """The body as JSON; unset when it is none."""


class _Drawer(Generic[Row]):
    """Asks that are alike in method and path, by their fields: which they are, and what stands there."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Field, ...], dict[tuple[Any, ...], list[Row]]] = {}

    def add(self, fields: dict[Field, Any], row: Row) -> None:
        alike = self._rows.setdefault(tuple(fields), {})
        alike.setdefault(tuple(fields.values()), []).append(row)

    def find(self, sought: Sought, found: list[Row]) -> None:
        """What belongs to the asks that a request can be goes to what was found."""
        body = sought.json if isinstance(sought.json, dict) else {}
        for fields, rows in self._rows.items():
            values = tuple(
                [
                    body.get(name, _NOTHING) if where == "body" else dict(sought.query).get(name, _NOTHING)
                    for where, name in fields
                ]
            )
            try:
                found += rows.get(values, ())
            except TypeError:
                # A list or an object is no literal that stands here.
                continue


class AskIndex(Generic[Row]):
    """Whatever belongs to asks, found by requests."""

    def __init__(self) -> None:
        self._whole: dict[tuple[str, str], _Drawer[Row]] = {}
        """By method and path, of paths without names."""
        self._ends: dict[tuple[str, str, str], _Drawer[Row]] = {}
        """By method, and what the path begins and ends with."""
        self._lengths: dict[tuple[int, int], None] = {}
        """Of these beginnings and ends: there are few."""
        self._any_method = False

    def __bool__(self) -> bool:
        return bool(self._whole or self._ends)

    def add(self, ask: Ask, ignored: frozenset[str], row: Row) -> None:
        """What belongs to an ask.

        Args:
            ignored: Fields that are not compared.
        """
        method = ask.method if not is_ignored("method", ignored) else ""
        self._any_method = self._any_method or not method
        fields = dict(_literals(ask, ignored))
        if len(fields) > 1:
            fields = {field: fields[field] for field in sorted(fields)}
        before, after = _ends(ask.path) if not is_ignored("path", ignored) else ("", "")
        if after is None:
            drawer = self._whole.setdefault((method, before), _Drawer())
        else:
            drawer = self._ends.setdefault((method, before, after), _Drawer())
            self._lengths[len(before), len(after)] = None
        drawer.add(fields, row)

    def find(self, sought: Sought) -> list[Row]:
        """What belongs to the asks that a request can be, each once, in no order."""
        found: list[Row] = []
        self._find(sought.method, sought, found)
        if self._any_method:
            self._find("", sought, found)
        return found

    def _find(self, method: str, sought: Sought, found: list[Row]) -> None:
        path = sought.path
        drawer = self._whole.get((method, path))
        if drawer is not None:
            drawer.find(sought, found)
        for before, after in self._lengths:
            rest = len(path) - after
            if rest >= before:
                drawer = self._ends.get((method, path[:before], path[rest:]))
                if drawer is not None:
                    drawer.find(sought, found)


def is_ignored(field: str, ignored: frozenset[str]) -> bool:
    """Whether it does not matter how a field differs."""
    return bool(ignored) and not heeded([Difference(field, None, None)], ignored)


def _literals(ask: Ask, ignored: frozenset[str]) -> Iterator[tuple[Field, Any]]:
    """Fields of which the value is written down."""
    body = ask.body if isinstance(ask.body, dict) else {}
    for name, value in body.items():
        is_literal = type(value) in _SCALARS and isinstance(name, str)
        if is_literal and not (ignored and is_ignored(f"body.{name}", ignored)):
            yield ("body", name), value
    # Of a name that stands twice in a query, either value is asked for.
    for name, value in dict(ask.query).items() if ask.query else ():
        if isinstance(value, str) and not is_ignored(f"query.{name}", ignored):
            yield ("query", name), value


def _ends(path: Text) -> tuple[str, str | None]:
    """What a path begins and ends with; the whole, and None, where it has no names."""
    first, last = (path.parts[0], path.parts[-1]) if path.parts else ("", "")
    if len(path.parts) < 2 and isinstance(first, str):
        return first, None
    return first if isinstance(first, str) else "", last if isinstance(last, str) else ""
