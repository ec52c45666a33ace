"""Values with `${names}` in them, compiled once: rendered for a play, or held against what a client sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from replay.plan.difference import Difference
from replay.scenario.templates import BASE_URL, Part, Reference, parse

Lookup = Callable[[str], Any]
"""A name's value; names are known to exist, the loader has checked them."""


MISSING = "(missing)"
_INDEX = re.compile(r"\[\d+\]")
_ADDRESS = "[^/]*//[^/]+"
"""What `${base_url}` stands for: a server, and nothing of a path."""


def heeded(differences: Iterable[Difference], ignored: Container[str]) -> list[Difference]:
    """Those that lie in none of these fields, at whatever depth."""
    return [
        each
        for each in differences
        if not any(_INDEX.sub("", part) in ignored for part in each.field.split("."))
    ]


class Text:
    """A string with references in it."""

    __slots__ = ("_around", "parts", "whole")

    def __init__(self, text: str) -> None:
        self.parts = parse(text)
        first = self.parts[0] if len(self.parts) == 1 else None
        self.whole = first.name if isinstance(first, Reference) else None
        """The one reference the string consists of, which keeps its value's JSON type."""
        self._around = _around(self.parts)

    @property
    def names(self) -> Iterator[str]:
        """The names referred to."""
        return (part.name for part in self.parts if isinstance(part, Reference))

    def render(self, lookup: Lookup) -> str:
        """The text with every reference put in."""
        return "".join(as_text(lookup(p.name)) if isinstance(p, Reference) else p for p in self.parts)

    def match(self, text: str, bound: Mapping[str, Any], *, segment: bool = False) -> dict[str, str] | None:
        """What the unbound references stand for in `text`, or None if it does not fit.

        Args:
            bound: Names that compare instead of capturing.
            segment: References do not reach across a `/`.
        """
        if self._around is not None and self._around[1] not in bound:
            return self._between(text, *self._around, segment=segment)
        known = [
            part if isinstance(part, str) else as_text(bound[part.name])
            for part in self.parts
            if isinstance(part, str) or part.name in bound
        ]
        if len(known) == len(self.parts):
            return {} if text == "".join(known) else None
        # Each pattern with another value is compiled anew: what cannot fit is told without one.
        if any(part not in text for part in known):
            return None
        # Groups are numbered, since a variable's name may hold what a group's may not.
        seen: list[str] = []
        found = re.fullmatch(self._pattern(bound, "[^/]+" if segment else ".+", seen), text, re.DOTALL)
        return None if found is None else dict(zip(seen, found.groups(), strict=True))

    def _between(
        self, text: str, before: str, name: str, after: str, *, segment: bool
    ) -> dict[str, str] | None:
        """What the only reference stands for, told without a pattern."""
        end = len(text) - len(after)
        if end <= len(before) or not text.startswith(before) or not text.endswith(after):
            return None
        value = text[len(before) : end]
        if name == BASE_URL and re.fullmatch(_ADDRESS, value) is None:
            return None
        return None if segment and "/" in value else {name: value}

    def _pattern(self, bound: Mapping[str, Any], any_value: str, seen: list[str]) -> str:
        pattern = ""
        for part in self.parts:
            if isinstance(part, str):
                pattern += re.escape(part)
            elif part.name in bound:
                pattern += re.escape(as_text(bound[part.name]))
            elif part.name in seen:
                pattern += rf"(?:\{seen.index(part.name) + 1})"
            else:
                seen.append(part.name)
                pattern += f"({_ADDRESS if part.name == BASE_URL else any_value})"
        return pattern


def _around(parts: tuple[Part, ...]) -> tuple[str, str, str] | None:
    """What stands before the only reference, its name, what stands behind it; None if there are others."""
    names = [at for at, part in enumerate(parts) if isinstance(part, Reference)]
    if len(names) != 1:
        return None
    at = names[0]
    texts = ["" if isinstance(part, Reference) else part for part in parts]
    found = parts[at]
    assert isinstance(found, Reference)
    return "".join(texts[:at]), found.name, "".join(texts[at + 1 :])


