"""Who is asking: agents, and how a request is known to be one's.

In this order: the user in `Authorization`; a session cookie of ours; a minted id in path, query or body; a
clientId; the only agent present. A handshake that carries none of these makes a new agent. An agent known by
other signs takes the name that `Authorization` adds later. While a role of a shared play is free, a request
without these signs is somebody new's if all who are here have come back with our cookie.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any

from replay.bayeux.client_state import Client
from replay.errors import NoSuchError, nearest
from replay.profiles.profile import user_of
from replay.simulator.at_first import AtFirst, prepared
from replay.simulator.forgotten import Forgotten, Gone
from replay.simulator.happenings import Refusal
from replay.simulator.plays import Play
from replay.simulator.reach import Reach
from replay.simulator.telling import Overtaken, Told

NOBODY = "Nobody has come yet."
_ORDINAL = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_GUESSED = 1000
"""Names among which the nearest is looked for: with each more it takes longer."""
REMEMBERED = 10_000
"""Ids of which it is known that their play has been forgotten."""
_SHOWN = 20
"""Names that are listed."""
_SIGNS = 100
"""Values of cookies by which one agent is known; a client that makes up others all day loses the oldest."""


@prepared
class Agent:
    """One person's desktop."""

    held: AtFirst[list[Told]] = AtFirst(list)
    """Events that wait for a subscription to their channel, in order."""
    overtaken: AtFirst[list[Overtaken]] = AtFirst(list)
    """Events that wait until others have been told, in order."""
    forgotten = AtFirst(Forgotten)
    """What stays known of plays that were over."""
    struck: AtFirst[Counter[str]] = AtFirst(Counter)
    """How often each rule struck it, also of those that are gone."""

    def __init__(self, ordinal: int, name: str | None, replica: str = "") -> None:
        self.ordinal = ordinal
        self.name = name
        # No user has a colon in it (RFC 7617, 2).
        nameless = f"{replica}:{ordinal}" if replica else ordinal
        self.key: str | int = name if name is not None else nameless
        """What draws are keyed by; does not change when a name becomes known later."""
        self.label = name if name is not None else f"#{ordinal}"
        """How the journal names it."""
        self.noted_as = self.label
        """What the journal has called it so far."""
        self.cookie = ""
        self.signs: list[str] = []
        """Values of cookies that it is known by, the oldest first."""
        self.heard = 0.0
        """When it last asked for something or was given a play, or its last client ended."""
        self.clients: dict[str, Client] = {}
        self.ever_had_clients = False
        self.keeps_cookies = False
        """Whether it has come back with a cookie of ours."""
        self.sessions: list[Play] = []
        self.plays: list[Play] = []
        self.reach = Reach()
        """The same, by what leads a request to them."""
        self.began: float | None = None
        """When the first of its stories started."""
        self.story = 0.0
        """Where the latest of what happened to it stands had every delay been kept."""
        self.shaken = 0
        """How many clients it has had."""
        self.is_unknown = False
        """Whether its cookies are unknown: it gets new ones with its next answer."""
        self.cookies = 0
        """How many it has been given."""
        self.misses = 0
        """How many of its requests matched no step."""
        self.refused: Refusal | None = None
        """How requests with its old cookies are answered since its login has expired."""

    def __repr__(self) -> str:
        return f"<Agent {self.label}, {len(self.clients)} clients, {len(self.plays)} plays>"


