"""What is replaced in a recording, and by what: rules in YAML.

`redact.yaml` beside this file holds the defaults; docs/redaction.md describes the language. PyYAML reads the
file, or ruamel.yaml, which mitmproxy brings along, and only as far as both agree: text, lists and mappings.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

KINDS = ("secret", "name", "email", "phone", "text", "address", "number", "value", "drop", "keep")
"""What a value may be said to be; `value` is for what nobody can know, such as user data."""

DEFAULTS = Path(__file__).with_name("redact.yaml")

_PLACES = ("fields", "headers", "cookies", "query")
_KEYS = ("extends", *_PLACES, "patterns", "words")
_PATTERN_KEYS = ("find", "as", "hint")
_EXTENDS = ("default", "nothing")
_CACHED = 10_000
_LARGEST = 1_000_000

_Rule = tuple[re.Pattern[str], str]


class RulesError(ValueError):
    """A file of rules cannot be used; `str` is what the reader is told, place by place."""


@dataclass(frozen=True)
class Pattern:
    """What is replaced wherever it stands: its group, if it has just one, or all of it."""

    find: re.Pattern[str]
    kind: str
    hint: str = ""
    """What has to be in a text for the pattern to be tried at all."""


@dataclass
class Rules:
    """Rules that have been read. Of the lines that fit a name, the last decides."""

    name: str
    """`default`, or the name of the file."""
    places: dict[str, list[_Rule]] = field(default_factory=dict)
    patterns: list[Pattern] = field(default_factory=list)
    words: frozenset[str] = frozenset()
    """Words replaced only where they stand by themselves under a name that says so."""
    _known: dict[tuple[str, str], str | None] = field(default_factory=dict, repr=False)

    def plain(self) -> dict[str, Any]:
        """The rules as plain data, for a process that has no reader of YAML; see `of_plain`."""
        return {
            "name": self.name,
            "places": {
                place: [(find.pattern, kind) for find, kind in lines] for place, lines in self.places.items()
            },
            "patterns": [(each.find.pattern, each.kind, each.hint) for each in self.patterns],
            "words": sorted(self.words),
        }

    def field(self, path: Iterable[str]) -> str | None:
        """The kind of a field of a JSON object, given the names on the way to it."""
        return self._kind("fields", ".".join(path))

    def header(self, name: str) -> str | None:
        """The kind of a header."""
        return self._kind("headers", name)

    def cookie(self, name: str) -> str | None:
        """The kind of a cookie."""
        return self._kind("cookies", name)

    def parameter(self, name: str) -> str | None:
        """The kind of a parameter of a query or a form: as `query` says, else as a field of this name."""
        return self._kind("query", name) or self._kind("fields", name)

    def _kind(self, place: str, name: str) -> str | None:
        key = (place, name)
        if key in self._known:
            return self._known[key]
        shown = plain(name)
        found = (kind for find, kind in reversed(self.places.get(place, [])) if find.search(shown))
        if len(self._known) >= _CACHED:
            self._known.clear()
        kind = self._known[key] = next(found, None)
        return kind


def of_plain(data: dict[str, Any]) -> Rules:
    """The rules that `Rules.plain` gave."""
    return Rules(
        name=data["name"],
        places={
            place: [(re.compile(find), kind) for find, kind in lines]
            for place, lines in data["places"].items()
        },
        patterns=[Pattern(re.compile(find, re.DOTALL), kind, hint) for find, kind, hint in data["patterns"]],
        words=frozenset(data["words"]),
    )


def plain(name: str) -> str:
    """A name as it is compared: without case, `-`, `_` and spaces."""
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")


def load_rules(path: Path | str | None = None) -> Rules:
    """Read a file of rules, which adds to the defaults unless it says otherwise; None gives the defaults.

    Raises `RulesError` with file, line and column of everything that is wrong.
    """
    return _defaults() if path is None else _read(Path(path), load_rules)


@functools.cache
def _defaults() -> Rules:
    rules = _read(DEFAULTS, None)
    rules.name = "default"
    return rules


def _read(path: Path, base: Any) -> Rules:
    try:
        if path.stat().st_size > _LARGEST:
            raise RulesError(f"{path} is too large for a file of rules.")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise RulesError(f"{path} is no file of rules: it is not UTF-8.") from None
    except OSError as error:
        raise RulesError(f"{path} cannot be read: {error.strerror or error}.") from None
    reader = _Reader(path)
    rules = reader.rules(_composed(text, path), base)
    if reader.problems:
        raise RulesError("\n".join(reader.problems))
    return rules


class _Reader:
    """Turns YAML's nodes into rules, and remembers what is wrong with them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []

    def rules(self, root: Any, base: Any) -> Rules:
        rules = Rules(name=self.path.name)
        parts = {}
        for name, node, key in self._items(root, "a file of rules") if root is not None else ():
            if name in _KEYS:
                parts[name] = node
            else:
                self._wrong(key, f"there is no key '{name}'", _nearest(name, _KEYS))
        if self._word(parts.pop("extends", None), _EXTENDS, "default") == "default" and base is not None:
            inherited = base(None)
            rules.places.update({place: list(lines) for place, lines in inherited.places.items()})
            rules.patterns.extend(inherited.patterns)
            rules.words = inherited.words
        for place in _PLACES:
            if place in parts:
                rules.places.setdefault(place, []).extend(self._lines(parts[place], place))
        if "patterns" in parts:
            rules.patterns.extend(self._patterns(parts["patterns"]))
        if "words" in parts:
            said = " ".join(self._texts(parts["words"], "words"))
            rules.words |= frozenset(said.lower().split())
        return rules

    def _lines(self, node: Any, place: str) -> Iterator[_Rule]:
        for name, kind, key in self._items(node, f"'{place}'"):
            said = self._word(kind, KINDS, "")
            if not plain(name).strip("."):
                self._wrong(key, "this line names nothing", "Write the name of a field, `*` for any letters.")
            elif said:
                yield _glob(name), said

    def _patterns(self, node: Any) -> Iterator[Pattern]:
        if _form(node) != "sequence":
            self._wrong(node, "'patterns' is a list", "Write `- {find: REGEX, as: KIND}` for each.")
            return
        for item in node.value:
            parts = {}
            for name, value, key in self._items(item, "a pattern"):
                if name in _PATTERN_KEYS:
                    parts[name] = value
                else:
                    self._wrong(key, f"a pattern has no key '{name}'", _nearest(name, _PATTERN_KEYS))
            kind = self._word(parts.get("as"), KINDS, "")
            find = self._regex(parts.get("find"), item)
            hint = self._text(parts["hint"]) if "hint" in parts else ""
            if _form(item) == "mapping" and "as" not in parts:
                self._wrong(
                    item, "this pattern does not say what it finds", f"`as:` is one of {', '.join(KINDS)}."
                )
            if kind and find:
                yield Pattern(find, kind, hint)

    def _regex(self, node: Any, item: Any) -> re.Pattern[str] | None:
        if node is None:
            if _form(item) == "mapping":
                self._wrong(item, "this pattern has no `find:`", "Write the regular expression to look for.")
            return None
        text = self._text(node)
        if not text:
            return None
        try:
            find = re.compile(text, re.DOTALL)
        except (re.error, OverflowError, RecursionError) as error:
            self._wrong(node, f"this is no regular expression: {error}", "Write it as Python's `re` does.")
            return None
        if find.search(""):
            self._wrong(
                node, "this regular expression finds nothing at all, everywhere", "Let it need a character."
            )
            return None
        return find

    def _items(self, node: Any, what: str) -> Iterator[tuple[str, Any, Any]]:
        if _form(node) != "mapping":
            self._wrong(node, f"{what} is a mapping", "Write `name: kind`, one a line.")
            return
        seen = set()
        for key, value in node.value:
            name = self._text(key)
            if name in seen:
                self._wrong(key, f"'{name}' stands here twice", "Keep one of them.")
            elif name:
                seen.add(name)
                yield name, value, key

    def _texts(self, node: Any, what: str) -> Iterator[str]:
        if _form(node) != "sequence":
            self._wrong(node, f"'{what}' is a list", "Write `- word` for each.")
            return
        for item in node.value:
            yield self._text(item)

    def _word(self, node: Any, known: tuple[str, ...], absent: str) -> str:
        if node is None:
            return absent
        text = self._text(node)
        if text in known:
            return text
        if text:
            advice = _nearest(text, known) or f"One of {', '.join(known)}."
            self._wrong(node, f"'{text}' is none of the words that may stand here", advice)
        return ""

    def _text(self, node: Any) -> str:
        if _form(node) == "scalar" and node.value:
            return str(node.value)
        self._wrong(node, "here stands a text", "Quote it if it holds a colon, or begins with `*`.")
        return ""

    def _wrong(self, node: Any, what: str, advice: str) -> None:
        self.problems.append(_problem(self.path, node.start_mark, what, advice))


