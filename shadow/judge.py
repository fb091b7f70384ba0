"""Judge.step(): the pairs that nobody ruled on, taken from the store in the order they were finished, ruled on and kept.

What is judged live is what is stored, so a restart, a replay or another process comes to the same. One process judges a store
at a time. Slow (it asks the store): call it off the loop.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from operator import itemgetter

import orjson
import structlog

from shadow.config import DriftConfig
from shadow.drift.admission import DAY
from shadow.drift.alarm import Answer, Said, State
from shadow.drift.case import Case, Entry, Ruling
from shadow.drift.scorecard import GroupKey
from shadow.drift.signals import AGREEMENT
from shadow.drift.since import REACH, Evidence
from shadow.drift.snapshot import restored, saved
from shadow.drift.stakes import Stakes, fleet
from shadow.drift.status import Status, past, statuses
from shadow.drift.watch import Change, NotAcknowledgedError
from storage.judged import AlarmRow, CaseRow, EntryRow, EvidenceRow, RulingRow
from storage.rows import Group
from storage.store import Bench, StoreError

log = structlog.get_logger("sameweights.judge")

BATCH = 500
LEASE_SECONDS = 30.0
COMPLAINT_SECONDS = 60.0
NOTHING = "nothing_applied"
PASSING = frozenset({(State.OK, State.SUSPECT), (State.SUSPECT, State.OK), (State.RECOVERED, State.SUSPECT)})
"""Changes that chance alone brings now and then: shown while they last, never kept as alarms."""

ANSWERED = frozenset({State.DRIFT, State.RECOVERED})
"""States that an operator may answer to."""

Tell = Callable[[Sequence[tuple[Entry, Ruling]], Sequence[Status]], None]
"""Told what is on disk now: the rulings of a batch, and what is said of every group after it."""


class Judge:
    """Rules on pairs; `cases` is what it holds of each group. `try_step` and `finish` take turns, `step` alone does not.

    `fleet_wide` keeps all groups together to one false alarm per so many pairs of each, instead of each group by itself.
    """

    def __init__(self, bench: Bench, *, holder: str, pairs_per_false_alarm: float, fleet_wide: bool, tell: Tell) -> None:
        self._bench, self._holder, self._tell = bench, holder, tell
        self._bar, self._fleet_wide = pairs_per_false_alarm, fleet_wide
        self._renew_at = self._claimed_at = float("-inf")
        self._complained_at = float("-inf")
        self._turn = threading.Lock()
        self._loaded = False
        self._after = 0
        self._fresh: list[AlarmRow] = []
        self._ruled: list[tuple[EntryRow, Entry, Ruling]] = []
        self.cases: dict[GroupKey, Case] = {}

    @classmethod
    def configured(cls, config: DriftConfig, bench: Bench, *, holder: str, tell: Tell) -> Judge:
        """The judge that the configuration describes."""
        fleet_wide = config.fleet_pairs_per_false_alarm > 0
        pairs = config.fleet_pairs_per_false_alarm if fleet_wide else config.pairs_per_false_alarm
        return cls(bench, holder=holder, pairs_per_false_alarm=pairs, fleet_wide=fleet_wide, tell=tell)

    def step(self, now: float) -> bool:
        """Rule on the next pairs; `now` (epoch seconds) is for the lease alone. True when there may be more at once."""
        if not self._holds(now):
            return False
        if not self._loaded:
            self._load()
        rows = self._bench.unjudged(self._after, BATCH)
        if rows:
            self._rule(rows)
        return len(rows) == BATCH

    def acknowledge(self, said: Said, now: float) -> Sequence[str]:
        """Take an operator's answer to the alarms it names; what became of it, a sentence a group. StoreError as `step`."""
        with self._turn:
            if not self._holds(now):
                raise StoreError("another process judges this store: say it there")
            if not self._loaded:
                self._load()
            held = {key: case for key, case in self.cases.items() if case.watch.state in ANSWERED and _meant(key, said)}
            told = [self._answered(key, case, said.answer, now) for key, case in sorted(held.items(), key=itemgetter(0))]
            self._tell([], statuses(self.cases))
        return told or ["no group that fits holds an alarm"]

    def _answered(self, key: GroupKey, case: Case, answer: Answer, now: float) -> str:
        route, model, provider, reference = key
        group = Group(route=route, model=model, provider=provider, reference=reference)
        name = f"{provider}, {model}, route {route}"

        def look_back(signal: str) -> Sequence[Evidence]:
            return [*map(_stored, self._bench.evidence(group, signal, agreement=signal in AGREEMENT, limit=REACH))]

        try:
            change = case.watch.acknowledge(answer, now, look_back)
        except NotAcknowledgedError as why:
            return f"{name}: not accepted: {why}"
        assert change is not None  # every state in ANSWERED moves
        alarm = self._alarm(group, change)
        self._loaded = False
        if not self._bench.record(self._holder, [], [CaseRow(group=group, last_no=self._after, snapshot=saved(case))], [alarm]):
            raise StoreError("another process judges this store now: say it there")
        self._loaded = True
        self._fresh.append(alarm)
        return f"{name}: {answer.value}, the state is {change.new.value} now"

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
            self._bench.give_up(self._holder)
        self._loaded, self._renew_at = False, float("-inf")

    def _holds(self, now: float) -> bool:
        # a clock that was set back must not keep us from renewing
        if self._claimed_at <= now < self._renew_at:
            return True
        if not self._bench.claim(self._holder, now, LEASE_SECONDS):
            self._loaded = False
            return False
        self._claimed_at, self._renew_at = now, now + LEASE_SECONDS / 3
        return True

    def _load(self) -> None:
        rows = self._bench.cases()
        self.cases = {}
        for row in rows:
            self.cases[_key(row.group)] = self._restored(row, len(rows))
        for entry in map(_entry, self._bench.let_in(DAY)):
            if entry.group in self.cases:
                self.cases[entry.group].remember(entry)
        self._after, self._loaded = 0, True
        self._tell([], statuses(self.cases))

    def _restored(self, row: CaseRow, groups: int) -> Case:
        try:
            return restored(row.snapshot, self._stakes(groups))
        except ValueError:
            log.exception("a state of drift cannot be read and begins anew", group=row.group)
            return Case(self._stakes(groups))

    def _rule(self, rows: Sequence[EntryRow]) -> None:
        """All of the batch or, where the store does not take it, nothing: then the state is loaded again."""
        self._loaded = False
        self._ruled, alarms = [], []
        for row in rows:
            entry = _entry(row)
            ruling = self._take(row, entry)
            if ruling.change and (ruling.change.old, ruling.change.new) not in PASSING:
                alarms.append(self._alarm(row.group, ruling.change))
        touched = {row.group: row.no for row in rows}
        kept = self._bench.record(
            self._holder,
            [RulingRow(no=row.no, reason=_reason(entry, ruling)) for row, entry, ruling in self._ruled],
            [CaseRow(group=group, last_no=no, snapshot=saved(self.cases[_key(group)])) for group, no in touched.items()],
            alarms,
        )
        if kept:
            self._after, self._loaded = rows[-1].no, True
            self._fresh += alarms
            self._tell([(entry, ruling) for _, entry, ruling in self._ruled], statuses(self.cases))

    def _take(self, row: EntryRow, entry: Entry) -> Ruling:
        if entry.group not in self.cases:
            self._open(entry.group)

        def look_back(signal: str) -> Sequence[Evidence]:
            return self._look_back(row, entry, signal)

        ruling = self.cases[entry.group].take(entry, look_back)
        self._ruled.append((row, entry, ruling))
        return ruling

    def _open(self, group: GroupKey) -> None:
        stakes = self._stakes(len(self.cases) + 1)
        self.cases[group] = Case(stakes)
        for case in self.cases.values():
            case.watch.group.restake(stakes)

    def _look_back(self, row: EntryRow, entry: Entry, signal: str) -> Sequence[Evidence]:
        """What is stored, what this batch has ruled on, and the pair at hand."""
        stored = self._bench.evidence(row.group, signal, agreement=signal in AGREEMENT, limit=REACH)
        here = [(other, dict(ruling.counted)) for _, other, ruling in self._ruled if other.group == entry.group]
        here.append((entry, dict(entry.payoffs)))
        fresh = [_evidence(other, counted[signal]) for other, counted in here if signal in counted]
        return [*map(_stored, stored), *fresh][-REACH:]

    def _alarm(self, group: Group, change: Change) -> AlarmRow:
        key = _key(group)
        suspected = next((status.reference_suspected for status in statuses(self.cases) if status.group == key), False)
        tests = [asdict(past(latch)) for latch in self.cases[key].watch.latches.values()] or [
            {"signal": test[0], "direction": test[1], "evidence": evidence} for test, evidence, _ in change.tests
        ]
        details = orjson.dumps({"reference_suspected": suspected, "tests": tests}).decode()
        return AlarmRow(
            at=change.at,
            pair_id=change.pair_id,
            group=group,
            old=change.old.value,
            new=change.new.value,
            name=change.name,
            details=details,
        )

    def _stakes(self, groups: int) -> Stakes:
        return fleet(self._bar, groups) if self._fleet_wide else Stakes(bar=self._bar)


