"""offer_errors(): what of a task does not fit the tools that its servers offer. Pure."""

from __future__ import annotations

from shadow.settings.config_errors import meant, quoted
from shadow.studies.probe.agent_loop import function_name
from shadow.studies.probe.task import Task
from shadow.studies.worlds.offered_tools import OfferedTools


def offer_errors(task: Task, offered: OfferedTools) -> list[str]:
    """A sentence for each tool of a group, or of `forbid`, that no server offers."""
    names = [function_name(function) for function in offered.functions]
    wanted = [(f"task.groups.{group}", tool) for group, tools in task.groups.items() for tool in tools]
    wanted += [("task.forbid", tool) for tool in task.forbid]
    return [f"{place}: no server offers {quoted(tool)}{meant(tool, names)}" for place, tool in wanted if tool not in names]
