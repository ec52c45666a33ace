"""The least that an Accept takes with aiohttp as people write it: one route, `json_response`, no access log.

Hoverfly with its logging off, which no registry carries, is 2.7 times as fast.
"""

from __future__ import annotations

import asyncio

import uvloop
from aiohttp import web


async def _accept(request: web.Request) -> web.Response:
    body = await request.json()
    if body.get("operationName") != "Accept":
        return web.json_response({"statusCode": 6}, status=404)
    return web.json_response({"statusCode": 0})


async def _main() -> None:
    app = web.Application()
    app.router.add_post("/api/v2/me/chats/{chat}", _accept)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_main())
