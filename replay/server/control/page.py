"""The page at the prefix itself: one file, that asks the other resources for all it shows."""

from __future__ import annotations

from aiohttp import web

from replay.server.control.call import Call
from replay.server.control.route import Route, Routes
from replay.server.ui import live_page

HTML = "text/html"


async def _page(_call: Call) -> web.Response:
    page = live_page()
    headers = {
        "Content-Security-Policy": f"{page.policy}; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return web.Response(body=page.html, content_type=HTML, charset="utf-8", headers=headers)


ROUTES: Routes = (
    Route(
        method="GET",
        path="",
        handler=_page,
        about="A page to look at what happens, and to steer it by hand.",
        answer=str,
        content=(HTML,),
        open=True,
    ),
)