def _meant(key: GroupKey, said: Said) -> bool:
    wanted = (said.route, said.model, said.provider, said.reference)
    return all(not name or name == own for name, own in zip(wanted, key, strict=True))


def _reason(entry: Entry, ruling: Ruling) -> str:
    """Empty when all payoffs counted; else why not, the main reason."""
    if entry.payoffs and ruling.counted == entry.payoffs:
        return ""
    return ruling.excluded[0] if ruling.excluded else NOTHING


def _key(group: Group) -> GroupKey:
    return group.route, group.model, group.provider, group.reference


def _entry(row: EntryRow) -> Entry:
    return Entry(
        pair_id=row.pair_id,
        group=_key(row.group),
        started=row.started,
        conversation=row.conversation,
        fingerprint=row.fingerprint,
        kind=row.kind,
        payoffs=row.payoffs,
        excluded=row.excluded,
    )


def _evidence(entry: Entry, payoff: int) -> Evidence:
    return Evidence(pair_id=entry.pair_id, started=entry.started, conversation=entry.conversation, kind=entry.kind, payoff=payoff)


def _stored(row: EvidenceRow) -> Evidence:
    return Evidence(pair_id=row.pair_id, started=row.started, conversation=row.conversation, kind=row.kind, payoff=row.payoff)
