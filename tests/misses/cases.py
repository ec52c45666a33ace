"""The labelled near misses: each is played, and what the miss says is held against its label."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from replay.plan.values import as_text
from replay.scenario.load import load
from replay.scenario.model import Scenario
from replay.simulator.agents import Agent
from replay.testing import Desktop, Script

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = {
    "accept-chat": ROOT / "scenarios" / "accept-chat.yaml",
    "consult": ROOT / "tests" / "data" / "consult.yaml",
    **{name: HERE / f"{name}.yaml" for name in ("desk", "pass-on", "talk", "rooms")},
}

_ID = re.compile(r"<(\w+)(?: of ([\w-]+))?>")


class Case(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One mistake of a client, and what a person would say of it."""

    name: str
    served: list[str] = msgspec.field(name="in")
    by: str = msgspec.field(default="ann", name="as")
    before: list[str] = []
    request: str
    body: Any = None
    raw: str | None = None
    step: str
    """`none` where to name one would mislead."""
    play: str = ""
    role: str = ""
    fields: list[str] = []
    state: str = ""
    hint: str = ""
    """A word that the hint of some field has."""


class Outcome(msgspec.Struct, kw_only=True):
    """What a miss said, against its label."""

    case: Case
    said: dict[str, Any]
    """What the answer has under `replay`; empty where it was no miss."""

    @property
    def closest(self) -> dict[str, Any]:
        """The step that was named."""
        return self.said.get("closest") or {"step": "none", "play": "", "differences": []}

    @property
    def is_right(self) -> bool:
        """Whether the step is the one that a person means."""
        case, named = self.case, self.closest
        return bool(self.said) and named["step"] == case.step and case.play in {"", named["play"]}

    @property
    def says_what(self) -> bool:
        """Whether it says of that step what differs, and what it waits for."""
        case, named = self.case, self.closest
        fields = [each["field"] for each in named["differences"]]
        hints = " ".join(each["hint"] for each in named["differences"])
        return (
            sorted(fields) == sorted(case.fields)
            and case.state in {"", named.get("state")}
            and case.role == named.get("role", "")
            and case.hint in hints
        )


@cache
def cases(name: str) -> list[Case]:
    """Those of a file."""
    said = yaml.safe_load((HERE / f"{name}.yaml").read_text())
    return msgspec.convert(said, list[Case])


@cache
def _scenario(name: str) -> Scenario:
    return load(FILES[name])


class Stage:
    """A case that is played."""

    def __init__(self, case: Case) -> None:
        self.script = Script(*map(_scenario, case.served))
        people = ["ann", "bob"] if "bob" in (case.by, *" ".join(case.before).split()) else ["ann"]
        self.desktops = {name: self._come(name) for name in people}
        for each in case.before:
            self.do(each)

    def _come(self, name: str) -> Desktop:
        desktop = self.script.desktop(name)
        desktop.open_socket()
        desktop.handshake()
        desktop.subscribe("/v2/me/chats")
        return desktop

    def do(self, line: str) -> None:
        """Something that happened before: time passed, or somebody asked."""
        if line.startswith("+"):
            self.script.advance(float(line[1:-1]))
            return
        name, _, asked = line.partition(": ")
        request, _, body = asked.partition(" {")
        body = _ID.sub(self._id(name), "{" + body)
        self.ask(name, request, msgspec.json.encode(yaml.safe_load(body)))
        assert not self.script.simulator.misses.total, f"{line} is a miss\n{self.script}"

    def ask(self, name: str, request: str, body: bytes) -> int:
        """A request of somebody; returns its exchange."""
        method, target = _ID.sub(self._id(name), request).split(" ", 1)
        return self.desktops[name].request(method, target, body)

    def _id(self, asking: str) -> Callable[[re.Match[str]], str]:
        def value(found: re.Match[str]) -> str:
            variable, of = found[1], found[2] or ""
            agent = self._agent(of if of in self.desktops else asking)
            every = [*reversed(agent.plays), *agent.sessions]
            plays = [play for play in every if of in {"", play.timeline.name, agent.name}]
            return next(as_text(play.values[variable]) for play in plays if variable in play.values)

        return value

    def _agent(self, name: str) -> Agent:
        return next(agent for agent in self.script.simulator.agents.all if agent.name == name)


@cache
def outcomes(name: str) -> list[Outcome]:
    """What becomes of those of a file."""
    return [outcome(case, Stage(case)) for case in cases(name)]


def outcome(case: Case, stage: Stage) -> Outcome:
    """What becomes of it on a stage of its own."""
    body = case.raw.encode() if case.raw is not None else b""
    if case.body is not None:
        body = msgspec.json.encode(case.body)
    reply = stage.script.answer(stage.ask(case.by, case.request, body))
    return Outcome(case=case, said=reply.body.get("replay", {}) if isinstance(reply.body, dict) else {})
