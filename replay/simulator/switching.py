"""Rules that are put up, changed, switched and taken down while the simulator runs.

Duties of the caller: hand in `Woken` at the same moment, which does what a switch brings about: an outage
that begins or ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from replay.errors import UsageError, nearest
from replay.faults.rules import GONE, Rule, Source
from replay.scenario.fault_files import faults_from, with_name
from replay.scenario.model import Fault, Scenario
from replay.simulator.tallies import count

if TYPE_CHECKING:
    from replay.simulator.simulator import Simulator

CHANGEABLE = ("on", "ttl", "chance", "settings")
"""What of a rule can be another while it is up."""

Switched = Literal["on", "off", "changed", "deleted", "over"]


class NoSuchRuleError(UsageError):
    """Nothing is called that."""


class Expiry(msgspec.Struct, frozen=True):
    """The time of a rule that was put up at run time has run out."""

    rule: Rule


class Standing(Fault, kw_only=True):
    """A rule as it is written, and how it stands."""

    source: Source
    scenario: str = ""
    """Whose steps it is about; all there are when empty."""
    on: bool
    over: bool = False
    """Whether its `ttl` has run out."""
    seen: int
    """Occasions that it has looked at."""
    struck: int
    agents: dict[str, int]
    """How often it struck each, by the name that the journal has for them."""
    ttl_left: float | None = None
    """Seconds."""


class Switching:
    """The part of a simulator that its rules are switched by."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._gone: Counter[str] = Counter()

    @property
    def _rules(self) -> list[Rule]:
        return self._simulator.faulting.striking.rules

    # What there is

    def standing(self, now: float) -> list[Standing]:
        """All rules, foremost first."""
        return [self.stands(rule, now) for rule in self._rules]

    def stands(self, rule: Rule, now: float) -> Standing:
        """One rule."""
        written = rule.written
        until = self._simulator.outages.until(rule) if rule.fault.whole_server else rule.ends
        return Standing(
            **{name: getattr(written, name) for name in written.__struct_fields__},
            source=rule.source,
            scenario=rule.scenario,
            on=rule.is_on,
            over=rule.is_over(now),
            seen=rule.seen.total(),
            struck=rule.struck.total(),
            agents={_label(key): count for key, count in rule.struck.items() if key not in {"", GONE}},
            ttl_left=None if until is None else round(max(0.0, until - now), 3),
        )

    def tallies(self) -> dict[str, int]:
        """How often each rule has struck, also of those that are gone."""
        counts = Counter({rule.name: 0 for rule in self._rules})
        for rule in self._rules:
            counts[rule.name] += rule.struck.total()
        for name, times in self._gone.items():
            counts[name] += times
        return dict(counts)

    def named(self, name: str) -> list[Rule]:
        """The rules of this name in the foremost source that has one: several scenarios may each have one.

        Raises:
            NoSuchRuleError: there is none.
        """
        found = [rule for rule in self._rules if rule.name == name]
        if not found:
            names = list(dict.fromkeys(rule.name for rule in self._rules))
            known = f"There are {', '.join(names)}." if names else "There are none."
            raise NoSuchRuleError(f"no fault is called '{name}'", help=nearest(name, names) or known)
        return [rule for rule in found if rule.source == found[0].source]

    # What is done to it

    def put_up(self, value: Any, now: float) -> list[Rule]:
        """Puts up what a JSON value says: a fault, whose name may be left out, or `{preset: NAME}`.

        Either may have a `ttl`, which counts from now.

        Raises:
            ScenarioError: it cannot be applied, or contradicts what has been put up before.
            UsageError: it is no such value.
        """
        rules = [Rule(written, "run time") for written in self._written(value)]
        taken = {rule.name for rule in self._rules if rule.source == "run time"}
        for rule in rules:
            if rule.name in taken:
                raise UsageError(f"there is a fault called '{rule.name}' already", help="Change it by PATCH.")
        for rule in rules:
            self._simulator.faulting.striking.add(rule)
            self._note(rule, "on", now)
            self._simulator.faulting.begin(rule, now)
        # Of what stands already nobody has asked whose it is.
        self._simulator.carriers.learn()
        return rules

    def change(self, name: str, changes: Any, now: float) -> list[Rule]:
        """Changes rules of a name: `on`, `chance`, single `settings`, `ttl` (from now); null is the default.

        Raises:
            NoSuchRuleError: there is none.
            ScenarioError: the changed rule could not be applied.
            UsageError: these are no such changes.
        """
        rules = self.named(name)
        on = _checked(changes)
        rewritten = [self._rewritten(rule, changes) for rule in rules]
        for rule in rules:
            if on and "ttl" not in changes and rule.is_over(now):
                raise UsageError(f"the time of '{name}' has run out", help="Give it another 'ttl' too.")
        for rule, written in zip(rules, rewritten, strict=True):
            self._rewrite(rule, written, now, lasts="ttl" in changes)
            if on is not None:
                self.switch(rule, now, on=on)
        return rules

    def switch(self, rule: Rule, now: float, *, on: bool) -> None:
        """Switches a rule on or off; what it has begun ends with it.

        Raises:
            NoSuchRuleError: it is gone.
        """
        if rule not in self._rules:
            raise NoSuchRuleError(f"'{rule.name}' is gone", help="Put it up again.")
        if rule.is_on == on:
            return
        rule.is_on = on
        self._note(rule, "on" if on else "off", now)
        if not on:
            self._end(rule, now)
        elif rule.is_by_the_clock:
            self._simulator.faulting.appoint(rule, now)

    def take_down(self, name: str, now: float) -> list[Rule]:
        """Takes away rules of a name that were put up at run time.

        Raises:
            NoSuchRuleError: there is none.
            UsageError: it came from elsewhere.
        """
        rules = self.named(name)
        if rules[0].source != "run time":
            whence = "a scenario" if rules[0].source == "scenario" else "a file"
            raise UsageError(f"'{name}' comes from {whence}", help="Switch it off instead: {on: false}.")
        for rule in rules:
            self.remove(rule, now, "deleted")
        return rules

    def clear(self, now: float) -> list[Rule]:
        """Takes away all that was put up at run time."""
        rules = [rule for rule in self._rules if rule.source == "run time"]
        for rule in rules:
            self.remove(rule, now, "deleted")
        return rules

    def begin_anew(self, now: float) -> None:
        """What was written is up as it was at first: unchanged, on, and not struck yet; nothing else is."""
        self.clear(now)
        for rule in self._rules:
            self._end(rule, now)
        for name, times in self.tallies().items():
            count(self._simulator.tallies.struck, name, times)
        self._gone.clear()
        for agent in self._simulator.agents.all:
            agent.struck.clear()
        self._simulator.faulting.put_up_written()
        for rule in self._rules:
            self._simulator.faulting.begin(rule, now)
        self._simulator.carriers.learn()

    def remove(self, rule: Rule, now: float, why: Switched) -> None:
        """Takes a rule away, unless it is gone already."""
        if rule not in self._rules:
            return
        self._simulator.faulting.striking.remove(rule)
        count(self._gone, rule.name, rule.struck.total())
        self._end(rule, now)
        self._note(rule, why, now)

    def rewrite(self, rule: Rule, written: Fault, now: float) -> None:
        """The scenario that a rule comes from says something else of it; what it has counted stays."""
        self._rewrite(rule, written, now, lasts=False)

    # What comes by itself

    def expire(self, rule: Rule, now: float) -> None:
        """The time of a rule has run out, unless it has been given another."""
        if rule.is_over(now):
            self.remove(rule, now, "over")

    def lifted(self, rule: Rule, now: float) -> None:
        """What a rule began is over: one that was put up for it alone goes."""
        if rule.source == "run time" and rule.is_by_the_clock and rule.is_on:
            self.remove(rule, now, "over")

    # How

    def _written(self, value: Any) -> list[Fault]:
        if isinstance(value, dict) and "preset" in value:
            faults = self._checked_faults({"presets": [value["preset"]]})
            extra = next((key for key in value if key not in {"preset", "ttl"}), None)
            if extra is not None:
                raise UsageError(f"beside 'preset' there may be a 'ttl', and no '{extra}'")
            if "ttl" not in value:
                return faults
            # Checked once more, since the time is new.
            return self._checked_faults(
                [msgspec.to_builtins(each) | {"ttl": value["ttl"]} for each in faults]
            )
        return self._checked_faults(with_name(value, {rule.name for rule in self._rules}))

    def _checked_faults(self, value: Any) -> list[Fault]:
        beside = [rule.written for rule in self._rules if rule.source == "run time"]
        return self._faults_from(value, self._simulator.scenarios, beside)

    def _faults_from(self, value: Any, scenarios: list[Scenario], beside: list[Fault]) -> list[Fault]:
        apart = self._simulator.options.control_apart
        return faults_from(value, scenarios, beside=beside, control_apart=apart)

    def _rewritten(self, rule: Rule, changes: Mapping[str, Any]) -> Fault:
        told: dict[str, Any] = msgspec.to_builtins(rule.written)
        before = told.get("settings", {})
        told |= {name: value for name, value in changes.items() if name != "on"}
        if isinstance(changes.get("settings"), dict):
            told["settings"] = _without_null(before | changes["settings"])
        scenarios = [each for each in self._simulator.scenarios if rule.scenario in {"", each.name}]
        beside = [
            each.written
            for each in self._rules
            if each is not rule and (each.source, each.scenario) == (rule.source, rule.scenario)
        ]
        (written,) = self._faults_from(_without_null(told), scenarios, beside)
        return written

    def _rewrite(self, rule: Rule, written: Fault, now: float, *, lasts: bool) -> None:
        if written != rule.written:
            rule.change(written)
            self._note(rule, "changed", now)
        if not lasts:
            return
        outages = self._simulator.outages
        if not rule.fault.whole_server:
            self._simulator.faulting.begin(rule, now)
        elif outages.is_out(rule):
            outages.last(rule, None if rule.ttl is None else now + rule.ttl)

    def _end(self, rule: Rule, now: float) -> None:
        if self._simulator.outages.is_out(rule):
            self._simulator.outages.last(rule, now)

    def _note(self, rule: Rule, switched: Switched, now: float) -> None:
        detail: dict[str, Any] = {"rule": rule.name, "fault": rule.written.fault, "switched": switched}
        if switched in {"on", "changed"}:
            written: dict[str, Any] = msgspec.to_builtins(rule.written)
            detail |= {name: value for name, value in written.items() if name not in {"name", "fault"}}
        self._simulator.journal.note("switch", self._simulator.since_start(now), "", **detail)


def _checked(changes: Any) -> bool | None:
    """Whether changes switch on or off, if they do either."""
    if not isinstance(changes, dict) or not changes:
        raise UsageError(f"changes are a mapping of some of {', '.join(CHANGEABLE)}")
    for name in changes:
        if name not in CHANGEABLE:
            advice = nearest(name, CHANGEABLE) or f"Only {', '.join(CHANGEABLE)} can."
            raise UsageError(f"the '{name}' of a fault cannot be changed", help=advice)
    on = changes.get("on")
    if "on" in changes and not isinstance(on, bool):
        raise UsageError("'on' is true or false")
    return on


def _without_null(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}


def _label(key: str | int) -> str:
    return key if isinstance(key, str) else f"#{key}"
