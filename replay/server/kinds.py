"""Whether what a program says is of the kind that it is to be: what is not is told in its own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from replay.errors import UsageError


def check_kind(name: str, value: object, *kinds: type, words: str) -> None:
    """Holds a value against what it may be.

    Args:
        words: What it may be, as a reader knows it: `a whole number`.

    Raises:
        UsageError: it is something else. True and False are no numbers.
    """
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise UsageError(f"'{name}' must be {words}, not {value!r}")


def check_text(**given: object) -> None:
    """Holds values against being texts, each by its name.

    Raises:
        UsageError: one is none.
    """
    for name, value in given.items():
        check_kind(name, value, str, words="a text")


def each(name: str, given: Any) -> list[Any]:
    """What is in a list; one of a kind may stand without it.

    Raises:
        UsageError: it is neither.
    """
    if isinstance(given, str | Path | Mapping):
        return [given]
    check_kind(name, given, Iterable, words="a list")
    return list(given)


def names(name: str, given: Any) -> list[str]:
    """Names that are in a list, or the one that stands without it.

    Raises:
        UsageError: one is no text.
    """
    found = each(name, given)
    for one in found:
        check_kind(name, one, str, words="names")
    return found


def agent_named(agent: str | int) -> str:
    """How an agent is looked for whom a program names, or gives by number.

    Raises:
        UsageError: it is neither.
    """
    check_kind("agent", agent, str, int, words="a name or a number")
    return f"{agent}"
