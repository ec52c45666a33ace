"""The times of a chat's messages, in the form that one server or another has for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from replay.scenario.model import Variable
from replay.scenario.times import WRITTEN, epoch_of, written_like

_REFERENCE = re.compile(r"\$\{(?P<name>[^{}$]+)\}")
_GAPS = {"iso": "T", "spaced": " "}
SECONDS = "timestampSeconds"
_MILLISECONDS = 1_388_701_400_171
"""A time in the form that it has there."""


class Timestamps(msgspec.Struct, frozen=True):
    """How the time of a message is told; each as the file has it where it is None."""

    form: str | None
    seconds: bool | None


class Messages:
    """Messages told otherwise, and the variables that this takes."""

    def __init__(self, wanted: Timestamps, variables: Mapping[str, Variable]) -> None:
        self._wanted = wanted
        self.variables = dict(variables)
        """All of the scenario, and those that have come about."""
        self._in_milliseconds: dict[str, str] = {}
        """By a variable that is a time, the one that is the same as a number."""

    def said(self, message: Any) -> Any:
        """One message; what has no time that can be told stays as it is."""
        if not isinstance(message, dict):
            return message
        said = {}
        for name, value in message.items():
            if name == "timestamp" and isinstance(value, str):
                number = self._number(value) if self._wanted.seconds and SECONDS not in message else None
                said[name] = self._formed(value)
                said |= {SECONDS: number} if number is not None else {}
            elif name != SECONDS or self._wanted.seconds is not False:
                said[name] = value
        return said

    def _formed(self, value: str) -> str:
        """The time in the form that is wanted; that of a variable is what the variable is."""
        if self._wanted.form is None:
            return value
        name = self._variable(value)
        if not name:
            return _formed(value, self._wanted.form)
        variable = self.variables[name]
        if isinstance(variable.recorded, str):
            recorded = _formed(variable.recorded, self._wanted.form)
            self.variables[name] = replace(variable, recorded=recorded)
        return value

    def _number(self, value: str) -> Any:
        """The time in milliseconds since 1970, or the variable that is it; None where it cannot be told."""
        name = self._variable(value)
        if not name:
            return _milliseconds(value)
        variable = self.variables[name]
        number = _milliseconds(variable.recorded) if isinstance(variable.recorded, str) else None
        if number is None:
            return None
        if name not in self._in_milliseconds:
            other = f"{name}_ms"
            while other in self.variables:
                other += "_"
            self.variables[other] = Variable(
                recorded=number, make=variable.make, about=f"The same as {name}, in milliseconds."
            )
            self._in_milliseconds[name] = other
        found = _REFERENCE.fullmatch(value)
        assert found is not None
        step = found["name"].rpartition(".")[0]
        return f"${{{step}{'.' if step else ''}{self._in_milliseconds[name]}}}"

    def _variable(self, value: str) -> str:
        """The variable that a value is; empty where it is none."""
        found = _REFERENCE.fullmatch(value)
        name = found["name"].rpartition(".")[2] if found is not None else ""
        return name if name in self.variables else ""


def _formed(text: str, form: str) -> str:
    found = WRITTEN.fullmatch(text)
    if found is None:
        return text
    zone = {"Z": "+0000", None: ""}.get(found["zone"], found["zone"])
    return f"{found['date']}{_GAPS[form]}{found['time']}{found['fraction'] or ''}{zone.replace(':', '')}"


def _milliseconds(text: str) -> int | None:
    seconds = epoch_of(text)
    return int(written_like(_MILLISECONDS, seconds)) if seconds is not None else None
