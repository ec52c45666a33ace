"""What somebody beside the protocol has decided about one message of a client."""

from __future__ import annotations

from typing import Any

import msgspec

from replay.bayeux.dialects import ErrorKind


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How a message is treated; the defaults treat it as ever."""

    lost: bool = False
    """Its batch is not heeded: nothing in it happens, and what is replied carries nothing."""
    forget: bool = False
    """Its client is forgotten first."""
    failure: ErrorKind | None = None
    """It fails so, in the dialect's words."""
    error: str = ""
    """It fails so, in these words."""
    advice: dict[str, Any] | None = None
    """Said with the reply, over what it advises otherwise."""
    wait: float | None = None
    """Seconds that a connect is held, whatever it asks for."""
    unacknowledged: bool = False
    """Its acknowledgement counts as the one before it."""


NOTHING = Verdict()


def both(one: Verdict, other: Verdict) -> Verdict:
    """Two verdicts on one message: what only one says holds, the later one's word is the last."""
    said = {name: getattr(other, name) for name in other.__struct_fields__}
    meant = {name: value for name, value in said.items() if value != getattr(NOTHING, name)}
    if one.advice and other.advice:
        meant["advice"] = one.advice | other.advice
    return msgspec.structs.replace(one, **meant) if meant else one
