"""Makes the HARs of `tests/data/har` again: what a person gets who exports one in a browser's own DevTools.

python -m tests.browser.export_har [chromium|firefox] FOLDER

Both browsers look at the desktop page of this folder while `replay serve` plays the bundled scenario.
Chromium's DevTools are themselves a page, which is loaded beside it and asked to write the HAR; Firefox's are
asked through Marionette. The texts of scripts and the stacks of callers are cut out afterwards: they are most
of the bytes and tell nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.road.software import PATIENCE, ROOT, replayer

from .chromium import PageHost, browser

SCENARIO = ROOT / "scenarios" / "accept-chat.yaml"
EXPORT = """(async () => {
  const [{NetworkLog}, {Writer}, {Progress}] = await Promise.all([
    import('/devtools/models/logs/logs.js'),
    import('/devtools/models/har/har.js'),
    import('/devtools/core/common/common.js'),
  ]);
  const requests = NetworkLog.NetworkLog.instance().requests();
  const progress = new Progress.CompositeProgress(new Progress.Progress());
  return Writer.Writer.harStringForRequests(requests, {sanitize: %s}, progress);
})()"""
TOOLBOX = """
const done = arguments[arguments.length - 1];
const {require} = ChromeUtils.importESModule('resource://devtools/shared/loader/Loader.sys.mjs');
const {gDevTools} = require('devtools/client/framework/devtools');
const tab = Services.wm.getMostRecentWindow('navigator:browser').gBrowser.selectedTab;
gDevTools.showToolboxForTab(tab, {toolId: 'netmonitor'}).then(toolbox => toolbox.getNetMonitorAPI())
"""
OPEN = TOOLBOX + ".then(() => done(''), error => done(String(error)));"
HAR = TOOLBOX + ".then(api => api.getHar()).then(done, error => done(String(error)));"
PREFERENCES = {
    "devtools.netmonitor.persistlog": True,
    "devtools.netmonitor.har.includeResponseBodies": True,
    "marionette.port": 0,
    "network.cookie.cookieBehavior": 0,
}
SANITIZED = "long-polling"
"""Exported without cookies, as Chromium exports unless it is told to allow sensitive data."""

Har = dict[str, Any]


def main() -> None:
    """One HAR for each browser and transport."""
    wanted, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for transport in ("long-polling", "websocket"):
        with replayer(SCENARIO) as url, PageHost(host="127.0.0.1", certificate=None) as host:
            if wanted == "chromium":
                har = asyncio.run(chromium(host, desktop(host, url, transport), transport == SANITIZED))
            else:
                har = firefox(host, desktop(host, url, transport))
        file = folder / f"{wanted}-{transport}.har"
        file.write_text(json.dumps(lean(har), indent=1), encoding="utf-8")
        print(file)


def lean(har: Har) -> Har:
    """The HAR without the texts of scripts and the stacks of who called."""
    for entry in har["log"]["entries"]:
        entry.pop("_initiator", None)
        if "javascript" in entry["response"]["content"].get("mimeType", ""):
            entry["response"]["content"].pop("text", None)
    return har


class Pipe:
    """One page under Chromium's DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._last = 0

    async def call(self, method: str, **parameters: Any) -> Any:
        """The result of a method."""
        self._last += 1
        await self._socket.send_json({"id": self._last, "method": method, "params": parameters})
        while True:
            said = await self._socket.receive_json(timeout=PATIENCE)
            if said.get("id") == self._last:
                return said.get("result", said)

    async def value(self, expression: str) -> Any:
        """What an expression comes to in the page, once it is settled."""
        settled = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "result" not in settled:  # the page was being replaced by another
            return await self.value(expression)
        assert "exceptionDetails" not in settled, settled
        return settled["result"].get("value")

    async def until(self, expression: str) -> None:
        """Asks until it is true; the page polls, so that nobody has to."""
        ask = f"const ask = () => ({expression}) ? done() : setTimeout(ask, 50)"
        await self.value(f"new Promise(done => {{ {ask}; ask(); }})")


