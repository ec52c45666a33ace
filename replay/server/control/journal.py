"""`journal`: what happened, as JSON Lines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import get_args

import msgspec
from aiohttp import web

from replay.errors import UsageError, nearest
from replay.journal import Entry, Journal, Kind
from replay.server.control.call import Call
from replay.server.control.route import JSON_LINES, Route, Routes
from replay.server.control.values import SinceQuery
from replay.server.turns import turn

AT_ONCE = 500
"""Entries that are encoded before others get their turn."""


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
        handler=_lines,
        about="What happened, in order, an entry a line.",
        query=SinceQuery,
        answer=Entry,
        content=(JSON_LINES,),
    ),
)
