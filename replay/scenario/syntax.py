"""What a YAML parser complains about, said in the words of somebody who writes a scenario."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import yaml

from replay.errors import Problem

_WITH_VARIABLE = re.compile(r"(?:\$\{[^}\n]*\}?|[^\s,\[\]{}\"'])+")
_GLUED = re.compile(r"\s*(?:- )*([\w.-]+):(\S.*)")


class _Fault(NamedTuple):
    """Where a parser stopped, both from 0, and what it said."""

    said: str
    line: int
    column: int
    since_line: int
    since_column: int
    lines: list[str]
    text: str
    loader: Any

    @property
    def here(self) -> str:
        return self.lines[self.line] if self.line < len(self.lines) else ""

    @property
    def before(self) -> str:
        return self.here[: self.column]

    @property
    def character(self) -> str:
        return self.here[self.column : self.column + 1]


class _Said(NamedTuple):
    line: int
    column: int
    what: str
    help: str


def explain(error: yaml.MarkedYAMLError, text: str, file: str, loader: Any) -> Problem:
    """The problem behind a parser's error; `text` is what it read, with the parser `loader`."""
    mark = error.problem_mark or error.context_mark
    since = error.context_mark or mark
    assert mark is not None
    assert since is not None
    fault = _Fault(
        f"{error.context or ''}: {error.problem or ''}",
        mark.line,
        mark.column,
        since.line,
        since.column,
        text.splitlines(),
        text,
        loader,
    )
    for recognise in (_variable, _tab, _escape, _quote, _colon, _flow, _start, _indentation):
        said = recognise(fault)
        if said:
            break
    else:
        what = f"this is not YAML: {error.problem}"
        said = _Said(fault.line, fault.column, what, f"It came up {error.context}." if error.context else "")
    return Problem(file=file, line=said.line + 1, column=said.column + 1, what=said.what, help=said.help)


def _variable(fault: _Fault) -> _Said | None:
    if not (fault.character == "{" and fault.before.endswith("$")):
        return None
    for found in _WITH_VARIABLE.finditer(fault.here):
        if found.start() < fault.column < found.end():
            value = found[0].removesuffix(":")
            what = f"'{value}' is not quoted, and its braces read as a mapping"
            return _Said(fault.line, found.start(), what, f'In {{ }} and [ ] quote it: "{value}".')
    return None


def _tab(fault: _Fault) -> _Said | None:
    indentation = fault.here[: len(fault.here) - len(fault.here.lstrip())]
    column = indentation.find("\t")
    if column < 0 and fault.character == "\t":
        column = fault.column
    if column < 0:
        return None
    return _Said(fault.line, column, "a tab cannot indent", "Write spaces, two for every level.")


def _quote(fault: _Fault) -> _Said | None:
    advice = "Close it on the same line."
    if "quoted scalar" in fault.said and re.search(
        "end of stream|document (separator|indicator)", fault.said
    ):
        return _Said(fault.since_line, fault.since_column, "this quote is not closed", advice)
    quote = fault.before.rstrip()[-1:]
    if not quote or quote not in "\"'":
        return None
    opened = _opening(fault)
    if opened is not None and opened.line < fault.line:
        what = f"this quote is closed only in line {fault.line + 1}"
        return _Said(opened.line, opened.column, what, advice)
    within = "''" if quote == "'" else '\\"'
    advice = f"Quote the whole value; within it write {within} for a quote."
    return _Said(fault.line, fault.column, "text goes on after the closing quote", advice)


def _opening(fault: _Fault) -> Any:
    """The place of the last quote opened before the fault, as the scanner sees it."""
    opened = None
    try:
        for token in yaml.scan(fault.text, Loader=fault.loader):
            if (token.start_mark.line, token.start_mark.column) >= (fault.line, fault.column):
                break
            if isinstance(token, yaml.ScalarToken) and token.style in {'"', "'"}:
                opened = token.start_mark
    except yaml.YAMLError:
        # The fault being explained; what stands before it has been seen.
        return opened
    return opened


