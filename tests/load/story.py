"""What an agent of accept-chat has to be told: each event once, in this order, with ids of its own."""

from __future__ import annotations

from collections import Counter
from typing import Any

EVENTS = ("invited", "chatting", "participants", "history")
"""The events of the story, in the order of their causes; `accept` stands after the first."""


class Story:
    """What one agent has been told of its chat, and what was wrong with it."""

    def __init__(self, nickname: str) -> None:
        self._nickname = nickname
        self.chat = ""
        """The id of the chat that it was offered."""
        self.accepts = False
        """Whether it has sent its Accept."""
        self.told: list[str] = []
        """Events of its own, as they came."""
        self.foreign: list[str] = []
        """What was no event of its story."""
        self.misread: list[str] = []
        """Events whose ids do not hang together."""
        self._people: dict[str, str] = {}

    @property
    def ids(self) -> list[str]:
        """All that was made for this play: nobody else may have one of these."""
        return [self.chat, *self._people.values()]

    @property
    def is_over(self) -> bool:
        """Whether all has come."""
        return set(self.told) == set(EVENTS)

    @property
    def lost(self) -> int:
        """Events that never came."""
        return len(set(EVENTS) - set(self.told))

    @property
    def doubled(self) -> int:
        """Events that came more than once, each time beyond the first."""
        return sum(count - 1 for count in Counter(self.told).values())

    @property
    def misordered(self) -> int:
        """Events that came after one that they should have come before."""
        places = [EVENTS.index(name) for name in dict.fromkeys(self.told)]
        return sum(any(other > place for other in places[:at]) for at, place in enumerate(places))

    def hear(self, channel: str, data: Any) -> None:
        """One more event."""
        try:
            name = self._named(channel, data)
        except (KeyError, TypeError, ValueError, StopIteration):
            name = ""
        if not name:
            self.foreign.append(f"{channel} {data}"[:300])
            return
        if name != "invited" and not self.accepts:
            self.misread.append(f"'{name}' came before anybody had accepted")
        self.told.append(name)

    def _named(self, channel: str, data: Any) -> str:
        """Which of its events this is; empty where it is none."""
        if channel != "/v2/me/chats":
            return ""
        if data["messageType"] == "MessageLogUpdated":
            return self._history(data)
        chat = data["chat"]
        state = chat["state"]
        if state == "Invited" and not self.chat:
            self.chat = chat["id"]
        if chat["id"] != self.chat or not chat["uri"].endswith(f"/chats/{self.chat}"):
            return ""
        if state == "Invited":
            return "invited"
        if data["notificationType"] == "StatusChange" and "referenceId" in data:
            return "chatting"
        agent, customer = chat["participants"]
        self._know("first join", agent["participantId"])
        self._know("customer", customer["participantId"])
        self._check_nickname(agent["nickname"])
        return "participants"

    def _history(self, data: Any) -> str:
        if not self.chat or not data["chatUri"].endswith(f"/chats/{self.chat}"):
            return ""
        joins = [each["from"] for each in data["messages"] if each["from"]["type"] == "Agent"]
        first, left, second = joins
        self._know("first join", first["participantId"])
        self._know("first join", left["participantId"])
        self._know("second join", second["participantId"])
        self._know("customer", data["messages"][0]["from"]["participantId"])
        self._check_nickname(second["nickname"])
        return "history" if [each["index"] for each in data["messages"]] == [1, 2, 3, 4, 5, 6] else ""

    def _know(self, who: str, participant: str) -> None:
        if self._people.setdefault(who, participant) != participant:
            self.misread.append(f"the {who} was {self._people[who]}, and is {participant}")

    def _check_nickname(self, nickname: str) -> None:
        if nickname != self._nickname:
            self.misread.append(f"'{nickname}' is not {self._nickname}, as was accepted")


def shared(stories: list[Story]) -> list[str]:
    """Ids that more than one of them has."""
    counts = Counter(each for story in stories for each in story.ids if each)
    return [each for each, count in counts.items() if count > 1]
