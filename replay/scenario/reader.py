"""YAML read as JSON values, each with its place in the file.

A plain scalar is null, a boolean or a number only where JSON would say so: `No`, `1:30`, `0012` and
`2014-01-02` are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec
import yaml

from replay.errors import Problem, ScenarioError
from replay.scenario.quick import MAX_DEPTH, NUMBER, WORDS, DoubtError, quick_values
from replay.scenario.syntax import explain

MAX_NODES = 200_000
"""Nodes a file with aliases may have once every alias is written out."""
MAX_GROWTH = 100
"""How many times larger than the file its aliases may make it."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The characters YAML 1.1 allows; libyaml and PyYAML would refuse the others with an offset in bytes.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_TOO_DEEP = "maximum nesting depth"
# libyaml refuses the escapes of these, PyYAML does not.
_HALF = re.compile("[\ud800-\udfff]")
_YAML = "tag:yaml.org,2002:"
_SCALAR_TAGS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
}

Path = tuple[str | int, ...]


class _Node(msgspec.Struct):
    """A value, where it stands, and what it would cost if every alias were written out."""

    line: int
    column: int
    value: Any = None
    items: list[_Node] | None = None
    fields: dict[str, _Node] | None = None
    keys: dict[str, tuple[int, int]] | None = None
    size: int = 1
    height: int = 1


