"""The recorder, as an addon: `mitmproxy -s addon.py --set replay_to=FILE`.

People load this file into a mitmproxy of their own, where our package is not; so it and its three siblings
need the standard library and mitmproxy alone.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mitmproxy import ctx, http
from mitmproxy.io import tnetstring
from mitmproxy.proxy.layers import websocket


def _sibling(name: str) -> ModuleType:
    # Under names of our own: in somebody else's mitmproxy `replay` may be another package.
    full = f"_gws_replay_{name}"
    spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[full] = module
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING or __name__ == "replay.capture.addon":
    from replay.capture import origins, pseudonyms, writer
else:
    origins, pseudonyms, writer = (_sibling(name) for name in ("origins", "pseudonyms", "writer"))

logger = logging.getLogger("replay.capture")

DIALLED = "replay.dialled"
"""In `flow.metadata`: the origin the client dialled; present in reverse mode when URLs are rewritten."""


class _Said:
    """The answer to a handshake or the head of a stream; a WebSocket's frames, or a stream's pieces."""

    def __init__(self, response: dict[str, Any]) -> None:
        self.response = response
        self.frames: dict[int, bytes] = {}
        self.pieces: list[bytes] = []


class Recorder:
    """Writes every exchange to one file, cleaned of secrets, and keeps the client on a reverse proxy."""

    def __init__(self, *, restore_host: bool = False) -> None:
        """Say `restore_host` when mitmproxy keeps the client's `Host` only to tell us what was dialled."""
        self.writer: writer.Writer | None = None
        self.exchanges = 0
        self.events = 0
        self._restore_host = restore_host
        self._pseudonyms = pseudonyms.Pseudonyms()
        self._origins = origins.Origins()
        self._open: dict[str, http.HTTPFlow] = {}
        # What the server said where the client was told something else before the exchange ended.
        self._said: dict[str, _Said] = {}
        self._unreachable: set[str] = set()
        self._done = False

    def load(self, loader: Any) -> None:
        """Declare the options (mitmproxy's hook)."""
        loader.add_option("replay_to", str, "recording.mitm", "The file that is recorded to.")
        loader.add_option("replay_distil", str, "", "A scenario to distil when the recording has ended.")
        loader.add_option("replay_api_prefix", str, "/api/v2/", "URLs with this path are the server's own.")
        loader.add_option("replay_rewrite_urls", bool, True, "Reverse mode: keep the client on the proxy.")

    def configure(self, updated: set[str]) -> None:
        """Take the options (mitmproxy's hook)."""
        if "replay_api_prefix" in updated:
            self._origins = origins.Origins(ctx.options.replay_api_prefix)
        if ctx.options.replay_rewrite_urls:
            # mitmproxy cuts a frame that has changed its length into pieces of 4,000 bytes, in the middle of
            # characters too, and says that addons which change frames have to set this.
            websocket.Fragmentizer.FRAGMENT_SIZE = 1 << 30

    def running(self) -> None:
        """Open the file (mitmproxy's hook)."""
        self._opened()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Note what the client dialled (mitmproxy's hook)."""
        if getattr(flow.client_conn.proxy_mode, "type_name", "") != "reverse":
            return
        if ctx.options.replay_rewrite_urls:
            flow.metadata[DIALLED] = str(_dialled(flow))
        if self._restore_host and flow.request.host_header is not None:
            flow.request.host_header = _upstream(flow).authority

    def request(self, flow: http.HTTPFlow) -> None:
        """Let the server be called by its own name (mitmproxy's hook)."""
        self._open[flow.id] = flow
        if DIALLED in flow.metadata:
            self._to_server(flow)
        # A long poll is written when it ends: what it says in secret has to be known before.
        self._pseudonyms.clean(self._state(flow))

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Let an endless answer through as it comes (mitmproxy's hook)."""
        answer: Any = flow.response
        content_type = answer.headers.get("content-type", "").lower()
        if not answer.stream and not content_type.startswith("text/event-stream"):
            return
        said = self._said[flow.id] = _Said(answer.get_state())
        told = DIALLED in flow.metadata and "content-encoding" not in answer.headers
        # A stream's head leaves now, any other with its body.
        if DIALLED in flow.metadata:
            self._head_to_client(flow)
        if answer.stream:
            return
        line = b""

        def pass_on(piece: bytes) -> list[bytes]:
            nonlocal line
            said.pieces.append(piece)
            # An empty piece would end a chunked body.
            if not told:
                return [piece] if piece else []
            # A URL may be cut by the network, but not by the end of a line, and events end with one.
            whole, mark, rest = (line + piece).rpartition(b"\n") if piece else (line, b"", b"")
            line = rest
            changed = self._origins.to_client(whole + mark, **_names(flow))
            return [changed] if changed else []

        answer.stream = pass_on

    def response(self, flow: http.HTTPFlow) -> None:
        """Change the answer for the client, and record it as the server gave it (mitmproxy's hook)."""
        if flow.websocket is not None:
            answer: Any = flow.response
            self._said[flow.id] = _Said(answer.get_state())
            if DIALLED in flow.metadata:
                self._head_to_client(flow)
            return
        state = self._state(flow)
        if DIALLED in flow.metadata and flow.id not in self._said:
            self._to_client(flow)
        self._write(flow, state)

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Change a frame as a body would be (mitmproxy's hook)."""
        assert flow.websocket is not None
        message = flow.websocket.messages[-1]
        self._pseudonyms.body(message.content)
        if DIALLED not in flow.metadata or not message.is_text or message.injected:
            return
        if message.from_client:
            message.content = self._origins.to_server(message.content, **_names(flow))
            return
        told = self._origins.to_client(message.content, **_names(flow))
        if told != message.content:
            self._said[flow.id].frames[len(flow.websocket.messages) - 1] = message.content
            message.content = told

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        """Record a WebSocket (mitmproxy's hook)."""
        self._write(flow, self._state(flow))

    def error(self, flow: http.HTTPFlow) -> None:
        """Record an exchange that broke (mitmproxy's hook)."""
        if flow.request.method != "CONNECT":
            self._write(flow, self._state(flow))

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
            self._write(flow, self._state(flow))
        self._done = True
        if self.writer is not None:
            self.writer.close()
            if ctx.options.replay_distil and self.writer.size:
                _distil(self.writer.path, ctx.options.replay_distil)

    def _opened(self) -> writer.Writer:
        path = Path(ctx.options.replay_to).expanduser()
        if self.writer is None or self.writer.path != path:
            if self.writer is not None:
                self.writer.close()
            self.writer = writer.Writer(path)
            if self.writer.open():
                logger.info("Recording into %s.", path)
        return self.writer

    def _state(self, flow: http.HTTPFlow) -> dict[str, Any]:
        """What is recorded of a flow: bodies decoded, other addons' notes left out."""
        state: dict[str, Any] = flow.get_state()
        if said := self._said.get(flow.id):
            ended = state["response"]["timestamp_end"]
            state["response"] = {**said.response, "timestamp_end": ended}
            if said.pieces:
                state["response"]["content"] = b"".join(said.pieces)
            for number, content in said.frames.items():
                kind, sender, _, *rest = state["websocket"]["messages"][number]
                state["websocket"]["messages"][number] = (kind, sender, content, *rest)
        for message in (state["request"], state["response"]):
            if message:
                _decode(message)
        # Other addons keep credentials there (proxyauth does), and a backup is a copy nobody has cleaned.
        state["metadata"] = {DIALLED: flow.metadata[DIALLED]} if DIALLED in flow.metadata else {}
        state["backup"] = None
        # The same certificates with every exchange, a client's own among them.
        state["client_conn"]["certificate_list"] = state["server_conn"]["certificate_list"] = []
        return state

    def _write(self, flow: http.HTTPFlow, state: dict[str, Any]) -> None:
        self._open.pop(flow.id, None)
        self._said.pop(flow.id, None)
        if self._done:
            return
        cleaned = self._pseudonyms.clean(state)
        self._opened().write(tnetstring.dumps(cleaned))
        self.exchanges += 1
        self.events += _events(cleaned)

    def _to_server(self, flow: http.HTTPFlow) -> None:
        names, request = _names(flow), flow.request
        for name in ("origin", "referer"):
            for value in request.headers.get_all(name):
                request.headers[name] = _text(origins.to_upstream(_bytes(value), **names))
        if "cookie" in request.headers:
            cookies = [origins.cookies_to_server(value) for value in request.headers.get_all("cookie")]
            request.headers.set_all("cookie", cookies)
        request.path = _text(self._origins.to_server(_bytes(request.path), **names))
        body = _text_body(request)
        if body is not None and (changed := self._origins.to_server(body, **names)) != body:
            request.content = changed

    def _head_to_client(self, flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        names, headers = _names(flow), flow.response.headers
        for name in origins.TO_CLIENT_HEADERS:
            if name in headers:
                values = headers.get_all(name)
                told = [_text(self._origins.to_client(_bytes(value), **names)) for value in values]
                headers.set_all(name, told)
        if "set-cookie" in headers:
            secure = names["dialled"].scheme == "https"
            cookies = headers.get_all("set-cookie")
            headers.set_all("set-cookie", [origins.cookie_to_client(each, secure=secure) for each in cookies])

    def _to_client(self, flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        self._head_to_client(flow)
        # A part of a body has to fit its Content-Range.
        body = None if flow.response.status_code == 206 else _text_body(flow.response)
        if body is not None and (changed := self._origins.to_client(body, **_names(flow))) != body:
            flow.response.content = changed


def _decode(message: dict[str, Any]) -> None:
    headers = http.Headers(message["headers"])
    encoding = headers.pop("content-encoding", None)
    if encoding is None or not message["content"]:
        return
    coded = http.Response.make(200, b"", {"content-encoding": encoding})
    coded.raw_content = message["content"]
    try:
        message["content"] = coded.content
    except ValueError:
        # What cannot be read cannot be cleaned, so it is not kept.
        message["content"] = None
        return
    if "content-length" in headers:
        headers["content-length"] = str(len(message["content"]))
    message["headers"] = headers.fields


def _text_body(message: http.Message) -> bytes | None:
    """The decoded body if URLs are to be looked for in it."""
    try:
        body = message.content
    except ValueError:
        return None
    return body if body and origins.is_text(message.headers.get("content-type", ""), body) else None


def _dialled(flow: http.HTTPFlow) -> origins.Origin:
    scheme = "https" if flow.client_conn.tls else "http"
    if ctx.options.keep_host_header and (host := flow.request.host_header):
        named = origins.parse(f"{scheme}://{host}")
        if named is not None:
            return named
    host, port = flow.client_conn.sockname[:2]
    # A link-local address names its interface too.
    return origins.Origin(scheme, host.partition("%")[0], port)


def _upstream(flow: http.HTTPFlow) -> origins.Origin:
    return origins.Origin(flow.request.scheme, flow.request.host, flow.request.port)


def _names(flow: http.HTTPFlow) -> dict[str, origins.Origin]:
    dialled = origins.parse(flow.metadata[DIALLED])
    assert dialled is not None
    return {"upstream": _upstream(flow), "dialled": dialled}


def _address(server: Any) -> str:
    return "{}:{}".format(*server.address) if server.address else "the server"


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _events(state: dict[str, Any]) -> int:
    """How many Bayeux messages with data the server sent."""
    socket = state["websocket"]
    bodies = [message[2] for message in socket["messages"] if not message[1]] if socket else []
    if state["response"]:
        bodies.append(state["response"]["content"])
    count = 0
    for body in bodies:
        if not body or b'"channel"' not in body or b'"data"' not in body:
            continue
        try:
            messages = json.loads(body)
        except ValueError:
            continue
        for message in messages if isinstance(messages, list) else [messages]:
            count += isinstance(message, dict) and "data" in message and "channel" in message
    return count


def _distil(recording: Path, to: str) -> None:
    arguments = ["distil", str(recording), "--to", str(Path(to).expanduser())]
    # Somebody else's `replay` has no such folder.
    found = importlib.util.find_spec("replay")
    if found and any(Path(place, "distil").is_dir() for place in found.submodule_search_locations or ()):
        command = [sys.executable, "-m", "replay", *arguments]
    elif script := shutil.which("replay"):
        command = [script, *arguments]
    else:
        command = ["replay", *arguments]
        logger.warning("replay is not installed here; where it is, run: %s", shlex.join(command))
        return
    ended = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  our own command
    for line in (ended.stdout + ended.stderr).splitlines():
        logger.warning("%s", line)
    if ended.returncode:
        logger.error("%s was not distilled into %s.", recording, to)


addons = [Recorder()]
