"""Connections by streamable HTTP: a server that dies, refuses, or answers too much is a sentence, and its neighbours go on.

Those by stdio are shown with whole worlds, in `test_live_world.py`.
"""

import asyncio
import json
from contextlib import asynccontextmanager

import mcp_types as types
import pytest
from aiohttp import web

from shadow.studies.worlds.server_connection import ServerConnection, connection_by_http
from shadow.studies.worlds.server_spec import ServerSpec
from shadow.studies.worlds.shown_text import AS_SENT
from shadow.studies.worlds.world import WorldError, in_world

RESULTS = {
    "initialize": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "h", "version": "1"}},
    "tools/list": {"tools": [{"name": "t", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": True}}]},
}


@asynccontextmanager
async def serving(on_call, *, token=""):
    """An MCP server by HTTP with the protocol of 2025-11-25; `on_call` answers its calls."""
    peers = []

    async def answer(request):
        if token and request.headers.get("Authorization") != f"Bearer {token}":
            return web.Response(status=401)
        if request.method != "POST":
            return web.Response(status=405)
        peers.append(request.transport)
        message = await request.json()
        if "id" not in message:
            return web.Response(status=202)
        if message["method"] == "tools/call":
            return await on_call(message, peers)
        result = RESULTS.get(message["method"])
        outcome = {"result": result} if result else {"error": {"code": -32601, "message": "none"}}
        return web.json_response({"jsonrpc": "2.0", "id": message["id"], **outcome})

    app = web.Application()
    app.router.add_route("*", "/mcp", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/mcp"
    await runner.cleanup()


async def fine(message, _):
    text = json.dumps(message["params"]["arguments"])
    return web.json_response({"jsonrpc": "2.0", "id": message["id"], "result": {"content": [{"type": "text", "text": text}]}})


async def dies(_, peers):
    peers[-1].abort()
    return web.Response()


async def long(message, _):
    return web.Response(body=b"x" * (9 * 2**20), content_type="application/json")


async def fails(message, _):
    return web.Response(status=500)


def calling(times=1):
    async def use(connection):
        return [(await connection.call("t", {"n": number}))[0].text for number in range(times)]

    return use


async def used(url, use, token="", **settings):
    spec = ServerSpec(name="h", url=url, timeout=5, **settings)
    return await in_world(lambda: connection_by_http(spec, url, token), use)


async def test_tools_are_listed_with_their_hints_and_called():
    async def use(connection):
        return connection.tools, (await connection.call("t", {"a": 1}))[0].text

    async with serving(fine) as url:
        tools, text = await used(url, use)
    assert [(tool.server, tool.name, tool.read_only, tool.task) for tool in tools] == [("h", "t", True, False)]
    assert text == '{"a": 1}'


async def test_a_token_is_needed_and_sent():
    async with serving(fine, token="secret") as url:
        assert await used(url, calling(), token="secret") == ['{"n": 0}']
        with pytest.raises(WorldError, match=r"^server 'h' did not start: "):
            await used(url, calling())


async def test_a_server_that_dies_in_a_call_ends_its_own_world_and_no_other():
    async with serving(fine) as good, serving(dies) as bad:
        answers, error = await asyncio.gather(used(good, calling(30)), used(bad, calling()), return_exceptions=True)
    assert len(answers) == 30
    assert isinstance(error, WorldError)
    assert str(error).startswith("server 'h'")
    assert asyncio.current_task().cancelling() == 0


async def test_an_answer_over_the_bound_ends_the_world_with_its_reason():
    async with serving(long) as url:
        with pytest.raises(WorldError, match=r"^server 'h': its connection broke: it sent an answer of more than 8 MiB$"):
            await used(url, calling())


@pytest.mark.slow
async def test_third_call_in_a_row_without_an_answer_ends_the_world_and_an_answer_begins_the_count_again():
    silent, answered = asyncio.Event(), []

    async def on_call(message, peers):
        if message["params"]["arguments"]["n"] != 2:
            await silent.wait()
        return await fine(message, peers)

    async def use(connection):
        for number in range(9):
            connection._seconds = 60.0 if number == 2 else 0.05  # the one that is answered may be slow
            _, came = await connection.call("t", {"n": number})
            answered.append(came)

    async with serving(on_call) as url:
        with pytest.raises(WorldError, match=r"left 3 calls one after another unanswered for 0\.05 s"):
            await used(url, use)
        silent.set()
    assert answered == [False, False, True, False, False]


async def test_an_http_error_is_an_error_for_the_model():
    async with serving(fails) as url:
        texts = await used(url, calling())
    assert texts[0].startswith("Error: ")


async def test_nothing_listening_is_one_sentence():
    async with serving(fine) as url:
        pass
    with pytest.raises(WorldError, match=r"^server 'h' did not start: "):
        await used(url, calling())


class Paging:
    """A client whose server lists one tool a page, on so many pages."""

    def __init__(self, pages: int) -> None:
        self.session = self
        self.left = pages

    async def list_tools(self, *, params: types.PaginatedRequestParams) -> types.ListToolsResult:
        self.left -= 1
        tool = types.Tool(name=f"t{self.left}", input_schema={"type": "object"})
        return types.ListToolsResult(tools=[tool], next_cursor="more" if self.left else None)


@pytest.mark.parametrize(("pages", "fits"), [(1, True), (50, True), (51, False)])
async def test_fifty_pages_of_tools_are_read_and_no_more(pages, *, fits: bool):
    connection = ServerConnection(ServerSpec(name="s", url="http://h/mcp"), Paging(pages), None, AS_SENT)
    if fits:
        await connection.list_tools()
        assert len(connection.tools) == pages
    else:
        with pytest.raises(WorldError, match="server 's': its list of tools has more than 50 pages"):
            await connection.list_tools()
