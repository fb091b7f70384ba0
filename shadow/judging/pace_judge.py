"""Pacer.step(): the live answers that nobody timed yet, in the order they were finished, each measured against its own past.

Everything about it is in the store, and kept when a block of five minutes closes; what lies between is read again at a restart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson
import structlog

from shadow.drift.pace import Pace, PaceChange, PaceState, restored, saved
from shadow.drift.states import AckAction, Acknowledgement
from storage.judgement_rows import AlarmRow, JudgementBatch, PaceRow, TimedRow
from storage.rows import PairGroup
from storage.store import JudgementStore

log = structlog.get_logger("sameweights.pacing")

BATCH = 2_000
FEWEST_TOKENS = 10
"""Tokens from which the seconds of one can be told."""
FIRST_TOKEN, TOKEN, WHOLE_TOKEN = "first_token", "token", "whole_token"
"""To the first token of a stream; of each token of a stream after that; of each token of an answer that came at once."""

Key = tuple[str, str, str]
"""(provider, model, measure)"""


class PaceJudge:
    """The paces of all providers. `slo`: seconds in which nine of ten streams must begin, 0 for each provider's own first day;
    `most` paces are held.
    """

    def __init__(self, store: JudgementStore, holder: str, *, slo: float, most: int) -> None:
        self._store, self._holder, self._slo, self._most = store, holder, slo, most
        self._after = 0
        self._paces: dict[Key, Pace] = {}
        self._changed: set[Key] = set()
        self.loaded = False
        self.more = False

    def load(self) -> None:
        """Go on from what the store holds; a pace that cannot be read begins anew."""
        rows = self._store.paces()
        self._paces, self._changed = {}, set()
        for row in rows:
            try:
                self._paces[row.provider, row.model, row.measure] = restored(row.snapshot)
            except ValueError:
                log.exception("a pace cannot be read and begins anew", provider=row.provider, model=row.model)
        self._after = max((row.last_no for row in rows), default=0)
        self.loaded = True

    def step(self) -> Sequence[AlarmRow]:
        """Take in the next answers; the changes kept, none where the lease was lost. `more` tells whether others wait."""
        if not self.loaded:
            self.load()
        rows = self._store.timed(self._after, BATCH)
        self.more = len(rows) == BATCH
        self.loaded = False  # until all of it is known to be kept
        closed, alarms = False, []
        for row in rows:
            for key, seconds in _measured(row):
                done, turn = self._pace(key).add(row.ended, seconds) if self._known(key) else (False, None)
                closed |= done
                self._changed.add(key)
                alarms += [_alarm(key, row.exchange_id, turn)] if turn else []
        if rows:
            self._after = rows[-1].no
        if closed and not self._keep(alarms):
            return ()
        self.loaded = True
        return alarms

    def answer(self, acknowledgement: Acknowledgement, now: float) -> Sequence[tuple[str, AlarmRow]]:
        """Take an operator's answer to the slower paces that it names: a sentence each, and the change kept with it.

        Fixed begins anew by the same limit, accepted learns a new one. Nothing where the lease was lost.
        """
        if not self.loaded:
            self.load()
        held = [key for key in sorted(self._paces) if self._paces[key].tempo is PaceState.SLOWER and _meant(key, acknowledgement)]
        done = [
            (_sentence(key, acknowledgement), _alarm(key, f"{acknowledgement.answer} {now}", self._paces[key].fixed()))
            for key in held
        ]
        for key in held if acknowledgement.answer is AckAction.ACCEPT else ():
            self._paces[key] = Pace(slo=self._slo_of(key))
        self._changed |= set(held)
        self.loaded = False
        self.loaded = not held or self._keep([alarm for _, alarm in done])
        return done if self.loaded else ()

    def _known(self, key: Key) -> bool:
        return key in self._paces or len(self._paces) < self._most

    def _pace(self, key: Key) -> Pace:
        pace = self._paces.get(key)
        if pace is None or pace.slo != self._slo_of(key):
            pace = self._paces[key] = Pace(slo=self._slo_of(key))
        return pace

    def _slo_of(self, key: Key) -> float:
        return self._slo if key[2] == FIRST_TOKEN else 0.0

    def _keep(self, alarms: Sequence[AlarmRow]) -> bool:
        rows = [
            PaceRow(provider=key[0], model=key[1], measure=key[2], last_no=self._after, snapshot=saved(self._paces[key]))
            for key in sorted(self._changed & set(self._paces))
        ]
        self._changed = set()
        return self._store.record(self._holder, JudgementBatch(paces=rows, alarms=alarms))


def _measured(row: TimedRow) -> Iterator[tuple[Key, float]]:
    """Times that do not depend on how much was said."""
    if row.first_token is not None:
        yield (row.provider, row.model, FIRST_TOKEN), row.first_token
    tokens = row.completion_tokens or 0
    if tokens >= FEWEST_TOKENS:
        yield (row.provider, row.model, WHOLE_TOKEN if row.first_token is None else TOKEN), _each(row, tokens)


def _each(row: TimedRow, tokens: int) -> float:
    return max(row.seconds - (row.first_token or 0.0), 0.0) / tokens


def _meant(key: Key, acknowledgement: Acknowledgement) -> bool:
    provider, model, _ = key
    return (
        not acknowledgement.route
        and acknowledgement.provider in {"", provider}
        and acknowledgement.model in {"", model}
        and not acknowledgement.reference
    )


def _sentence(key: Key, acknowledgement: Acknowledgement) -> str:
    provider, model, measure = key
    return f"{provider}, {model}, latency {measure}: {acknowledgement.answer.value}"


def _alarm(key: Key, name: str, turn: PaceChange) -> AlarmRow:
    """Of no route and no reference: that tells it from an alarm of drift."""
    provider, model, measure = key
    details = {"latency": measure, "since": turn.since, "share": turn.share}
    return AlarmRow(
        at=turn.at,
        pair_id=name,
        group=PairGroup(route="", model=model, provider=provider, reference=""),
        old=turn.old.value,
        new=turn.new.value,
        name=measure,
        details=orjson.dumps(details).decode(),
    )
