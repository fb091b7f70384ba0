"""The rows of judgement as plain values: pairs as they wait for it, what became of each, the state of a group, its alarms."""

from __future__ import annotations

from dataclasses import dataclass

from storage.rows import Group


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """One pair as it waits for judgement; `no` is its place in the order in which pairs were finished."""

    no: int
    pair_id: str
    group: Group
    started: float
    conversation: str
    fingerprint: str
    kind: str
    excluded: tuple[str, ...]
    payoffs: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulingRow:
    """What became of one pair; `reason` is empty when it counted whole, else why it did not."""

    no: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """One pair that counted for a signal."""

    pair_id: str
    started: float
    conversation: str
    kind: str
    payoff: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """The state of one group after the pair `last_no`, as its owner wrote it."""

    group: Group
    last_no: int
    snapshot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """One change of a group's state, at the pair that brought it. `details` is JSON."""

    at: float
    pair_id: str
    group: Group
    old: str
    new: str
    name: str
    details: str
