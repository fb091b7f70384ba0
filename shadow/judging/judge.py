"""Judge.step(): the pairs that nobody ruled on, taken from the store in the order they were finished, ruled on and kept.

What is judged live is what is stored, so a restart, a replay or another process comes to the same. One process judges a store
at a time. Slow (it asks the store): call it off the loop.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from operator import itemgetter

import structlog

from shadow.drift.admission import DAY
from shadow.drift.alarm_budget import AlertBudget, TestKey, fleet
from shadow.drift.alarm_state import NotAcknowledgedError
from shadow.drift.change_point import REACH, EvaluatedPair
from shadow.drift.drift_signals import AGREEMENT
from shadow.drift.drift_status import DriftStatus, statuses
from shadow.drift.effect_estimates import GroupKey
from shadow.drift.exclusions import Exclusion
from shadow.drift.group_state import GroupStanding, GroupState, JudgedPair, Judgement
from shadow.drift.second_look import MOST_SECONDS, Blame, SecondLook, spread
from shadow.drift.state_snapshot import restored, saved
from shadow.drift.states import AckAction, Acknowledgement, DriftState
from shadow.judging import row_mapping
from shadow.judging.pace_judge import PaceJudge
from shadow.judging.witnesses import open_look
from shadow.settings.config_model import DriftConfig
from storage.judgement_rows import AcknowledgementRow, AlarmRow, GroupStateRow, JudgedPairRow, JudgementBatch, JudgementRow
from storage.store import JudgementStore, StoreError

log = structlog.get_logger("sameweights.judge")

BATCH = 500
LEASE_SECONDS = 30.0
COMPLAINT_SECONDS = 60.0
MOST_GROUPS = 1_000
TOO_MANY = Judgement(counted=(), excluded=(Exclusion.TOO_MANY_GROUPS.value,), change=None)
PASSING = frozenset(
    {
        *((DriftState.OK, DriftState.SUSPECT), (DriftState.SUSPECT, DriftState.OK), (DriftState.RECOVERED, DriftState.SUSPECT)),
        *((DriftState.SUSPECT, DriftState.RECOVERED), (DriftState.OK, DriftState.RECOVERED)),
    }
)
"""Changes that chance alone brings now and then, or the end of an alarm that was never told: shown, never kept as alarms."""
WAITED = "waited"
"""Kept among the answers of operators, so that a rebuild has it at the same place: a page waited for a second look."""

ANSWERED = frozenset({DriftState.DRIFT, DriftState.RECOVERED})
"""States that an operator may answer to."""

Tell = Callable[[Sequence[tuple[JudgedPair, Judgement]], Sequence[DriftStatus]], None]
"""Told what is on disk now: the rulings of a batch, and what is said of every group after it."""


class Judge:
    """Rules on pairs; `cases` is what it holds of each group. `try_step` and `finish` take turns, `step` alone does not.

    It holds `most` groups, since what a model is called is the client's word; pairs of further ones are left out.
    `fleet_wide` keeps all groups together to one false alarm per so many pairs of each, instead of each group by itself.
    """

    def __init__(
        self,
        store: JudgementStore,
        *,
        holder: str,
        pairs_per_false_alarm: float,
        fleet_wide: bool,
        tell: Tell,
        most: int = MOST_GROUPS,
        first_token_slo: float = 0.0,
    ) -> None:
        self._store, self._holder, self._tell, self._most = store, holder, tell, most
        self._bar, self._fleet_wide = pairs_per_false_alarm, fleet_wide
        self._pacer = PaceJudge(store, holder, slo=first_token_slo, most=most)
        self._renew_at = self._claimed_at = float("-inf")
        self._complained_at = float("-inf")
        self._turn = threading.Lock()
        self._loaded = False
        self._after = 0
        self._last: dict[GroupKey, int] = {}
        self._waiting: list[AcknowledgementRow] = []
        self._fresh: list[AlarmRow] = []
        self._ruled: list[tuple[JudgedPairRow, JudgedPair, Judgement]] = []
        self._touched: set[GroupKey] = set()
        self.cases: dict[GroupKey, GroupState] = {}

    @classmethod
    def configured(cls, config: DriftConfig, store: JudgementStore, *, holder: str, tell: Tell) -> Judge:
        """The judge that the configuration describes."""
        fleet_wide = config.fleet_pairs_per_false_alarm > 0
        pairs = config.fleet_pairs_per_false_alarm if fleet_wide else config.pairs_per_false_alarm
        return cls(
            store,
            holder=holder,
            pairs_per_false_alarm=pairs,
            fleet_wide=fleet_wide,
            tell=tell,
            most=config.groups,
            first_token_slo=config.first_token_slo,
        )

    def step(self, now: float) -> bool:
        """Rule on the next pairs; `now` (epoch seconds) is for the lease alone. True when there may be more at once."""
        if not self._holds(now):
            return False
        if not self._loaded:
            self._load()
        rows = self._store.unjudged(self._after, BATCH)
        if rows or self._waiting:
            self._rule(rows)
        else:
            self._wait_no_longer(now)
        return self._paced() or len(rows) == BATCH

    def acknowledge(self, acknowledgement: Acknowledgement, now: float) -> Sequence[str]:
        """Take an operator's answer to the alarms it names; what became of it, a sentence a group. StoreError as `step`."""
        with self._turn:
            if not self._holds(now):
                raise StoreError("another process judges this store: say it there")
            if not self._loaded:
                self._load()
            held = {
                key: case for key, case in self.cases.items() if case.watch.state in ANSWERED and _meant(key, acknowledgement)
            }
            told = [self._answered(key, acknowledgement.answer, now) for key, _ in sorted(held.items(), key=itemgetter(0))]
            paced = self._pacer.answer(acknowledgement, now)
            self._fresh += [alarm for _, alarm in paced]
            self._loaded = self._loaded and self._pacer.loaded
            self._tell([], statuses(self.cases))
        return [*told, *(sentence for sentence, _ in paced)] or ["no group that fits holds an alarm"]

    def _answered(self, key: GroupKey, answer: AckAction, now: float) -> str:
        """Kept with the number of the last pair that was judged before, so that a rebuild gives the answer at the same place."""
        name = f"{key[2]}, {key[1]}, route {key[0]}"
        self._ruled = []
        try:
            alarm = self._carried_out(key, answer, now)
        except NotAcknowledgedError as why:
            return f"{name}: not accepted: {why}"
        given = AcknowledgementRow(
            after_no=self._store.last_ruled(), at=now, answer=answer.value, group=row_mapping.group_of(key)
        )
        self._loaded = False
        if not self._store.record(self._holder, JudgementBatch(cases=self._case_rows([key]), alarms=[alarm], given=[given])):
            raise StoreError("another process judges this store now: say it there")
        self._loaded = True
        self._fresh.append(alarm)
        return f"{name}: {answer.value}, the state is {alarm.new} now"

    def _carried_out(self, key: GroupKey, answer: AckAction, at: float) -> AlarmRow:
        case = self.cases[key]
        change = case.watch.acknowledge(answer, at, partial(self._read_back, key))
        assert change is not None  # every state in ANSWERED moves
        case.close_look()
        return self._alarm(key, change.pair_id, at, [test for test, *_ in change.tests])

    def _wait_no_longer(self, now: float) -> None:
        """Tell of alarms whose page waits, once it did so for an hour, although no pair comes that would bring it."""
        late = [
            key for key, case in self.cases.items() if case.look and case.look.waits and now - case.look.opened >= MOST_SECONDS
        ]
        if not late:
            return
        self._loaded, after = False, self._store.last_ruled()
        given = [AcknowledgementRow(after_no=after, at=now, answer=WAITED, group=row_mapping.group_of(key)) for key in late]
        alarms = [alarm for key in late for alarm in self._expired(key, now)]
        if self._store.record(self._holder, JudgementBatch(cases=self._case_rows(late), alarms=alarms, given=given)):
            self._loaded = True
            self._fresh += alarms
            self._tell([], statuses(self.cases))

    def _expired(self, key: GroupKey, at: float) -> list[AlarmRow]:
        look = self.cases[key].look
        if look:
            look.expire()
        return self._moved(key, self.cases[key].watch.group.last, at)

    def alarms(self) -> Sequence[AlarmRow]:
        """The changes of state kept since the last time this was asked."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def try_step(self, now: float) -> bool:
        """As `step`; a store that does not answer or does not take it is logged, and the pairs wait."""
        try:
            with self._turn:  # at the end of a process the last step may still be under way in its thread
                return self.step(now)
        except (StoreError, sqlite3.Error) as error:
            if self._complained_at + COMPLAINT_SECONDS <= now or now < self._complained_at:
                self._complained_at = now
                log.warning("pairs wait for judgement", error=str(error))
            return False

    def finish(self, now: float, seconds: float) -> None:
        """Rule on what waits, for about `seconds` at most, and let another judge this store."""
        until = time.monotonic() + seconds
        while self.try_step(now) and time.monotonic() < until:
            pass
        self.close()

    def close(self) -> None:
        """Let another judge this store."""
        with suppress(StoreError, sqlite3.Error):  # the lease ends by itself
            self._store.give_up(self._holder)
        self._loaded, self._renew_at = False, float("-inf")

    def _holds(self, now: float) -> bool:
        # a clock that was set back must not keep us from renewing
        if self._claimed_at <= now < self._renew_at:
            return True
        if not self._store.claim(self._holder, now, LEASE_SECONDS):
            self._loaded = False
            return False
        self._claimed_at, self._renew_at = now, now + LEASE_SECONDS / 3
        return True

    def _load(self) -> None:
        """What was kept; where any of it cannot be read, as of another version, every pair that is stored is judged again."""
        try:
            self._restore(self._store.cases())
        except ValueError:
            log.exception("a state of drift cannot be read: all pairs that are stored are judged again")
            self._store.rebuild()
            self._restore(())
        self._waiting = [*self._store.answers()]
        for entry in map(row_mapping.entry, self._store.let_in(DAY)):
            if entry.group in self.cases:
                self.cases[entry.group].remember(entry)
        self._pacer.load()
        self._after, self._loaded = 0, True
        self._tell([], statuses(self.cases))

    def _restore(self, rows: Sequence[GroupStateRow]) -> None:
        stakes = self._budget(len(rows))
        self.cases = {row_mapping.key_of(row.group): restored(row.snapshot, stakes) for row in rows}
        self._last = {row_mapping.key_of(row.group): row.last_no for row in rows}

    def _rule(self, rows: Sequence[JudgedPairRow]) -> None:
        """All of the batch or, where the store does not take it, nothing: then the state is loaded again."""
        self._loaded = False
        self._ruled, self._touched = [], set()
        alarms: list[AlarmRow] = []
        applied: list[AcknowledgementRow] = []
        for row in rows:
            alarms += self._answers_before(row.no, applied)
            alarms += self._take(row, row_mapping.entry(row))
        if len(rows) < BATCH:
            alarms += self._answers_before(None, applied)
        touched = (
            self._touched | {entry.group for _, entry, _ in self._ruled} | {row_mapping.key_of(row.group) for row in applied}
        )
        keeping = JudgementBatch(
            rulings=[JudgementRow(no=row.no, reason=row_mapping.reason(entry, ruling)) for row, entry, ruling in self._ruled],
            cases=self._case_rows(sorted(touched)),
            alarms=alarms,
            applied=[row.no for row in applied],
        )
        if self._store.record(self._holder, keeping):
            self._after, self._loaded = rows[-1].no if rows else self._after, True
            self._fresh += alarms
            self._tell([(entry, ruling) for _, entry, ruling in self._ruled], statuses(self.cases))

    def _answers_before(self, no: int | None, applied: list[AcknowledgementRow]) -> list[AlarmRow]:
        """Carry out again what an operator answered before the pair `no`, or at all; only after a rebuild is there any."""
        alarms = []
        while self._waiting and (no is None or self._waiting[0].after_no < no):
            row = self._waiting.pop(0)
            applied.append(row)
            key = row_mapping.key_of(row.group)
            if key in self.cases and row.answer == WAITED:
                alarms += self._expired(key, row.at)
            elif key in self.cases and self.cases[key].watch.state in ANSWERED:
                with suppress(NotAcknowledgedError):  # the pairs that it went by are gone
                    alarms.append(self._carried_out(key, AckAction(row.answer), row.at))
        return alarms

    def _case_rows(self, keys: Iterable[GroupKey]) -> list[GroupStateRow]:
        held = (key for key in keys if key in self.cases)
        return [
            GroupStateRow(group=row_mapping.group_of(key), last_no=self._last[key], snapshot=saved(self.cases[key]))
            for key in held
        ]

    def _take(self, row: JudgedPairRow, pair: JudgedPair) -> list[AlarmRow]:
        """Rule on one pair; the change worth keeping that it brings, if it brings one."""
        key = pair.group
        if key not in self.cases and len(self.cases) >= self._most:
            self._ruled.append((row, pair, TOO_MANY))
            return []
        if key not in self.cases:
            self._open(key)
        case = self.cases[key]
        ruling = case.take(pair, lambda signal: self._read_back(key, signal, pair))
        self._last[key] = row.no
        self._show_others(pair, ruling)
        named = case.watch.named
        if ruling.change and ruling.change.new is DriftState.DRIFT and named:
            read = partial(self._read_back, at_hand=pair)
            case.look = open_look(self._store, key, named, self.cases, read_back=read, at=pair.started)
        case.close_look()
        looks = self._looks(key)
        spread(looks)
        self._touched.update(looks)
        self._ruled.append((row, pair, ruling))
        tests = [test for test, *_ in ruling.change.tests] if ruling.change else []
        own = self._moved(key, pair.pair_id, pair.started, tests)
        return own + [alarm for other in looks if other != key for alarm in self._moved(other, pair.pair_id, pair.started)]

    def _looks(self, key: GroupKey) -> dict[GroupKey, SecondLook]:
        """The second looks at alarms of the group's model and reference."""
        _, model, _, reference = key
        return {
            other: case.look for other, case in self.cases.items() if case.look and (other[1], other[3]) == (model, reference)
        }

    def _show_others(self, pair: JudgedPair, judgement: Judgement) -> None:
        """Show a pair to the second looks at alarms of its model and reference."""
        for look in self._looks(pair.group).values():
            look.take(pair.group[2], pair.started, pair.conversation, judgement.counted)

    def _moved(self, key: GroupKey, pair_id: str, at: float, tests: Sequence[TestKey] = ()) -> list[AlarmRow]:
        """The change worth keeping that a group came to, if it came to one. What a reference does is told once, by the first
        group that shows it, and its end by the last.
        """
        old, new = self.cases[key].told, self.cases[key].standing
        if old == new:
            return []
        known = Blame.REFERENCE in {old.blame, new.blame} and self._others_show(key, new if new.name else old)
        if known or (old.state, new.state) in PASSING:
            self.cases[key].told = new
            return []
        return [self._alarm(key, pair_id, at, tests)]

    def _others_show(self, key: GroupKey, standing: GroupStanding) -> bool:
        """Whether another group of the model and reference shows the same of the reference."""
        if standing.blame is not Blame.REFERENCE:
            return False
        peers = (case for other, case in self.cases.items() if other != key and (other[1], other[3]) == (key[1], key[3]))
        return any(case.told == standing for case in peers)

    def _open(self, group: GroupKey) -> None:
        stakes = self._budget(len(self.cases) + 1)
        self.cases[group] = GroupState(stakes)
        for case in self.cases.values():
            case.watch.group.restake(stakes)

    def _read_back(self, key: GroupKey, signal: str, at_hand: JudgedPair | None = None) -> Sequence[EvaluatedPair]:
        """Evidence of a group: what is stored, what this batch has ruled on, and the pair at hand where it is the group's."""
        kept = self._store.evidence(row_mapping.group_of(key), signal, agreement=signal in AGREEMENT, limit=REACH)
        here = [(entry, dict(ruling.counted)) for _, entry, ruling in self._ruled]
        here += [(at_hand, dict(at_hand.payoffs))] if at_hand else []
        return [*map(row_mapping.stored, kept), *row_mapping.fresh(here, key, signal)][-REACH:]

    def _alarm(self, key: GroupKey, pair_id: str, at: float, tests: Sequence[TestKey] = ()) -> AlarmRow:
        """The move from what was told of a group to what is to be told now, which it then was."""
        case = self.cases[key]
        old, case.told = case.told, case.standing
        [status] = statuses({key: case})
        return row_mapping.alarm(status, old, case.told, pair_id=pair_id, at=at, tests=tests)

    def _paced(self) -> bool:
        """Look at the clock too; True when more answers wait."""
        self._fresh += self._pacer.step()
        self._loaded = self._loaded and self._pacer.loaded
        return self._pacer.more

    def _budget(self, groups: int) -> AlertBudget:
        return fleet(self._bar, groups) if self._fleet_wide else AlertBudget(bar=self._bar)


def _meant(key: GroupKey, acknowledgement: Acknowledgement) -> bool:
    wanted = (acknowledgement.route, acknowledgement.model, acknowledgement.provider, acknowledgement.reference)
    return all(not name or name == own for name, own in zip(wanted, key, strict=True))
