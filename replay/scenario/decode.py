"""From JSON values to the model: every field that is wrong is told at its place, not only the first."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UnsetType, inspect

from replay.errors import Problem, nearest
from replay.scenario.kinds import advice_for, as_written, fits, found_in, in_words, kind_in, kinds_of
from replay.scenario.model import (
    Collected,
    Cometd,
    Demand,
    Expected,
    Fault,
    Json,
    LaidStep,
    Made,
    Merged,
    PushStep,
    RequestStep,
    Respond,
    Scenario,
    Source,
    Times,
    Variable,
    Where,
    fields_of,
)
from replay.scenario.quick import quick_step
from replay.scenario.reader import Document, Path

# Keys of the scenario language that this version does not know yet.
_NOT_BUILT: dict[type, frozenset[str]] = {
    RequestStep: frozenset({"unsubscribed", "retry"}),
    PushStep: frozenset({"unsubscribed", "retry"}),
    Respond: frozenset({"file", "faults"}),
}
# What has a meaning only where there is `extends` or `include`.
_WHERE_MADE: dict[type, str] = {Scenario: "without", RequestStep: "before", PushStep: "before"}
_ANY_JSON = (Json, Json | UnsetType)


def decode(document: Document) -> tuple[Scenario | None, list[Problem]]:
    """The scenario a document holds, or None with what is wrong with it."""
    decoder = _Decoder(document)
    scenario: Scenario | None = decoder.scenario()
    return (None if decoder.problems else scenario), decoder.problems


def is_made(value: Any) -> bool:
    """Whether a file says that it is made of others."""
    return isinstance(value, dict) and ("extends" in value or "include" in value)


def decode_own(document: Document) -> list[Problem]:
    """What is wrong with a file as it stands, before it is put together with those that it is made of."""
    decoder = _Decoder(document, made=is_made(document.value))
    decoder.scenario()
    return decoder.problems


def decode_fault(document: Document, value: Any, path: Path) -> tuple[Fault | None, list[Problem]]:
    """The fault that a mapping within a document is, or None with what is wrong with it."""
    decoder = _Decoder(document)
    fault: Fault | None = decoder.fault(value, path)
    return (None if decoder.problems else fault), decoder.problems


def convert_field(value: Any, annotation: Any, path: Path, document: Document) -> tuple[Any, list[Problem]]:
    """A JSON value as a field of this type holds it, or what is wrong with it."""
    decoder = _Decoder(document)
    converted = decoder.field(value, annotation, path)
    return converted, decoder.problems


class _Decoder:
    """Makes each part of the model from its mapping; collects problems and goes on."""

    def __init__(self, document: Document, *, made: bool = False) -> None:
        """Args:
        made: It is made of others, so a step may leave out what stands there.
        """
        self.document = document
        self.problems: list[Problem] = []
        self._is_made = made

    def _say(self, path: Path, what: str, help: str = "", *, key: bool = False) -> None:  # noqa: A002
        self.problems.append(self.document.problem(path, what, help=help, key=key))

    def scenario(self) -> Any:
        value = self.document.value
        if not isinstance(value, dict):
            what = f"a scenario is a mapping, not {kind_in(value)}"
            self._say((), what, "It begins with 'version: 1', then 'name:' and 'steps:'.")
            return None
        if value.get("version") != 1 or type(value.get("version")) is not int:
            self._version(value)
            value = {**value, "version": 1}
        if self._is_made:
            value = self._apart_from_made(value)
        parts = {
            "source": lambda inner, path: self._part(Source, inner, path, "'source'"),
            "cometd": lambda inner, path: self._part(Cometd, inner, path, "'cometd'"),
            "variables": self._variables,
            "faults": self._faults,
            "expect": self._expect,
            "demands": self._demands,
            "again": self._ids,
            "session": self._steps,
            "steps": self._steps,
        }
        return self._part(Scenario, value, (), "the scenario", parts)

    def _apart_from_made(self, value: dict[str, Any]) -> dict[str, Any]:
        """What a file says itself, when it is told what is wrong with how it names others."""
        named = {key: inner for key, inner in value.items() if key in _keys(Made)}
        self._part(Made, named, (), "the scenario")
        return {"steps": []} | {key: inner for key, inner in value.items() if key not in named}

    def _version(self, value: dict[str, Any]) -> None:
        if "version" in value:
            shown = as_written(value["version"])
            self._say(("version",), f"'version' must be 1, the only version there is, not {shown}")
        else:
            self._say((), "the scenario has no 'version'", "Write 'version: 1' first.")

    def _variables(self, value: Any, path: Path) -> Any:
        if not isinstance(value, dict):
            self._say(path, f"'variables' must be a mapping of names to variables, not {kind_in(value)}")
            return {}
        return {name: self._variable(name, inner, (*path, name)) for name, inner in value.items()}

    def _variable(self, name: str, value: Any, path: Path) -> Any:
        parts = {
            "told": lambda inner, path: self._part(Collected, inner, path, f"'told' of variable '{name}'"),
            "merged": lambda inner, path: self._part(Merged, inner, path, f"'merged' of variable '{name}'"),
        }
        return self._part(Variable, value, path, f"variable '{name}'", parts)

    def _faults(self, value: Any, path: Path) -> Any:
        if not isinstance(value, list):
            what = f"'faults' must be a list of faults, not {kind_in(value)}"
            self._say(path, what, "Begin each with '- name:'.")
            return []
        return [self.fault(inner, (*path, at)) for at, inner in enumerate(value)]

    def _expect(self, value: Any, path: Path) -> Any:
        if not isinstance(value, list):
            what = f"'expect' must be a list of what must have happened, not {kind_in(value)}"
            self._say(path, what, "Begin each with '- step:' or '- misses:'.")
            return []
        return [
            self._part(Expected, inner, (*path, at), f"expectation {at + 1}")
            for at, inner in enumerate(value)
        ]

    def _demands(self, value: Any, path: Path) -> Any:
        if not isinstance(value, list):
            what = f"'demands' must be a list of what is demanded, not {kind_in(value)}"
            self._say(path, what, "Begin each with '- header:'.")
            return []
        parts = {"refused": lambda inner, path: self._part(Respond, inner, path, "'refused'")}
        return [
            self._part(Demand, inner, (*path, at), f"demand {at + 1}", parts)
            for at, inner in enumerate(value)
        ]

    def fault(self, value: Any, path: Path) -> Any:
        number = next((f" {part + 1}" for part in reversed(path) if isinstance(part, int)), "")
        label = f"fault{number}" if number else "the fault"
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            label = f"fault '{value['name']}'"
        parts = {
            "where": lambda inner, path: self._part(Where, inner, path, f"'where' of {label}"),
            "nth": lambda inner, path: self.field(inner if isinstance(inner, list) else [inner], Times, path),
        }
        return self._part(Fault, value, path, label, parts)

    def _steps(self, value: Any, path: Path) -> Any:
        if not isinstance(value, list):
            what = f"'{path[0]}' must be a list of steps, not {kind_in(value)}"
            self._say(path, what, "Begin each with '- id:'.")
            return []
        return [quick_step(inner) or self._step(inner, (*path, at)) for at, inner in enumerate(value)]

    def _step(self, value: Any, path: Path) -> Any:
        label = f"step {int(path[1]) + 1}{' of the session' if path[0] == 'session' else ''}"
        if not isinstance(value, dict):
            self._say(path, f"{label} must be a mapping, not {kind_in(value)}")
            return None
        if isinstance(value.get("id"), str):
            label = f"step '{value['id']}'"
        if "request" in value and "push" in value:
            what = f"{label} has both a request and a push"
            self._say((*path, "push"), what, "Make two steps of it.", key=True)
            return None
        parts = {"respond": self._answers(label), "needs": self._ids, "until": self._ids}
        if self._is_made:
            return self._laid(value, path, label, parts)
        if "push" in value:
            return self._part(PushStep, value, path, label, {"until": self._ids})
        if "request" in value:
            return self._part(RequestStep, value, path, label, parts)
        misspelt = [key for key in value if nearest(key, ["request", "push"])]
        if misspelt:
            self._unknown(misspelt[0], PushStep, (*path, misspelt[0]), label, ["request", "push"])
        else:
            advice = "Add 'request: METHOD /path' or 'push: /channel'."
            self._say(path, f"{label} has neither a request nor a push", advice)
        return None

    def _laid(self, value: dict[str, Any], path: Path, label: str, parts: dict[str, Any]) -> None:
        """A step that may be laid over another: which kind it is of, and what it lacks, may stand there."""
        models: list[Any] = [PushStep] * ("request" not in value) + [RequestStep] * ("push" not in value)
        known = {field.encode_name: field for model in (*models, LaidStep) for field in fields_of(model)}
        for key in value:
            if key not in known:
                self._unknown(key, models[0], (*path, key), label, list(known))
        if "id" not in value:
            self._say(path, f"{label} has no 'id'")
        self._given(value, known, path, parts)

    def _answers(self, label: str) -> Any:
        def answers(value: Any, path: Path) -> Any:
            listed = value if isinstance(value, list) else [value]
            whose = f"the answer of {label}"
            return [self._part(Respond, inner, (*path, at), whose) for at, inner in enumerate(listed)]

        return answers

    def _ids(self, value: Any, path: Path) -> Any:
        return self.field([value] if isinstance(value, str) else value, list[str], path)

    def _part(
        self, model: Any, value: Any, path: Path, label: str, parts: dict[str, Any] | None = None
    ) -> Any:
        """An instance of `model`, or None after saying why not."""
        if not isinstance(value, dict):
            fields = ", ".join(f"'{name}'" for name in _keys(model))
            self._say(path, f"{label} must be a mapping, not {kind_in(value)}", f"Its fields: {fields}.")
            return None
        before = len(self.problems)
        known = {field.encode_name: field for field in fields_of(model)}
        for key in value:
            if key not in known:
                self._unknown(key, model, (*path, key), label, list(known))
        for name, field in known.items():
            if field.required and name not in value:
                self._say(path, f"{label} has no '{name}'")
        given = self._given(value, known, path, parts or {})
        return None if len(self.problems) > before else model(**given)

    def _given(
        self, value: dict[str, Any], known: dict[str, Any], path: Path, parts: dict[str, Any]
    ) -> dict[str, Any]:
        """The fields that a mapping has, by their names in the model."""
        given = {}
        for name, field in known.items():
            if name in value:
                inner = (*path, name)
                decode_field = parts.get(name)
                if decode_field:
                    given[field.name] = decode_field(value[name], inner)
                else:
                    given[field.name] = self.field(value[name], field.type, inner)
        return given

    def _unknown(self, key: str, model: type, path: Path, label: str, known: list[str]) -> None:
        if key in _NOT_BUILT.get(model, ()):
            what = f"'{key}' belongs to the scenario language but is not built yet in this version"
            self._say(path, what, "Leave it out.", key=True)
            return
        if _WHERE_MADE.get(model) == key and not self._is_made:
            what = f"'{key}' has a meaning only where there is 'extends' or 'include'"
            self._say(path, what, "Leave it out.", key=True)
            return
        if model is Scenario:
            known = [*known, *_keys(Made)]
        where = "at the top of the file" if model is Scenario else f"in {label}"
        if model is PushStep and key in _keys(RequestStep):
            self._say(path, f"'{key}' belongs to a request, and {label} is a push", key=True)
            return
        if model is RequestStep and key in _keys(PushStep):
            self._say(path, f"'{key}' belongs to a push, and {label} is a request", key=True)
            return
        names = ", ".join(known)
        guess = nearest(key, known)
        advice = f"{guess} Known keys: {names}." if guess else f"Known keys: {names}."
        self._say(path, f"unknown key '{key}' {where}", advice, key=True)

    def field(self, value: Any, annotation: Any, path: Path) -> Any:
        """A leaf of the model, checked by msgspec; its complaint is put in the words of the file."""
        if annotation in _ANY_JSON:
            return value
        kinds = kinds_of(annotation)
        try:
            converted = msgspec.convert(value, annotation)
        except msgspec.ValidationError as error:
            self._wrong(value, kinds, path, in_item="$[" in str(error))
            return None
        # The `$` of a pattern lets a newline pass.
        if isinstance(value, str) and value.endswith("\n") and getattr(kinds[0], "pattern", None):
            self._wrong(value, kinds, path, in_item=False)
        return converted

    def _wrong(self, value: Any, kinds: list[inspect.Type], path: Path, *, in_item: bool) -> None:
        name = path[-1]
        kind = kinds[0]
        if in_item and isinstance(kind, (inspect.ListType, inspect.DictType)):
            inner = kind.item_type if isinstance(kind, inspect.ListType) else kind.value_type
            items = enumerate(value) if isinstance(value, list) else value.items()
            for at, item in items:
                if not fits(item, inner):
                    found = found_in(item, [inner])
                    what = f"what '{name}' holds must be {in_words(inner)}, not {found}"
                    self._say((*path, at), what, advice_for(item, inner))
            return
        words = " or ".join(in_words(other) for other in kinds)
        what = f"'{name}' must be {words}, not {found_in(value, kinds)}"
        self._say(path, what, advice_for(value, kind))


def _keys(model: Any) -> list[str]:
    return [field.encode_name for field in fields_of(model)]
