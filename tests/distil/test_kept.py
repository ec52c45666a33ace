"""How much of a recording stays in memory until its stories are told."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator
from random import Random  # noqa: TID251  bytes that cannot be squeezed, the same each time

import pytest

from replay.distil import Told, read
from replay.distil.own import MOST_WAITING
from replay.exchange import Exchange

from .recorded import CHAT, CHATS, Recorded, event

MANY = 300
LARGE = 20_000
"""Bytes of each."""


def kept(exchanges: Iterable[Exchange], *, peak: bool = False) -> tuple[Told, int]:
    """What was read, and bytes that it takes in the end, or took at most."""
    tracemalloc.start()
    try:
        told = read(exchanges)
        return told, tracemalloc.get_traced_memory()[peak]
    finally:
        tracemalloc.stop()


def passing(recorded: Recorded, *, url: str, answer: bytes) -> Iterator[Exchange]:
    """One story, and many exchanges of some other kind that are gone once they have passed."""
    yield from recorded.exchanges
    for number in range(MANY):
        other = Recorded(recorded.client).exchange("GET", url, b"", 3.0, 3.1, answer=answer + b"%d" % number)
        yield other.exchanges[0]


def story() -> Recorded:
    return Recorded().shaken().poll(0.1, 2.0, events=[event("Invited")]).accept(2.5)


def test_what_passes_by_is_not_kept() -> None:
    pages = passing(story(), url="http://gws:8080/ui/page.html", answer=b"x" * LARGE)

    told, size = kept(pages)

    assert told.notes == (f"{MANY} requests for pages, scripts or pictures are left out",)
    assert size < MANY * LARGE / 20


def test_polls_without_news_are_not_kept() -> None:
    recorded = story()
    for number in range(1000):
        recorded.poll(3.0 + number, 3.5 + number)

    _, size = kept(recorded.exchanges)

    assert size < 1000 * 100


def test_what_is_kept_is_squeezed_until_it_is_told() -> None:
    recorded = story()
    text = "The quick brown fox jumps over the lazy dog. " * (LARGE // 45)
    for number in range(MANY):
        said = (CHATS, {"chat": {"id": CHAT}, "text": f"{number} {text}"})
        recorded.poll(3.0 + number, 3.5 + number, events=[said])

    told, size = kept(recorded.exchanges)

    assert size < MANY * LARGE / 10
    assert len(told.tell(told.stories[0], "story").scenario.steps) == MANY + 2


@pytest.mark.full
def test_a_foreign_host_is_given_up_before_it_fills_the_memory() -> None:
    bodies, busy = Random(1), 2 * MOST_WAITING // 500_000

    def exchanges() -> Iterator[Exchange]:
        # The API's server turns up after the others.
        for _ in range(busy):
            yield from (
                Recorded(host="https://other.example")
                .exchange("POST", "/collect", b"{}", -9.0, -8.9, answer=bodies.randbytes(500_000))
                .exchanges
            )
        yield from Recorded().call("POST", "/login", {"operationName": "Ready"}, -5.0).exchanges
        yield from story().exchanges

    told, size = kept(exchanges(), peak=True)

    assert told.notes == (f"{busy} requests to other hosts are left out",)
    assert [step.id for step in told.tell(told.stories[0], "story").scenario.session] == ["ready"]
    assert size < MOST_WAITING + 4_000_000
