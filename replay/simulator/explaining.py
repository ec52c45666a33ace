"""Why a request is no step now, in a sentence that begins with what to change, and the command for that."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import msgspec

from replay.profiles.profile import user_of
from replay.simulator import curl
from replay.simulator.agents import Agent
from replay.simulator.ahead import Ahead, ahead_of, seconds
from replay.simulator.asking import Candidate, Question
from replay.simulator.forgotten import Gone
from replay.simulator.nearest import Near, Reading, State, operation_of
from replay.simulator.pending import open_asks
from replay.simulator.plays import Play
from replay.simulator.wording import LONGEST, Differing, cut, differing, to_change
from replay.wire import Request

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

_APART = re.compile(r"[:\s]")
"""What stands in a token with its scheme, and in the name of no user that curl could send."""

SHOWN = 20
"""Fields that differ of which all is told; the rest is counted."""

MISDIALLED = "dial CometD at "
"""How it begins where Bayeux was sent to another path."""

NO_SIGN = (
    "say whose request it is: several agents are here, and it has no Authorization, no session cookie, "
    "no id made for a play of theirs and no clientId"
)


class Closest(msgspec.Struct, frozen=True, kw_only=True):
    """The step that a request nearly was."""

    scenario: str
    play: str
    """As the journal names it; empty where the agent has no play of the scenario."""
    step: str
    role: str = ""
    """Whose step it is, where it is not the agent's own."""
    differences: list[Differing]
    more: int = 0
    """Fields that differ beside those."""
    state: State
    """Whether it could be answered now, if it was asked rightly."""
    answered: int
    """How often it was."""
    needs: list[str]
    """Steps that have to take place before."""
    waits_for: str
    """The first thing that somebody has to do about that, or until when; empty where it waits for nothing."""


class Other(msgspec.Struct, frozen=True, kw_only=True):
    """A step that came next to the closest."""

    scenario: str
    play: str
    step: str
    state: State
    differs: list[str]
    """Fields, ten at most."""


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer to a miss says under `replay`."""

    why: str
    """A sentence that begins with what to change."""
    closest: Closest | None = None
    """None where to name one would mislead."""
    also: list[Other] = []
    """What came next, or nearest of what is not near; two, or three where there is no closest."""
    waiting_for: list[str] = []
    """What the agent's plays wait for now, newest first."""
    command: str = ""
    """What to run so that it is accepted, or what has to come before; empty where no command does it."""


class Missed(msgspec.Struct, frozen=True):
    """A request that is no step now."""

    request: Request
    question: Question
    reading: Reading
    now: float