class Document(msgspec.Struct):
    """A file that has been read."""

    file: str
    text: str
    value: Any
    """The file as a JSON value."""
    root: _Node | None = None
    """The same with places; made when one is first asked for."""

    def place(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Line and column, both from 1, of the value at `path`, or with `key` of the key before it.

        What is not in the file is where its nearest parent stands. The index 0 into what is no list is
        the value itself, since one may stand for a list of one.
        """
        if self.root is None:
            self.root = _tree(self.text, self.file)
        node = self.root
        where = (node.line, node.column)
        for part in path:
            inner: _Node | None = None
            if isinstance(part, str):
                inner = (node.fields or {}).get(part)
            elif node.items is not None:
                inner = node.items[part] if part < len(node.items) else None
            elif part == 0:
                continue
            if inner is None:
                return where
            where = (inner.line, inner.column)
            if key and isinstance(part, str) and node.keys is not None:
                where = node.keys[part]
            node = inner
        return where

    def spot(self, path: Path) -> str:
        """Where the value at `path` stands, to be named in the words of another problem."""
        line, column = self.place(path)
        return f"{line}:{column}"

    def problem(self, path: Path, what: str, *, help: str = "", key: bool = False) -> Problem:  # noqa: A002
        """A problem with the value at `path`, or with its key."""
        line, column = self.place(path, key=key)
        return Problem(file=self.file, line=line, column=column, what=what, help=help)


def read(text: str, file: str, *, begins: str = "") -> Document:
    """Reads the text of a file.

    Args:
        begins: What to say of one that is empty.

    Raises:
        ScenarioError: it is not the YAML a scenario is written in.
    """
    text = text.removeprefix("\ufeff")
    found = _FORBIDDEN.search(text)
    if found:
        raise ScenarioError([_forbidden(text, found.start(), file)])
    try:
        return Document(file, text, quick_values(text))
    except DoubtError:
        root = _tree(text, file, begins)
        return Document(file, text, root.value, root)


def _tree(text: str, file: str, begins: str = "") -> _Node:
    """The careful reading: every value with its place, or everything that is wrong."""
    builder = _Builder(file)
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        if _TOO_DEEP in str(error.problem):
            # libyaml has a bound of its own from 0.2.6, and looks ahead; the slow parser gets as far as ours.
            builder = _Builder(file)
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                builder.take(event)
        problem = explain(error, text, file, _LOADER)
        # What came up in the very line that breaks the syntax is a shadow of the same fault.
        before = [other for other in builder.problems if other.line < problem.line]
        raise ScenarioError([*before, problem]) from None
    if not builder.problems and (builder.root is None or builder.root.value is None):
        raise ScenarioError([Problem(file=file, what="the file is empty", help=begins)])
    if builder.problems:
        raise ScenarioError(builder.problems)
    assert builder.root is not None
    return builder.root


def _events(text: str) -> Iterator[yaml.Event]:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
    return events


def _forbidden(text: str, at: int, file: str) -> Problem:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    code = f"\\u{ord(text[at]):04x}"
    half = "\ud800" <= text[at] <= "\udfff"
    return Problem(
        file=file,
        line=line,
        column=column,
        what=f"the character {code} cannot stand in a YAML file",
        help="It is half of a character." if half else f'Within double quotes write it as "{code}".',
    )


class _Builder:
    """Puts the parser's events together, without recursion, so that no depth of nesting can hurt."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.root: _Node | None = None
        self._open: list[_Node] = []
        self._keys: list[tuple[str, int, int] | None] = []
        self._anchors: dict[str, _Node] = {}
        self._names: list[str | None] = []
        self._count = 0
        self._expanded = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._start(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end()
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._stop(event, "a second document begins here", "One file holds one scenario.")
            case _:
                pass

    def _say(self, event: yaml.Event, what: str, advice: str = "") -> None:
        line, column = _place(event)
        self._say_at(line, column, what, advice)

    def _say_at(self, line: int, column: int, what: str, advice: str) -> None:
        self.problems.append(Problem(file=self.file, line=line, column=column, what=what, help=advice))

    def _stop(self, event: yaml.Event, what: str, advice: str = "") -> NoReturn:
        self._say(event, what, advice)
        raise ScenarioError(self.problems)

    def _expects_key(self) -> bool:
        return bool(self._open) and self._open[-1].fields is not None and self._keys[-1] is None

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        line, column = _place(event)
        if self._expects_key():
            self._keys[-1] = (self._key(event), line, column)
            return
        node = _Node(line, column, self._value(event))
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._attach(node)

    def _start(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if self._expects_key():
            advice = "Quote a text that begins with '{' or '['."
            self._stop(event, "a key must be text, not a list or a mapping", advice)
        if len(self._open) >= MAX_DEPTH:
            self._stop(event, f"this is nested more than {MAX_DEPTH} deep")
        node = _Node(*_place(event))
        mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag is not None and event.tag != _YAML + ("map" if mapping else "seq"):
            self._say(event, f"the tag '{_short(event.tag)}' has no meaning here", "Leave the tag out.")
        if mapping:
            node.value, node.fields, node.keys = {}, {}, {}
        else:
            node.value, node.items = [], []
        self._open.append(node)
        self._keys.append(None)
        self._names.append(event.anchor)

    def _end(self) -> None:
        node = self._open.pop()
        self._keys.pop()
        anchor = self._names.pop()
        if anchor is not None:
            # Only now, so that an alias within what it names finds nothing.
            self._anchors[anchor] = node
        self._attach(node)

    def _attach(self, node: _Node) -> None:
        self._count += 1
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if parent.items is not None:
            parent.items.append(node)
            parent.value.append(node.value)
            return
        key = self._keys[-1]
        assert key is not None
        assert parent.fields is not None
        assert parent.keys is not None
        self._keys[-1] = None
        name, line, column = key
        if name in parent.fields:
            first_line, first_column = parent.keys[name]
            what = f"the key '{name}' is given twice, first at {first_line}:{first_column}"
            self._say_at(line, column, what, "Keep one of them.")
            return
        parent.fields[name] = node
        parent.keys[name] = (line, column)
        parent.value[name] = node.value

    def _alias(self, event: yaml.AliasEvent) -> None:
        if self._expects_key():
            self._stop(event, "a key must be text, not an alias", "Write the key out.")
        name = event.anchor or ""
        if name in self._names:
            self._stop(event, f"'*{name}' lies within what it refers to")
        known = self._anchors.get(name)
        if known is None:
            advice = f"Name a value '&{name}' above, or quote a text that begins with '*'."
            self._stop(event, f"'*{name}' refers to nothing above", advice)
        if len(self._open) + known.height > MAX_DEPTH:
            self._stop(event, f"this is nested more than {MAX_DEPTH} deep once '*{name}' is written out")
        self._expanded += known.size
        if self._expanded + self._count > min(MAX_NODES, MAX_GROWTH * (self._count + 1)):
            self._stop(event, "the aliases make this file far larger than it looks", "Write the values out.")
        self._attach(known)

    def _key(self, event: yaml.ScalarEvent) -> str:
        plain = event.implicit[0]
        if plain and event.value == "<<":
            what = "merge keys ('<<') are not part of the scenario language"
            self._say(event, what, "Write the fields out.")
        elif plain and not event.value:
            self._say(event, "a key is missing here", 'Quote an empty name: "".')
        elif event.tag is not None and event.tag != _YAML + "str":
            self._say(event, f"the tag '{_short(event.tag)}' has no meaning here", "Leave the tag out.")
        return str(event.value)

    def _value(self, event: yaml.ScalarEvent) -> Any:
        text: str = event.value
        if _HALF.search(text):
            self._say(event, "this text holds half of a character", "Write the character itself.")
        if event.tag is None:
            return self._plain(event, text) if event.implicit[0] else text
        tag = _short(event.tag)
        types = _SCALAR_TAGS.get(tag.removeprefix("!!"))
        if types is None:
            self._say(event, f"the tag '{tag}' has no meaning here", "Leave the tag out; quote what is text.")
            return text
        if types == (str,):
            return text
        value = self._plain(event, text)
        if type(value) not in types:
            self._say(event, f"'{text}' is no value for the tag '{tag}'", "Leave the tag out.")
        return float(value) if types[0] is float and type(value) is int else value

    def _plain(self, event: yaml.ScalarEvent, text: str) -> Any:
        if text in WORDS:
            return WORDS[text]
        if not text:
            self._missing(event)
            return None
        found = NUMBER.fullmatch(text)
        if not found:
            return text
        try:
            value = int(text) if found[1] is None and found[2] is None else float(text)
        except ValueError:  # Python reads no whole number of more than some thousand digits.
            value = float("inf")
        if abs(value) == float("inf"):
            self._say(event, "this number is larger than a JSON reader can hold", "Quote it if it is text.")
            return 0
        return value

    def _missing(self, event: yaml.ScalarEvent) -> None:
        if not self._open:
            return
        key = self._keys[-1]
        if key is None:
            self._say(event, "this entry of the list is empty", 'Write its value, null or "".')
            return
        name, line, column = key
        advice = 'Write null, "" or the value.'
        if re.match(r"[\w.-]+:\S", name):
            advice = f"A space belongs after the colon: '{name.replace(':', ': ', 1)}'."
        self._say_at(line, column, f"no value stands after '{name}'", advice)


def _place(event: yaml.Event) -> tuple[int, int]:
    """Line and column, both from 1."""
    mark = event.start_mark
    assert mark is not None
    return mark.line + 1, mark.column + 1


def _short(tag: str) -> str:
    return "!!" + tag.removeprefix(_YAML) if tag.startswith(_YAML) else tag
