"""An agent that calls the tools of the records' MCP server, in the process, by the SDK's own client."""

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from shadow.mcp_server.serve_records import build_server
from shadow.settings.top_level_config import Config
from storage.store import Reader


class Agent:
    """Connects for each call, because the SDK's client must be left by the task that entered it."""

    def __init__(self, reader: Reader, config: Config | None = None) -> None:
        self.server = build_server(reader, config or Config())

    async def call(self, tool: str, **arguments):
        """The result as the client has it, an error too."""
        async with Client(self.server) as client:
            return await client.call_tool(tool, arguments)

    async def result(self, tool: str, **arguments) -> dict:
        """The members of a result that is no error."""
        found = await self.call(tool, **arguments)
        assert not found.is_error, found.content
        return found.structured_content

    async def refusal(self, tool: str, **arguments) -> str:
        """The sentence of a result that is an error."""
        found = await self.call(tool, **arguments)
        assert found.is_error
        return found.content[0].text

    async def read(self, uri: str) -> str:
        """The text of a resource."""
        async with Client(self.server) as client:
            return (await client.read_resource(uri)).contents[0].text

    async def unread(self, uri: str) -> MCPError:
        """The error of a resource that cannot be read."""
        async with Client(self.server) as client:
            with pytest.raises(MCPError) as raised:
                await client.read_resource(uri)
        return raised.value