async def chromium(host: PageHost, url: str, sanitized: bool) -> Har:
    """What Chromium's DevTools export of a desktop's part, from its handshake to its goodbye."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profile"
        with browser("about:blank", profile, "--remote-debugging-port=0", "--remote-allow-origins=*"):
            port = debugging_port(profile / "DevToolsActivePort")
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
                pages = await (await session.get("/json/list")).json()
                page = next(each for each in pages if each["type"] == "page")
                tools = await beside(session, port, page)
                seen = await session.ws_connect(f"/devtools/page/{page['id']}", max_msg_size=0)
                await Pipe(seen).call("Page.navigate", url=url)
                await asyncio.to_thread(watched, host)
                return json.loads(await tools.value(EXPORT % str(sanitized).lower()))


async def beside(session: aiohttp.ClientSession, port: int, page: Any) -> Pipe:
    """DevTools, as a page of their own, on another page."""
    url = f"http://127.0.0.1:{port}/devtools/devtools_app.html?ws=127.0.0.1:{port}/devtools/page/{page['id']}"
    opened = await (await session.put(f"/json/new?{url}")).json()
    tools = Pipe(await session.ws_connect(f"/devtools/page/{opened['id']}", max_msg_size=0))
    await tools.until("document.title.startsWith('DevTools -') || document.querySelector('.root-view')")
    await tools.value(
        "import('/devtools/core/sdk/sdk.js').then(async ({TargetManager}) => {"
        " while (!TargetManager.TargetManager.instance().primaryPageTarget())"
        " await new Promise(done => setTimeout(done, 50)); })"
    )
    return tools


def debugging_port(file: Path) -> int:
    """The port that Chromium took, once it says so."""
    with subprocess.Popen(["sh", "-c", f"until test -s '{file}'; do sleep 0.1; done"]) as waiting:
        assert waiting.wait(PATIENCE) == 0
    return int(file.read_text(encoding="utf-8").split()[0])


class Marionette:
    """A Firefox that is told what to do."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._file = self._socket.makefile("rb")
        self._last = 0
        self._receive()

    def call(self, name: str, **parameters: Any) -> Any:
        """The result of a command."""
        self._last += 1
        said = json.dumps([0, self._last, name, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(said), said))
        _, _, error, result = self._receive()
        assert error is None, error
        return result

    def _receive(self) -> Any:
        length = b"".join(iter(lambda: self._file.read(1), b":"))
        return json.loads(self._file.read(int(length)))


def firefox(host: PageHost, url: str) -> Har:
    """What Firefox's network monitor exports of a desktop's part."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder)
        lines = [f"user_pref({json.dumps(each)}, {json.dumps(PREFERENCES[each])});\n" for each in PREFERENCES]
        (profile / "user.js").write_text("".join(lines), encoding="utf-8")
        command = ["firefox-esr", "--headless", "--marionette", "--remote-allow-system-access"]
        environment = {**os.environ, "HOME": folder}
        process = subprocess.Popen([*command, "--profile", folder, "about:blank"], env=environment)
        try:
            driver = Marionette(debugging_port(profile / "MarionetteActivePort"))
            driver.call("WebDriver:NewSession")
            driver.call("Marionette:SetContext", value="chrome")
            assert driver.call("WebDriver:ExecuteAsyncScript", script=OPEN, args=[])["value"] == ""
            driver.call("Marionette:SetContext", value="content")
            driver.call("WebDriver:Navigate", url=url)
            watched(host)
            driver.call("Marionette:SetContext", value="chrome")
            har: Har = driver.call("WebDriver:ExecuteAsyncScript", script=HAR, args=[])["value"]
            return har if "log" in har else {"log": har}
        finally:
            process.terminate()
            process.wait(PATIENCE)


def desktop(host: PageHost, simulator: str, transport: str) -> str:
    """The page's URL."""
    query = urlencode({"url": simulator, "cometd": "3.1", "transport": transport})
    return f"{host.url}/desktop.html?{query}"


def watched(host: PageHost) -> None:
    """Waits until the page has said goodbye."""
    while True:
        kind = host.seen.get(timeout=PATIENCE)["kind"]
        assert kind != "failure"
        if kind == "disconnected":
            return


if __name__ == "__main__":
    main()
