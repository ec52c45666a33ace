"""A scenario as a server with other settings tells it: done once, when it is planned."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from replay.registry import PROFILES, resolve
from replay.scenario.model import Scenario, fields_of

NO_SETTINGS: Mapping[str, Any] = MappingProxyType({})


def as_wanted(scenario: Scenario, settings: Mapping[str, Any]) -> Scenario:
    """The scenario by its `profile_settings`, and these, which override them.

    Args:
        settings: Those of other profiles are left alone.
    """
    if not scenario.profile_settings and not settings:
        return scenario
    profile = resolve(PROFILES, scenario.profile)
    known = {field.encode_name for field in fields_of(profile.settings)}
    own = {name: value for name, value in settings.items() if name in known}
    wanted = {**scenario.profile_settings, **own}
    if not wanted:
        return scenario
    scenario = msgspec.structs.replace(scenario, profile_settings=wanted)
    adapted: Scenario = profile.adapted(scenario, msgspec.convert(wanted, profile.settings))
    return adapted
