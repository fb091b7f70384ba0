"""`JudgedGroups`: the drift state of every group in memory, as the store holds it, and the acknowledgements to replay."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from shadow.drift.admission import DAY
from shadow.drift.alarm_budget import AlertBudget, fleet, share_of_upstream
from shadow.drift.alarm_state import LONGEST_PAIR
from shadow.drift.attribution import SecondLook
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupState
from shadow.drift.state_snapshot import restored, saved
from shadow.judging import row_mapping
from shadow.reading.upstream_name import OTHER, UNNAMED
from storage.judgement_rows import AcknowledgementRow, GroupStateRow
from storage.store import JudgementStore

log = structlog.get_logger("sameweights.judge")

MOST_UPSTREAMS = 32
"""Servers behind a router that are distinguished where no configuration sets how many."""


def no_address(_provider: str) -> str:
    """No provider's address is known."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingLimits:
    """How many groups are held, and how rare false alarms are: one in so many pairs of each group, or of the whole fleet."""

    groups: int
    pairs_per_false_alarm: float
    fleet_wide: bool
    upstreams: Mapping[str, int] = field(default_factory=dict)
    """The most servers that are distinguished behind a router, by provider."""
    address_of: Callable[[str], str] = no_address
    """The address of a provider, "" where it is not configured: those at one address may be one router."""

    def budget(self, keys: Iterable[GroupKey]) -> AlertBudget:
        """The budget of each group while these are held; the servers of one router are together one group."""
        groups = len({(key.whole, bool(key.upstream)) for key in keys})
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
        budget = self.limits.budget([*self.states, key])
        share = share_of_upstream(len(self._servers(key)) + 1) if key.upstream else 1.0
        self.states[key] = GroupState(replace(budget, head_start_share=share))
        for state in self.states.values():
            tests = state.alarm.group_tests
            tests.set_budget(replace(budget, head_start_share=tests.budget.head_start_share))

    def upstream(self, group: GroupKey, name: str) -> GroupKey | None:
        """The group of a server behind a router, begun where it is new: that of its name, of `other` beyond the most that are
        distinguished, or None where no further group is held.
        """
        key = group._replace(upstream=name)
        if key not in self.states and name != UNNAMED and len(self._named(group)) >= self._most(group.provider):
            key = group._replace(upstream=OTHER)
        if key not in self.states:
            if self.full:
                return None
            self.open(key)
        return key

    def _servers(self, group: GroupKey) -> list[GroupKey]:
        return [key for key in self.states if key.upstream and key.whole == group.whole]

    def _named(self, group: GroupKey) -> list[GroupKey]:
        return [key for key in self._servers(group) if key.upstream not in {UNNAMED, OTHER}]

    def _most(self, provider: str) -> int:
        return self.limits.upstreams.get(provider, MOST_UPSTREAMS)

    def peers(self, key: GroupKey) -> Mapping[GroupKey, GroupState]:
        """The groups of the same model and reference, this one included."""
        same = (key.model, key.reference)
        return {other: state for other, state in self.states.items() if (other.model, other.reference) == same}

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
    for pair in map(row_mapping.judged_pair, store.recently_counted(DAY + LONGEST_PAIR)):
        if pair.group in groups.states:
            groups.states[pair.group].remember(pair)
    return groups


def _restored(rows: Iterable[GroupStateRow], limits: JudgingLimits) -> JudgedGroups:
    kept = {row_mapping.key_of(row.group): row for row in rows}
    budget = limits.budget(kept)
    servers = Counter(key.whole for key in kept if key.upstream)
    # earlier versions stored no part of the head start, and the last server's part is within the part of each
    shares = {key: share_of_upstream(servers[key.whole]) if key.upstream else 1.0 for key in kept}
    return JudgedGroups(
        limits=limits,
        states={key: restored(row.snapshot, replace(budget, head_start_share=shares[key])) for key, row in kept.items()},
        last_numbers={key: row.last_no for key, row in kept.items()},
    )
