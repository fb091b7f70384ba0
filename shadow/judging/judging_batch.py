"""`JudgingBatch`: pairs and acknowledgements applied to the groups in memory, and the rows that one transaction writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from shadow.drift.alarm_budget import TestKey
from shadow.drift.alarm_state import NotAcknowledgedError
from shadow.drift.attribution import Blame, spread
from shadow.drift.change_point import REACH, EvaluatedPair
from shadow.drift.drift_signals import AGREEMENT
from shadow.drift.drift_status import statuses
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.exclusions import Exclusion
from shadow.drift.group_state import GroupStanding, JudgedPair, Judgement
from shadow.drift.state_transitions import AckAction, DriftState
from shadow.judging import row_mapping
from shadow.judging.judged_groups import JudgedGroups
from shadow.judging.witnesses import open_look
from storage.judgement_rows import AcknowledgementRow, AlarmRow, JudgedPairRow, JudgementBatch, JudgementRow
from storage.store import JudgementStore

TOO_MANY = Judgement(counted=(), excluded=(Exclusion.TOO_MANY_GROUPS.value,), change=None)
QUIET_CHANGES = frozenset(
    {
        (DriftState.OK, DriftState.SUSPECT),
        (DriftState.SUSPECT, DriftState.OK),
        (DriftState.SUSPECT, DriftState.RECOVERED),
        (DriftState.OK, DriftState.RECOVERED),
        (DriftState.RECOVERED, DriftState.SUSPECT),
    }
)
"""Changes that chance alone brings now and then, or the end of an alarm that was never reported: shown, never kept as alarms."""
LOOK_EXPIRED = "waited"
"""Stored among the acknowledgements, so that a rebuild finds it at the same place: a page waited for its second look."""
ACKNOWLEDGEABLE = frozenset({DriftState.DRIFT, DriftState.RECOVERED})
"""States that an operator may acknowledge."""


class JudgingBatch:
    """One batch over `groups`, which it changes; `rows` returns what the store has to write for these changes to stand.

    `judged` holds the pairs with their judgements, `alarms` the changes of state worth keeping, both in their order.
    """

    def __init__(self, store: JudgementStore, groups: JudgedGroups) -> None:
        self._store = store
        self._groups = groups
        self._held = len(groups.states)
        self._numbers: list[int] = []
        self._changed: set[GroupKey] = set()
        self._given: list[AcknowledgementRow] = []
        self._applied: list[int] = []
        self._parts: list[tuple[JudgedPair, Judgement]] = []
        """The pairs of routers once more, each in the group of the server behind its router."""
        self.judged: list[tuple[JudgedPair, Judgement]] = []
        self.alarms: list[AlarmRow] = []

    def __repr__(self) -> str:
        return f"<JudgingBatch {len(self.judged)} pairs, {len(self._changed)} groups changed, {len(self.alarms)} alarms>"

    def judge(self, row: JudgedPairRow) -> None:
        """Apply one pair; a pair of a group that would be one too many is excluded."""
        pair = row_mapping.judged_pair(row)
        if pair.group not in self._groups.states and self._groups.full:
            self._record(row.no, pair, TOO_MANY)
            return
        if pair.group not in self._groups.states:
            self._groups.open(pair.group)
        state = self._groups.states[pair.group]
        judgement = state.take(pair, partial(self._evidence, pair.group, current=pair))
        self._groups.last_numbers[pair.group] = row.no
        self._look(pair, judgement)
        self._record(row.no, pair, judgement)
        self._report(pair, judgement)
        if pair.upstream and (key := self._groups.upstream(pair.group, pair.upstream)):
            self._judge_part(row.no, replace(pair, group=key), judgement)

    def _judge_part(self, no: int, pair: JudgedPair, whole: Judgement) -> None:
        """Apply a pair of a router to the group of the server behind it, with what counted for the router."""
        key = pair.group
        part = self._groups.states[key].take_part(pair, whole, partial(self._evidence, key, current=pair))
        self._groups.last_numbers[key] = no
        self._changed.add(key)
        self._look(pair, part, again=True)
        self._parts.append((pair, part))
        self._report(pair, part)

    def replay_before(self, no: int | None) -> None:
        """Apply the acknowledgements that were given before the pair `no`, or all of them; only a rebuild has any."""
        waiting = self._groups.replay
        while waiting and (no is None or waiting[0].after_no < no):
            row = waiting.popleft()
            self._applied.append(row.no)
            key = row_mapping.key_of(row.group)
            self._changed.add(key)
            if key in self._groups.states:
                self._replay(key, row)

    def acknowledge(self, key: GroupKey, answer: AckAction, at: float) -> AlarmRow:
        """Apply an operator's acknowledgement; NotAcknowledgedError, before anything changed, where it is refused.

        It is stored with the number of the last pair judged before, so that a rebuild applies it at the same place.
        """
        alarm = self._acknowledged(key, answer, at)
        self._give(key, answer.value, at)
        return alarm

    def expire_look(self, key: GroupKey, at: float) -> None:
        """End the wait of a page for its second look."""
        self._give(key, LOOK_EXPIRED, at)
        self._expire(key, at)

    def rows(self) -> JudgementBatch:
        """All that has to be written, in one transaction."""
        numbered = zip(self._numbers, self.judged, strict=True)
        return JudgementBatch(
            judgements=[JudgementRow(no=no, reason=row_mapping.reason(pair, judgement)) for no, (pair, judgement) in numbered],
            group_states=self._groups.rows(sorted(self._changed | self._shrunk)),
            alarms=self.alarms,
            given=self._given,
            applied=self._applied,
        )

    @property
    def _shrunk(self) -> set[GroupKey]:
        """The groups whose part of the fleet's budget shrank, because a group began."""
        began = len(self._groups.states) > self._held
        return set(self._groups.states) if began and self._groups.limits.fleet_wide else set()

    def _record(self, no: int, pair: JudgedPair, judgement: Judgement) -> None:
        self._numbers.append(no)
        self.judged.append((pair, judgement))
        self._changed.add(pair.group)
        self._groups.after = no

    def _look(self, pair: JudgedPair, judgement: Judgement, *, again: bool = False) -> None:
        """Show the pair to the second looks of its model and reference; open or close the one of its own group. `again`: it was
        shown to them already, in the group of its router.
        """
        key, state = pair.group, self._groups.states[pair.group]
        for look in self._groups.looks(key).values():
            look.take(key.party, pair.started, pair.conversation, judgement.counted, again=again)
        named = state.alarm.named
        if judgement.change and judgement.change.new is DriftState.DRIFT and named:
            read = partial(self._evidence, current=pair)
            limits, states = self._groups.limits, self._groups.states
            state.look = open_look(self._store, key, named, states, read_back=read, at=pair.started, address_of=limits.address_of)
        state.close_look()
        looks = self._groups.looks(key)
        spread(looks)
        self._changed.update(looks)

    def _report(self, pair: JudgedPair, judgement: Judgement) -> None:
        """Keep the changes of the pair's group first, then those of the groups whose second look it may have moved."""
        tests = [test for test, *_ in judgement.change.tests] if judgement.change else []
        self._report_change(pair.group, pair.pair_id, pair.started, tests)
        for other in self._groups.looks(pair.group):
            if other != pair.group:
                self._report_change(other, pair.pair_id, pair.started)

    def _replay(self, key: GroupKey, row: AcknowledgementRow) -> None:
        if row.answer == LOOK_EXPIRED:
            self._expire(key, row.at)
        elif self._groups.states[key].alarm.state in ACKNOWLEDGEABLE:
            with suppress(NotAcknowledgedError):  # retention deleted the pairs that it rested on
                self._acknowledged(key, AckAction(row.answer), row.at)

    def _acknowledged(self, key: GroupKey, answer: AckAction, at: float) -> AlarmRow:
        state = self._groups.states[key]
        change = state.alarm.acknowledge(answer, at, partial(self._evidence, key))
        assert change is not None  # every state in ACKNOWLEDGEABLE moves
        state.close_look()
        return self._alarm(key, change.pair_id, at, [test for test, *_ in change.tests])

    def _expire(self, key: GroupKey, at: float) -> None:
        state = self._groups.states[key]
        if state.look:
            state.look.expire()
        self._report_change(key, state.alarm.group_tests.last_pair_id, at)

    def _give(self, key: GroupKey, answer: str, at: float) -> None:
        self._changed.add(key)
        after = self._store.last_judged()
        self._given.append(AcknowledgementRow(after_no=after, at=at, answer=answer, group=row_mapping.group_of(key)))

    def _report_change(self, key: GroupKey, pair_id: str, at: float, tests: Sequence[TestKey] = ()) -> None:
        """Keep what is newly to be reported of a group, if anything. What a reference does is reported once, by the first group
        that shows it, and its end by the last.
        """
        state = self._groups.states[key]
        old, new = state.reported, state.standing
        if old == new:
            return
        known = Blame.REFERENCE in {old.blame, new.blame} and self._peer_reports(key, new if new.name else old)
        if known or (old.state, new.state) in QUIET_CHANGES:
            state.reported = new
        else:
            self._alarm(key, pair_id, max(at, state.alarm.latest_start), tests)

    def _peer_reports(self, key: GroupKey, standing: GroupStanding) -> bool:
        """Whether another group of the model and reference reports the same of the reference."""
        if standing.blame is not Blame.REFERENCE:
            return False
        return any(state.reported == standing for other, state in self._groups.peers(key).items() if other != key)

    def _alarm(self, key: GroupKey, pair_id: str, at: float, tests: Iterable[TestKey]) -> AlarmRow:
        """Keep the change from the standing reported last to the present one, which is then the one reported."""
        state = self._groups.states[key]
        old, state.reported = state.reported, state.standing
        [status] = statuses({key: state})
        alarm = row_mapping.alarm(status, old, state.reported, pair_id=pair_id, at=at, tests=tests)
        self.alarms.append(alarm)
        return alarm

    def _evidence(self, key: GroupKey, signal: str, *, current: JudgedPair | None = None) -> Sequence[EvaluatedPair]:
        """The newest evidence of a group: stored, judged in this batch, and of the current pair where it is the group's."""
        kept = self._store.evidence(row_mapping.group_of(key), signal, agreement=signal in AGREEMENT, limit=REACH)
        here = [(pair, dict(judgement.counted)) for pair, judgement in (self._parts if key.upstream else self.judged)]
        here += [(current, dict(current.payoffs))] if current else []
        return [*map(row_mapping.stored_evidence, kept), *row_mapping.batch_evidence(here, key, signal)][-REACH:]
