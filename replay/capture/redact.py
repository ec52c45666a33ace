"""Cleans what was recorded without our recorder: exchanges on their way to a scenario, and whole files.

What is secret may stand in a text before the field that tells so: a file is gone through twice, first to
learn and then to clean. The key is made of the file's content, so that the same file gives the same
pseudonyms.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from replay.capture import coding, flow_file, har_cleaning, octets, tnetstrings
from replay.capture.losses import Loss, Losses
from replay.capture.pseudonyms import Pseudonyms
from replay.capture.recording import Advance, Progress, first_bytes, unreadable
from replay.capture.rules import Rules, load_rules
from replay.errors import RecordingError, UsageError
from replay.exchange import Exchange, Frame

REMEMBERED = 100_000
"""How many values of a file are remembered; a recorder that runs for days has to do with fewer."""

REDACTED = "replay.redacted"

_KEPT = ("replay.dialled", REDACTED, "replay.socket", "replay.stream", "replay.part")
_UNREADABLE = Loss("body", "bodies", "left out, being in an encoding that cannot be undone here")
_NO_HTTP = Loss("flow", "flows", "left out, being no HTTP: nobody knows how to clean it")
_BROKEN = Loss("flow", "flows", "left out, being broken")


def cleaned(exchanges: Iterable[Exchange], recording: Path, rules: Rules | None = None) -> Iterator[Exchange]:
    """The exchanges of a file, cleaned of what is secret or personal; those our recorder cleaned are kept.

    They are gone through once while they are clean; from the first that is not, twice.
    """
    clean_so_far = 0
    for each in exchanges:
        if not each.redacted:
            break
        yield each
        clean_so_far += 1
    else:
        return
    pseudonyms = _pseudonyms(recording, rules)
    for each in exchanges:
        if not each.redacted:
            _learn(each, pseudonyms)
    for each in itertools.islice(exchanges, clean_so_far, None):
        yield each if each.redacted else clean(each, pseudonyms)


def clean(exchange: Exchange, pseudonyms: Pseudonyms) -> Exchange:
    """One exchange, with pseudonyms for what is secret or personal in it.

    What its end tells of its beginning is found by whoever cleans it again.
    """
    scheme, mark, rest = exchange.url.partition("://")
    host, slash, target = rest.partition("/")
    target = octets.decoded(pseudonyms.target(octets.encoded(slash + target)))
    asked, answered = _fields(exchange.request_headers), _fields(exchange.response_headers)
    sent, told = pseudonyms.headers(asked), pseudonyms.headers(answered)
    request = pseudonyms.body(exchange.request_body, _content_type(asked))
    response = pseudonyms.body(exchange.response_body, _content_type(answered))
    frames = exchange.frames and tuple(_frame(frame, pseudonyms) for frame in exchange.frames)
    return msgspec.structs.replace(
        exchange,
        url=octets.decoded(pseudonyms.literally(octets.encoded(f"{scheme}{mark}{host}{target}"))),
        request_headers=_headers(sent, pseudonyms),
        request_body=pseudonyms.literally(request or b""),
        response_headers=_headers(told, pseudonyms),
        response_body=pseudonyms.literally(response) if response is not None else None,
        frames=frames,
        failure=octets.decoded(pseudonyms.literally(octets.encoded(exchange.failure))),
    )


def _learn(exchange: Exchange, pseudonyms: Pseudonyms) -> None:
    """Learn what one exchange tells; pages and scripts are not asked, since they speak of nobody."""
    pseudonyms.target(octets.encoded("/" + exchange.url.partition("://")[2].partition("/")[2]))
    sides = (
        (exchange.request_headers, exchange.request_body),
        (exchange.response_headers, exchange.response_body),
    )
    for headers, body in sides:
        fields = _fields(headers)
        pseudonyms.headers(fields)
        kind = _content_type(fields)
        if not kind.startswith((b"text/html", b"text/javascript", b"application/javascript")):
            pseudonyms.body(body, kind)
    for frame in exchange.frames or ():
        pseudonyms.body(frame.content)


def redact_file(
    path: Path, to: Path, rules: Rules | None = None, progress: Progress | None = None
) -> tuple[int, tuple[str, ...]]:
    """Write a clean copy of a flow file or a HAR; how many exchanges it holds, and what was left out.

    The copy appears whole or not at all, readable to its owner alone. Raises `RecordingError` when there is
    nothing to clean, and `UsageError` when the copy cannot be written or would overwrite something.
    """
    first = first_bytes(path)[:1]
    if os.path.lexists(to):
        same = to.exists() and to.samefile(path)
        what = "is the recording itself" if same else "is there already"
        raise UsageError(f"{to} {what}: name another file for the clean copy")
    rules = rules or load_rules()
    pseudonyms = _pseudonyms(path, rules)
    try:
        if first in b"{\xef":
            write = har_cleaning.writer(path, pseudonyms, rules.name)
        elif first.isdigit():
            write = _flows(path, pseudonyms, rules.name, progress)
        else:
            raise RecordingError(f"{path} is neither a mitmproxy flow file nor a HAR.")
    except OSError as error:
        raise unreadable(path, error) from error
    return _written(to, write)


def _written(to: Path, write: har_cleaning.Write) -> tuple[int, tuple[str, ...]]:
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        # For its owner alone, as every file that mkstemp makes.
        handle, name = tempfile.mkstemp(prefix=f".{to.name}.", dir=to.parent)
    except OSError as error:
        raise UsageError(f"{to} cannot be written: {error.strerror or error}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            told = write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(to)
    except OSError as error:
        raise UsageError(f"{to} cannot be written: {error.strerror or error}") from None
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
    return told


def _flows(path: Path, pseudonyms: Pseudonyms, name: str, progress: Progress | None) -> har_cleaning.Write:
    # Nothing in it to use is said before anything is made.
    index, _, ending = flow_file.index(path, None)
    size = index.size

    def write(file: BinaryIO) -> tuple[int, tuple[str, ...]]:
        losses = Losses()
        with path.open("rb") as source:
            advance = Advance(progress, size)
            for _ in _cleaned_flows(source, size, pseudonyms, Losses(), advance):
                pass
            advance.done()
            advance = Advance(progress, size, begin=size)
            number = 0
            for state in _cleaned_flows(source, size, pseudonyms, losses, advance):
                state["metadata"][REDACTED] = name
                file.write(tnetstrings.dumps(state))
                number += state["metadata"].get("replay.part", "0") == "0"
            advance.done()
        return number, ending + losses.sentences(path)

    return write


def _cleaned_flows(
    source: BinaryIO, size: int, pseudonyms: Pseudonyms, losses: Losses, advance: Advance
) -> Iterator[dict[str, Any]]:
    for place, found in enumerate(flow_file.flows(source, size), 1):
        if isinstance(found, flow_file.Gap):
            if isinstance(found.what, Loss):
                losses.add(found.what)
            continue
        advance.by(found.length)
        try:
            state = tnetstrings.value(found.data, tnetstrings.whole(found.data))
            if state.get("type") != "http" or state["version"] < flow_file.OLDEST:
                losses.add(_NO_HTTP)
                continue
            yield _cleaned_flow(state, pseudonyms, losses, place)
        except (KeyError, TypeError, ValueError, AttributeError):
            losses.add(_BROKEN, f"flow {place}")


def _cleaned_flow(
    state: dict[str, Any], pseudonyms: Pseudonyms, losses: Losses, place: int
) -> dict[str, Any]:
    for message in (state["request"], state["response"]):
        if message and message["content"]:
            message["headers"] = tuple((name, value) for name, value in message["headers"])
            coding.undo(message, keep=False)
            if message["content"] is None:
                losses.add(_UNREADABLE, f"flow {place}")
    known = state.get("metadata") or {}
    # Other addons keep credentials there, and a backup is a copy nobody has cleaned.
    state["metadata"] = {key: known[key] for key in _KEPT if key in known}
    state["backup"] = None
    state = pseudonyms.clean(state)
    for side in ("client_conn", "server_conn"):
        if isinstance(state.get(side), dict) and "certificate_list" in state[side]:
            state[side]["certificate_list"] = []
    return state


def _pseudonyms(path: Path, rules: Rules | None) -> Pseudonyms:
    try:
        with path.open("rb") as file:
            key = hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise unreadable(path, error) from error
    return Pseudonyms(key, limit=REMEMBERED, rules=rules)


def _frame(frame: Frame, pseudonyms: Pseudonyms) -> Frame:
    content = pseudonyms.literally(pseudonyms.body(frame.content) or b"")
    return msgspec.structs.replace(frame, content=content)


def _fields(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((octets.encoded(name), octets.encoded(value)) for name, value in headers)


def _headers(fields: tuple[tuple[bytes, bytes], ...], pseudonyms: Pseudonyms) -> tuple[tuple[str, str], ...]:
    return tuple(
        (octets.decoded(name), octets.decoded(pseudonyms.literally(value))) for name, value in fields
    )


def _content_type(fields: tuple[tuple[bytes, bytes], ...]) -> bytes:
    return next((value for name, value in fields if name.lower() == b"content-type"), b"")
