"""Web pages in a real Chromium against a port that adds the operator's key: a foreign one, a rebound name, and an allowed one."""

import asyncio
import json
import shutil
from contextlib import asynccontextmanager

import pytest

from tests.running import until
from tests.wires import PATIENCE, ok, plane, scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("local.keys")]

CHROMIUM = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-port=0"),
    "--host-resolver-rules=MAP *.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
PAGE = """<!doctype html><title>a page</title><script>
const port = "http://127.0.0.1:%(port)d", body = JSON.stringify({model: "m", messages: [{role: "user", content: "spend"}]});
const chat = port + "/v1/chat/completions", json = {"Content-Type": "application/json"};
const outcome = async made => {
  try { const got = await made; return got.type + " " + got.status + " " + await got.text(); } catch (e) { return "" + e; }
};
const socket = () => new Promise(done => {
  const opened = new WebSocket("ws://127.0.0.1:%(port)d/v1/realtime");
  opened.onmessage = event => done(event.data); opened.onclose = () => done("closed"); opened.onerror = () => done("closed");
});
const image = () => new Promise(done => {
  const made = new Image(); made.onerror = made.onload = () => done("ended"); made.src = port + "/v1/models";
});
(async () => {
  const found = {
    simple: await outcome(fetch(chat, {method: "POST", mode: "no-cors", body})),
    json: await outcome(fetch(chat, {method: "POST", headers: json, body})),
    read: await outcome(fetch(port + "/v1/models")),
    image: await image(), socket: await socket(),
  };
  await fetch("/found", {method: "POST", body: JSON.stringify(found)});
})();
</script>"""
CORS = (b"Access-Control-Allow-Origin: *", b"Access-Control-Allow-Headers: content-type", b"Access-Control-Allow-Methods: POST")


class Pages:
    """A web server of any name: it serves PAGE, and keeps what the page found."""

    def __init__(self) -> None:
        self.port = 0
        self.page = b""
        self.found: asyncio.Queue[dict] = asyncio.Queue()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"POST /found"):
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            self.found.put_nowait(json.loads(await reader.readexactly(length)))
        writer.write(ok(self.page, b"Content-Type: text/html", b"Connection: close"))
        await writer.drain()
        writer.close()


@asynccontextmanager
async def browsing(folder, address: str):
    """A Chromium of its own, at `address`."""
    program = shutil.which("chromium")
    assert program, "chromium is not installed; .ci/run installs it"
    process = await asyncio.create_subprocess_exec(
        *(program, *CHROMIUM, f"--user-data-dir={folder}", address),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE)


@asynccontextmanager
async def site():
    pages = Pages()
    server = await asyncio.start_server(pages.answer, "127.0.0.1", 0)
    pages.port = server.sockets[0].getsockname()[1]
    try:
        yield pages
    finally:
        server.close()


def with_key(provider) -> dict:
    return {"providers": {"candidate": {"base_url": provider.url, "api_key_env": "KEY"}}, "environ": {"KEY": "sk-operators"}}


async def visited(folder, provider, *, host: str, allowed: tuple[str, ...] = ()) -> dict:
    """What a page of `host` found at a data port that adds a key; `allowed` hosts are named as origins."""
    async with site() as pages:
        origins = tuple(f"http://{name}:{pages.port}" for name in allowed)
        async with plane(**with_key(provider), origins=origins) as running:
            pages.page = (PAGE % {"port": running.port}).encode()
            async with browsing(folder, f"http://{host}:{pages.port}/"):
                return await asyncio.wait_for(pages.found.get(), PATIENCE)


async def test_a_page_of_another_site_reaches_no_provider(tmp_path):
    async with scripted(None, ok(b"{}", *CORS)) as provider:
        found = await visited(tmp_path, provider, host="evil.example")
    assert provider.requests == []
    assert found["simple"] == "opaque 0 ", "a page cannot tell a refusal from an answer here"
    assert found["json"].startswith("TypeError")
    assert found["read"].startswith("TypeError")
    assert found["socket"] == "closed"


async def test_a_page_of_an_allowed_origin_reads_the_answer(tmp_path):
    async with scripted(None, ok(b'{"fine": 1}', *CORS)) as provider:
        found = await visited(tmp_path, provider, host="chat.example", allowed=("chat.example",))
    assert found["json"] == 'cors 200 {"fine": 1}'
    assert found["read"] == 'cors 200 {"fine": 1}'
    preflights = [request for request in provider.requests if request.startswith(b"OPTIONS ")]
    assert len(preflights) == 1, "the provider answers it, as it would without a proxy"
    assert all(b"Bearer sk-operators" in request for request in provider.requests)


async def test_request_by_a_rebound_name_reaches_no_provider(tmp_path):
    async with scripted(None, ok(b"{}")) as provider, plane(**with_key(provider)) as running:
        async with browsing(tmp_path, f"http://rebound.example:{running.port}/v1/models"):
            await until(lambda: running.kept.more, PATIENCE)
        exchange = await running.kept.next()
    assert "'rebound.example:" in exchange.failure.detail
    assert provider.requests == []
