"""Scenarios played on a clock moved by hand, exported as HAR, and told again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from replay.capture.recording import open_recording
from replay.distil import distil
from replay.plan.timeline import Ask, plan_all
from replay.scenario.model import Scenario
from replay.server.har import parts_of
from replay.simulator.options import Options
from replay.testing import BASE_URL, Desktop, Script
from replay.verify.diff import diff
from replay.verify.report import Difference
from replay.verify.role import Company, Role
from replay.verify.timing import Tolerance

EPOCH = 1_700_000_000.0
TICK = 0.01
"""Seconds in which a desktop looks whether something has come."""
THOUGHT = 0.3
"""Seconds between what somebody sees and what they do about it."""
LONGEST = 60.0


class _Desk:
    """Somebody who plays one role to its end, with polls or over a socket."""

    def __init__(self, script: Script, role: Role, user: str, *, socket: bool) -> None:
        self.desktop: Desktop = script.desktop(user)
        self._script, self._role = script, role
        if socket:
            self.desktop.open_socket()
        self._asked: dict[int, Ask] = {}
        self._thinks: tuple[float, Ask] | None = None
        self._heard = self._connects = 0
        self.desktop.handshake()
        self._connect(advice={"timeout": 0})

    def begin(self) -> None:
        """What comes before the story."""
        self.desktop.subscribe(list(self._role.channels))
        if self._is_free():
            self._connect()

    def ask(self, ask: Ask) -> None:
        method, target, body = self._role.request(ask)
        sent = b"" if body is msgspec.UNSET else msgspec.json.encode(body)
        self._asked[self.desktop.request(method, target, sent)] = ask

    def look(self) -> None:
        """Takes what has come, and does what is its turn after a while."""
        for number in [number for number in self._asked if not self._script.waits(number)]:
            reply = self._script.answer(number)
            self._role.answered(self._asked.pop(number), reply.status, reply.body)
        for event in self.desktop.events[self._heard :]:
            self._role.event(event.channel, event.data)
        self._heard = len(self.desktop.events)
        if self._is_free():
            self._connect()
        self._think()

    def _connect(self, **fields: Any) -> None:
        self._poll = self.desktop.connect(**fields)
        self._connects += 1

    def _is_free(self) -> bool:
        """Whether its latest connect has been answered."""
        if self.desktop.socket is None:
            return not self._script.waits(self._poll)
        messages = [each for frame in self._script.frames[self.desktop.socket] for each in frame.body]
        return [each["channel"] for each in messages].count("/meta/connect") == self._connects

    def _think(self) -> None:
        if self._thinks is None:
            for ask in self._role.due():
                self._thinks = round(self._script.now + THOUGHT, 6), ask
        elif self._script.now >= self._thinks[0]:
            self.ask(self._thinks[1])
            self._thinks = None

    @property
    def done(self) -> bool:
        return self._role.done and not self._asked


def played(scenario: Scenario, *, socket: bool = False, agents: int = 1) -> Script:
    """The whole scenario: sessions first, then all steps in turn.

    Args:
        agents: How many play it, each for itself; of a scenario with roles, one for each role.
    """
    (timeline,) = plan_all([scenario])
    script = Script(scenario, options=Options(epoch=EPOCH, seed=3))
    together = Company() if len(timeline.roles) > 1 else None
    parts = [*range(len(timeline.roles))] if together else [0] * agents
    roles = [Role(timeline, BASE_URL, role=part, company=together) for part in parts]
    desks = [_Desk(script, role, f"agent{n}", socket=socket) for n, role in enumerate(roles, 1)]
    for desk, role in zip(desks, roles, strict=True):
        for ask in role.session.asks:
            desk.ask(ask)
            for _ in range(50):
                script.advance(TICK)
                desk.look()
    for desk in desks:
        desk.begin()
    while not all(desk.done for desk in desks):
        script.advance(TICK)
        for desk in desks:
            desk.look()
        assert script.now < LONGEST, script
    return script


def exported(script: Script, to: Path, *, agent: str = "") -> Path:
    """The HAR of a script."""
    to.write_bytes(b"".join(parts_of(script.simulator, script.traffic, script.now, agent=agent)))
    return to


def told(har: Path, name: str = "story") -> list[Scenario]:
    """The stories of a HAR."""
    exchanges = open_recording(har).exchanges
    return [each.scenario for each in distil(exchanges, name=name, recording=har.name)]


def told_by_playing(scenario: Scenario, folder: Path, *, socket: bool = False) -> Scenario:
    """What the HAR tells of a scenario that was played."""
    (story,) = told(exported(played(scenario, socket=socket), folder / "played.har"), scenario.name)
    return story


def differences(one: Scenario, other: Scenario, *, seconds: float = 0.0105) -> tuple[Difference, ...]:
    """What differs, but for what steps are called, and for delays that a desktop cannot see as finely."""
    report = diff(one, other, tolerance=Tolerance(seconds))
    return tuple(each for each in report.differences if each.kind != "renamed")


def shown(found: tuple[Difference, ...]) -> list[tuple[Any, ...]]:
    """Differences, short enough to be read."""
    return [(each.kind, each.step, each.field, each.a, each.b) for each in found]
