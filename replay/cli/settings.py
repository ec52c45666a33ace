"""`--setting NAME=VALUE`: how the API says things, whatever the files say of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from replay.plan.timeline import Timeline, plan
from replay.scenario.model import Scenario
from replay.scenario.profile_settings import overriding
from replay.scenario.quick import WORDS

OPTION = "--setting"


def _settings(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"'{text}' is not NAME=VALUE")
        found[name] = WORDS.get(value, value)
    return found


SETTING = click.option(
    OPTION,
    "settings",
    multiple=True,
    callback=_settings,
    metavar="NAME=VALUE",
    help="How the API says things, by the 'profile_settings' of scenarios, which it overrides: as in "
    "'chat_address=both'; may be given more than once.",
)
"""The option, for each command that plays a part of a scenario."""


def planned(scenario: Scenario, settings: Mapping[str, Any]) -> Timeline:
    """A scenario as a server with these settings tells it.

    Raises:
        UsageError: its profile has no such setting, or it cannot be that.
    """
    return plan(scenario, overriding(settings, [scenario], whose=OPTION))
