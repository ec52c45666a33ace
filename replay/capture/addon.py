"""The recorder, as an addon: `mitmproxy -s addon.py --set replay_to=FILE`.

People load this file into a mitmproxy of their own, where our package is not; so it and the files it
loads from beside it need the standard library and mitmproxy alone.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mitmproxy import connection, ctx, exceptions, http, version
from mitmproxy.proxy.layers import websocket

if TYPE_CHECKING or __name__ == "replay.capture.addon":
    from replay.capture import carrier, coding, filters, interpreters, origins, rewriting, rules
else:
    # The files beside this one, as a package with a name of our own: in somebody else's mitmproxy `replay`
    # may be another.
    for _name in [_name for _name in sys.modules if _name.partition(".")[0] == "_gws_replay"]:
        del sys.modules[_name]
    _room = sys.modules["_gws_replay"] = ModuleType("_gws_replay")
    _room.__path__ = [str(Path(__file__).resolve().parent)]
    from _gws_replay import carrier, coding, filters, interpreters, origins, rewriting, rules

logger = logging.getLogger("replay.capture")

DIALLED = rewriting.DIALLED
FILTERS = {"host": "replay_host", "path": "replay_path", "channel": "replay_channel"}
"""The options that say what is recorded, by what they look at."""
RAW = ("save_stream_file", "hardump")
"""mitmproxy's own options that write flows as they travel."""

options_error: Any = exceptions.OptionsError


