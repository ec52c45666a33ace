"""Which of a recording's stories are wanted, and how they are listed for somebody to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from replay.distil.people import Person
from replay.distil.stories import Story
from replay.distil.story import Told
from replay.errors import RecordingError, nearest

_MOST_LISTED = 20
_HEADINGS = ("story", "chat", "agents", "began (UTC)", "requests", "events")


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A story that was chosen."""

    story: Story
    agent: int | None = None
    """The agent whose side of it is wanted; None for all of it."""


def choose(told: Told, *, agent: str | None = None, chat: str | None = None) -> list[Choice]:
    """The stories that fit; all of them when nothing is asked for.

    Args:
        agent: A user's name, or the number of an agent as listed: that agent's side is told.
        chat: A chat's id, its first characters, or the number of a story as listed.

    Raises:
        RecordingError: there is no such agent or chat, or several begin like that.
    """
    stories = told.stories if chat is None else [_story(told, chat)]
    if agent is None:
        return [Choice(story=story) for story in stories]
    number = _agent(told, agent)
    chosen = [
        # Of a story of its own an agent has no side.
        Choice(story=story, agent=number if len(story.parts) > 1 else None)
        for story in stories
        if any(part.number == number for part in story.parts)
    ]
    if not chosen:
        what = f"the story of chat '{chat}'" if chat is not None else "any story"
        raise RecordingError(f"agent '{agent}' takes no part in {what} of {told.recording}")
    return chosen


def _story(told: Told, chat: str) -> Story:
    stories = told.stories
    if chat.isdigit() and 1 <= int(chat) <= len(stories):
        return stories[int(chat) - 1]
    exact = [story for story in stories if chat in story.ids]
    found = exact or [story for story in stories if any(each.startswith(chat) for each in story.ids)]
    if len(found) == 1:
        return found[0]
    if found:
        numbers = " and ".join(str(story.number) for story in found[:5])
        raise RecordingError(
            f"'{chat}' begins the chats of {len(found)} stories of {told.recording}, such as {numbers}:"
            " give more of the id, or the number"
        )
    known = [each for story in stories for each in story.ids]
    help_ = nearest(chat, known) or f"It holds {_count(len(stories), 'story', 'stories')}; --list shows them."
    raise RecordingError(f"{told.recording} holds no chat '{chat}'. {help_}")


def _agent(told: Told, agent: str) -> int:
    users = [person.user for person in told.persons]
    if agent in users:
        return users.index(agent) + 1
    if agent.isdigit() and 1 <= int(agent) <= len(users):
        return int(agent)
    holds = f"{told.recording} holds {_count(len(users), 'agent', 'agents')}"
    if agent.isdigit():
        raise RecordingError(f"{holds}; there is no number {agent}")
    named = ", ".join(called(number, person) for number, person in list(enumerate(told.persons, 1))[:5])
    help_ = nearest(agent, [user for user in users if user])
    raise RecordingError(
        f"{holds}, none of whom is '{agent}': {named}{', …' if len(users) > 5 else ''}. {help_}".rstrip()
    )


def called(number: int, person: Person) -> str:
    """An agent as it is listed: `2`, or `2 (bob)` where it named itself."""
    return f"{number} ({person.user})" if person.user else str(number)


def summary(story: Story) -> str:
    """`chat 0000Na9B26EF002X, agents 1 and 2`."""
    agents = [str(part.number) for part in story.parts]
    who = f"agent {agents[0]}" if len(agents) == 1 else f"agents {', '.join(agents[:-1])} and {agents[-1]}"
    return f"chat {story.ids[0]}, {who}" if story.ids else who


def listing(told: Told, most: int = _MOST_LISTED) -> Iterator[str]:
    """The stories as lines of a table; those beyond `most` are counted."""
    rows = [_HEADINGS, *(_row(story) for story in told.stories[:most])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row in rows:
        cells = (
            cell.rjust(width) if heading in {"story", "requests", "events"} else cell.ljust(width)
            for cell, width, heading in zip(row, widths, _HEADINGS, strict=True)
        )
        yield "  ".join(cells).rstrip()
    if len(told.stories) > most:
        yield f"… and {len(told.stories) - most} more"


def _row(story: Story) -> tuple[str, ...]:
    began = datetime.fromtimestamp(story.began, UTC)
    return (
        str(story.number),
        _ids(story.ids),
        ", ".join(called(part.number, part.person) for part in story.parts),
        f"{began:%Y-%m-%d %H:%M:%S}",
        str(story.requests),
        str(story.events),
    )


def _ids(ids: Iterable[str]) -> str:
    first, *others = [*ids] or ["-"]
    return f"{first} and {len(others)} more" if others else first


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
