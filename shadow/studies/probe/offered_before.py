"""OfferedBefore: the tools that the servers of a study offered to its first runs, so that no run has others.

A server that was updated offers other tools, or describes them in other words, although the task file is the same. Their order is
left out: it is the same for all providers of a start, and some servers list them in any.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from shadow.settings.config_errors import ConfigError
from shadow.studies.probe.agent_loop import function_name
from shadow.studies.probe.probe_settings import digest
from shadow.studies.worlds.offered_tools import OfferedTools
from storage.study_store import StudyQueries


class OfferedBefore:
    """The digest of each tool by its name; empty where no run had any yet."""

    def __init__(self, tools: dict[str, str]) -> None:
        self.tools = tools

    def __repr__(self) -> str:
        return f"<OfferedBefore {sorted(self.tools)}>"

    @classmethod
    def read(cls, studies: StudyQueries, study_id: str) -> OfferedBefore:
        """What the database holds."""
        plans = [json.loads(study.plan) for study in studies.studies() if study.id == study_id]
        found = plans[0].get("tools") if plans and studies.runs(study_id) else None
        return cls(found if isinstance(found, dict) else {})

    def check(self, offered: OfferedTools, database: Path) -> None:
        """Remember the tools; ConfigError where they are others than those that earlier runs had."""
        now = {function_name(function): digest(function) for function in offered.functions}
        if self.tools and now != self.tools:
            changes = "; ".join(_changes(self.tools, now))
            sentence = f"the servers offer other tools than they did to the runs that it holds ({changes})"
            raise ConfigError([f"{database}: {sentence}; name another database with --db, or begin again with --fresh"])
        self.tools = now


def _changes(before: dict[str, str], now: dict[str, str]) -> list[str]:
    changed = [name for name in now if name in before and now[name] != before[name]]
    kinds = {"new": sorted(now.keys() - before.keys()), "gone": sorted(before.keys() - now.keys()), "changed": changed}
    return [f"{kind}: {_some(names)}" for kind, names in kinds.items() if names]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
