"""One batch while it is being processed: whose it is, and how its replies are worded."""

from __future__ import annotations

from collections.abc import Sequence

from replay.bayeux import channels
from replay.bayeux.client_state import Client
from replay.bayeux.cookies import pairs_in
from replay.bayeux.delivery import Peer
from replay.bayeux.dialects import ErrorKind
from replay.bayeux.messages import Message
from replay.bayeux.verdict import Verdict

BROWSER_COOKIE = "BAYEUX_BROWSER"


class Turn:
    """A batch, where it comes from, and what is known of it so far."""

    __slots__ = (
        "batch",
        "connected",
        "cookies",
        "dialect",
        "now",
        "peer",
        "speaker",
        "verdicts",
        "wait",
        "welcomed",
    )

    def __init__(self, batch: list[Message], peer: Peer, now: float) -> None:
        self.batch = batch
        self.peer = peer
        self.now = now
        self.dialect = peer.settings.dialect
        self.speaker: Client | None = None
        """Whose batch it is: nobody else's messages are taken from it."""
        self.cookies: list[str] = []
        self.connected = False
        self.verdicts: Sequence[Verdict] = ()
        """What was decided about each message; empty where nothing was."""
        self.wait: float | None = None
        """Seconds its connect is held, where that was decided."""
        self.welcomed = channels.HANDSHAKE in [message.get("channel") for message in batch]

    @property
    def forbidden(self) -> str:
        """Why the dialect takes no such batch; empty when it does."""
        if len(self.batch) == 1:
            return ""
        if self.welcomed and self.dialect.handshake_alone:
            return "a handshake comes alone"
        connects = any(message.get("channel") == channels.CONNECT for message in self.batch)
        refused = connects and self.dialect.connect_in_company == "refused"
        return "a connect comes alone" if refused else ""

    def reply_to(self, message: Message) -> Message:
        """A successful reply, with what the dialect repeats of the message."""
        reply: Message = {"channel": message.get("channel"), "successful": True}
        for name in self.dialect.repeated:
            if name in message:
                reply[name] = message[name]
        return reply

    def failed(self, reply: Message, kind: ErrorKind, message: Message, *, named: object = None) -> Message:
        """The reply as a failure, in the dialect's words.

        Args:
            named: The channel, the field or the connection type at fault.
        """
        channel = message.get("channel")
        error = self.dialect.errors[kind].format(
            client=_text(message.get("clientId")),
            named=_text(channel if named is None else named),
        )
        failure = reply | {"successful": False, "error": error}
        if isinstance(channel, str) and channel in self.dialect.nameless_failures:
            failure.pop("clientId", None)
        advice = self.dialect.failure_advice.get(kind)
        if advice is not None and channel in (channels.HANDSHAKE, channels.CONNECT):
            failure["advice"] = advice
        return failure

    def missing(self, channel: str, message: Message) -> str | None:
        """The first field without which the dialect takes no such message."""
        kind = channel if channel.startswith(channels.META) else ""
        for field in self.dialect.required.get(kind, ()):
            if message.get(field) is None:
                return field
        return None

    def subscription(self, message: Message, reply: Message) -> tuple[list[str], Message]:
        """The patterns a message names, and the reply, failed if there are none."""
        wanted = message.get("subscription")
        if wanted is None or wanted == []:
            return [], self.failed(reply, "subscription missing", message)
        reply["subscription"] = wanted
        patterns = wanted if isinstance(wanted, list) else [wanted]
        wrong = [pattern for pattern in patterns if not channels.is_channel(pattern)]
        if wrong:
            return [], self.failed(reply, "subscription invalid", message, named=wrong[0])
        return patterns, reply

    def denied(self, pattern: str) -> bool:
        """Whether nobody may subscribe to it."""
        service = pattern.startswith(channels.SERVICE) and not self.dialect.services_subscribable
        return service or pattern.startswith(channels.META)

    def refused_types(self, wanted: object) -> str | None:
        """The connection types a message names, if the dialect minds that none of them is served."""
        if not self.dialect.negotiates_types:
            return None
        types = wanted if isinstance(wanted, list) else [wanted]
        served = self.peer.settings.connection_types
        return None if any(each in served for each in types) else ",".join(map(str, types))


def browser_of(peer: Peer) -> str:
    """The browser cookie a batch came with, or an empty string."""
    return dict(pairs_in(peer.headers.get("cookie", ""))).get(BROWSER_COOKIE, "")


def one_too_many(client: Client, reply: Message) -> Message:
    """The reply to a connect of a browser that has too many of them (CometD, `multiSessionInterval`)."""
    interval = client.settings.multi_session_interval
    advice = reply.get("advice", {}) | {"multiple-clients": True}
    if interval > 0:
        return reply | {"advice": advice | {"reconnect": "retry", "interval": round(interval * 1000)}}
    return reply | {"successful": False, "advice": advice | {"reconnect": "none"}}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
