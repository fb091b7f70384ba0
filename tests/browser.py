"""A real Chromium that a test drives by its DevTools protocol: it opens pages, clicks, presses keys, and keeps every error."""

import asyncio
import itertools
import json
import shutil
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from websockets.asyncio.client import connect

from tests.running import PATIENCE, until

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *(
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--remote-debugging-port=0",
        "--hide-scrollbars",
    ),
)
ERRORS = frozenset({"Runtime.exceptionThrown", "Log.entryAdded"})


class Tab:
    """One page of the browser; `errors` holds what its console and its scripts reported."""

    def __init__(self, socket) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future] = {}
        self._loaded = asyncio.Event()
        self.errors: list[str] = []

    async def listen(self) -> None:
        """Take what the browser sends until it ends."""
        async for text in self._socket:
            message = json.loads(text)
            if message.get("id") in self._waiting:
                self._waiting.pop(message["id"]).set_result(message.get("result", message))
            elif message.get("method") in ERRORS:
                self.errors.append(json.dumps(message["params"]))
            elif message.get("method") == "Page.loadEventFired":
                self._loaded.set()

    async def call(self, method: str, **params) -> dict:
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        return await asyncio.wait_for(self._waiting[number], PATIENCE)

    async def read(self, expression: str):
        """The value of a JavaScript expression in the page."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    @asynccontextmanager
    async def leaving(self):
        """Within it the page is left; after it another one is loaded."""
        self._loaded.clear()
        yield
        await asyncio.wait_for(self._loaded.wait(), PATIENCE)

    async def open(self, address: str) -> None:
        async with self.leaving():
            await self.call("Page.navigate", url=address)

    async def click(self, selector: str) -> None:
        """Follow a link of the page."""
        link = f"document.querySelector({json.dumps(selector)})"
        assert await self.read(f"!!{link}"), selector
        async with self.leaving():
            await self.read(f"{link}.click()")

    async def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, text=key if kind == "keyDown" else "")

    async def drag(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        """Move the mouse from one place of the window to another, with its button down."""
        for kind, (x, y) in (("mouseMoved", begin), ("mousePressed", begin), ("mouseMoved", end), ("mouseReleased", end)):
            button = {} if kind == "mouseMoved" and (x, y) == begin else {"button": "left", "buttons": 1, "clickCount": 1}
            await self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)

    async def shape(self, width: int, scheme: str) -> None:
        """Look as on a screen of this width, in light or dark."""
        await self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def text(self) -> str:
        return " ".join((await self.read("document.body.innerText")).split())


async def _page_of(port: str) -> str:
    """The address of the first page; "" while Chromium has none."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/json") as listed:
        return next((target["webSocketDebuggerUrl"] for target in await listed.json() if target["type"] == "page"), "")


@asynccontextmanager
async def chromium(folder: Path):
    """A Chromium of its own with one tab."""
    program = shutil.which("chromium")
    assert program, "chromium is not installed; .ci/run installs it"
    process = await asyncio.create_subprocess_exec(
        *(program, *FLAGS, f"--user-data-dir={folder}", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = folder / "DevToolsActivePort"
        await until(lambda: port.exists() and len(port.read_text().split()) == 2)  # the port, and a path behind it
        address = await until(lambda: _page_of(port.read_text().split()[0]))
        async with connect(address, max_size=None) as socket:
            tab = Tab(socket)
            listening = asyncio.create_task(tab.listen())
            for domain in ("Page", "Runtime", "Log"):
                await tab.call(f"{domain}.enable")
            yield tab
            listening.cancel()
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE)
