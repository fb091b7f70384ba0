"""One connection to an MCP server, by stdio or streamable HTTP: its tools listed, its tools called, every wait bounded.

Results are read as the protocol's types alone: the SDK's own check against a tool's output schema would lose the result, and
uses a validator that a hostile pattern can hold for seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import mcp_types as types
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from pydantic import ValidationError

from shadow.studies.worlds.http_bounds import LONGEST_ANSWER, bounded_http_client
from shadow.studies.worlds.offered_tools import ListedTool
from shadow.studies.worlds.server_process import ServerProcess
from shadow.studies.worlds.server_spec import ServerSpec
from shadow.studies.worlds.shown_text import AS_SENT, ShownText
from shadow.studies.worlds.stdio_transport import stdio_transport
from shadow.studies.worlds.tool_answers import ToolText, error_text, refusal_text, tool_text
from shadow.studies.worlds.world import WorldError, first_cause, first_error

MOST_PAGES = 50
"""Pages of a list of tools that are read: a server may page for ever."""
MOST_TIMEOUTS = 3
"""Calls without an answer, one after another, after which the server counts as dead."""

logging.getLogger("mcp").addHandler(logging.NullHandler())
logging.getLogger("mcp").propagate = False  # what goes wrong with a server is a sentence of ours, not a traceback on the terminal


class ServerConnection:
    """A server that has started: its tools, and calls of them."""

    def __init__(self, spec: ServerSpec, client: Client, process: ServerProcess | None, shown: ShownText) -> None:
        self.name = spec.name
        self.tools: tuple[ListedTool, ...] = ()
        self._seconds = spec.timeout
        self._client = client
        self._process = process
        self._shown = shown
        self._unanswered = 0

    def __repr__(self) -> str:
        return f"<ServerConnection {self.name} {self._client.protocol_version} unanswered={self._unanswered}>"

    async def list_tools(self) -> None:
        """Read all tools of the server, page by page."""
        found: list[ListedTool] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._client.session.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
            found += [_listed(self.name, tool) for tool in page.tools]
            cursor = page.next_cursor
            if not cursor:
                self.tools = tuple(found)
                return
        raise WorldError(f"server {self.name!r}: its list of tools has more than {MOST_PAGES} pages")

    async def call(self, tool: str, arguments: Mapping[str, object]) -> tuple[ToolText, bool]:
        """The answer of a tool, and whether there was one in time; WorldError when the connection is closed."""
        request = types.CallToolRequest(params=types.CallToolRequestParams(name=tool, arguments=dict(arguments)))
        try:
            result = await self._client.session.send_request(request, types.CallToolResult, self._seconds)
        except MCPError as error:
            return self._refused(error)
        except ValidationError:
            return error_text("the tool server's answer does not follow the protocol"), True
        self._unanswered = 0
        return tool_text(result.model_dump(by_alias=True, mode="json", exclude_none=True), self._shown), True

    def _refused(self, error: MCPError) -> tuple[ToolText, bool]:
        if error.code == types.CONNECTION_CLOSED:
            raise self._broken("closed its connection")
        if error.code != types.REQUEST_TIMEOUT:
            return refusal_text(str(error), self._shown), True
        self._unanswered += 1
        if self._unanswered >= MOST_TIMEOUTS:
            raise self._broken(f"left {MOST_TIMEOUTS} calls one after another unanswered for {self._seconds:g} s")
        return error_text(f"no answer within {self._seconds:g} s"), False

    def _broken(self, what: str) -> WorldError:
        process = self._process
        if process is None:
            return WorldError(f"server {self.name!r} {what}")
        sentence = f"server {self.name!r} {what}{_detail(process, '', self._shown)}"
        process.fault = process.fault or what
        return WorldError(sentence)


@asynccontextmanager
async def connection_by_stdio(
    spec: ServerSpec, process: ServerProcess, shown: ShownText = AS_SENT
) -> AsyncIterator[ServerConnection]:
    """A session with a started process, which is ended with it."""
    async with _connection(spec, stdio_transport(process), process, shown) as connection:
        yield connection


@asynccontextmanager
async def connection_by_http(
    spec: ServerSpec, url: str, token: str, process: ServerProcess | None = None, shown: ShownText = AS_SENT
) -> AsyncIterator[ServerConnection]:
    """A session with a server at a URL."""
    async with bounded_http_client(token, seconds=spec.timeout) as http:
        transport = streamable_http_client(url, http_client=http, max_sse_event_size=LONGEST_ANSWER)
        async with _connection(spec, transport, process, shown) as connection:
            yield connection


@asynccontextmanager
async def _connection(
    spec: ServerSpec, transport: AbstractAsyncContextManager[object], process: ServerProcess | None, shown: ShownText
) -> AsyncIterator[ServerConnection]:
    started = False
    try:
        async with AsyncExitStack() as stack:
            client = Client(transport, read_timeout_seconds=spec.timeout, cache=None)  # type: ignore[arg-type] # a private Protocol
            connection = ServerConnection(spec, client, process, shown)
            async with asyncio.timeout(spec.start_timeout):
                await stack.enter_async_context(client)
                await connection.list_tools()
            started = True
            yield connection
    except Exception as error:
        raise _failure(spec, error, process, shown, started=started) from error


def _failure(spec: ServerSpec, error: Exception, process: ServerProcess | None, shown: ShownText, *, started: bool) -> Exception:
    """What ended a connection, as one sentence; an error that is not the server's as it is."""
    first = first_error(error)
    if isinstance(first, WorldError):
        return first
    if started:
        broke = isinstance(error, BaseExceptionGroup)
        return WorldError(f"server {spec.name!r}: its connection broke: {first_cause(error, shown.sentence)}") if broke else error
    if isinstance(first, TimeoutError):
        return _not_started(spec, f"no answer within {spec.start_timeout:g} s", process, shown)
    odd = isinstance(first, ValidationError)
    cause = "its answer does not follow the protocol" if odd else first_cause(error, shown.sentence)
    return _not_started(spec, cause, process, shown)


def _not_started(spec: ServerSpec, cause: str, process: ServerProcess | None, shown: ShownText) -> WorldError:
    return WorldError(f"server {spec.name!r} did not start: {cause}{_detail(process, cause, shown)}")


def _detail(process: ServerProcess | None, known: str, shown: ShownText) -> str:
    """What is known from the process: its fault, and the end of its standard error."""
    if process is None:
        return ""
    fault = f": {process.fault}" if process.fault and process.fault not in known else ""
    line = process.last_error(shown.sentence)
    return f"{fault}; its standard error ends: {line}" if line else fault


def _listed(server: str, tool: types.Tool) -> ListedTool:
    hints = tool.annotations
    return ListedTool(
        server=server,
        name=tool.name,
        description=tool.description or "",
        schema=tool.input_schema,
        read_only=bool(hints and hints.read_only_hint),
        task=bool(tool.execution and tool.execution.task_support == "required"),
    )