def as_text(value: Any) -> str:
    """A value as it stands inside a string: strings as they are, the rest as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def compile_value(value: Any) -> Any:
    """A JSON value whose strings with references became `Text`; whatever has none stays as it is."""
    if isinstance(value, str):
        if "${" not in value:
            return value
        text = Text(value)
        literal = text.parts and all(isinstance(part, str) for part in text.parts)
        return "".join(map(str, text.parts)) if literal else text
    if isinstance(value, list):
        return [compile_value(item) for item in value]
    if isinstance(value, dict):
        keys = [compile_key(key) for key in value]
        items = zip(keys, map(compile_value, value.values()), strict=True)
        return Keyed(items) if any(isinstance(key, Text) for key in keys) else dict(items)
    return value


def compile_key(key: str) -> str | Text:
    """A key, as `Text` when there are references in it; whatever they stand for, a key is a string."""
    compiled = compile_value(key)
    if isinstance(compiled, Text):
        compiled.whole = None
        return compiled
    return str(compiled)


class Keyed(dict[Any, Any]):
    """A compiled object of which some keys are `Text`."""


def render(compiled: Any, lookup: Lookup) -> Any:
    """The compiled value with every reference put in."""
    if isinstance(compiled, str):
        return compiled
    if isinstance(compiled, Text):
        return lookup(compiled.whole) if compiled.whole is not None else compiled.render(lookup)
    if isinstance(compiled, list):
        return [render(item, lookup) for item in compiled]
    if isinstance(compiled, dict):
        if type(compiled) is Keyed:
            return {render(key, lookup): render(item, lookup) for key, item in compiled.items()}
        return {key: render(item, lookup) for key, item in compiled.items()}
    return compiled


def names_in(compiled: Any) -> Iterator[str]:
    """Names referred to anywhere in a compiled value."""
    if isinstance(compiled, Text):
        yield from compiled.names
    elif isinstance(compiled, list):
        for item in compiled:
            yield from names_in(item)
    elif isinstance(compiled, dict):
        for key, item in compiled.items():
            yield from names_in(key)
            yield from names_in(item)


class Comparison:
    """A compiled value held against another: what differs, and what the unbound names captured."""

    __slots__ = ("_bound", "_exact", "captures", "differences")

    def __init__(self, bound: Mapping[str, Any], *, exact: bool = False) -> None:
        self._bound = bound
        self._exact = exact
        self.captures: dict[str, Any] = {}
        self.differences: list[Difference] = []

    def compare(self, expected: Any, got: Any, field: str) -> None:
        """Notes differences and captures of one value and all below it."""
        if isinstance(expected, Text):
            self._compare_text(expected, got, field)
        elif isinstance(expected, dict) and isinstance(got, dict):
            self._compare_objects(expected, got, field)
        elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
            for index, (one, other) in enumerate(zip(expected, got, strict=True)):
                self.compare(one, other, f"{field}[{index}]")
        # Strings that are the same, as most are, are so whatever `same` has to say of other types.
        elif not (expected == got and type(expected) is type(got) is str) and not same(expected, got):
            self.differences.append(Difference(field, readable(expected), got))

    def _compare_objects(self, expected: dict[str, Any], got: dict[str, Any], field: str) -> None:
        if isinstance(expected, Keyed):
            expected = self._named(expected, got)
        for key, value in expected.items():
            if key in got:
                self.compare(value, got[key], f"{field}.{key}")
            else:
                self.differences.append(Difference(f"{field}.{key}", readable(value), MISSING))
        if self._exact:
            new = [key for key in got if key not in expected]
            self.differences += [Difference(f"{field}.{key}", MISSING, got[key]) for key in new]

    def _named(self, expected: Keyed, got: dict[str, Any]) -> dict[str, Any]:
        """The object with the keys that those of `got` are; a key of unbound names captures them."""
        named = {key: value for key, value in expected.items() if isinstance(key, str)}
        for key, value in expected.items():
            if isinstance(key, str):
                continue
            known = {**self._bound, **self.captures}
            fitting = [
                (self._differs(value, got[other], known | found), other, found)
                for other in got
                if other not in named and (found := key.match(other, known)) is not None
            ]
            if fitting:
                _, name, captured = min(fitting, key=lambda each: each[0])
                self.captures.update(captured)
            else:
                name = key.render(lambda each: known.get(each, f"${{{each}}}"))  # noqa: B023  rendered here
            named[name] = value
        return named

    def _differs(self, expected: Any, got: Any, known: Mapping[str, Any]) -> int:
        """In how many fields two values would differ."""
        trial = Comparison(known, exact=self._exact)
        trial.compare(expected, got, "")
        return len(trial.differences)

    def _compare_text(self, expected: Text, got: Any, field: str) -> None:
        name = expected.whole
        if name is not None:
            if name not in self._bound and name not in self.captures:
                self.captures[name] = got
                return
            value = self.captures[name] if name in self.captures else self._bound[name]
            if not same(value, got) and as_text(value) != got:
                self.differences.append(Difference(field, value, got))
        else:
            known = {**self._bound, **self.captures}
            found = expected.match(got, known) if isinstance(got, str) else None
            if found is None:
                shown = expected.render(lambda name: known.get(name, f"${{{name}}}"))
                self.differences.append(Difference(field, shown, got))
            else:
                self.captures.update(found)


def same(one: Any, other: Any) -> bool:
    """Equality as JSON has it: `true` is not 1, 1 is 1.0."""
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    return bool(one == other)


def readable(compiled: Any) -> Any:
    """A compiled value as it stood in the file."""
    return render(compiled, lambda name: f"${{{name}}}")
