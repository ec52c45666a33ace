"""`GET journal` while the journal goes on."""

from __future__ import annotations

from replay.journal import Journal
from replay.server.control.journal import AT_ONCE, _batches
from replay.server.control.values import SinceQuery

from .conftest import Loop
from .running import run


def test_a_slow_reader_is_told_what_there_was_and_is_still_kept_and_nothing_is_kept_for_it(
    loop: Loop,
) -> None:
    async def main() -> None:
        journal = Journal(max_entries=2 * AT_ONCE)
        for at in range(2 * AT_ONCE):
            journal.note("event", at, "ann")
        batches = _batches(journal, SinceQuery())
        first = await anext(batches)
        for at in range(AT_ONCE + 200):
            journal.note("event", at, "ann")

        assert [entry.number for entry in first] == [*range(1, AT_ONCE + 1)]
        (rest,) = [[entry.number for entry in batch] async for batch in batches]
        assert rest == [*range(AT_ONCE + 201, 2 * AT_ONCE + 1)]

    run(main(), loop)
