"""`StrictServer`: an MCP server that refuses arguments it does not know, and states each wrong one in a sentence.

The SDK drops an unknown argument, so that a misspelt filter would return the records of every provider.
"""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolResult, GetPromptResult, InputRequiredResult, Tool
from pydantic import ValidationError

from shadow.settings.config_errors import meant, quoted

NAMED = 5
"""Most unknown arguments that are named."""


class StrictServer(MCPServer):
    """The SDK's server; a wrong argument of a tool is a ToolError, one of a prompt an MCPError for invalid parameters."""

    async def list_tools(self) -> list[Tool]:
        """The tools; their schemas allow no further members."""
        tools = await super().list_tools()
        return [each.model_copy(update={"input_schema": {**each.input_schema, "additionalProperties": False}}) for each in tools]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; ToolError with a sentence for each argument that is unknown, missing or of another type."""
        known = {tool.name: sorted(tool.input_schema.get("properties", {})) for tool in await super().list_tools()}
        unknown = [each for each in arguments if name in known and each not in known[name]]
        if unknown:
            named = unknown[:NAMED]
            raise ToolError("; ".join(f"{name} has no argument {quoted(each)}{meant(each, known[name])}" for each in named))
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(_sentences(name, error.__cause__)) from None
            raise

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """Render a prompt; MCPError where there is none of this name, or an argument is missing."""
        prompts = {prompt.name: prompt for prompt in await self.list_prompts()}
        if name not in prompts:
            raise MCPError(code=INVALID_PARAMS, message=f"no such prompt: {quoted(name)}{meant(name, list(prompts))}")
        required = [each.name for each in prompts[name].arguments or () if each.required]
        missing = [each for each in required if each not in (arguments or {})]
        if missing:
            raise MCPError(code=INVALID_PARAMS, message=f"{name} needs the argument {', '.join(missing)}")
        return await super().get_prompt(name, arguments, context)


def _sentences(tool: str, error: ValidationError) -> str:
    """Each argument with what it should be; what was given is not repeated."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{tool}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
