"""The fleet as an MCP server, by stdio or streamable HTTP; the SDK is imported here and by no other room of the example."""

from __future__ import annotations

import asyncio

import mcp_types as types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server

from shadow.studies.fleet.fleet_inside import fleet_result
from shadow.studies.fleet.fleet_tools import TOOLS, FleetTool, padded

_READ_ONLY = types.ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)


def fleet_server(padding: int) -> Server[object]:
    """The server; `padding` is the number of characters added to all descriptions together."""
    listed = [_listed(tool, padding // len(TOOLS)) for tool in TOOLS]

    async def list_tools(_: ServerRequestContext[object], __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=listed)

    async def call_tool(_: ServerRequestContext[object], params: types.CallToolRequestParams) -> types.CallToolResult:
        return types.CallToolResult.model_validate(fleet_result(params.name, params.arguments or {}))

    return Server("sameweights-fleet", on_list_tools=list_tools, on_call_tool=call_tool)


def _listed(tool: FleetTool, padding: int) -> types.Tool:
    description = padded(tool.description, padding)
    return types.Tool(name=tool.name, description=description, input_schema=tool.schema, annotations=_READ_ONLY)


def serve_stdio(padding: int) -> None:
    """Serve on standard input and output until standard input closes."""
    asyncio.run(_stdio(fleet_server(padding)))


async def _stdio(server: Server[object]) -> None:
    async with stdio_server() as (received, sent):
        await server.run(received, sent, server.create_initialization_options())


def serve_http(padding: int, port: int) -> None:
    """Serve streamable HTTP on 127.0.0.1, at /mcp, until the process is stopped."""
    import uvicorn  # noqa: PLC0415 - a server by stdio has no use for it

    app = fleet_server(padding).streamable_http_app(stateless_http=True, json_response=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
