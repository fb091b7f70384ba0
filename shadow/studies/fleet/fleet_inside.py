"""The fleet inside the study's own process: the same tools and answers as its server's, without a process for each run."""

from __future__ import annotations

import json
from collections.abc import Mapping

from shadow.studies.fleet.fleet_options import fleet_options
from shadow.studies.fleet.fleet_tools import TOOLS, FleetError, fleet_answer, padded
from shadow.studies.worlds.offered_tools import ListedTool
from shadow.studies.worlds.server_spec import ServerSpec
from shadow.studies.worlds.tool_answers import ToolText, tool_text


class FleetInside:
    """The fleet's tools listed and called like those of a server that has started."""

    def __init__(self, name: str, padding: int) -> None:
        self.name = name
        self.tools = tuple(
            ListedTool(
                server=name,
                name=tool.name,
                description=padded(tool.description, padding // len(TOOLS)),
                schema=tool.schema,
                read_only=True,
                task=False,
            )
            for tool in TOOLS
        )

    async def call(self, tool: str, arguments: Mapping[str, object]) -> tuple[ToolText, bool]:
        """The answer of a tool; there always is one."""
        return tool_text(fleet_result(tool, arguments)), True


def fleet_inside(spec: ServerSpec) -> FleetInside:
    """The fleet as a task's `in_process` server, with the options of its command."""
    return FleetInside(spec.name, fleet_options(spec.command[1:]).padding)


def fleet_result(tool: str, arguments: Mapping[str, object]) -> dict[str, object]:
    """The result of a call as the protocol writes it."""
    try:
        text, failed = json.dumps(fleet_answer(tool, arguments)), False
    except FleetError as error:
        text, failed = str(error), True
    return {"content": [{"type": "text", "text": text}], "isError": failed}
