"""A REST request while it is being answered, and what it is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from replay.bayeux.channels import META
from replay.plan.difference import Difference
from replay.plan.timeline import Ask
from replay.simulator.happenings import Fingerprint
from replay.simulator.plays import Play
from replay.wire import Headers

if TYPE_CHECKING:
    from replay.simulator.agents import Agent


class Question(msgspec.Struct, frozen=True):
    """A REST request, taken apart."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: bytes
    json: Any
    """The body as JSON; unset when it is none."""
    base_url: str

    @property
    def fingerprint(self) -> Fingerprint:
        """Equal for a request that is sent again."""
        return self.method, self.path, self.query, self.body

    @property
    def is_bayeux(self) -> bool:
        """Whether it is one for the CometD endpoint, sent elsewhere."""
        first = self.json[0] if isinstance(self.json, list) and self.json else None
        return isinstance(first, dict) and str(first.get("channel", "")).startswith(META)


class Candidate(msgspec.Struct, frozen=True):
    """An ask held against a request."""

    play: Play
    ask: Ask
    differences: list[Difference]
    captures: dict[str, Any]
    unmet: tuple[str, ...]
    """Steps it still needs."""
    rank: int = 0
    """How far the play is from what the request names: 0 is nearest."""

    @property
    def fits(self) -> bool:
        """Whether the request is this ask, answerable or not."""
        return not self.differences


class Asking(msgspec.Struct, frozen=True):
    """A request while it is being answered."""

    exchange: int
    question: Question
    agent: Agent | None
    """None when nothing says whose request it is."""
    cookies: Headers
    """Headers that set them, so that the client is known next time; and what it learns to send by."""
    found: list[Candidate]
    """Among these is all that it fits."""
    now: float
