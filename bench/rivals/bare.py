"""A bare aiohttp server: `/slow` is answered after asyncio's sleep of 100 ms."""

from __future__ import annotations

import asyncio

from aiohttp import web


async def _slow(_: web.Request) -> web.Response:
    await asyncio.sleep(0.1)  # noqa: TID251  what is measured here
    return web.json_response({"statusCode": 0})


async def _main() -> None:
    app = web.Application()
    app.router.add_get("/slow", _slow)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
