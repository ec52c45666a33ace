"""Which server's way of speaking Bayeux a recording shows."""

from __future__ import annotations

from replay.bayeux.channels import CONNECT
from replay.distil.bodies import Message


def dialect_of(reply: Message) -> str | None:
    """The dialect that a reply can only come from; None when it tells nothing."""
    error = str(reply.get("error", ""))
    if reply.get("successful") is True:
        # Only faye names the client in its replies.
        return "faye" if reply.get("channel") == CONNECT and "clientId" in reply else None
    if error == "402::session_unknown":
        return "cometd5"
    if error == "403::Unknown client":
        return "salesforce"
    if error.startswith("401:") and error.endswith(":Unknown client"):
        return "faye"
    return None
