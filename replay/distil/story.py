"""A recording told as scenarios: who, what they asked, what followed.

exchanges --unwrap--> the API's calls and events --people--> agents --find_stories--> stories
          --Telling--> a scenario for each
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from replay.distil import notes
from replay.distil.notes import Notes
from replay.distil.packed import Stream
from replay.distil.people import Person, people
from replay.distil.stories import Story, find_stories
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


class Told:
    """What a recording holds, sorted by story; each is told when it is asked for.

    What was recorded is kept as bytes; values are made of those of one story at a time.
    """

    def __init__(self, stream: Stream, persons: list[Person], stories: list[Story], kept: _Kept) -> None:
        self.persons = persons
        """The agents, in the order in which they came."""
        self.stories = stories
        """In the order in which they began."""
        self._stream = stream
        self._kept = kept

    @property
    def recording(self) -> str:
        """What the recording is called."""
        return self._kept.recording or "the recording"

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left aside of the recording as a whole."""
        return self._kept.aside.sentences

    def tell(
        self, story: Story, name: str, *, agent: int | None = None, faults_too: bool = False
    ) -> Distilled:
        """One story as a scenario of that name.

        Args:
            agent: Number of the person whose side is told, of a story with several; else all are roles.
            faults_too: What went wrong in the recording becomes the scenario's `faults`.

        The notes are those of this story, and of the whole recording when there is no other.
        """
        parts = [part for part in story.parts if agent in {None, part.number}]
        aside = Notes()
        if len(self.stories) == 1:
            aside.add(self._kept.aside)
        telling = Telling(story, parts, self._kept.profile, self._stream, aside)
        scenario = telling.scenario(name, self._kept.recording)
        if faults_too:
            scenario.faults = telling.faults()
        else:
            telling.count_left_out()
        sentences = aside.sentences
        if not any(part.person.events for part in parts):
            sentences += ("no event came for this agent: there is no story",)
        if len(parts) < len(story.parts):
            sentences += (f"{len(story.parts)} agents take part; this is the side of agent {agent}",)
        return Distilled(scenario=scenario, notes=sentences)


class _Kept(msgspec.Struct):
    profile: Profile
    recording: str
    aside: Notes


def read(
    exchanges: Iterable[Exchange],
    *,
    recording: str = "",
    profile: str = "genesys",
    together: bool = False,
) -> Told:
    """Goes through a recording once and finds its stories.

    Args:
        exchanges: In the order in which their requests began, unless they are a list.
        recording: File name of the recording, for `source`.
        together: Tell all of it as one story, whatever it is about.

    Raises:
        RecordingError: there is no CometD traffic in it.
    """
    known: Profile = resolve(PROFILES, profile)
    aside = Notes()
    stream = unwrap(exchanges, known, aside)
    if not stream.clients and not stream.events:
        what = recording or "the recording"
        raise RecordingError(f"{what} holds no CometD traffic: no handshake and no event was seen")
    persons = people(stream, aside)
    stories = find_stories(persons, known, together=together)
    active = {part.number for story in stories for part in story.parts}
    aside.count(notes.IDLE, len(persons) - len(active))
    return Told(stream, persons, stories, _Kept(known, recording, aside))


def distil(
    exchanges: Iterable[Exchange],
    *,
    name: str,
    recording: str = "",
    profile: str = "genesys",
    together: bool = False,
) -> list[Distilled]:
    """Tells the stories of a recording, one scenario for each.

    Args:
        name: The scenario's name; of several, the first is `NAME-1`.

    The others are those of `read`. Notes about the whole recording are those of its first story.
    """
    told = read(exchanges, recording=recording, profile=profile, together=together)
    several = len(told.stories) > 1
    found = [told.tell(each, f"{name}-{each.number}" if several else name) for each in told.stories]
    if several:
        found[0] = msgspec.structs.replace(found[0], notes=told.notes + found[0].notes)
    return found


def only_story(
    exchanges: Iterable[Exchange],
    *,
    name: str,
    recording: str = "",
    profile: str = "genesys",
    together: bool = False,
) -> Distilled:
    """Tells a recording of one story; the arguments are those of `distil`.

    Raises:
        RecordingError: there is no CometD traffic in it, or it holds several stories.
    """
    told = distil(exchanges, name=name, recording=recording, profile=profile, together=together)
    if len(told) != 1:
        raise RecordingError(f"{recording or 'the recording'} holds {len(told)} stories")
    return told[0]