def _colon(fault: _Fault) -> _Said | None:
    if "could not find expected ':'" in fault.said:
        advice = "A field is a name, a colon, a space and a value."
        return _Said(fault.since_line, fault.since_column, "no colon follows this", advice)
    if "mapping values are not allowed" not in fault.said:
        return None
    name = fault.before.strip()
    if ": " in name:
        key, _, value = fault.here.strip().partition(": ")
        advice = f"""Quote the value: {key}: "{value.replace('"', "'")}"."""
        return _Said(fault.line, fault.column, "a value that holds ': ' must be quoted", advice)
    above = fault.line - 1
    while above > 0 and not fault.lines[above].strip():
        above -= 1
    return _line_above(fault, above) or _Said(
        fault.line,
        len(fault.here) - len(fault.here.lstrip()),
        f"'{name}' stands deeper than the field above, which has a value already",
        "Fields of one mapping begin in the same column.",
    )


def _line_above(fault: _Fault, above: int) -> _Said | None:
    line = fault.lines[above] if above >= 0 else ""
    column = len(line) - len(line.lstrip())
    glued = _GLUED.fullmatch(line)
    if glued:
        what = f"a space is missing after '{glued[1]}:'"
        return _Said(above, glued.start(2), what, f"Write '{glued[1]}: {glued[2]}'.")
    if line.strip() and ":" not in line:
        return _Said(above, column, f"a colon is missing after '{line.strip()}'", "Write 'name: value'.")
    return None


def _flow(fault: _Fault) -> _Said | None:
    found = re.search(r"',' or '([\]}])'", fault.said)
    if not found:
        return None
    opening = "{" if found[1] == "}" else "["
    before = f"{fault.line + 1}:{fault.column + 1}"
    what = f"this '{opening}' is not closed by '{found[1]}', or a comma is missing before {before}"
    return _Said(fault.since_line, fault.since_column, what, "Entries in { } and [ ] are parted by commas.")


def _start(fault: _Fault) -> _Said | None:
    if "cannot start any token" in fault.said:
        value = fault.here[fault.column :].strip()
        what = f"'{fault.character}' cannot begin a value"
        return _Said(fault.line, fault.column, what, f"Quote it: '{value}'.")
    if "node content" in fault.said:
        return _Said(fault.line, fault.column, "a value or a closing bracket is missing here", "")
    if "sequence entries are not allowed" in fault.said:
        advice = "Begin the list on the next line, or write it in [ ]."
        return _Said(fault.line, fault.column, "a list cannot begin on the line of its key", advice)
    if "block scalar" in fault.said and "line break" in fault.said:
        advice = "Begin the text on the next line, or quote a value that begins with '|' or '>'."
        return _Said(fault.line, fault.column, "nothing may follow '|' or '>' on its line", advice)
    return None


def _escape(fault: _Fault) -> _Said | None:
    if "unknown escape character" in fault.said:
        advice = 'Write "\\\\" for a backslash, or put the text in single quotes.'
        what = "a backslash in double quotes begins an escape, and there is none such"
        return _Said(fault.line, fault.column, what, advice)
    if "Unicode character escape" in fault.said:
        advice = "Write the character itself, or its code with \\U and eight digits."
        return _Said(fault.line, fault.column, "this escape is no character, perhaps half of one", advice)
    return None


def _indentation(fault: _Fault) -> _Said | None:
    if "block mapping" in fault.said:
        advice = f"Fields of one mapping begin in the same column, here {fault.since_column + 1}."
    elif "block collection" in fault.said:
        advice = f"Entries of one list begin with '- ' in the same column, here {fault.since_column + 1}."
    else:
        return None
    what = "this line fits neither in depth nor in kind to those above"
    return _Said(fault.line, fault.column, what, advice)
