"""The mutations of a server, and what `verify` says of each, held against what a person expects."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml
from click.testing import CliRunner, Result

from replay.cli.verify import verify as command
from tests.road.software import backend

HERE = Path(__file__).parent
SCENARIO = HERE / "desk.yaml"

PACE = (
    *("--invite-after", "100", "--status-after", "40", "--participants-after", "80"),
    *("--messages-after", "120", "--answer-delay", "2", "--slowness", "2"),
)
"""How fast the server is: as fast as leaves what it says in order on a busy machine."""

KINDS = {"missing": "only in a", "extra": "only in b"}
CREDENTIALS = ("REPLAY_USER", "REPLAY_PASSWORD", "REPLAY_AUTHORIZATION")


class Case(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One mutation, as `verify` is asked for it."""

    mutation: str
    flags: list[str] = msgspec.field(name="with", default=[])
    says: list[str] = []
    instead: list[list[str]] = msgspec.field(name="or", default=[])
    exit: int | None = None

    @property
    def name(self) -> str:
        """The mutation, with the flags that change what is expected."""
        return " ".join([self.mutation, *self.flags])

    @property
    def code(self) -> int:
        """The exit code it has to have."""
        return int(bool(self.says)) if self.exit is None else self.exit


class Outcome(msgspec.Struct, kw_only=True):
    """What `verify` said."""

    case: Case
    code: int
    said: list[Mapping[str, Any]]
    """The differences of its report."""
    output: str

    @property
    def is_right(self) -> bool:
        """Whether it said all that was expected, of the right steps and fields, and nothing else."""
        return self.code == self.case.code and any(map(self._fits, [self.case.says, *self.case.instead]))

    def _fits(self, expected: list[str]) -> bool:
        told = all(any(_says(each, line) for each in self.said) for line in expected)
        return told and all(any(_says(each, line) for line in expected) for each in self.said)

    @property
    def lines(self) -> list[str]:
        """What it said, as cases are written."""
        names = {kind: name for name, kind in KINDS.items()}
        kinds = [names.get(each["kind"], each["kind"]) for each in self.said]
        rest = [f"{each.get('step', '')} {each.get('field', '')}" for each in self.said]
        return [f"{kind} {told}".strip() for kind, told in zip(kinds, rest, strict=True)]


def _says(difference: Mapping[str, Any], line: str) -> bool:
    kind, step, field = (*line.split(" "), "", "")[:3]
    said = difference.get("field", "")
    inside = re.fullmatch(rf"{re.escape(field)}([.\[].*)?", said) is not None
    steps = {difference.get("step", ""), "*"}
    return (
        difference["kind"] == KINDS.get(kind, kind)
        and not steps.isdisjoint(step.split("|"))
        and (inside or not field)
    )


@cache
def cases() -> list[Case]:
    """All of them."""
    return msgspec.convert(yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8")), list[Case])


def case(name: str) -> Case:
    """The one of this name."""
    return next(each for each in cases() if each.name == name)


def outcome(case: Case) -> Outcome:
    """What `verify` says of a server of its own that is wrong in this way."""
    with backend("cometd", "--mutate", case.mutation, *PACE) as url:
        return verify(case, url)


def verify(case: Case, url: str) -> Outcome:
    """What it says of a server that runs."""
    result = _run(str(SCENARIO), "--target", url, *case.flags, "--json", "-")
    try:
        report = json.loads(result.stdout)
    except ValueError:
        raise AssertionError(
            f"{case.name}: exit {result.exit_code}, no JSON: {result.output}"
        ) from result.exception
    return Outcome(case=case, code=result.exit_code, said=report["differences"], output=result.output)


def _run(*arguments: str) -> Result:
    environment = {name: None for name in CREDENTIALS if name in os.environ}
    return CliRunner().invoke(command, arguments, env=environment)
