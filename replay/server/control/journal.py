"""`journal`: what happened, as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, get_args

import msgspec
from aiohttp import web

from replay.errors import UsageError, nearest
from replay.journal import Entry, Kind
from replay.server.control.call import Call, Routes

AT_ONCE = 500
"""Entries that are encoded before others get their turn."""


async def _lines(call: Call) -> Any:
    query = call.query(("agent", "kind", "since"))
    found = _found(list(call.stage.simulator.journal), query)
    response = web.StreamResponse(headers={"Content-Type": "application/jsonl; charset=utf-8"})
    await response.prepare(call.request)
    for entries in _batches(found):
        await response.write(msgspec.json.Encoder().encode_lines(entries))
    return response


def _found(entries: list[Entry], query: dict[str, str]) -> Iterator[Entry]:
    kind, agent, since = query.get("kind"), query.get("agent"), query.get("since", "0")
    kinds: tuple[str, ...] = get_args(Kind)
    if kind is not None and kind not in kinds:
        advice = nearest(kind, kinds) or f"Kinds are {', '.join(kinds)}."
        raise UsageError(f"nothing of kind '{kind}' is in a journal", help=advice)
    if not (since.isascii() and since.isdigit() and len(since) < 16):
        raise UsageError(
            f"'{since}' is no number of an entry", help="Those after it are wanted: 'since=120'."
        )
    after = int(since)
    return (
        entry
        for entry in entries
        if entry.number > after and kind in {None, entry.kind} and agent in {None, entry.agent}
    )


def _batches(found: Iterator[Entry]) -> Iterator[list[Entry]]:
    while batch := list(islice(found, AT_ONCE)):
        yield batch


ROUTES: Routes = {"journal": {"GET": _lines}}
