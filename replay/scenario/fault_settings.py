"""Whether a rule's settings are those of its fault: each wrong one is told at its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import FieldInfo

from replay.errors import Problem, nearest
from replay.scenario.decode import convert_field
from replay.scenario.model import Fault, fields_of
from replay.scenario.reader import Document, Path


def check_settings(fault: Fault, kind: Any, path: Path, document: Document) -> Iterator[Problem]:
    """Problems with `settings:`.

    Args:
        kind: The struct of the fault, whose fields are its settings.
    """
    place = (*path, "settings")
    known = {field.encode_name: field for field in fields_of(kind)}
    given: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in fault.settings.items():
        if name not in known:
            problems.append(_unknown(name, fault, list(known), place, document))
            continue
        converted, wrong = convert_field(value, known[name].type, (*place, name), document)
        problems += wrong
        if not wrong:
            given[name] = converted
    yield from problems
    if not _refused(kind, known, given, place, document):
        return
    # A setting that is wrong by itself is told where it stands; what all of them lack, where they stand.
    alone = [_refused(kind, known, {name: value}, (*place, name), document) for name, value in given.items()]
    wrong = [problem for found in alone for problem in found]
    yield from wrong or ([] if problems else _refused(kind, known, given, place, document))


def _unknown(name: str, fault: Fault, known: list[str], path: Path, document: Document) -> Problem:
    advice = f"Its settings: {', '.join(known)}." if known else "It has none."
    guess = nearest(name, known)
    what = f"'{fault.fault}' has no setting '{name}'"
    return document.problem((*path, name), what, help=f"{guess} {advice}".strip(), key=True)


def _refused(
    kind: Any, known: dict[str, FieldInfo], given: dict[str, Any], path: Path, document: Document
) -> list[Problem]:
    """What the fault itself says of settings."""
    try:
        kind(**{known[name].name: value for name, value in given.items()})
    except ValueError as error:
        return [document.problem(path, str(error))]
    return []
