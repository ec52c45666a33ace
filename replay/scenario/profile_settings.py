"""Whether `profile_settings` are those of the profile, and values that were given beside a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import FieldInfo

from replay import registry
from replay.errors import Problem, UsageError, nearest
from replay.scenario.decode import convert_field
from replay.scenario.model import Scenario, fields_of
from replay.scenario.reader import Document


def check_profile_settings(scenario: Scenario, document: Document) -> Iterator[Problem]:
    """Problems with `profile_settings`; where the profile itself is unknown, that is told elsewhere."""
    if scenario.profile not in registry.PROFILES:
        return
    known = settings_of(scenario.profile)
    for name, value in scenario.profile_settings.items():
        path = ("profile_settings", name)
        if name not in known:
            what, advice = _unknown(name, [scenario.profile], known)
            yield document.problem(path, what, help=advice, key=True)
            continue
        _, wrong = convert_field(value, known[name].type, path, document)
        yield from wrong


def settings_of(profile: str) -> dict[str, FieldInfo]:
    """The settings of a profile, by name."""
    kind = registry.resolve(registry.PROFILES, profile).settings
    return {field.encode_name: field for field in fields_of(kind)}


def overriding(given: Mapping[str, Any], scenarios: Iterable[Scenario], *, whose: str) -> dict[str, Any]:
    """Settings for all scenarios that are served, held against what their profiles know.

    Args:
        whose: How the reader has given them: `--setting`.

    Raises:
        UsageError: none of their profiles has such a setting, or it cannot be that.
    """
    profiles = list(dict.fromkeys(scenario.profile for scenario in scenarios))
    known = {name: field for each in reversed(profiles) for name, field in settings_of(each).items()}
    found = {}
    for name, value in given.items():
        if name not in known:
            what, advice = _unknown(str(name), profiles, known)
            raise UsageError(f"{whose}: {what}", help=advice)
        try:
            document = Document(whose, msgspec.json.encode({name: value}).decode(), {name: value})
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(f"{whose}: '{name}' is no JSON value: {error}") from None
        found[name], wrong = convert_field(value, known[name].type, (name,), document)
        if wrong:
            raise UsageError(f"{whose}: {wrong[0].what}", help=wrong[0].help)
    return found


def _unknown(name: str, profiles: list[str], known: Mapping[str, FieldInfo]) -> tuple[str, str]:
    whose = f"the profile '{profiles[0]}' has" if len(profiles) == 1 else "no profile that is served has"
    what = f"{whose} {'no' if len(profiles) == 1 else 'a'} setting '{name}'"
    listed = f"Its settings: {', '.join(known)}." if known else "It has none."
    return what, f"{nearest(name, list(known))} {listed}".strip()
