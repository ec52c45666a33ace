"""A recording told as a scenario: who, what they asked, what followed.

exchanges --unwrap--> calls and events --own--> the API's --people--> one person's --Telling--> Scenario
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from replay.distil.notes import Notes
from replay.distil.own import own
from replay.distil.people import people
from replay.distil.streams import unwrap
from replay.distil.telling import Telling
from replay.errors import RecordingError
from replay.exchange import Exchange
from replay.profiles.profile import Profile
from replay.registry import PROFILES, resolve
from replay.scenario.model import Scenario


class Distilled(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario, and sentences about what of the recording is not in it."""

    scenario: Scenario
    notes: tuple[str, ...]


def distil(
    exchanges: Iterable[Exchange],
    *,
    name: str,
    recording: str = "",
    profile: str = "genesys",
) -> list[Distilled]:
    """Tells the stories of a recording, one scenario for each.

    Args:
        name: The scenario's name; of several, the first is `NAME-1`.
        recording: File name of the recording, for `source`.

    Raises:
        RecordingError: there is no CometD traffic in it.
    """
    known: Profile = resolve(PROFILES, profile)
    aside = Notes()
    stream = unwrap(list(exchanges), known.session_cookie, aside)
    what = recording or "the recording"
    if not stream.clients and not stream.events:
        raise RecordingError(f"{what} holds no CometD traffic: no handshake and no event was seen")
    stream = own(stream, known, aside)
    found = people(stream, known.session_cookie, aside)
    told = []
    for number, person in enumerate(found, 1):
        own_name = name if len(found) == 1 else f"{name}-{number}"
        scenario = Telling(person, known, stream, aside).scenario(own_name, recording)
        sentences = aside.sentences
        if not person.events:
            sentences += ("no event came for this agent: there is no story",)
        told.append(Distilled(scenario=scenario, notes=sentences))
    return told


def only_story(
    exchanges: Iterable[Exchange],
    *,
    name: str,
    recording: str = "",
    profile: str = "genesys",
) -> Distilled:
    """Tells a recording of one story; the arguments are those of `distil`.

    Raises:
        RecordingError: there is no CometD traffic in it, or it holds several stories.
    """
    told = distil(exchanges, name=name, recording=recording, profile=profile)
    if len(told) != 1:
        raise RecordingError(f"{recording or 'the recording'} holds {len(told)} stories")
    return told[0]