class Agents:
    """All agents, by every sign they are known by."""

    def __init__(self, cookie_names: Iterable[str], replica: str = "") -> None:
        self.cookie_names: set[str] = set()
        """What the cookies are called that agents are known by."""
        self._cookies = re.compile("(?!)")
        for name in cookie_names:
            self.know_cookie_name(name)
        self._replica = replica
        self._read: tuple[str, list[str]] = "", []
        """The latest `Cookie` header, and what was found in it."""
        self.forget_all()

    def forget_all(self) -> None:
        """Nobody has come yet."""
        self.all: list[Agent] = []
        """In order of appearance; not who went long ago."""
        self.came = 0
        """How many have come, which is the ordinal of the latest."""
        self._strangers: dict[int, Agent] = {}
        """Those without a name that have never shaken hands."""
        self._by_name: dict[str, Agent] = {}
        self._by_cookie: dict[str, Agent] = {}
        self._by_client: dict[str, Agent] = {}
        self._by_minted: dict[str, Play] = {}
        self._gone: dict[str, Gone] = {}
        """The latest ids of plays that have been forgotten, oldest first."""

    def find(
        self,
        headers: Mapping[str, str],
        words: Iterable[str] = (),
        *,
        shaking_hands: bool = False,
        awaited: bool = False,
    ) -> Agent | None:
        """The agent that these headers or these strings of a request name, if any do.

        An unknown user is taken for the only agent, if that has no name yet: some desktops send credentials
        with REST alone. One who sends them with its handshake, and is known by no sign, is somebody else.

        Args:
            awaited: Somebody else is expected, who is not taken for one that keeps cookies.
        """
        user = user_of(headers) if "authorization" in headers else None
        if user is not None and user in self._by_name:
            return self._by_name[user]
        known = self._by_sign(headers, words)
        if user is None:
            return known
        if known is None and not shaking_hands:
            here = self.present()
            known = here[0] if len(here) == 1 and not (awaited and here[0].keeps_cookies) else None
        if known is not None and known.name is None:
            known.name = known.label = user
            self._by_name[user] = known
            self._strangers.pop(known.ordinal, None)
            return known
        return None

    def named(self, name: str) -> Agent:
        """The agent that the journal calls so, or that has this ordinal: `12` or `#12`.

        Raises:
            NoSuchError: there is none.
        """
        if name in self._by_name:
            return self._by_name[name]
        numbered = self.numbered(name)
        if numbered is not None:
            return numbered
        labels = [agent.label for agent in self.all[:_GUESSED]]
        there = (
            f"There are {len(self.all):,}, the latest is #{self.came}."
            if len(labels) > _SHOWN
            else f"There is {', '.join(labels)}."
        )
        raise NoSuchError(
            f"no agent is called '{name}'", help=nearest(name, labels) or (there if labels else NOBODY)
        )

    def numbered(self, name: str) -> Agent | None:
        """The agent of this ordinal: `12` or `#12`."""
        digits = name.removeprefix("#")
        if not _ORDINAL.fullmatch(digits):
            return None
        place = bisect_left(self.all, int(digits), key=lambda agent: agent.ordinal)
        found = self.all[place : place + 1]
        return found[0] if found and found[0].ordinal == int(digits) else None

    def find_known(self, headers: Mapping[str, str]) -> Agent | None:
        """The agent that these headers name, if one is known by them already."""
        user = user_of(headers)
        return self._by_name.get(user) if user in self._by_name else self._by_sign(headers, ())

    def _by_sign(self, headers: Mapping[str, str], words: Iterable[str]) -> Agent | None:
        for value in self.cookies_of(headers):
            known = self._by_cookie.get(value)
            if known is not None:
                known.keeps_cookies = True
                return known
        return self._by_words(words)

    def named_by(
        self, headers: Mapping[str, str], cookies: Iterable[str], words: Iterable[str]
    ) -> Agent | None:
        """Whom a user, values of cookies, or strings name; nothing is learned from it."""
        user = user_of(headers)
        if user in self._by_name:
            return self._by_name[user]
        known = (self._by_cookie.get(value) for value in cookies)
        return next((agent for agent in known if agent is not None), None) or self._by_words(words)

    def _by_words(self, words: Iterable[str]) -> Agent | None:
        clients = None
        for word in words:
            named = self._by_minted.get(word)
            # An id of a shared play may come from any who sit in it.
            if named is not None and named.owner is not None:
                return named.owner
            gone = self._gone.get(word)
            if gone is not None and gone.owner is not None:
                return gone.owner
            clients = clients or self._by_client.get(word)
        return clients

    def orphan(self, *, keeping_cookies: bool = True) -> Agent | None:
        """The only nameless agent that has asked over REST and never shaken hands, if there is just one.

        Args:
            keeping_cookies: It may be one that keeps cookies, who would shake hands with them.
        """
        left = [each for each in self._strangers.values() if keeping_cookies or not each.keeps_cookies]
        return left[0] if len(left) == 1 else None

    def present(self) -> list[Agent]:
        """Agents that have a client, or have not had one yet, two at most; who has left is not meant."""
        here = (agent for agent in self.all if agent.clients or not agent.ever_had_clients)
        return list(islice(here, 2))

    def all_keep_cookies(self) -> bool:
        """Whether all who are here have come back with a cookie of ours."""
        here = (agent for agent in self.all if agent.clients or not agent.ever_had_clients)
        return all(agent.keeps_cookies for agent in here)

    def add(self, headers: Mapping[str, str]) -> Agent:
        """A new agent, named as its request says."""
        self.came += 1
        agent = Agent(self.came, user_of(headers), self._replica)
        self.all.append(agent)
        if agent.name is not None:
            self._by_name[agent.name] = agent
        else:
            self._strangers[agent.ordinal] = agent
        return agent

    def know_cookie_name(self, name: str) -> None:
        """Agents are known by cookies of this name too from now on."""
        self.cookie_names.add(name)
        self._read = "", []
        names = "|".join(map(re.escape, sorted(self.cookie_names)))
        # As `pairs_in` reads them, and the others not at all.
        self._cookies = re.compile(rf"(?:^|;)\s*(?:{names})\s*=([^;]*)")

    def know_cookies(self, agent: Agent, values: Iterable[str]) -> None:
        """These cookie values belong to this agent from now on."""
        for value in values:
            if value not in self._by_cookie:
                self._by_cookie[value] = agent
                agent.signs.append(value)
                if len(agent.signs) > _SIGNS:
                    oldest = next(sign for sign in agent.signs if sign != agent.cookie)
                    agent.signs.remove(oldest)
                    del self._by_cookie[oldest]

    def cookies_of(self, headers: Mapping[str, str]) -> list[str]:
        """The values of a request's session cookies, whatever other cookies stand beside them."""
        header = headers.get("cookie", "")
        if not header:
            return []
        # Asked more than once of one request.
        if header is not self._read[0]:
            found = [value.strip().strip('"') for value in self._cookies.findall(header)]
            self._read = header, [value for value in found if value]
        return self._read[1]

    def know_client(self, agent: Agent, client: Client) -> None:
        """This client belongs to this agent."""
        agent.clients[client.id] = client
        agent.ever_had_clients = True
        agent.shaken += 1
        client.number = agent.shaken
        self._strangers.pop(agent.ordinal, None)
        self._by_client[client.id] = agent

    def owner_of(self, client_id: str) -> Agent | None:
        """Whose client this is, if it is anybody's."""
        return self._by_client.get(client_id)

    def forget_client(self, client: Client) -> Agent:
        """The client has ended; returns whose it was."""
        agent = self._by_client.pop(client.id)
        agent.clients.pop(client.id, None)
        return agent

    def forget(self, gone: Collection[Agent]) -> None:
        """Nobody is known by what these were known by."""
        self.all = [agent for agent in self.all if agent not in gone]
        for agent in gone:
            self._strangers.pop(agent.ordinal, None)
            if agent.name is not None:
                del self._by_name[agent.name]
            for value in agent.signs:
                del self._by_cookie[value]
            for play in (*agent.sessions, *agent.plays):
                for value in map(str, play.values.values()):
                    if self._by_minted.get(value) is play:
                        del self._by_minted[value]
        self._gone = {value: play for value, play in self._gone.items() if play.owner not in gone}

    def owner(self, client: Client) -> Agent:
        """Whose client it is."""
        return self._by_client[client.id]

    def know_minted(self, value: str, play: Play) -> None:
        """This id was made for this play."""
        self._by_minted[value] = play

    def pass_on(self, before: Play, after: Play) -> None:
        """What was made for one play names another, which goes on from it."""
        for value in map(str, before.values.values()):
            if self._by_minted.get(value) is before:
                self._by_minted[value] = after

    def forget_minted(self, play: Play) -> None:
        """A play has gone: for a while it stays known that its ids were its own."""
        gone = Gone(play.label, play.timeline.place, play.owner)
        for value in map(str, play.values.values()):
            if self._by_minted.get(value) is play:
                del self._by_minted[value]
                self._gone[value] = gone
        while len(self._gone) > REMEMBERED:
            del self._gone[next(iter(self._gone))]

    def gone(self, words: Iterable[str]) -> Gone | None:
        """The first forgotten play of which an id stands among these strings."""
        return next((self._gone[word] for word in words if word in self._gone), None)

    def is_minted(self, value: str) -> bool:
        """Whether this id was made for some play."""
        return value in self._by_minted

    def plays_named(self, words: Iterable[str]) -> list[Play]:
        """Plays whose minted ids stand among these strings, newest first."""
        minted = self._by_minted
        found = [minted[word] for word in words if word in minted]
        if len(found) < 2:
            return found
        return sorted(dict.fromkeys(found), key=lambda play: play.ordinal, reverse=True)


def words_of(path: str, query: Iterable[tuple[str, str]], body: Any) -> list[str]:
    """Every string and whole number of a request that could be an id, URLs taken apart."""
    words = path.split("/")
    for _, value in query:
        _add(value, words)
    _add(body, words)
    return [word for word in words if word]


def _add(value: Any, words: list[str]) -> None:
    """The words of a value and of all below it, in order."""
    if isinstance(value, str):
        words.append(value)
        if "/" in value:
            words += value.split("/")
    elif isinstance(value, dict):
        for key in value:
            _add(key, words)
        for item in value.values():
            if type(item) is str and "/" not in item:
                words.append(item)
            else:
                _add(item, words)
    elif isinstance(value, list):
        for item in value:
            _add(item, words)
    elif isinstance(value, int):
        words.append(str(value))
    elif isinstance(value, float) and value.is_integer():
        words.append(str(int(value)))
