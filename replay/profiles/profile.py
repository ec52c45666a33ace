"""The shape of a profile: all that the rest of the package asks about one particular API."""

from __future__ import annotations

import base64
import binascii
import hashlib
import random  # noqa: TID251  only for the type of the source that makers draw from
import re
import string
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from replay.scenario.model import Scenario

Maker = Callable[["random.Random", str], str]
"""Makes an id from a source of chance; the second argument is the recorded id."""


class IdShape(msgspec.Struct, frozen=True):
    """How one kind of id looks, and how a fresh one is made."""

    make: str
    """Its name under `make:`."""
    pattern: re.Pattern[str]
    """Matches the whole value."""
    maker: Maker


class NoSettings(msgspec.Struct, frozen=True):
    """Of an API of which there is one kind, or nothing is known."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What is particular to one API."""

    name: str
    api_prefix: str
    """Paths of the API begin with this; an absolute URL that holds it is the server's own."""
    operation_field: str
    """The body field that says what a POST does; empty where there is none."""
    reference_field: str
    """The event field that numbers the request it answers; empty where there is none."""
    session_cookie: str
    """Set on the first answer to a client that names itself in no other way."""
    ids: tuple[IdShape, ...] = ()
    """Most particular first."""
    id_fields: frozenset[str] = frozenset()
    """Fields whose values are ids although they may look like anything."""
    story_ids: frozenset[str] = frozenset()
    """Shapes, by their `make`, of what a story is about: a chat. Two of them in one message share a story."""
    constants: frozenset[str] = frozenset()
    """Values, in upper case, that look like ids and are the same on every server."""
    field_order: tuple[str, ...] = ()
    """Fields that a distilled scenario shows first, in this order."""
    client_fields: frozenset[str] = frozenset()
    """Body fields that hold what the client invents: nickname, text."""
    time_fields: frozenset[str] = frozenset()
    """Fields that hold times to be shifted."""
    readying: frozenset[str] = frozenset()
    """Operations without which the server offers nothing."""
    failure_field: str = ""
    """The field of an answer that is anything but 0 when the operation failed; empty where there is none."""
    effects: Mapping[str, frozenset[str]] = {}
    """By operation, the kinds of events that it may bring; of others nothing is known."""
    kinds_of: Callable[[Any], frozenset[str] | None] = lambda _data: None
    """The kinds of an event, by its data: empty when no operation of an agent's brings it, None: unknown."""
    push_name: Callable[[str, Any], str]
    """A short name for an event, from its channel and data, for the id of its step."""
    not_found: Callable[[str], tuple[int, dict[str, object]]]
    """Status and JSON body of an answer to what nobody knows; takes a sentence."""
    failure: Callable[[int, str], dict[str, object]]
    """JSON body of an answer that says that an operation failed; takes a code of the API's and a sentence."""
    not_logged_in: Callable[[], dict[str, object]]
    """JSON body of an answer to somebody whose login is void."""
    settings: type[msgspec.Struct] = NoSettings
    """Its fields are what `profile_settings` may say."""
    adapted: Callable[[Scenario, Any], Scenario] = lambda scenario, _settings: scenario
    """A scenario as a server with these settings tells it."""


def lookalike(draw: random.Random, recorded: str) -> str:
    """A value with a digit, lower-case or upper-case letter wherever the recorded one has it."""
    return "".join(_like(draw, character) for character in recorded)


def _like(draw: random.Random, character: str) -> str:
    for kind in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if character in kind:
            return draw.choice(kind)
    return character


NEVER = re.compile(r"(?!)")

LOOKALIKE = IdShape("lookalike", NEVER, lookalike)
"""For ids whose shape no profile knows."""

COUNTER = "counter"
"""`make: counter`, which every profile has: the agent's next number."""


def kebab(name: str) -> str:
    """`ParticipantsUpdated` as `participants-updated`, fit to be a step's id."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name)
    return re.sub(r"[^A-Za-z0-9]+", "-", words).strip("-").lower() or "event"


def user_of(headers: Mapping[str, str]) -> str | None:
    """Who a request says it is in `Authorization`, or None.

    Basic credentials name their user; of any other scheme a digest is the name, since a journal is no place
    for a token: `bearer-9f86d081`.
    """
    value = headers.get("authorization")
    return _user(value) if value else None


@lru_cache(maxsize=4096)
def _user(value: str) -> str | None:
    """The same of the header's value, which a client sends with every request."""
    value = value.strip()
    return (basic_user(value) or _digest(value)) if value else None


def basic_user(value: str) -> str:
    """The user that Basic credentials name; empty where they are none, or name nobody."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(rest.strip(), validate=True)
    except (binascii.Error, ValueError):
        return ""
    # Genesys' C# client encodes its credentials as ISO-8859-1, which cannot fail to decode.
    return decoded.decode("iso-8859-1").partition(":")[0]


def _digest(value: str) -> str:
    scheme = value.partition(" ")[0]
    # Credentials without a scheme are the token itself.
    named = kebab(scheme)[:20] if scheme != value else "token"
    return f"{named}-{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()[:8]}"
