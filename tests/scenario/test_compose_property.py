"""Any scenario, split at random into one and its variant, is the same again when it is put together."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from replay.scenario.dump import _field, dumps
from replay.scenario.load import load, loads
from replay.scenario.model import Scenario
from replay.scenario.reader import read

from .strategies import scenarios

Values = dict[str, Any]
OTHER = {"about": "another", "after": "start + 9s", "data": 0, "push": "/other", "request": "GET /other"}
"""What the other file has in the place of what is laid over it."""

MERGED = ("source", "cometd", "profile_settings", "variables")
STEPS = ("session", "steps")
LISTS = ("shift_times", "ignore", "expect", "faults")


@settings(max_examples=50, deadline=None)
@given(scenarios(), st.data())
def test_a_scenario_that_is_split_is_put_together_as_it_was(scenario: Scenario, data: st.DataObject) -> None:
    value = read(dumps(scenario), "whole").value
    values = [value]
    for level in range(data.draw(st.integers(1, 3))):
        values[-1:] = split(values[-1], f"base{level}", data)
    with TemporaryDirectory() as folder:
        names = ["variant", *(f"base{level}" for level in range(len(values) - 1))]
        for name, each in zip(names, values, strict=True):
            Path(folder, f"{name}.yaml").write_text(text_of(each), encoding="utf-8")
        composed = load(Path(folder, "variant.yaml"))
    assert composed == scenario
    assert loads(dumps(composed)) == scenario


def text_of(value: Values) -> str:
    return "".join(f"{line}\n" for key, inner in value.items() for line in _field(key, inner, 0))


def split(whole: Values, name: str, data: st.DataObject) -> tuple[Values, Values]:
    """A variant and what it extends, which come to the whole."""
    own: Values = {"version": 1, "name": whole["name"], "about": whole.get("about", ""), "extends": name}
    base: Values = {"version": 1, "name": data.draw(st.sampled_from(["other", "No"])), "steps": []}
    base["profile"] = whole.get("profile", "genesys")
    base["pace"], own["pace"] = "fixed(1s)", whole.get("pace", "")
    if data.draw(st.booleans()):
        base["pace"] = own.pop("pace")
    if data.draw(st.booleans()):
        own["profile"] = base["profile"]
    for key in sorted(whole.keys() - {*MERGED, *LISTS, *STEPS, *base, "about"}):
        (own if data.draw(st.booleans()) else base)[key] = whole[key]
    for key in MERGED:
        mine = {inner for inner in whole.get(key, {}) if data.draw(st.booleans())}
        for said, is_own in ((base, False), (own, True)):
            if key in whole:
                said[key] = {inner: value for inner, value in whole[key].items() if (inner in mine) is is_own}
    for key in LISTS:
        listed = whole.get(key, [])
        at = data.draw(st.integers(0, len(listed)))
        at = len(listed) if any(each in listed[:at] for each in listed[at:]) else at
        base[key], own[key] = listed[:at], listed[at:]
    for key in STEPS:
        base[key], own[key] = split_steps(whole.get(key, []), data)
    unwanted = [{"id": f"unwanted-{name}", "push": "/unwanted", "data": 1}] * data.draw(st.booleans())
    base["steps"] = data.draw(st.permutations([unwanted, base["steps"]]).map(lambda both: both[0] + both[1]))
    own["without"] = [step["id"] for step in unwanted]
    return own, base


def split_steps(steps: list[Values], data: st.DataObject) -> tuple[list[Values], list[Values]]:
    """What the other has of some steps, and what the variant says."""
    base: list[Values] = []
    own: list[Values] = []
    following = ""
    for step in reversed(steps):
        how = data.draw(st.sampled_from(["theirs", "mine", "laid over"]))
        if how == "mine":
            own.insert(0, {**step, "before": following} if following else step)
            continue
        following = step["id"]
        mine = {key for key in step if key != "id" and how == "laid over" and data.draw(st.booleans())}
        kept = {key: value for key, value in step.items() if key not in mine}
        base.insert(0, kept | {key: OTHER[key] for key in mine if key in OTHER})
        if how == "laid over":
            own.append({"id": step["id"], **{key: step[key] for key in mine}})
    new = [step for step in own if len(step) > 1 and ("before" in step or step in steps)]
    return base, [*(step for step in own if step not in new), *new]
