"""A recording told as a scenario: who, what they asked, what followed.

exchanges --unwrap--> calls and events --own--> the API's --people--> one person's --Telling--> Scenario
"""

from __future__ import annotations

from collections.abc import Collection

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
    exchanges: Collection[Exchange],
    *,
    name: str,
    recording: str = "",
    profile: str = "genesys",
    person: int = 1,
) -> Distilled:
    """Tells what one agent of a recording went through.

    Args:
        name: The scenario's name.
        recording: File name of the recording, for `source`.
        person: Which agent, from 1, in the order they came.

    Raises:
        RecordingError: there is no CometD traffic in it, or no such agent.
    """
    known: Profile = resolve(PROFILES, profile)
    aside = Notes()
    stream = unwrap(exchanges, known.session_cookie, aside)
    what = recording or "the recording"
    if not stream.clients and not stream.events:
        raise RecordingError(f"{what} holds no CometD traffic: no handshake and no event was seen")
    stream = own(stream, known, aside)
    found = people(stream, known.session_cookie, aside)
    if not 1 <= person <= len(found):
        holds = "1 agent" if len(found) == 1 else f"{len(found)} agents"
        raise RecordingError(f"{what} holds {holds}; there is no number {person}")
    told = Telling(found[person - 1], known, stream, aside).scenario(name, recording)
    sentences = aside.sentences
    if len(found) > 1:
        sentences += (
            f"{len(found)} agents were recorded; this is number {person} (--agent N tells of another)",
        )
    if not found[person - 1].events:
        sentences += ("no event came for this agent: there is no story",)
    return Distilled(scenario=told, notes=sentences)
