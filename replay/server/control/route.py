"""One control call as it is declared: where it is, what it takes, what it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from replay.server.control.call import Call

JSON = "application/json"
JSON_LINES = "application/jsonl"

Handler = Callable[["Call"], Awaitable[Any]]
"""Answers a call: with a value of the type that its route declares, which becomes JSON, or a response."""


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a call without parameters."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A method of a resource. The description of the API is made from it, and calls are read by it."""

    method: str
    path: str
    """Below the prefix; `{name}` stands for one segment."""
    handler: Handler
    about: str
    """What it does, in a sentence."""
    query: type[msgspec.Struct] = NoQuery
    """The parameters it takes: a frozen struct of strings, numbers and literals with defaults."""
    body: Any = None
    """The type of its JSON body; None where it takes none."""
    bodiless: bool = False
    """The body may be left out, with all its fields."""
    schema: Callable[[], dict[str, Any]] | None = None
    """JSON Schema of its body, where the type cannot say what that is."""
    answer: Any
    """The type of what it says: of each line where that is JSON Lines; `str` where it is no JSON."""
    status: int = 200
    """Of an answer that is no refusal."""
    content: tuple[str, ...] = (JSON,)
    """Media types of what it says."""
    refuses: tuple[int, ...] = ()
    """Statuses of its refusals beside those that any call may meet."""
    reach: Literal["here", "everywhere", "agent", "agents"] = "here"
    """Which replicas it is for: the one that is called, all of them, the one that has an agent, or those that
    have the agents it names."""
    open: bool = False
    """It needs no token: it says nothing that is worth one."""


Routes = tuple[Route, ...]
