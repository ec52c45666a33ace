"""Finds the entries of a HAR and where each stands, also where its JSON breaks off or is wrong."""

from __future__ import annotations

import datetime as dt
import mmap
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from replay.capture.clocks import Moved
from replay.capture.losses import Loss, Losses, count
from replay.capture.recording import Advance, Index, Progress, unreadable
from replay.errors import RecordingError

BROKEN = Loss("entry", "entries", "left out, being broken or having no request or no time")
NO_HTTP = Loss("entry", "entries", "left out, being no HTTP")

COOKIELESS = (
    "{} holds no cookies (Chromium leaves them out unless sensitive data is allowed in its settings):"
    " agents are told apart by clientId alone."
)

LARGEST = 256 * 1024 * 1024
"""Bytes of an entry that is read."""

_CHROMIUM = b'"WebInspector"'
_CREDENTIALS = re.compile(rb'"name"\s*:\s*"(?:cookie|set-cookie|authorization)"', re.IGNORECASE)
_ENTRIES = b'"entries"'
_OBJECT = re.compile(rb"[,\[]\s*(?=\{)")
# Possessive, since a string that is not closed must not be tried in every way there is.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}]', re.DOTALL)


class _Log(msgspec.Struct):
    entries: list[msgspec.Raw]
    creator: msgspec.Raw = msgspec.Raw(b"null")


class _Har(msgspec.Struct):
    log: _Log


class _Request(msgspec.Struct):
    url: str


class _Entry(msgspec.Struct):
    startedDateTime: str  # noqa: N815  as HAR calls it
    request: _Request
    response: msgspec.Raw

    @property
    def began(self) -> float:
        return dt.datetime.fromisoformat(self.startedDateTime).timestamp()


def index(path: Path, progress: Progress | None) -> tuple[Index, Losses, tuple[str, ...]]:
    """Where the entries stand, what was left out, and what is to be said of the file as a whole.

    Raises `RecordingError` when the file is no HAR, or has no entry that can be used.
    """
    try:
        with path.open("rb") as file:
            text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise unreadable(path, error) from error
    return _Indexing(path, text, progress).run()


class _Indexing:
    def __init__(self, path: Path, text: mmap.mmap, progress: Progress | None) -> None:
        self._path = path
        self._text = text
        self._advance = Advance(progress, len(text))
        self._index = Index(len(text))
        self._losses = Losses()
        self._notes: list[str] = []
        self._is_chromium = False

    def run(self) -> tuple[Index, Losses, tuple[str, ...]]:
        done = 0
        cookies = False
        for place, (start, end) in enumerate(self._entries(), 1):
            self._advance.by(end - done)
            done = end
            entry = self._text[start:end]
            cookies = cookies or _CREDENTIALS.search(entry) is not None
            self._take(entry, place, start)
        if not len(self._index):
            raise RecordingError(f"{self._path} is a HAR without an entry that can be used.")
        self._advance.done()
        if self._is_chromium and not cookies:
            self._notes.append(COOKIELESS.format(self._path))
        return self._index, self._losses, tuple(self._notes)

    def _take(self, content: bytes, place: int, start: int) -> None:
        try:
            entry = msgspec.json.decode(content, type=_Entry)
            if entry.request.url.partition(":")[0] not in {"http", "https", "ws", "wss"}:
                self._losses.add(NO_HTTP)
                return
            self._index.add(Moved(entry.began), place, start, len(content))
        except (ValueError, OverflowError, msgspec.DecodeError):
            self._losses.add(BROKEN, f"entry {place}")

    def _entries(self) -> Iterator[tuple[int, int]]:
        """Where each entry begins and ends."""
        mark = 3 * (self._text[:3] == b"\xef\xbb\xbf")
        try:
            log = msgspec.json.decode(memoryview(self._text)[mark:], type=_Har).log
        except msgspec.ValidationError:
            raise self._no_har() from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield from self._salvaged()
            return
        self._is_chromium = _CHROMIUM in bytes(log.creator)
        end = 0
        for each in log.entries:
            # It stands after the one before it, with nothing but a comma and white space between.
            raw = bytes(each)
            start = self._text.find(raw, end)
            end = start + len(raw)
            yield start, end

    def _salvaged(self) -> Iterator[tuple[int, int]]:
        """The entries of a HAR that is no JSON: each is looked for by itself."""
        at = self._text.find(_ENTRIES)
        if at < 0:
            raise self._no_har()
        self._is_chromium = self._text.find(_CHROMIUM, 0, at) >= 0
        found = 0
        while candidate := _OBJECT.search(self._text, at):
            start = candidate.end()
            end = _closed(self._text, start)
            if end and _is_entry(self._text[start:end]):
                found += 1
                yield start, end
                at = end
            else:
                at = start
        if not found:
            raise RecordingError(f"{self._path} is not a whole HAR: its JSON breaks off or is wrong.")
        were = "was" if found == 1 else "were"
        entries = count(found, "entry", "entries")
        self._notes.append(
            f"{self._path} is not a whole HAR, its JSON breaks off or is wrong; {entries} in it {were} read."
        )

    def _no_har(self) -> RecordingError:
        return RecordingError(f"{self._path} is neither a mitmproxy flow file nor a HAR.")


def _closed(text: mmap.mmap, start: int) -> int:
    """Where the object that begins there ends, or 0."""
    depth = 0
    for token in _TOKEN.finditer(text, start, min(len(text), start + LARGEST)):
        first = text[token.start()]
        if first == ord("{"):
            depth += 1
        elif first == ord("}"):
            depth -= 1
            if not depth:
                return token.end()
    return 0


def _is_entry(content: bytes) -> bool:
    try:
        msgspec.json.decode(content, type=_Entry)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