class Explaining:
    """One miss that is being explained."""

    def __init__(self, simulator: Simulator, control: curl.Control, missed: Missed) -> None:
        self._simulator = simulator
        self._control = control
        self._request, self._now = missed.request, missed.now
        self._question, self._reading = missed.question, missed.reading

    def closest(self, near: Near, agent: Agent) -> tuple[str, Closest, str]:
        """Why, the step, and the command."""
        candidate = near.candidate
        play, ask = candidate.play, candidate.ask
        found = differing(near, self._question, self._reading, SHOWN)
        role = self._role_of_another(candidate, agent)
        # What has no seats yet is only held against the request: the agent has no play of the scenario.
        is_offered = play.ordinal > 0
        ahead = ahead_of(self._simulator, play, ask.id, self._now) if candidate.unmet and is_offered else None
        told = Closest(
            scenario=play.timeline.name,
            play=play.label if is_offered else "",
            step=ask.id,
            role=role,
            differences=found,
            more=len(candidate.differences) - len(found),
            state=near.state,
            answered=play.counts[ask.id],
            needs=list(candidate.unmet),
            waits_for=ahead.sentence if ahead is not None else "",
        )
        why = self._why(told, candidate, agent, ahead, is_offered=is_offered)
        return why, told, self._command(near, agent, ahead, role=role, is_offered=is_offered)

    def gone(self, gone: Gone, agent: Agent) -> tuple[str, str]:
        """Why, where the request names a play that has been forgotten, and the command."""
        scenario = self._simulator.timelines[gone.place].name
        why = f"offer {scenario} once more: {gone.play}, of which this has an id, is over and was forgotten"
        return why, self._call("plays", {"scenario": scenario, "agent": self._name(agent)})

    def none(self, waiting: list[str]) -> str:
        """Why, where no step is like it."""
        asked = f"{self._question.method} {cut(self._question.path, LONGEST)}"
        operation = self._operation()
        said = f"{asked} {cut(operation, LONGEST)}" if operation else asked
        if not waiting:
            return f"add a step to the scenario: none is like {said}"
        return f"no step is like {said}: {waiting[0]}"

    def waiting_for(self, agent: Agent) -> list[str]:
        """What an agent's plays wait for, newest first, shortly."""
        return [told for play in list(reversed(agent.plays))[:3] if (told := self._waits(play, agent))]

    def _waits(self, play: Play, agent: Agent) -> str:
        asks = open_asks(play, play.asks_for(agent))
        open_now = [ask for ask in asks if all(map(play.has_happened, ask.needs))]
        if open_now:
            ask = open_now[0]
            bound = play.bound_for(ask, self._question.base_url)
            path = ask.path.render(lambda name: bound.get(name, f"${{{name}}}"))
            what = operation_of(Candidate(play, ask, [], {}, ()))
            line = " ".join(filter(None, (ask.method, cut(path, LONGEST), what)))
            more = f" and {len(open_now) - 1} more" if len(open_now) > 1 else ""
            return f"{play.label} waits for '{ask.id}' ({line}){more}"
        if asks:
            ahead = ahead_of(self._simulator, play, asks[0].id, self._now)
            return f"{play.label} waits for '{asks[0].id}', and before that: {ahead.sentence}"
        return ""

    def _operation(self) -> str:
        field = self._simulator.timelines[0].profile.operation_field
        value = self._reading.value.get(field) if isinstance(self._reading.value, dict) else None
        return value if isinstance(value, str) else ""

    def _role_of_another(self, candidate: Candidate, agent: Agent) -> str:
        play = candidate.play
        if not play.shared or candidate.ask in play.asks_for(agent) or agent not in play.seats:
            return ""
        return play.timeline.roles[candidate.ask.role]

    def _why(
        self, told: Closest, candidate: Candidate, agent: Agent, ahead: Ahead | None, *, is_offered: bool
    ) -> str:
        name, play = f"'{told.step}'", candidate.play
        total = len(told.differences) + told.more
        changes = f"{to_change(told.differences, total)}: then it is {name} of {play.label}" if total else ""
        if not is_offered:
            return f"offer {told.scenario} first: {name} is a step of it, and the agent has no play of it"
        if told.role:
            here = play.timeline.roles[play.role_of(agent)]
            whose = f"{name} is a step of '{told.role}', and this agent is '{here}' in {play.label}"
            if ahead is not None:
                whose = f"{whose}; it is not reached yet: {ahead.sentence}"
            return f"{changes}, but {whose}" if changes else f"let '{told.role}' ask: {whose}"
        if told.state == "used-up":
            end = play.ended_by(candidate.ask.until)
            over = f"ended with '{end}'" if end else "was already answered"
            if changes:
                return f"{changes}, which {over}"
            if not self._is_story(play):
                return f"let it repeat, or reset the agents: {name} of the session {over}"
            return f"offer {told.scenario} once more: {name} {over} in {play.label}"
        if told.state == "not-reached":
            assert ahead is not None
            needs = " and ".join(f"'{each}'" for each in told.needs)
            if changes:
                return f"{changes}, which is not reached yet: it needs {needs}"
            return f"{to_do(ahead, moved=self._moved)}: {name} is not reached yet, it needs {needs}"
        return changes or f"ask {name} again"

    @property
    def _moved(self) -> bool:
        return self._simulator.options.is_moved_by_hand

    def _command(self, near: Near, agent: Agent, ahead: Ahead | None, *, role: str, is_offered: bool) -> str:
        candidate = near.candidate
        play = candidate.play
        if not is_offered or (near.state == "used-up" and not role and self._is_story(play)):
            return self._call("plays", {"scenario": play.timeline.name, "agent": self._name(agent)})
        if near.state == "used-up":
            return "" if role else self._call("reset", {"what": ["agents"]})
        whose = play.seats[candidate.ask.role] if role else agent
        if ahead is not None and ahead.kind == "come":
            wait = seconds(ahead.due_in or 0.0)
            if self._moved:
                return self._call("clock", {"advance": wait})
            again = self._ask(candidate, whose)
            return again and f"sleep {wait.removesuffix('s')}; {again}"
        if ahead is not None:
            first = Candidate(ahead.play, ahead.ask, [], {}, ()) if ahead.ask is not None else None
            return self._ask(first, ahead.play.seats[first.ask.role]) if first is not None else ""
        return self._ask(candidate, whose)

    def _is_story(self, play: Play) -> bool:
        return play.part is play.timeline.story

    def _call(self, path: str, body: object) -> str:
        return self._control.called(self._request.base_url, path, body)

    def _ask(self, candidate: Candidate, agent: Agent | None) -> str:
        """The request that is this step; empty where nobody has its role."""
        if agent is None:
            return ""
        return curl.asked(
            candidate.play,
            candidate.ask,
            base_url=self._request.base_url,
            captures=candidate.captures,
            sign=self._sign(agent),
        )

    def _name(self, agent: Agent) -> str:
        """How control finds it: what it sends instead of a name may be a secret."""
        return agent.label if agent.name is None or self._is_plain(agent) else str(agent.ordinal)

    def _is_plain(self, agent: Agent) -> bool:
        """Whether it is known by a user, as Basic credentials have it, and not by a token."""
        scheme = self._request.headers.get("authorization", "").partition(" ")[0].lower()
        return scheme == "basic" and agent.name is not None and not _APART.search(agent.name)

    def _sign(self, agent: Agent) -> str:
        """What a command says of whose request it is; secrets are left to whoever runs it."""
        if self._is_plain(agent):
            return f"-u {shlex.quote(f'{agent.name}:')}"
        if len(self._simulator.agents.present()) < 2:
            return ""
        if user_of(self._request.headers) is not None:
            return '-H "Authorization: $AUTHORIZATION"'
        name = self._simulator.timelines[0].profile.session_cookie
        return f'-H "Cookie: {name}=$COOKIE"'


def to_do(ahead: Ahead, *, moved: bool) -> str:
    """What somebody can do about it, to stand before a colon.

    Args:
        moved: The clock is moved by hand.
    """
    match ahead.kind:
        case "ask":
            return f"ask '{ahead.step}' first"
        case "come":
            wait = seconds(ahead.due_in or 0.0)
            return f"move the clock by {wait}" if moved else f"wait {wait} for '{ahead.step}'"
        case "listen":
            return f"subscribe to {ahead.channel} first"
        case "join":
            return f"let somebody come as '{ahead.role}' first"
        case "nothing":
            return f"see that '{ahead.step}' comes first"
