"""Cleans a HAR, keeping what it says of times and sizes."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from replay.capture.pseudonyms import Pseudonyms
from replay.errors import RecordingError

MARK = "_replay_redacted"
"""In an entry: the name of the rules by which it was cleaned."""

_KEPT = frozenset(
    {"startedDateTime", "time", "timings", "cache", "connection", "serverIPAddress", "pageref", "method"}
    | {"httpVersion", "status", "statusText", "mimeType", "encoding", "size", "bodySize", "headersSize"}
    | {"type", "opcode", "id", "version", "creator", "browser", "_resourceType", "_priority", "name", MARK}
)


Write = Callable[[BinaryIO], tuple[int, tuple[str, ...]]]
"""Writes a file; how many exchanges it holds, and what was left out."""


def writer(path: Path, pseudonyms: Pseudonyms, name: str) -> Write:
    """What writes the clean HAR, once it is told where to.

    Raises `RecordingError` when the file is no HAR.
    """
    try:
        har = json.loads(path.read_bytes().decode("utf-8-sig"))
        entries = har["log"]["entries"]
        if not isinstance(entries, list):
            raise TypeError
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise RecordingError(f"{path} is not a whole HAR: its JSON breaks off or is wrong.") from None
    except (KeyError, TypeError):
        raise RecordingError(f"{path} is neither a mitmproxy flow file nor a HAR.") from None

    def write(file: BinaryIO) -> tuple[int, tuple[str, ...]]:
        _value(har, "", pseudonyms)
        clean = _value(har, "", pseudonyms)
        for entry in clean["log"]["entries"]:
            if isinstance(entry, dict):
                entry[MARK] = name
        text = json.dumps(clean, ensure_ascii=False, indent=2) + "\n"
        file.write(text.encode("utf-8", "surrogatepass"))
        return len(entries), ()

    return write


def _value(value: Any, name: str, pseudonyms: Pseudonyms) -> Any:
    """A part of the HAR, by the name under which it stands."""
    if isinstance(value, list):
        if name in ("headers", "cookies", "queryString", "params"):
            return [_named(each, name, pseudonyms) for each in value]
        return [_value(each, name, pseudonyms) for each in value]
    if isinstance(value, dict):
        if name in ("content", "postData"):
            return _body(value, pseudonyms)
        if name == "_webSocketMessages" and isinstance(value.get("data"), str):
            binary = value.get("opcode", 1) != 1
            return {**value, "data": _text(value["data"], b"", pseudonyms, encoded=binary)}
        return {key: item if key in _KEPT else _value(item, key, pseudonyms) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    raw = value.encode("utf-8", "surrogatepass")
    clean = pseudonyms.target(raw) if name in ("url", "redirectURL") else pseudonyms.plain(raw)
    return pseudonyms.literally(clean).decode("utf-8", "surrogatepass")


def _named(pair: Any, kind: str, pseudonyms: Pseudonyms) -> Any:
    """A header, a cookie or a parameter."""
    if not isinstance(pair, dict) or not isinstance(pair.get("value"), str):
        return pair
    name, value = str(pair.get("name", "")).encode(), pair["value"].encode("utf-8", "surrogatepass")
    if kind == "headers":
        found = [said for _, said in pseudonyms.headers(((name, value),))]
        clean = found[0] if found else b""
    elif kind == "cookies":
        ((_, said),) = pseudonyms.headers(((b"cookie", name.replace(b"=", b"") + b"=" + value),))
        clean = said.partition(b"=")[2]
    else:
        clean = pseudonyms.parameter(name, value)
    return {**pair, "value": pseudonyms.literally(clean).decode("utf-8", "replace")}


def _body(content: dict[str, Any], pseudonyms: Pseudonyms) -> dict[str, Any]:
    clean = {key: item if key in _KEPT else _value(item, key, pseudonyms) for key, item in content.items()}
    if isinstance(content.get("text"), str):
        kind = str(content.get("mimeType", "")).encode("utf-8", "replace")
        encoded = content.get("encoding") == "base64"
        clean["text"] = _text(content["text"], kind, pseudonyms, encoded=encoded)
    return clean


def _text(text: str, kind: bytes, pseudonyms: Pseudonyms, *, encoded: bool) -> str:
    if encoded:
        try:
            plain = base64.b64decode(text)
        except binascii.Error:
            encoded = False
    raw = plain if encoded else text.encode("utf-8", "surrogatepass")
    clean = pseudonyms.literally(pseudonyms.body(raw, kind) or b"")
    if clean == raw:
        return text
    return base64.b64encode(clean).decode() if encoded else clean.decode("utf-8", "surrogatepass")
