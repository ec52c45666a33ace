"""Faults that come from elsewhere than a scenario: a file of them, a control call, a header, Python.

All are held against every scenario that is served: a rule is good if it can strike in one of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any

from replay import registry
from replay.errors import Problem, ScenarioError, nearest
from replay.scenario.decode import decode_fault
from replay.scenario.faults import check_rules
from replay.scenario.ground import Ground
from replay.scenario.load import document_of, foremost, text_of
from replay.scenario.model import Fault, Scenario
from replay.scenario.reader import Document, Path

_KEYS = ("presets", "faults")
_SHAPE = "a list of faults, or a mapping {presets: […], faults: […]}"


class Named(Document):
    """Values that stand in no file: what is wrong with one is told by its name, `fault.settings.delay`."""

    def spot(self, path: Path) -> str:
        """The name of the value at `path`."""
        return self.file + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)

    def problem(self, path: Path, what: str, *, help: str = "", key: bool = False) -> Problem:  # noqa: A002, ARG002
        """A problem with the value at `path`."""
        return Problem(file=self.spot(path), what=what, help=help)


def load_faults(
    path: FilePath,
    scenarios: Sequence[Scenario],
    *,
    beside: Sequence[Fault] = (),
    control_apart: bool = False,
) -> list[Fault]:
    """The faults in a YAML file: a list of them, or `{presets: […], faults: […]}`.

    Args:
        scenarios: All that are served.
        beside: What there is already from the same source, such as a preset: names are not given twice, nor
            contradicted.
        control_apart: Control has a port of its own, which faults of the whole server do not reach.

    Raises:
        ScenarioError: there is no such file, or not all of it can be applied; carries every problem found.
    """
    document = document_of(text_of(path), str(path), begins=f"Write {_SHAPE}.")
    return _faults_of(document, scenarios, beside, control_apart=control_apart)


def faults_from(
    value: Any,
    scenarios: Sequence[Scenario],
    *,
    file: str = "fault",
    beside: Sequence[Fault] = (),
    control_apart: bool = False,
) -> list[Fault]:
    """The faults that a JSON value is: one, a list of them, or `{presets: […], faults: […]}`.

    Args:
        scenarios: All that are served.
        file: What problems call the value.
        beside: What there is already from the same source: names are not given twice, nor contradicted.
        control_apart: Control has a port of its own, which faults of the whole server do not reach.

    Raises:
        ScenarioError: not all of it can be applied; carries every problem found.
    """
    return _faults_of(Named(file, "", value), scenarios, beside, control_apart=control_apart)


def with_name(value: Any, taken: Collection[str]) -> Any:
    """A fault that is given where nobody has to name it: called after what it is, and by no name taken."""
    if not isinstance(value, dict) or "fault" not in value or "name" in value:
        return value
    what = value["fault"]
    base = what if isinstance(what, str) and what in registry.FAULTS else "fault"
    names = (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3)))
    return {"name": next(name for name in names if name not in taken), **value}


def _faults_of(
    document: Document, scenarios: Sequence[Scenario], beside: Sequence[Fault], *, control_apart: bool
) -> list[Fault]:
    ground = Ground(scenarios)
    placed, problems = _decoded(document, ground)
    if not problems:
        found = [(path, fault) for path, fault, is_preset in placed if not is_preset]
        problems = list(
            check_rules(
                found,
                ground,
                document,
                beside=[*beside, *(fault for _, fault, is_preset in placed if is_preset)],
                control_apart=control_apart,
            )
        )
    if not problems and not placed:
        problems = [document.problem((), "there is no fault here", help=f"Write {_SHAPE}.")]
    if problems:
        raise ScenarioError(foremost(problems, problems[0].file))
    return [fault for _, fault, _ in placed]


_Placed = list[tuple[Path, Fault, bool]]


def _decoded(document: Document, ground: Ground) -> tuple[_Placed, list[Problem]]:
    """Every fault with the path of what brings it, and whether a preset does; or what is wrong."""
    value = document.value
    if isinstance(value, list):
        return _listed(document, value, ())
    if not isinstance(value, dict):
        return [], [document.problem((), f"this is not {_SHAPE}")]
    if not any(key in value for key in _KEYS) and ("fault" in value or "name" in value):
        return _listed(document, [value], None)
    problems = [
        document.problem(
            (key,), f"unknown key '{key}'", help=f"{nearest(key, _KEYS)} Write {_SHAPE}.".strip(), key=True
        )
        for key in value
        if key not in _KEYS
    ]
    placed: _Placed = []
    if "presets" in value:
        found, wrong = _presets(document, value["presets"], ground)
        placed, problems = placed + found, problems + wrong
    if "faults" in value:
        found, wrong = _listed(document, value["faults"], ("faults",))
        placed, problems = placed + found, problems + wrong
    return placed, problems


def _listed(document: Document, values: Any, path: Path | None) -> tuple[_Placed, list[Problem]]:
    """Faults of a list, or with no path the one that the document itself is."""
    placed: _Placed = []
    problems: list[Problem] = []
    if not isinstance(values, list):
        what = "'faults' must be a list of faults"
        return [], [document.problem(path or (), what, help="Begin each with '- name:'.")]
    for at, value in enumerate(values):
        place = () if path is None else (*path, at)
        fault, wrong = decode_fault(document, value, place)
        problems += wrong
        if fault is not None:
            placed.append((place, fault, False))
    return placed, problems


def _presets(document: Document, value: Any, ground: Ground) -> tuple[_Placed, list[Problem]]:
    names = value if isinstance(value, list) else [value]
    placed: _Placed = []
    problems: list[Problem] = []
    for at, name in enumerate(names):
        path: Path = ("presets", at) if isinstance(value, list) else ("presets",)
        known = registry.PRESETS
        if not isinstance(name, str) or name not in known:
            guess = nearest(name, known) if isinstance(name, str) else ""
            what = f"unknown preset '{name}'" if isinstance(name, str) else "a preset is a name"
            advice = f"{guess} Known: {', '.join(known)}.".strip()
            problems.append(document.problem(path, what, help=advice))
        elif name in names[:at]:
            problems.append(document.problem(path, f"the preset '{name}' stands here twice"))
        else:
            problems += _applied(name, path, ground, document, placed)
    return placed, problems


def _applied(name: str, path: Path, ground: Ground, document: Document, placed: _Placed) -> Iterator[Problem]:
    """Adds those faults of a preset that find something to strike at; a problem if none does."""
    reasons: list[Problem] = []
    before = len(placed)
    for fault in registry.resolve(registry.PRESETS, name).faults:
        found = list(check_rules([(path, fault)], ground, document))
        reasons += found
        if not found:
            placed.append((path, fault, True))
    if len(placed) == before:
        yield document.problem(path, f"the preset '{name}' comes to nothing: {reasons[0].what}")
