"""Channel names and what a subscription matches (Bayeux 1.0, section 2.2)."""

from __future__ import annotations

META = "/meta/"
HANDSHAKE = "/meta/handshake"
CONNECT = "/meta/connect"
SUBSCRIBE = "/meta/subscribe"
UNSUBSCRIBE = "/meta/unsubscribe"
DISCONNECT = "/meta/disconnect"
SERVICE = "/service/"

MAX_LENGTH = 1_000
"""Characters in a name; clients may keep many names in a server's memory."""


def is_channel(name: object) -> bool:
    """Whether this can be the channel of a message: absolute, no empty segment."""
    if not isinstance(name, str) or not 1 < len(name) <= MAX_LENGTH:
        return False
    return name[0] == "/" and name[-1] != "/" and "//" not in name


def covers(pattern: str, channel: str) -> bool:
    """Whether a subscription to `pattern` receives events of `channel`.

    `/a/*` is exactly one more segment, `/a/**` one or more; wildcards stand last only.
    """
    if pattern == channel:
        return True
    if pattern.endswith("/**"):
        return channel.startswith(pattern[:-2]) and len(channel) > len(pattern) - 2
    if pattern.endswith("/*"):
        rest = channel[len(pattern) - 1 :]
        return channel.startswith(pattern[:-1]) and bool(rest) and "/" not in rest
    return False
