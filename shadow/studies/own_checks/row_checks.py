"""`RowChecks`: the checks of a replay's answers, those for every row and those that a row brings with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shadow.studies.own_checks.check_spec import CheckKind, CheckSpec, CheckSpecError, check_table, read_check

OF_TASKS = frozenset({CheckKind.END_STATE, CheckKind.COMMAND})
"""Kinds for tasks alone: a replayed row has no world, and is scored again whenever its study is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChecks:
    """`every` holds for each row; `own` by the id of the row that brings them."""

    every: tuple[CheckSpec, ...] = ()
    own: Mapping[str, tuple[CheckSpec, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.every or self.own)

    def of(self, row_id: str) -> tuple[CheckSpec, ...]:
        """The checks of one row's answers, its own last."""
        return self.every + self.own.get(row_id, ())


NO_CHECKS = RowChecks()
"""Of a replay that is scored by its signals."""


def read_row_check(table: Mapping[str, object]) -> CheckSpec:
    """The check of one table; CheckSpecError with all of its faults, and for a kind that only tasks have."""
    spec = read_check(table)
    if spec.kind in OF_TASKS:
        raise CheckSpecError(
            [f"{spec.kind}: this kind is for task files alone; a replayed row has no world, and no command is run for it"]
        )
    return spec


def row_checks_json(checks: RowChecks) -> dict[str, object]:
    """The checks as they are stored with their study, which `stored_row_checks` reads."""
    return {"checks": _tables(checks.every), "row_checks": {row: _tables(own) for row, own in checks.own.items()}}


def stored_row_checks(plan: Mapping[str, object]) -> RowChecks:
    """The checks out of a stored plan; none where it has none."""
    every, own = plan.get("checks", ()), plan.get("row_checks", {})
    return RowChecks(every=_specs(every), own={row: _specs(tables) for row, tables in own.items()})  # type: ignore[attr-defined] # as row_checks_json wrote them


def _tables(specs: Sequence[CheckSpec]) -> list[dict[str, object]]:
    return [check_table(spec) for spec in specs]


def _specs(tables: object) -> tuple[CheckSpec, ...]:
    return tuple(read_check(table) for table in tables)  # type: ignore[attr-defined] # a list, as row_checks_json wrote it
