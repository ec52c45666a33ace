"""One open WebSocket: wsproto's frames on a socket of gevent's."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from urllib.parse import urlsplit

import gevent.socket
from gevent.lock import RLock
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.events import Message as Frame
from wsproto.utilities import ProtocolError

from replay.drive.answer import LARGEST
from replay.drive.locust.http import CONNECTING, Http, NoAnswerError, in_words, tls_of

CLOSED = "the WebSocket was closed"


class Line:
    """A WebSocket, and what has come on it."""

    def __init__(self, http: Http, url: str) -> None:
        """Opens it.

        Args:
            url: Where it is, beginning with http.

        Raises:
            NoAnswerError: the server does not.
        """
        self.code = 1006
        """With what it was closed: 1006 if without a word (RFC 6455, section 7.4.1)."""
        self._sending = RLock()
        self._ws = WSConnection(ConnectionType.CLIENT)
        self._events: deque[Event] = deque()
        try:
            self._socket = gevent.socket.create_connection((http.host, http.port), CONNECTING)
        except OSError as error:
            raise NoAnswerError(in_words(error)) from None
        try:
            if http.secure:
                self._socket = tls_of(http.access).wrap_socket(self._socket, server_hostname=http.host)
            self._socket.settimeout(None)
            self._shake(http, url)
        except OSError as error:
            self.close()
            raise NoAnswerError(in_words(error)) from None
        except BaseException:
            self.close()
            raise

    def _shake(self, http: Http, url: str) -> None:
        cookies = http.cookies_for(url)
        headers = [*http.headers().items(), *([("Cookie", cookies)] if cookies else [])]
        parts = urlsplit(url)
        extra = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        self._send(Request(host=parts.netloc, target=parts.path or "/", extra_headers=extra))
        match self._next():
            case AcceptConnection(extra_headers=said):
                http.learn_cookies(url, [(name.decode(), value.decode("latin-1")) for name, value in said])
            case RejectConnection(status_code=status):
                raise NoAnswerError(f"the WebSocket's handshake was answered with status {status}")
            case _:
                raise NoAnswerError("it closed the connection without an answer")

    def say(self, text: str) -> None:
        """Sends a text.

        Raises:
            NoAnswerError: the socket is closed.
        """
        self._send(TextMessage(text))

    def texts(self) -> Iterator[str]:
        """The texts that come, until it is closed.

        Raises:
            NoAnswerError: the connection is gone, or too much comes.
        """
        parts, size = list[str](), 0
        while True:
            match self._next():
                case Frame(data=data) as frame:
                    size += len(data)
                    if size > LARGEST:
                        raise NoAnswerError(f"a message of more than {LARGEST >> 20} MB came")
                    parts.append(data if isinstance(data, str) else bytes(data).decode("utf-8", "replace"))
                    if frame.message_finished:
                        yield "".join(parts)
                        parts, size = [], 0
                case Ping() as ping:
                    self._send(ping.response())
                case CloseConnection(code=code):
                    self.code = int(code)
                    return

    def goodbye(self) -> None:
        """Says that it is closed from our side, without waiting for an answer."""
        try:
            self._send(CloseConnection(1000))
        except NoAnswerError:
            return

    def close(self) -> None:
        """Closes the connection."""
        self._socket.close()

    def _send(self, event: Event) -> None:
        try:
            with self._sending:
                self._socket.sendall(self._ws.send(event))
        except OSError as error:
            raise NoAnswerError(f"{CLOSED}: {in_words(error)}") from None
        except ProtocolError:
            raise NoAnswerError(CLOSED) from None

    def _next(self) -> Event:
        while not self._events:
            try:
                self._ws.receive_data(self._socket.recv(1 << 16) or None)
                self._events.extend(self._ws.events())
            except OSError as error:
                raise NoAnswerError(f"{CLOSED}: {in_words(error)}") from None
            except ProtocolError:
                raise NoAnswerError("what it says is no WebSocket") from None
        return self._events.popleft()
