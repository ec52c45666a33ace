"""What the reference says of each fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.faults.reference import GROUPS, entries, entry
from replay.registry import FAULTS, resolve
from replay.scenario.fault_files import load_faults
from replay.scenario.load import load
from replay.scenario.model import fields_of

ACCEPT = load(Path(__file__).parents[2] / "scenarios" / "accept-chat.yaml")


def test_every_fault_has_its_place_in_the_reference() -> None:
    assert sorted(each.name for each in entries()) == sorted(FAULTS)
    assert {each.group for each in entries()} == set(GROUPS)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_explained_as_a_whole_and_setting_by_setting(name: str) -> None:
    said = entry(name)

    assert said.does.endswith(".")
    assert said.observed.endswith(".")
    assert all(each.about and each.takes for each in said.settings)
    assert [each.name for each in said.settings] == [
        field.encode_name for field in fields_of(resolve(FAULTS, name))
    ]


@pytest.mark.parametrize("name", FAULTS)
def test_the_example_of_a_fault_can_strike_in_the_scenario_that_comes_with_the_package(
    name: str, tmp_path: Path
) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(entry(name).example, encoding="utf-8")

    (loaded,) = load_faults(file, [ACCEPT])

    assert loaded.fault == name


@pytest.mark.parametrize(
    ("name", "strikes"),
    [
        ("drop", "events"),
        ("close-code", "requests and events; with `meta` also connect, subscribe, unsubscribe or disconnect"),
        ("advice", "connect; with `meta` also handshake"),
        ("connect-held", "connect"),
        ("bandwidth", "all that an agent gets"),
    ],
)
def test_what_a_rule_may_name_is_said_in_words(name: str, strikes: str) -> None:
    assert entry(name).strikes == strikes


def test_a_fault_at_home_among_bayeux_messages_strikes_there_unless_told_otherwise() -> None:
    assert entry("unknown-client").strikes.startswith("connect; with `meta` also subscribe")
    assert entry("unknown-client").strikes.endswith("of the story, requests and events instead")
