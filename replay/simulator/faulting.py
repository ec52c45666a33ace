"""Faults where they meet the story: requests, events, Bayeux messages, and what is done beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from replay.bayeux import channels
from replay.bayeux.client_state import Client
from replay.bayeux.messages import Message
from replay.bayeux.peer import Peer
from replay.bayeux.verdict import NOTHING, Verdict, both
from replay.faults.fault import Swap, Telling
from replay.faults.rules import Occasion, Rule
from replay.plan.timeline import Ask, Timeline
from replay.profiles.profile import user_of
from replay.simulator import changes
from replay.simulator.agents import Agent
from replay.simulator.facts import names_of, transport_of, types_of
from replay.simulator.happenings import Due, Harm
from replay.simulator.plays import Play
from replay.simulator.striking import Striking, Struck, Whom
from replay.simulator.switching import Expiry
from replay.simulator.telling import Told
from replay.wire import Answer, Effect

if TYPE_CHECKING:
    from replay.simulator.asking import Question
    from replay.simulator.simulator import Simulator

STRANGERS = 10_000
"""Names under which somebody was turned away, and for which it is known how often."""
_NOTHING = "nothing: "
"""With this begins what the journal says of a rule that changed nothing."""


class Faulting:
    """The part of a simulator that knows its rules."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._occurrences: Counter[tuple[str | int, str, str]] = Counter()
        """How often each step of a scenario, and each Bayeux message but connects, has come to an agent."""
        self.somebody_is_out = False
        """Whether anybody's login has ever expired."""
        self.put_up_written()

    def put_up_written(self) -> None:
        """The rules of scenarios and files as they stand there, and no others."""
        self.striking = Striking(self._simulator.options.seed)
        for timeline in self._simulator.timelines:
            for written in timeline.scenario.faults if self.is_played(timeline) else ():
                self.striking.add(Rule(written, "scenario", scenario=timeline.name))
        for written in self._simulator.options.faults:
            self.striking.add(Rule(written, "file"))

    def is_played(self, timeline: Timeline) -> bool:
        """Whether the rules of a scenario are up: of one that is on request, once somebody plays it."""
        return not timeline.is_on_request or timeline.place in self._simulator.casting.played

    def put_up(self, timeline: Timeline, now: float) -> None:
        """The rules of a scenario on request, now that somebody plays it."""
        up = {rule.name for rule in self.striking.rules if rule.scenario == timeline.name}
        for written in timeline.scenario.faults:
            if written.name not in up:
                rule = Rule(written, "scenario", scenario=timeline.name)
                self.striking.add(rule)
                self.begin(rule, now)
        self._simulator.carriers.learn()

    def forget_agents(self) -> None:
        """Nothing has come to anybody yet."""
        self._occurrences.clear()
        self.somebody_is_out = False
        for rule in self.striking.rules:
            rule.forget_agents()

    def forget_strangers(self, known: Iterable[Agent]) -> None:
        """Nothing was counted for those who were never let in, once there are very many of them."""
        keys = {key for key, _, _ in self._occurrences} - {agent.key for agent in known}
        if len(keys) > STRANGERS:
            self.forget(keys)

    def forget(self, keys: Collection[str | int]) -> None:
        """What was counted for agents of these keys is nobody's in particular."""
        for key in [key for key in self._occurrences if key[0] in keys]:
            del self._occurrences[key]
        for rule in self.striking.rules:
            for one in keys:
                rule.forget(one)

    @property
    def has_rules(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self.striking.rules) or self.somebody_is_out

    def begin(self, rule: Rule, now: float) -> None:
        """A rule is put up, now that time runs."""
        rule.since = now
        if rule.is_by_the_clock:
            self.appoint(rule, now)
        elif rule.source == "run time" and rule.ends is not None:
            self._simulator.put(rule.ends, Expiry(rule))

    def appoint(self, rule: Rule, now: float) -> None:
        """A rule that says of nothing when begins at its time, or now if that is past."""
        speed = self._simulator.options.pace.speed
        wait = rule.begins / speed if speed is not None else 0.0
        self._simulator.put(max(now, (rule.since if rule.since is not None else now) + wait), rule)

    # Requests

    def at_request(
        self,
        play: Play,
        ask: Ask,
        question: Question,
        agent: Agent | None,
        *,
        now: float,
        own: tuple[Rule, ...] = (),
    ) -> tuple[Struck, ...]:
        """The rules that strike at a request, which is this step."""
        if agent is None:
            return ()
        occurrence = self.count(agent.key, play.name, ask.id)
        if not self.striking.rules and not own:
            return ()
        facts = {"step": ask.id, "path": question.path, **self.transport_of(agent)}
        operation = _field(question.json, play.timeline.profile.operation_field)
        facts |= {"operation": operation} if operation else {}
        whom = self.whom(agent, now)
        occasion = Occasion(
            seam="request", subject=ask.id, scenario=play.timeline.name, facts=facts, names=whom.names
        )
        struck = self._strikes(occasion, whom, occurrence, play, now=now, own=own)
        self._simulator.acting.at_once(struck, now)
        return struck

    def refused(self, struck: Sequence[Struck], answer: Answer) -> list[Effect]:
        """What leaves instead of an answer to a request that is not even taken."""
        whom, now = struck[0].whom, answer.at
        effects = self.answered(struck, answer)
        said = next((each for each in effects if isinstance(each, Answer)), None)
        if said is not None:
            occasion = struck[0].occasion
            step = occasion.facts["step"]
            self._simulator.tallies.answers.add((occasion.scenario, step, said.status))
            detail = {"status": said.status, "faults": [each.rule.name for each in struck]}
            at = self._simulator.since_start(now)
            self._simulator.journal.add("answer", at, whom.label, _label(struck[0]), step, 0.0, detail)
        return effects

    def answered(self, struck: Sequence[Struck], answer: Answer) -> list[Effect]:
        """What leaves instead of an answer."""
        effects: list[Effect] = [answer]
        for each in struck:
            rewritten = _rewritten(each, effects)
            self.note(each, answer.at, _left_to(each) if rewritten is None else changes.of_answer(*rewritten))
        return effects

    def over(self, struck: Sequence[Struck], answer: Answer) -> float:
        """When the last of what leaves instead of an answer does; its own time where nothing does."""
        effects: list[Effect] = [answer]
        for each in struck:
            _rewritten(each, effects)
        return max((effect.at for effect in effects), default=answer.at)

    def order(self, struck: Sequence[Struck]) -> Swap | None:
        """The order in which an answer and its events are to come, where a rule says so."""
        acts = (act for each in struck for act in each.rule.fault.acts(each.strike))
        return next((act for act in acts if isinstance(act, Swap)), None)

    # Events

    def at_event(self, due: Due, agent: Agent, now: float) -> list[Told]:
        """How an event is told to its agent."""
        play, cue = due.play, due.cue
        occurrence = self.count(agent.key, play.name, cue.id)
        telling = Telling(at=max(due.mark.at, due.tell_at))
        if not self.striking.rules:
            return [Told(due, telling)]
        facts = {"step": cue.id} if cue.id else {}
        facts |= {"channel": self._simulator.events.channel(due), **self.transport_of(agent)}
        facts |= types_of(due)
        whom = self.whom(agent, now)
        occasion = Occasion(
            seam="event", subject=cue.id, scenario=play.timeline.name, facts=facts, names=whom.names
        )
        struck = self._strikes(occasion, whom, occurrence, play, now=now)
        tellings = [telling]
        for each in struck:
            before = tellings
            tellings = [after for one in before for after in each.rule.fault.event(one, each.strike)]
            self.note(each, now, changes.of_event(before[0], tellings) if before else _left_to(each))
        if len(tellings) != 1:
            play.beside[cue.id] += len(tellings) - 1
        self._simulator.acting.at_once(struck, now)
        names = tuple(each.rule.name for each in struck)
        return [Told(due, one, names, is_copy=turn > 0) for turn, one in enumerate(tellings)]

    # Bayeux messages

    def at_meta(
        self,
        message: Message,
        client: Client | None,
        peer: Peer,
        now: float,
        own: tuple[Rule, ...] = (),
    ) -> Verdict:
        """What the engine is to do about a message."""
        channel = message.get("channel")
        if not isinstance(channel, str) or not channel.startswith(channels.META):
            return NOTHING
        whom = self._sender(client, peer, now, shakes_hands=channel == channels.HANDSHAKE)
        if whom is None:
            return NOTHING
        # How often a client polls is its own affair.
        occurrence = self.count(whom.key, "", channel) if channel != channels.CONNECT else 0
        if not (self.has_rules or own):
            return NOTHING
        meta = channel.removeprefix(channels.META)
        transport = peer.transport or "websocket"
        occasion = Occasion(
            seam="meta", subject=channel, facts={"meta": meta, "transport": transport}, names=whom.names
        )
        if whom.agent is not None and self._is_out(whom.agent, peer) and channel == channels.HANDSHAKE:
            return Verdict(failure="handshake denied")
        self._simulator.carriers.belongs(peer.exchange or peer.socket, whom.agent)
        struck = self._strikes(occasion, whom, occurrence, None, now=now, own=own)
        if not struck:
            return NOTHING
        verdict = NOTHING
        for each in struck:
            verdict = both(verdict, self._verdict(each, message, client, peer, now))
        return verdict

    def _verdict(
        self, each: Struck, message: Message, client: Client | None, peer: Peer, now: float
    ) -> Verdict:
        fault = each.rule.fault
        if fault.http and peer.exchange is None:
            self.note(each, now, f"{_NOTHING}it is about HTTP answers, and this came by WebSocket")
            return NOTHING
        verdict, acts = fault.meta(each.strike), fault.acts(each.strike)
        if verdict.unacknowledged and not (client is not None and client.acknowledges):
            self.note(each, now, f"{_NOTHING}its client acknowledges nothing")
            return NOTHING
        if verdict is NOTHING and not acts:
            self._simulator.carriers.mark(each, message, peer)
        else:
            self.note(each, now, "")
            # Its refusal is said by the carrier all the same.
            if fault.refuses:
                self._simulator.carriers.mark(each, message, peer)
        self._simulator.acting.later(each)
        return msgspec.structs.replace(verdict, lost=True) if fault.refuses else verdict

    def _is_out(self, agent: Agent, peer: Peer) -> bool:
        """Whether somebody's login has expired and this is not a new one."""
        if agent.refused is None:
            return False
        if self._simulator.carries_session(peer.headers):
            return True
        agent.refused = None
        return False

    # The whole server, and all that leaves

    def by_the_clock(self, rule: Rule, now: float) -> None:
        """A rule that reaches the whole server begins."""
        if not rule.holds(now) or rule not in self.striking.rules or self._simulator.outages.is_out(rule):
            return
        speed = self._simulator.options.pace.speed
        elapsed = self._simulator.since_start(now) * speed if speed is not None else rule.begins
        whom = Whom(key="", label="", names=frozenset(), elapsed=elapsed)
        occasion = Occasion(seam="request", subject="", facts={})
        rule.struck[whom.key] += 1
        struck = self.striking.struck(rule, occasion, whom, now=now)
        self.note(struck, now, "")
        self._simulator.acting.at_once([struck], now)

    def at_traffic(self, occasion: Occasion, whom: Whom, now: float) -> tuple[Struck, ...]:
        """The rules that hold for all that an agent gets."""
        found = self._strikes(occasion, whom, 0, None, now=now)
        for each in found:
            if each.rule.struck[whom.key] > 1:
                each.is_noted = True
            self.note(each, now, "")
        return found

    # All of them

    def note(self, struck: Struck, now: float, changed: str) -> None:
        """Says in the journal that a rule has struck, once."""
        if struck.is_noted:
            return
        struck.is_noted = True
        simulator, facts = self._simulator, struck.occasion.facts
        changed = self._beyond(struck) or changed
        if struck.play is not None and not changed.startswith(_NOTHING):
            harm = Harm(now, struck.rule.name, changed)
            struck.play.harms[struck.occasion.subject] = harm
        detail = struck.detail | ({"changed": changed} if changed else {})
        if "meta" in facts:
            detail["meta"] = facts["meta"]
        at, step = simulator.since_start(now), facts.get("step", "")
        simulator.journal.add("fault", at, struck.whom.label, _label(struck), step, 0.0, detail)

    def _beyond(self, struck: Struck) -> str:
        """What a rule changes whose fault cannot be on any connection type there is; empty where it can."""
        agent, kinds = struck.whom.agent, struck.rule.fault.transports
        if not kinds or agent is None:
            return ""
        at_hand = {struck.occasion.facts.get("transport"), *map(transport_of, agent.clients.values())}
        if any(client.connect_only for client in agent.clients.values()):
            # Also on a socket its events share the answers to connects.
            at_hand.add("long-polling")
        return "" if at_hand & set(kinds) else f"{_NOTHING}it can be on {' and '.join(kinds)} alone"

    def _strikes(
        self,
        occasion: Occasion,
        whom: Whom,
        occurrence: int,
        play: Play | None,
        *,
        now: float,
        own: tuple[Rule, ...] = (),
    ) -> tuple[Struck, ...]:
        found = self.striking.strikes(occasion, whom, occurrence, now=now, own=own)
        profile = (play.timeline if play is not None else self._simulator.timelines[0]).profile
        for each in found:
            each.strike = msgspec.structs.replace(each.strike, profile=profile)
            each.play = play
        return tuple(found)

    def count(self, agent: str | int, scenario: str, subject: str) -> int:
        """One more occurrence, as rules count: by what an agent is keyed by, also before it is let in."""
        key = (agent, scenario, subject)
        count = self._occurrences[key] = self._occurrences.get(key, 0) + 1
        return count

    def whom(self, agent: Agent, now: float) -> Whom:
        """An agent as rules see it."""
        return Whom(
            key=agent.key,
            label=agent.label,
            names=names_of(agent),
            elapsed=self._elapsed(agent, now),
            agent=agent,
        )

    def _elapsed(self, agent: Agent, now: float) -> float | None:
        if agent.began is None:
            return None
        speed = self._simulator.options.pace.speed
        # Where waits are dropped, the story itself says how far it is.
        return (now - agent.began) * speed if speed is not None else agent.story - agent.began

    def _sender(self, client: Client | None, peer: Peer, now: float, *, shakes_hands: bool) -> Whom | None:
        agents = self._simulator.agents
        agent = agents.owner_of(client.id) if client is not None else agents.find_known(peer.headers)
        if agent is None and shakes_hands and "authorization" not in peer.headers:
            agent = agents.orphan(keeping_cookies=not self._simulator.casting.awaits_somebody)
        if agent is not None:
            return self.whom(agent, now)
        if client is not None:
            return None
        # Nobody yet: who is let in next has this name.
        ordinal = agents.came + 1
        user = user_of(peer.headers)
        names = frozenset({f"#{ordinal}", user or f"#{ordinal}"})
        key = user if user is not None else ordinal
        return Whom(key=key, label=user or f"#{ordinal}", names=names, elapsed=None)

    def transport_of(self, agent: Agent) -> dict[str, str]:
        """How the agent's events travel, as a fact."""
        for client in reversed(agent.clients.values()):
            return {"transport": transport_of(client)}
        return {}


def _rewritten(struck: Struck, effects: list[Effect]) -> tuple[Answer, Sequence[Effect]] | None:
    """Has a rule change the answer among these, in place; what it was and became, None if there is none."""
    for at, effect in enumerate(effects):
        if isinstance(effect, Answer):
            after = struck.rule.fault.answer(effect, struck.strike)
            effects[at : at + 1] = after
            return effect, after
    return None


def _label(struck: Struck) -> str:
    return struck.play.label if struck.play is not None else ""


def _left_to(struck: Struck) -> str:
    """What a rule changes where another has left nothing of an answer or an event."""
    fault = struck.rule.fault
    does_more = fault.refuses or fault.acts(struck.strike)
    return "" if does_more else f"{_NOTHING}another rule had come first"


def _field(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
