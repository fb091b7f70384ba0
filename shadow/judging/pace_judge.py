"""PaceJudge.step(): compares the live answers not timed yet, in the order they were finished, with their provider's own past.

All of its state is in the store, written when a block of five minutes closes; what lies between is read again at a restart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import orjson
import structlog

from shadow.drift.pace import Pace, PaceChange, PaceState, restored, saved
from shadow.drift.state_transitions import AckAction, Acknowledgement, AckOutcome, AckResult
from shadow.judging.unit_of_work import MirroredState
from storage.judgement_rows import AlarmRow, JudgementBatch, PaceRow, TimedRow
from storage.rows import PairGroup
from storage.store import JudgementStore

log = structlog.get_logger("sameweights.pacing")

BATCH = 2_000
FEWEST_TOKENS = 10
"""Tokens from which the seconds per token are measured."""
FIRST_TOKEN, TOKEN, WHOLE_TOKEN = "first_token", "token", "whole_token"
"""Seconds to the first token of a stream; seconds for each later token of it; seconds for each token of an unstreamed answer."""

Key = tuple[str, str, str]
"""(provider, model, measure)"""


@dataclass(slots=True, kw_only=True)
class HeldPaces:
    """The paces in memory after the exchange `after`; `changed` are those that differ from their rows."""

    paces: dict[Key, Pace] = field(default_factory=dict)
    changed: set[Key] = field(default_factory=set)
    after: int = 0


class PaceJudge:
    """The paces of all providers. `slo`: seconds in which nine of ten streams must begin, 0 for each provider's own first day;
    `most` paces are held.
    """

    def __init__(self, store: JudgementStore, holder: str, *, slo: float, most: int) -> None:
        self._store = store
        self._holder = holder
        self._slo = slo
        self._most = most
        self._held = MirroredState(self._read)

    def __repr__(self) -> str:
        return f"<PaceJudge {self._holder} slo={self._slo} {self._held!r}>"

    @property
    def stale(self) -> bool:
        """Whether the next use reads the store, as after a lost lease."""
        return self._held.stale

    def discard(self) -> None:
        """Read the paces again at the next use, as when another process may have changed them."""
        self._held.discard()

    def step(self) -> tuple[Sequence[AlarmRow], bool]:
        """Measure the next answers: the changes stored, none where the lease was lost, and whether more answers wait."""
        rows = self._store.timed_answers(self._held.current().after, BATCH)
        with self._held.unit_of_work() as unit:
            closed, alarms = self._measure(unit.state, rows)
            unit.commit(written=not closed or self._write(unit.state, alarms))
        return alarms if unit.committed else (), len(rows) == BATCH

    def acknowledge(self, acknowledgement: Acknowledgement, now: float) -> Sequence[tuple[AckResult, AlarmRow]]:
        """Apply an acknowledgement to the slower paces that it names: a result for each, and the change stored with it.

        `fixed` starts again with the same limit, `accept` learns a new one. Nothing where the lease was lost.
        """
        paces = self._held.current().paces
        slower = [key for key in sorted(paces) if paces[key].state is PaceState.SLOWER and _names(acknowledgement, key)]
        if not slower:
            return ()
        with self._held.unit_of_work() as unit:
            changes = [(key, self._restart(unit.state, key, acknowledgement.answer)) for key in slower]
            alarms = [_alarm(key, f"{acknowledgement.answer} {now}", change) for key, change in changes]
            unit.commit(written=self._write(unit.state, alarms))
        return (
            [(_result(key, acknowledgement), alarm) for key, alarm in zip(slower, alarms, strict=True)] if unit.committed else ()
        )

    def _read(self) -> HeldPaces:
        """The paces that are stored; one that cannot be read starts again."""
        rows = self._store.paces()
        held = HeldPaces(after=max((row.last_no for row in rows), default=0))
        for row in rows:
            try:
                held.paces[row.provider, row.model, row.measure] = restored(row.snapshot)
            except ValueError:
                log.exception("pace_unreadable", provider=row.provider, model=row.model, consequence="it starts again")
        return held

    def _measure(self, held: HeldPaces, rows: Sequence[TimedRow]) -> tuple[bool, list[AlarmRow]]:
        """Whether an answer closed a block, which is when paces are written, and the changes of pace."""
        closed, alarms = False, []
        for row in rows:
            for key, seconds in _measured(row):
                if key not in held.paces and len(held.paces) >= self._most:
                    continue
                held.changed.add(key)
                block_closed, change = self._pace(held, key).add(row.ended, seconds)
                closed |= block_closed
                alarms += [_alarm(key, row.exchange_id, change)] if change else []
        held.after = rows[-1].no if rows else held.after
        return closed, alarms

    def _restart(self, held: HeldPaces, key: Key, answer: AckAction) -> PaceChange:
        change = held.paces[key].fixed()
        if answer is AckAction.ACCEPT:
            held.paces[key] = Pace(slo=self._limit(key))
        held.changed.add(key)
        return change

    def _pace(self, held: HeldPaces, key: Key) -> Pace:
        """The pace of this key; another one where the configured limit is not the one it began with."""
        pace = held.paces.get(key)
        if pace is None or pace.slo != self._limit(key):
            pace = held.paces[key] = Pace(slo=self._limit(key))
        return pace

    def _limit(self, key: Key) -> float:
        return self._slo if key[2] == FIRST_TOKEN else 0.0

    def _write(self, held: HeldPaces, alarms: Sequence[AlarmRow]) -> bool:
        rows = [
            PaceRow(provider=key[0], model=key[1], measure=key[2], last_no=held.after, snapshot=saved(held.paces[key]))
            for key in sorted(held.changed)
        ]
        held.changed = set()
        return self._store.record(self._holder, JudgementBatch(paces=rows, alarms=alarms))


def _measured(row: TimedRow) -> Iterator[tuple[Key, float]]:
    """Times that do not depend on the length of the answer, in seconds."""
    if row.first_token is not None:
        yield (row.provider, row.model, FIRST_TOKEN), row.first_token
    tokens = row.completion_tokens or 0
    if tokens >= FEWEST_TOKENS:
        yield (row.provider, row.model, WHOLE_TOKEN if row.first_token is None else TOKEN), _per_token(row, tokens)


def _per_token(row: TimedRow, tokens: int) -> float:
    return max(row.seconds - (row.first_token or 0.0), 0.0) / tokens


def _names(acknowledgement: Acknowledgement, key: Key) -> bool:
    provider, model, measure = key
    if acknowledgement.route or acknowledgement.reference or acknowledgement.upstream:
        return False  # a pace is of a provider and model over all routes and servers
    if acknowledgement.exact:
        return (acknowledgement.provider, acknowledgement.model, acknowledgement.measure) == key
    return (
        acknowledgement.provider in {"", provider}
        and acknowledgement.model in {"", model}
        and acknowledgement.measure in {"", measure}
    )


def _result(key: Key, acknowledgement: Acknowledgement) -> AckResult:
    provider, model, measure = key
    return AckResult(sentence=f"{provider}, {model}, latency {measure}: {acknowledgement.answer.value}", outcome=AckOutcome.DONE)


def _alarm(key: Key, pair_id: str, change: PaceChange) -> AlarmRow:
    """The change as a row without route and reference, by which it differs from an alarm of drift."""
    provider, model, measure = key
    details = {"latency": measure, "since": change.since, "share": change.share}
    return AlarmRow(
        at=change.at,
        pair_id=pair_id,
        group=PairGroup(route="", model=model, provider=provider, reference=""),
        old=change.old.value,
        new=change.new.value,
        name=measure,
        details=orjson.dumps(details).decode(),
    )
