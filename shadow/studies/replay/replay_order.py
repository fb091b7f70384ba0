"""ReplayOrder: a replay as its user ordered it, checked whole: rows, providers, policy and limits, before anything is opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shadow.settings.top_level_config import Config
from shadow.studies.own_checks.row_checks import NO_CHECKS, RowChecks
from shadow.studies.rows.row import BrokenRow, Row
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_database import study_id
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.targets import Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOrder:
    """Everything that a replay needs from its user.

    `kind` is replay or try; `command` is what its user wrote. `settings` is what makes two studies the same one when it is
    resumed, beside kind and name.
    """

    kind: str
    name: str
    database: Path
    config: Config
    targets: Targets
    rows: Sequence[Row]
    broken: Sequence[BrokenRow]
    policy: StudyPolicy
    limits: BudgetLimits
    settings: Mapping[str, object]
    seed: int
    passes: int
    at_once: int
    command: str = ""
    fresh: bool = False
    quiet: bool = False
    checks: RowChecks = NO_CHECKS

    @property
    def id(self) -> str:
        """The id of the study."""
        return study_id(self.kind, self.name, self.settings)

    @property
    def route(self) -> str:
        """The route under which its exchanges and pairs are stored."""
        return f"study:{self.name}"

    @property
    def labels(self) -> Mapping[str, bool]:
        """Whether the vendor's own model calls a tool, by the id of each row that has such a published label."""
        return {row.id: row.should_call for row in self.rows if row.should_call is not None}

    @property
    def shapes(self) -> Mapping[str, int]:
        """How many rows have each shape."""
        return Counter(row.shape for row in self.rows)


def replay_settings(targets: Targets, config: Config, changes: Mapping[str, object], seed: int) -> Mapping[str, object]:
    """What makes a replay the same one: its providers with their addresses, the members set in every row, and the seed."""
    providers = config.proxy.providers
    return {
        "providers": [f"{name} {providers[name].base_url.rstrip('/')}" for name in targets.candidates],
        "reference": f"{targets.reference} {providers[targets.reference].base_url.rstrip('/')}",
        "changes": dict(changes),
        "seed": seed,
    }