class Recorder:
    """Records every exchange into one file, cleaned of secrets, and keeps the client on a reverse proxy."""

    def __init__(self, *, own: bool = False) -> None:
        """Say `own` in a mitmproxy that does nothing else: it keeps the client's `Host` only to tell us what
        was dialled, and nobody looks at its flows.
        """
        self.carrier: carrier.Carrier | None = None
        self.left_out = dict.fromkeys(("host", "path"), 0)
        """Exchanges that were not recorded, by the filter that left them out."""
        self._own = own
        self._rewrites = False
        self._rewriter = rewriting.Rewriter(origins.Origins())
        self._hosts: Callable[[str], bool] | None = None
        self._paths: Callable[[str], bool] | None = None
        self._rules: dict[str, Any] | None = None
        self._open: dict[str, http.HTTPFlow] = {}
        self._long: dict[str, dict[str, Any]] = {}
        self._skipped: set[str] = set()
        self._connections: dict[str, dict[str, Any]] = {}
        nowhere: Any = connection.Server(address=None)
        self._nowhere = nowhere.get_state()
        self._unreachable: set[str] = set()
        self._done = False

    @property
    def report(self) -> dict[str, Any]:
        """Where the recording stands: see `Worker.report`."""
        return self.carrier.report if self.carrier is not None else {}

    def load(self, loader: Any) -> None:
        """Declare the options (mitmproxy's hook)."""
        loader.add_option("replay_to", str, "recording.mitm", "The file that is recorded to.")
        loader.add_option("replay_distil", str, "", "A scenario to distil when the recording has ended.")
        loader.add_option("replay_api_prefix", str, "/api/v2/", "URLs with this path are the server's own.")
        loader.add_option("replay_rewrite_urls", bool, True, "Reverse mode: keep the client on the proxy.")
        loader.add_option("replay_redact", str, "", "Rules of your own for what is replaced: a YAML file.")
        loader.add_option(
            "replay_no_redact", bool, False, "Record credentials and personal data as they are."
        )
        for kind, option in FILTERS.items():
            loader.add_option(option, Sequence[str], [], f"Record only what is on such a {kind}: globs.")

    def configure(self, updated: set[str]) -> None:
        """Take the options (mitmproxy's hook)."""
        if "replay_api_prefix" in updated:
            self._rewriter = rewriting.Rewriter(origins.Origins(ctx.options.replay_api_prefix))
        self._rewrites = ctx.options.replay_rewrite_urls
        if self._rewrites:
            # mitmproxy cuts a frame that has changed its length into pieces of 4,000 bytes, in the middle of
            # characters too, and says that addons which change frames have to set this.
            websocket.Fragmentizer.FRAGMENT_SIZE = 1 << 30
        for kind, option in FILTERS.items():
            for pattern in getattr(ctx.options, option):
                if wrong := filters.wrong(kind, pattern):
                    raise options_error(f"{option}={pattern} matches nothing: {wrong}.")
        if self._rules is None or "replay_redact" in updated:
            path = ctx.options.replay_redact
            try:
                self._rules = rules.load_rules(Path(path).expanduser() if path else None).plain()
            except rules.RulesError as error:
                raise options_error(str(error)) from None
        self._hosts = filters.matcher(ctx.options.replay_host, any_case=True)
        self._paths = filters.matcher(ctx.options.replay_path)
        if self.carrier is not None and self._settings() != self._taken:
            self.carrier.close()
            self._begin()
        self._warn(updated)

    def running(self) -> None:
        """Open the file (mitmproxy's hook)."""
        if self.carrier is None:
            self._begin()
        # What is there when it begins stays until the end: no need to look for garbage in it again and again.
        gc.freeze()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Note what the client dialled (mitmproxy's hook)."""
        if getattr(flow.client_conn.proxy_mode, "type_name", "") != "reverse":
            return
        if self._rewrites:
            flow.metadata[DIALLED] = rewriting.dialled(flow)
        if self._own:
            rewriting.name_upstream(flow)

    def request(self, flow: http.HTTPFlow) -> None:
        """Let the server be called by its own name (mitmproxy's hook)."""
        if DIALLED in flow.metadata:
            self._rewriter.request(flow)
        self._met(flow)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Let an endless answer through as it comes (mitmproxy's hook)."""
        answer: Any = flow.response
        if not answer.stream and not any(
            name.lower() == b"content-type" and value.lower().startswith(b"text/event-stream")
            for name, value in answer.headers.fields
        ):
            return
        self._goes_on(flow)
        told = DIALLED in flow.metadata and "content-encoding" not in answer.headers
        # A stream's head leaves now, any other with its body.
        if DIALLED in flow.metadata:
            self._rewriter.head(flow)
        if answer.stream:
            return
        line = b""

        def pass_on(piece: bytes) -> list[bytes]:
            nonlocal line
            if piece:
                self._send("piece", flow, piece)
            # An empty piece would end a chunked body.
            if not told:
                return [piece] if piece else []
            # A URL may be cut by the network, but not by the end of a line, and events end with one.
            whole, mark, rest = (line + piece).rpartition(b"\n") if piece else (line, b"", b"")
            line = rest
            changed = self._rewriter.to_client(flow, whole + mark)
            return [changed] if changed else []

        answer.stream = pass_on

    def response(self, flow: http.HTTPFlow) -> None:
        """Change the answer for the client, and record it as the server gave it (mitmproxy's hook)."""
        if flow.websocket is not None:
            self._goes_on(flow)
            if DIALLED in flow.metadata:
                self._rewriter.head(flow)
            return
        streamed = flow.id in self._long
        self._ended(flow)
        if DIALLED in flow.metadata and not streamed:
            self._rewriter.response(flow)

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Change a frame as a body would be (mitmproxy's hook)."""
        assert flow.websocket is not None
        message = flow.websocket.messages[-1]
        rewrite = DIALLED in flow.metadata and message.is_text and not message.injected
        if rewrite and message.from_client:
            message.content = self._rewriter.to_server(flow, message.content)
        self._send("frame", flow, message.get_state())
        if rewrite and not message.from_client:
            message.content = self._rewriter.to_client(flow, message.content)
        if self._own:
            # mitmproxy would keep them all until the end.
            del flow.websocket.messages[:-1]

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        """Record the end of a WebSocket (mitmproxy's hook)."""
        self._ended(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """Record an exchange that broke (mitmproxy's hook)."""
        if flow.request.method != "CONNECT":
            self._ended(flow)

    def client_disconnected(self, client: Any) -> None:
        """Forget a connection (mitmproxy's hook)."""
        self._connections.pop(client.id, None)

    def server_disconnected(self, data: Any) -> None:
        """Forget a connection (mitmproxy's hook)."""
        self._connections.pop(data.server.id, None)

    def server_connect_error(self, data: Any) -> None:
        """Warn once per outage (mitmproxy's hook)."""
        where = _address(data.server)
        if self._done or where in self._unreachable or data.server.error == "connection cancelled":
            return
        self._unreachable.add(where)
        logger.warning("%s cannot be reached: %s; recording goes on.", where, data.server.error)

    def server_connected(self, data: Any) -> None:
        """Say that an outage is over (mitmproxy's hook)."""
        where = _address(data.server)
        if where in self._unreachable:
            self._unreachable.discard(where)
            logger.warning("%s can be reached again.", where)

    def done(self) -> None:
        """Write what is still open, close the file, distil (mitmproxy's hook)."""
        for flow in list(self._open.values()):
            self._ended(flow)
        self._done = True
        if self.carrier is None:
            return
        self.carrier.close()
        for sentence in [] if self._own else self.left_out_sentences(FILTERS):
            _say(f"{sentence}.")
        if ctx.options.replay_distil and self.report["size"]:
            redact = not ctx.options.replay_no_redact
            interpreters.distil(self.carrier.path, ctx.options.replay_distil, _say, redact=redact)

    def left_out_sentences(self, options: dict[str, str]) -> list[str]:
        """What was not recorded, and by which of the options (named as the user knows them)."""
        numbers = self.left_out | {"channel": self.report.get("left_out", 0)}
        nouns = {"host": "exchange", "path": "exchange", "channel": "message"}
        return [
            f"{number} {nouns[kind]}{'s' * (number != 1)} left out by {options[kind]}"
            for kind, number in numbers.items()
            if number
        ]

    def _settings(self) -> dict[str, Any]:
        return {
            "path": str(Path(ctx.options.replay_to).expanduser()),
            "rules": None if ctx.options.replay_no_redact else self._rules,
            "channels": list(ctx.options.replay_channel),
        }

    def _begin(self) -> None:
        self._taken = self._settings()
        self.carrier = carrier.Carrier(self._taken | {"key": os.urandom(32)})
        if not self.report["trouble"]:
            logger.info("Recording into %s.", self.carrier.path)

    def _warn(self, updated: set[str]) -> None:
        if "replay_no_redact" in updated and ctx.options.replay_no_redact and not self._own:
            logger.warning("replay_no_redact: credentials and personal data are recorded as they are.")
        for option in RAW:
            if option in updated and getattr(ctx.options, option):
                logger.warning(
                    "%s is set: mitmproxy itself saves every exchange there, with all secrets in it.", option
                )

    def _met(self, flow: http.HTTPFlow) -> bool:
        """Send the request, unless it is not to be recorded."""
        request = flow.request
        hosts = (request.host, f"{request.host}:{request.port}")
        if self._hosts is not None and not any(map(self._hosts, hosts)):
            self.left_out["host"] += 1
        elif self._paths is not None and not self._paths(request.path.partition("?")[0]):
            self.left_out["path"] += 1
        else:
            self._open[flow.id] = flow
            self._send("begin", flow, self._state(flow))
            return True
        self._skipped.add(flow.id)
        return False

    def _goes_on(self, flow: http.HTTPFlow) -> None:
        """Send the head of an answer whose end is far."""
        answer = self._answer(flow)
        self._long[flow.id] = answer["response"]
        self._send("head", flow, answer)

    def _ended(self, flow: http.HTTPFlow) -> None:
        # An exchange may break before its request has come.
        if flow.id not in self._skipped and (flow.id in self._open or self._met(flow)):
            self._send("end", flow, self._answer(flow))
        self._skipped.discard(flow.id)
        self._open.pop(flow.id, None)
        self._long.pop(flow.id, None)

    def _send(self, kind: str, flow: http.HTTPFlow, told: Any) -> None:
        if self._done or flow.id not in self._open:
            return
        if self.carrier is None:
            self._begin()
        assert self.carrier is not None
        self.carrier.send(kind, flow.id, told)

    def _state(self, flow: http.HTTPFlow) -> dict[str, Any]:
        """What is recorded of a flow whose request has come; other addons' notes are left out."""
        # Other addons keep credentials in the metadata (proxyauth does).
        metadata = {DIALLED: flow.metadata[DIALLED]} if DIALLED in flow.metadata else {}
        return {
            "version": version.FLOW_FORMAT_VERSION,
            "type": flow.type,
            "id": flow.id,
            "error": None,
            "client_conn": self._connection(flow.client_conn),
            "server_conn": self._connections.get(flow.server_conn.id, self._nowhere),
            "intercepted": flow.intercepted,
            "is_replay": flow.is_replay,
            "marked": flow.marked,
            "metadata": metadata,
            "comment": flow.comment,
            "timestamp_created": flow.timestamp_created,
            "backup": None,
            "request": _message(flow.request),
            "response": None,
            "websocket": None,
        }

    def _answer(self, flow: Any) -> dict[str, Any]:
        """What is recorded of a flow when its answer has come, or begun, or will not come."""
        response = _message(flow.response) if flow.response else None
        if flow.response and (before := self._long.get(flow.id)):
            # The client may have been told another head.
            response = {**before, "timestamp_end": flow.response.timestamp_end}
        socket: Any = None
        if flow.websocket is not None:
            socket = copy.copy(flow.websocket)
            socket.messages = []
        return {
            "error": flow.error.get_state() if flow.error else None,
            "server_conn": self._connection(flow.server_conn),
            "response": response,
            "websocket": None if socket is None else socket.get_state(),
        }

    def _connection(self, one: Any) -> dict[str, Any]:
        # Half of what a flow's state costs, and the same for every exchange of a connection.
        known = self._connections.get(one.id)
        if known is None:
            known = one.get_state()
            # The same certificates with every exchange, a client's own among them.
            known["certificate_list"] = []
            if one.connected:
                self._connections[one.id] = known
        return known


def _message(message: Any) -> dict[str, Any]:
    """The state of a request or response, whose encoding the worker can undo if it has one."""
    state: dict[str, Any] = message.get_state()
    if message.raw_content and not coding.known(state):
        with contextlib.suppress(ValueError):
            state["content"] = message.content
            state["headers"] = coding.without(state["headers"])
    return state


def _say(sentence: str) -> None:
    """Say something at the end, when mitmproxy's own screen is gone with its log."""
    masters_addons: Any = ctx.master.addons
    if masters_addons.get("termlog") is None:
        sys.stderr.write(f"{sentence}\n")
    else:
        logger.warning("%s", sentence)


def _address(server: Any) -> str:
    return "{}:{}".format(*server.address) if server.address else "the server"


addons = [Recorder()]