def _composed(text: str, path: Path) -> Any:
    """YAML's nodes, each with its place, or None for an empty file."""
    try:
        library: Any = import_module("yaml")
        compose = functools.partial(
            library.compose, Loader=getattr(library, "CSafeLoader", library.SafeLoader)
        )
    except ImportError:
        library = import_module("ruamel.yaml")
        compose = library.YAML(typ="safe", pure=True).compose
    errors: Any = library.error
    try:
        return compose(text)
    except errors.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise RulesError(
            _problem(path, mark, "this is not YAML", f"The reader says: {error.problem}.")
        ) from None
    except (errors.YAMLError, RecursionError):
        raise RulesError(f"{path} is no file of rules: it is not YAML.") from None


def _problem(path: Path, mark: Any, what: str, advice: str) -> str:
    return f"{path}:{mark.line + 1}:{mark.column + 1}: {what}." + (f"\n  {advice}" if advice else "")


def _form(node: Any) -> str:
    return str(node.id)


def _glob(name: str) -> re.Pattern[str]:
    """A name, or a path of names, as a regular expression for the end of a path."""
    parts = [re.escape(plain(part)) for part in name.split(".")]
    parts = [
        ".+" if part == r"\*\*" else part.replace(r"\*\*", "[^.]*").replace(r"\*", "[^.]*") for part in parts
    ]
    return re.compile(r"(?:^|\.)" + r"\.".join(parts) + "$")


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean '{close[0]}'?" if close else ""
