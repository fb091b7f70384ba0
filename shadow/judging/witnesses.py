"""open_look(): the second look at an alarm, with its witnesses: the other providers compared with that reference.

It reads what was stored up to the pair that alarmed, so that a replay opens the same look. Providers that share a server are one
witness. A server behind a router, and a provider at the address of the alarm, can only show that the reference has not moved:
where they differ too, it may be their router. A serving identity that changed at that time is a fact beside it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from shadow.drift.admission import DAY
from shadow.drift.attribution import SecondLook, opened
from shadow.drift.change_point import EvaluatedPair
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupState
from shadow.drift.state_transitions import AlarmName
from shadow.identity.shared_servers import is_distinguishing
from shadow.reading.upstream_name import OTHER, UNNAMED
from storage.rows import IdentityRow
from storage.store import JudgementStore

CHANGE_SECONDS = 60.0
"""Seconds after the latest credible start in which a change of identity counts, because a shadow request follows the live one."""

ReadBack = Callable[[GroupKey, str], Sequence[EvaluatedPair]]
"""Returns the stored evidence of one group for one signal, oldest first, up to the current pair."""


def open_look(
    store: JudgementStore,
    group: GroupKey,
    named: AlarmName,
    states: Mapping[GroupKey, GroupState],
    *,
    read_back: ReadBack,
    at: float,
    address_of: Callable[[str], str],
) -> SecondLook:
    """The look at the alarm `named` of a group, with the stored evidence of its witnesses; `at` is the start of its pair.
    `address_of` returns where a provider is reached, "" where that is not known.
    """
    provider, reference = group.provider, group.reference
    signal, direction = named.key
    identities = _Identities(store.identities_of(group.model, at))
    others = _evidence_of_others(group, states, lambda key: read_back(key, signal), at)
    served = {name: identities.upstream(name, reference) for name in (provider, *others)}
    alike = [name for name in others if served[name] and served[name] == served[provider]]
    found = named.estimate
    look = opened(
        key=named.key,
        size=found.size,
        earliest=found.earliest,
        latest=found.latest,
        at=at,
        floor=_floor(read_back(group, signal), direction),
        witnesses=_by_server({name: served[name] for name in others if name not in alike}),
        siblings=_same_address(provider, states, address_of),
        servers={key.party for key in states if key.upstream},
        alike=alike,
        facts=identities.changed(provider, reference, found.earliest, min(found.latest + CHANGE_SECONDS, at)),
    )
    for name in look.members:
        conversations = [each.conversation for each in others[name] if each.conversation]
        look.witnesses[look.members[name]].several |= len(set(conversations)) < len(conversations)
    stored = [(other, each) for other in look.members for each in others[other]]
    for other, each in sorted(stored, key=lambda pair: pair[1].started):
        look.recall(other, each)
    look.passes(at)
    return look


def _evidence_of_others(
    group: GroupKey, states: Mapping[GroupKey, GroupState], read: Callable[[GroupKey], Sequence[EvaluatedPair]], at: float
) -> dict[str, list[EvaluatedPair]]:
    """The evidence of each other provider of the model and reference, and of each server behind a router, that had a pair in the
    day before, by its start.
    """
    found: dict[str, list[EvaluatedPair]] = defaultdict(list)
    for key in sorted(states):
        if _is_witness(key, group):
            found[key.party] += read(key)
    recent = {name: evidence for name, evidence in found.items() if any(each.started >= at - DAY for each in evidence)}
    return {name: sorted(evidence, key=lambda each: each.started) for name, evidence in recent.items()}


def _same_address(provider: str, states: Iterable[GroupKey], address_of: Callable[[str], str]) -> set[str]:
    """The other providers at the address of one, as one that is pinned to a server of it."""
    address = address_of(provider)
    return {key.provider for key in states if address and key.provider != provider and address_of(key.provider) == address}


def _is_witness(other: GroupKey, group: GroupKey) -> bool:
    """Whether a group is compared with the same reference for the same model, and is another provider, or one server of a router
    other than `group`.
    """
    if (other.model, other.reference) != (group.model, group.reference):
        return False
    if not other.upstream:
        return other.provider != group.provider
    return other.upstream not in {UNNAMED, OTHER} and other.party != group.party


def _by_server(served: Mapping[str, str]) -> list[tuple[str, ...]]:
    """The providers grouped by server: each group is one witness."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name, upstream in sorted(served.items()):
        groups[upstream or f"alone {name}"].append(name)
    return [tuple(names) for names in groups.values()]


def _floor(evidence: Sequence[EvaluatedPair], direction: int) -> float:
    """How often the reference differs from itself, estimated as twice the share of pairs that lean the other way."""
    against = sum(each.payoff == -direction for each in evidence)
    return 2 * (against + 1) / (len(evidence) + 2)


class _Identities:
    """The serving identities of one model up to a moment, oldest first."""

    def __init__(self, rows: Iterable[IdentityRow]) -> None:
        self._rows: dict[str, list[IdentityRow]] = defaultdict(list)
        for row in rows:
            self._rows[row.provider].append(row)

    def __repr__(self) -> str:
        return f"<_Identities providers={sorted(self._rows)}>"

    def upstream(self, provider: str, reference: str) -> str:
        """The identity of a provider's server where it distinguishes a deployment, else ""."""
        row = self._latest(provider)
        return row.identity if row and is_distinguishing(row, self._latest(reference)) else ""

    def changed(self, provider: str, reference: str, earliest: float, latest: float) -> tuple[str, ...]:
        """A sentence where exactly one side's identity changed between two moments."""
        sides = {
            f"the provider {provider}": self._changes(provider, earliest, latest),
            f"the reference {reference}": self._changes(reference, earliest, latest),
        }
        changed = {side: rows for side, rows in sides.items() if rows}
        if len(changed) != 1:
            return ()
        ((side, rows),) = changed.items()
        moment = datetime.fromtimestamp(rows[0].started, UTC).strftime("%Y-%m-%d %H:%M")
        what = next(iter(json.loads(rows[0].changes)), "")
        return (f"the serving identity of {side} changed at {moment} UTC" + (f" ({what})" if what else ""),)

    def _latest(self, provider: str) -> IdentityRow | None:
        return self._rows[provider][-1] if self._rows[provider] else None

    def _changes(self, provider: str, earliest: float, latest: float) -> list[IdentityRow]:
        return [row for row in self._rows[provider] if row.previous and earliest <= row.started <= latest]
