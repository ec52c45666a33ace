"""Recordings of any size, and how much work distilling is: `python -m tests.distil.made FILE MEGABYTES`."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterator
from cProfile import Profile
from pathlib import Path
from random import Random  # noqa: TID251  texts, drawn from seeds

import msgspec

from replay.distil import distil
from replay.exchange import Exchange

from .recorded import CHATS, Recorded, event
from .saved import save

_SOURCE = Path(__file__).read_text(encoding="utf-8")
_PAGE = b"<p>" + b"The quick brown fox jumps over the lazy dog. " * 90
_WORDS = _SOURCE.split()


def recording(exchanges: int) -> Recorded:
    """As many exchanges, of which a third are operations: each with a chat of its own."""
    recorded = Recorded(headers=(("Authorization", "Basic YTpi"),)).shaken()
    for number in range(exchanges // 3):
        chat, at = f"0000Na9B26{number:06d}", 1.0 + number
        recorded.poll(at - 0.5, at, events=[event("Invited", chat=chat)])
        recorded.accept(at + 0.1, chat=chat, said={"statusCode": 0, "referenceId": number})
        recorded.poll(at, at + 0.2, events=[event("Chatting", chat=chat, referenceId=number)])
    return recorded


def calls_for(exchanges: int, *, together: bool = True) -> int:
    """How many functions are called for a recording of that size, told as one story or as one a chat."""
    recorded = recording(exchanges).exchanges
    with Profile() as profile:
        told = distil(recorded, name="many", together=together)
    assert sum(len(each.scenario.steps) for each in told) == exchanges // 3 * 3
    assert msgspec.json.encode(told[0].scenario.steps[0])
    return sum(entry.callcount for entry in profile.getstats())


def day(agents: int, chats: int, *, messages: int = 10, foreign: int = 0) -> Iterator[Exchange]:
    """A day of a contact centre, in order: each agent has so many chats, two at a time.

    `foreign`: for each exchange of a chat so many of some other site.
    """
    parts = [_agent(number, chats, messages, foreign) for number in range(agents)]
    for number, exchange in enumerate(heapq.merge(*parts, key=lambda each: each.began), 1):
        yield msgspec.structs.replace(exchange, number=number)


def _agent(number: int, chats: int, messages: int, foreign: int) -> Iterator[Exchange]:
    """One agent, a chat at a time, so that not all of it is in memory."""
    user = (("Authorization", f"Bearer agent-{number}"), ("User-Agent", "Mozilla/5.0 " + "x" * 90))
    recorded = Recorded(f"client-{number}", headers=user)
    recorded.call("GET", "/api/v2/me", at=-1.0, said={"user": {"id": f"{number:032x}"}})
    recorded.call("POST", "/api/v2/me", {"operationName": "Ready"}, -0.5).shaken()
    at = number * 0.01 + 1.0
    for chat in range(chats):
        _chat(recorded, f"0000N{number % 1000:03d}{chat:04d}{number // 1000:03d}X", at, messages, foreign)
        yield from _taken(recorded, at)
        at += 10.0
    yield from _taken(recorded, float("inf"))


def _taken(recorded: Recorded, until: float) -> list[Exchange]:
    from .recorded import EPOCH  # noqa: PLC0415

    taken = sorted((e for e in recorded.exchanges if e.began < EPOCH + until), key=lambda each: each.began)
    recorded.exchanges = [e for e in recorded.exchanges if e.began >= EPOCH + until]
    return taken


def _line(seed: float) -> str:
    """Some 900 letters that are the same for the same seed, and hardly the same for another."""
    draw = Random(seed)
    return " ".join(draw.choices(_WORDS, k=110))


def _chat(recorded: Recorded, chat: str, at: float, messages: int, foreign: int) -> None:
    """An invitation, an Accept, and messages both ways, over twice the time until the next one."""
    step = 18.0 / (messages + 2)
    history = [{"index": n, "type": "Text", "text": f"{n} {_line(at + n)}"} for n in range(3)]
    recorded.poll(at - 0.5, at, events=[event("Invited", chat=chat, userId="5f" * 16)])
    recorded.accept(at + 0.3, chat=chat)
    recorded.poll(at, at + 0.4, events=[event("Chatting", chat=chat)])
    recorded.call("GET", f"/api/v2/me/chats/{chat}/messages", at=at + 0.5, said={"messages": history})
    for index in range(messages):
        when = at + 1.0 + index * step
        text = {"operationName": "SendMessage", "text": f"{chat} {index} {_line(when)}"}
        recorded.call("POST", f"/api/v2/me/chats/{chat}", text, when)
        said = event("Chatting", chat=chat, messages=[{"index": index, "text": text["text"]}])
        recorded.poll(when - 0.1, when + 0.1, events=[said, (CHATS, {"queue": {"waiting": index}})])
        recorded.poll(when + 0.1, when + step - 0.2)
        for _ in range(foreign):
            recorded.exchange("GET", "https://crm.example/page", b"", when + 0.2, when + 0.3, answer=_PAGE)


def file(path: Path, megabytes: float, *, foreign: int = 0) -> Path:
    """A flow file of about that size, of 50 agents with as many chats as it takes."""
    size = save(path, day(50, 1, foreign=foreign)).stat().st_size
    return save(path, day(50, max(1, round(megabytes * 1e6 / size)), foreign=foreign))


if __name__ == "__main__":
    written = file(Path(sys.argv[1]), float(sys.argv[2]), foreign=int([*sys.argv, 0][3]))
    print(written, written.stat().st_size)
