"""`journal`: what happened, as JSON Lines; or what was heard and said, as a HAR."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal, get_args

import msgspec
from aiohttp import web

from replay.entries import Entry, Kind
from replay.errors import UsageError, nearest
from replay.journal import Journal
from replay.server import har
from replay.server.connections import sever
from replay.server.control.call import Call
from replay.server.control.route import JSON, JSON_LINES, Route, Routes
from replay.server.control.values import SinceQuery
from replay.server.turns import turn

AT_ONCE = 500
"""Entries that are encoded before others get their turn."""
WRITTEN = 1 << 16
"""Bytes of a HAR that are written at once."""


class JournalQuery(SinceQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of the journal is wanted, and in which form."""

    format: Literal["jsonl", "har"] = "jsonl"
    """An entry a line; or what browsers write of their traffic, which takes no `kind` and no `since`."""


async def _told(call: Call) -> web.StreamResponse:
    return await (_har(call) if call.query.format == "har" else _lines(call))


async def _har(call: Call) -> web.StreamResponse:
    query: JournalQuery = call.query
    given = "kind" if query.kind else "since" if query.since else ""
    if given:
        what = f"a HAR holds requests, not entries: '{given}' cannot be said of it"
        raise UsageError(what, help="It takes agent; leave it out for all.")
    stage = call.stage
    parts = har.parts_of(stage.simulator, stage.traffic, stage.clock.now(), agent=query.agent)
    named = {"Content-Type": JSON, "Content-Disposition": 'attachment; filename="journal.har"'}
    response = web.StreamResponse(headers=named)
    await response.prepare(call.request)
    waiting = bytearray()
    for part in parts:
        if stage.is_stopped:
            # Whoever asked sees that it is not whole; the server does not wait for the rest.
            sever(call.request, with_reset=False)
            break
        waiting += part
        if len(waiting) >= WRITTEN:
            await response.write(bytes(waiting))
            waiting.clear()
        await turn()
    else:
        await response.write(bytes(waiting))
    return response


async def _lines(call: Call) -> web.StreamResponse:
    _check(call.query)
    response = web.StreamResponse(headers={"Content-Type": f"{JSON_LINES}; charset=utf-8"})
    await response.prepare(call.request)
    async for entries in _batches(call.stage.simulator.journal, call.query):
        await response.write(msgspec.json.Encoder().encode_lines(entries))
    return response


def _check(query: SinceQuery) -> None:
    kinds: tuple[str, ...] = get_args(Kind)
    if query.kind and query.kind not in kinds:
        advice = nearest(query.kind, kinds) or f"Kinds are {', '.join(kinds)}."
        raise UsageError(f"nothing of kind '{query.kind}' is in a journal", help=advice)


async def _batches(journal: Journal, query: SinceQuery) -> AsyncIterator[list[Entry]]:
    """What there is now, as far as the window still has it when the reader has taken what came before."""
    until, number = journal.total, query.since
    while number < until and (entries := journal.after(number, min(AT_ONCE, until - number))):
        number = entries[-1].number
        found = [entry for entry in entries if entry.number <= until and _is_meant(entry, query)]
        if found:
            yield found
        await turn()


def _is_meant(entry: Entry, query: SinceQuery) -> bool:
    return query.kind in {"", entry.kind} and query.agent in {"", entry.agent}


ROUTES: Routes = (
    Route(
        method="GET",
        path="journal",
        handler=_told,
        about="What happened, in order, an entry a line; or what was heard and said, as a HAR.",
        query=JournalQuery,
        answer=Entry,
        content=(JSON_LINES, JSON),
    ),
)
