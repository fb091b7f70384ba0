"""`JudgedGroups`: the drift state of every group in memory, as the store holds it, and the acknowledgements to replay."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from shadow.drift.admission import DAY
from shadow.drift.alarm_budget import AlertBudget, fleet
from shadow.drift.attribution import SecondLook
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupState
from shadow.drift.state_snapshot import restored, saved
from shadow.judging import row_mapping
from storage.judgement_rows import AcknowledgementRow, GroupStateRow
from storage.store import JudgementStore

log = structlog.get_logger("sameweights.judge")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingLimits:
    """How many groups are held, and how rare false alarms are: one in so many pairs of each group, or of the whole fleet."""

    groups: int
    pairs_per_false_alarm: float
    fleet_wide: bool

    def budget(self, groups: int) -> AlertBudget:
        """The budget of each group while `groups` are held."""
        return fleet(self.pairs_per_false_alarm, groups) if self.fleet_wide else AlertBudget(threshold=self.pairs_per_false_alarm)


@dataclass(slots=True, kw_only=True, repr=False)
class JudgedGroups:
    """`states` and `last_numbers` (the last pair judged) by group; every pair up to `after` is judged.

    `replay` holds acknowledgements that a rebuild has yet to apply, in their order.
    """

    limits: JudgingLimits
    states: dict[GroupKey, GroupState] = field(default_factory=dict)
    last_numbers: dict[GroupKey, int] = field(default_factory=dict)
    replay: deque[AcknowledgementRow] = field(default_factory=deque)
    after: int = 0

    def __repr__(self) -> str:
        return f"<JudgedGroups {len(self.states)} groups, {len(self.replay)} acknowledgements to replay, after pair {self.after}>"

    @property
    def full(self) -> bool:
        """Whether no further group is held."""
        return len(self.states) >= self.limits.groups

    def open(self, key: GroupKey) -> None:
        """Begin a group; where the fleet shares one budget, each group's part of it shrinks."""
        budget = self.limits.budget(len(self.states) + 1)
        self.states[key] = GroupState(budget)
        for state in self.states.values():
            state.alarm.group_tests.set_budget(budget)

    def peers(self, key: GroupKey) -> Mapping[GroupKey, GroupState]:
        """The groups of the same model and reference, this one included."""
        _, model, _, reference = key
        return {other: state for other, state in self.states.items() if (other[1], other[3]) == (model, reference)}

    def looks(self, key: GroupKey) -> dict[GroupKey, SecondLook]:
        """The second looks at alarms of the group's model and reference."""
        return {other: state.look for other, state in self.peers(key).items() if state.look}

    def rows(self, keys: Iterable[GroupKey]) -> list[GroupStateRow]:
        """The states of these groups as rows; a group that is not held has none."""
        return [
            GroupStateRow(group=row_mapping.group_of(key), last_no=self.last_numbers[key], snapshot=saved(self.states[key]))
            for key in keys
            if key in self.states
        ]


def read_groups(store: JudgementStore, limits: JudgingLimits) -> JudgedGroups:
    """The groups that are stored. A state that cannot be read, as of another version, has every stored pair judged again."""
    try:
        groups = _restored(store.group_states(), limits)
    except ValueError:
        log.exception("drift_state_unreadable", consequence="all stored pairs are judged again")
        store.rebuild()
        groups = JudgedGroups(limits=limits)
    groups.replay.extend(store.pending_acknowledgements())
    for pair in map(row_mapping.judged_pair, store.recently_counted(DAY)):
        if pair.group in groups.states:
            groups.states[pair.group].remember(pair)
    return groups


def _restored(rows: Iterable[GroupStateRow], limits: JudgingLimits) -> JudgedGroups:
    kept = list(rows)
    budget = limits.budget(len(kept))
    return JudgedGroups(
        limits=limits,
        states={row_mapping.key_of(row.group): restored(row.snapshot, budget) for row in kept},
        last_numbers={row_mapping.key_of(row.group): row.last_no for row in kept},
    )
