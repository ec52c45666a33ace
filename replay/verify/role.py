"""The client's part of a scenario: what it asks when, and which step each thing is that it sees.

A request of the story is due once everything above it in the file has been seen. Ids are learned from the
events themselves, by structure: an event is the first unseen push whose shape it has, never "the one with
that number".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from replay.plan.difference import Difference
from replay.plan.timeline import START, Ask, Cue, Reply, Timeline
from replay.plan.values import MISSING, Text, as_text, heeded, names_in, readable, render
from replay.profiles.profile import LOOKALIKE
from replay.scenario.model import is_set
from replay.scenario.templates import BASE_URL
from replay.verify.forms import Forms
from replay.verify.recognising import ROOT, Recognised, Recogniser, without


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the client saw."""

    at: float
    """Seconds since the client subscribed; until then since it began."""
    kind: str
    """request, answer or event; failure, if none of them came."""
    step: str
    """Empty when it is no step of the scenario."""
    what: str
    """In one line."""
    value: Any = None
    differences: tuple[Difference, ...] = ()
    """Where it is not what the scenario says."""
    again: str = ""
    """The step that it is once more."""


class Company:
    """What roles that are played together tell each other: how far the story is, and its values."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        """Steps that some role has seen."""
        self.sent: set[str] = set()
        """Requests that have been made."""
        self.passed: set[str] = set()
        """Events that nobody waits for any more, and requests that cannot be made for it."""
        self.untold: set[str] = set()
        """Names of which those events were to tell the values."""
        self.values: dict[str, Any] = {}


class Role:
    """One agent's progress through a scenario: all of it, or one role's part.

    A role that is alone asks once all above it in its own part has been seen, since others play theirs
    where it cannot see it; in company once all above it in the whole story has.
    """

    def __init__(
        self, timeline: Timeline, base_url: str, *, role: int = 0, company: Company | None = None
    ) -> None:
        """Nothing is seen yet.

        Args:
            role: Which of the timeline's roles.
            company: Shared with the other roles when they are played together.
        """
        self._timeline = timeline
        self.session = timeline.sessions[role]
        """What it does before the story."""
        self.start = timeline.story.starts[role]
        """The moment at which it begins to listen."""
        shared = company or Company()
        self._values = shared.values
        self._base_url = base_url
        self._own: dict[str, Any] = {}
        """What it alone knows: the values of its session, where others have sessions too."""
        self._cues = {cue.id: cue for cue in (*self.session.cues, *timeline.story.cues_for(role))}
        made = Forms(self._cues.values(), (*self.session.asks, *timeline.story.asks))
        self._recogniser = Recogniser(
            self._cues.values(),
            timeline.profile,
            recorded=made.recorded
            | {
                name: variable.recorded
                for name, variable in timeline.scenario.variables.items()
                if is_set(variable.recorded)
            },
            ignored=timeline.ignored,
            moved=timeline.shift_fields,
            times=made.times,
            ids=_ids_of(timeline),
        )
        self._asks = {ask.id: ask for ask in timeline.story.asks_of[role]}
        steps = [step.id for step in timeline.scenario.steps]
        self._part = [step for step in steps if step in self._asks or step in self._cues]
        self._story = frozenset(steps)
        self._pushes = {cue.id: cue for cue in timeline.story.cues}
        self._needs = {ask.id: ask.needs for ask in timeline.story.asks}
        self._order = self._part if company is None else steps
        self._known_of = frozenset(self._order)
        self._done = shared.done
        self._passed = shared.passed
        self._untold = shared.untold
        self._ended: set[str] = set()
        """Steps that cannot come any more, since what ends them has been seen."""
        self._sent = shared.sent
        self._at = 0
        """All of the order before this one has been seen, or given up."""
        self._at_of_part = 0

    @property
    def channels(self) -> tuple[str, ...]:
        """What to subscribe to; where a channel's name depends on the play, all that it may be."""
        return tuple(dict.fromkeys(_pattern(cue.channel) for cue in self._cues.values()))

    @property
    def done(self) -> bool:
        """Whether every step of its part has been seen, or given up."""
        self._at_of_part = self._past(self._part, self._at_of_part)
        return self._at_of_part == len(self._part)

    @property
    def has_begun(self) -> bool:
        """Whether anything of the story has been asked or seen."""
        return bool(self._sent) or not self._done.isdisjoint(self._story)

    @property
    def missing(self) -> list[str]:
        """Steps of its part not seen yet, in order."""
        return [step for step in self._part if step not in self._done and step not in self._ended]

    @property
    def awaited(self) -> Cue | None:
        """The event it has come to, if nothing that anybody asks brings it about: somebody else has to."""
        cue = self._cues.get(self._turn or "")
        if cue is None or any(each.step in self._story for each in cue.trigger.moments):
            return None
        return cue

    @property
    def ahead(self) -> list[Cue]:
        """The events that have to come before anything more is asked."""
        turn = self._turn
        found = []
        for step in self._order[self._order.index(turn) if turn else len(self._order) :]:
            if step in self._done:
                continue
            if step not in self._pushes:
                break
            found.append(self._pushes[step])
        return found

    def due(self) -> list[Ask]:
        """Requests whose turn has come, each once: one at a time, as all above it has to be seen."""
        turn = self._turn
        while turn in self._asks and turn not in self._sent and self._lacks(self._asks[turn]):
            self._passed.add(turn)
            turn = self._turn
        if turn not in self._asks or turn in self._sent:
            return []
        self._sent.add(turn)
        return [self._asks[turn]]

    def pass_over(self) -> bool:
        """Gives up the events that all waits for, so that what follows is asked; whether there were any."""
        ahead = self.ahead
        self._passed.update(cue.id for cue in ahead)
        self._untold.update(name for cue in ahead for name in names_in(cue.data.compiled))
        return bool(ahead)

    def _lacks(self, ask: Ask) -> bool:
        """Whether it needs an id that an event was to tell which was given up: nobody can know it."""
        variables = self._timeline.scenario.variables
        return any(
            name in variables and variables[name].make is not None and name not in self._known()
            for name in ask.names & self._untold
        )

    @property
    def _turn(self) -> str | None:
        self._at = self._past(self._order, self._at)
        return self._order[self._at] if self._at < len(self._order) else None

    def _past(self, steps: Sequence[str], at: int) -> int:
        """The first place from `at` on of a step that is still to come: what is over stays over."""
        while at < len(steps) and (
            steps[at] in self._done or steps[at] in self._passed or self._has_ended(steps[at])
        ):
            at += 1
        return at

    def _has_ended(self, step: str) -> bool:
        """Whether a step that was not seen cannot come any more: it, or what it waits for, has ended."""
        story = self._timeline.story
        cue = self._pushes.get(step)
        waits = [each.step for each in cue.trigger.moments] if cue else self._needs.get(step, ())
        if not self._done.isdisjoint(story.until.get(step, ())) or not self._ended.isdisjoint(waits):
            self._ended.add(step)
        return step in self._ended

    def request(self, ask: Ask) -> tuple[str, str, Any]:
        """Method, path with query, and JSON body (unset when there is none) of a request."""
        path = quote(ask.path.render(self._value), safe="/:@!$&'()*+,;=~")
        query = urlencode([(key, as_text(render(value, self._value))) for key, value in ask.query])
        body = msgspec.UNSET if ask.body is msgspec.UNSET else render(ask.body, self._value)
        for name in sorted(ask.names - self._known().keys()):
            variable = self._timeline.scenario.variables.get(name)
            if variable is not None and variable.make is None and is_set(variable.recorded):
                # What the client makes up is known from now on.
                self._learn({name: variable.recorded})
        return ask.method, f"{path}?{query}" if query else path, body

    def answered(
        self, ask: Ask, status: int, body: Any, *, kind: str | None = None
    ) -> tuple[Difference, ...]:
        """An answer has come; returns where it is not what the scenario says.

        Args:
            kind: Its content type, without parameters; not compared when left out.
        """
        self._done.add(ask.id)
        reply = ask.replies[0]
        differences: list[Difference] = []
        if status != reply.status:
            differences.append(Difference("status", reply.status, status))
        expected = reply.raw if reply.body is msgspec.UNSET else reply.body
        if expected == b"" and body not in (None, "") and not differences:
            # Beside another status, that it says why is no news.
            differences.append(Difference(ROOT, MISSING, body))
        if not isinstance(expected, bytes):
            own = {each.known_as for each in reply.makes}
            known = without(self._known(), own) if own else self._known()
            comparison, found = self._recogniser.held(expected, body, known)
            self._learn(comparison.captures)
            differences += found
            if kind is not None and isinstance(body, dict | list):
                # Of what is no JSON at all the body says so.
                differences += heeded(_of_kind(reply, kind), self._timeline.ignored)
        return tuple(differences)

    def event(self, channel: str, data: Any) -> Recognised:
        """An event has come; says which step it is, and where it differs from it."""
        found = self._recogniser.event(
            channel, data, self._known(), self._done, learn=self._learn, may_come=self._may_come
        )
        if found.step:
            self._done.add(found.step)
            known = self._known()
            makes = self._cues[found.step].makes
            # What others speak of as it was when this step took place.
            self._learn(
                {each.known_as: known[each.name] for each in makes if each.is_kept and each.name in known}
            )
        return found

    def _may_come(self, cue: Cue) -> bool:
        """Whether all that an event follows has begun, or nobody here can know of it."""
        begun = self._done, self._sent, self._passed
        causes = (each.step for each in cue.trigger.moments if each.step in self._known_of)
        return all(any(cause in steps for steps in begun) for cause in causes)

    def is_of_next(self, channel: str, data: Any) -> bool:
        """Whether an event that is no step is one of a play that this one has brought (`again:`)."""
        seen = {*self._done, START}
        if not any({each.step for each in cue.trigger.moments} <= seen for cue in self._timeline.again):
            return False
        unseen = Role(self._timeline, self._base_url)
        unseen.take_session(self)
        found = unseen.event(channel, data)
        return bool(found.step) and not found.differences

    def take_session(self, other: Role) -> None:
        """Knows from now on what the same agent has been told in its session."""
        self._own |= other._own
        for name in self.session.variables & other._values.keys():
            self._values.setdefault(name, other._values[name])

    def _known(self) -> dict[str, Any]:
        return self._values | self._own

    def _learn(self, captures: Mapping[str, Any]) -> None:
        for name, value in captures.items():
            if name == BASE_URL:
                # Servers print the address that they are configured with, and some print two.
                continue
            own = len(self._timeline.roles) > 1 and name in self.session.variables
            (self._own if own else self._values)[name] = value

    def _value(self, name: str) -> Any:
        if name == BASE_URL:
            return self._base_url
        for values in (self._own, self._values):
            if name in values:
                return values[name]
        variable = self._timeline.scenario.variables.get(name.rpartition(".")[2])
        recorded = None if variable is None else variable.recorded
        return readable(f"${{{name}}}") if recorded is None or recorded is msgspec.UNSET else recorded


def _ids_of(timeline: Timeline) -> frozenset[str]:
    """Variables that are ids of a shape of their own: no two things have the same by chance."""
    shapes = {shape.make for shape in timeline.profile.ids} - {LOOKALIKE.make}
    variables = timeline.scenario.variables
    return frozenset(
        name for name in variables if variables[name].make in shapes and is_set(variables[name].recorded)
    )


def _of_kind(reply: Reply, kind: str) -> Iterator[Difference]:
    """Where an answer says of itself that it is another kind of thing."""
    said = next(value for name, value in reply.headers if name.lower() == "content-type")
    expected = f"{readable(said)}".partition(";")[0].strip().lower()
    if kind.lower() != expected:
        yield Difference("headers.Content-Type", expected, kind or MISSING)


def _pattern(channel: Any) -> str:
    """The channel, or the wildcard that covers whatever its variables stand for."""
    if not isinstance(channel, Text):
        return str(channel)
    first, *others = channel.parts
    deeper = any(isinstance(part, str) and "/" in part for part in others)
    return f"{str(first).rpartition('/')[0]}/{'**' if deeper else '*'}"
