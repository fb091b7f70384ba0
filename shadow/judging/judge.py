"""Judge.step(): judges the stored pairs that have no judgement yet, in the order they were finished, and stores the judgements.

Live judging reads what is stored, so a restart, a replay or another process gives the same result. One process judges a store at
a time. Each batch is a unit of work: the store takes all of it, or the state in memory is read again. Slow: call it off the loop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter

import structlog

from proxy.provider_config import Provider
from proxy.routing.provider_origin import parse_base_url
from shadow.drift.alarm_state import NotAcknowledgedError
from shadow.drift.drift_status import DriftStatus, statuses
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupState, JudgedPair, Judgement
from shadow.drift.state_transitions import NO_ALARM, AckAction, Acknowledgement, AckOutcome, AckResult
from shadow.judging.judge_lease import Holding, JudgeLease
from shadow.judging.judged_groups import JudgedGroups, JudgingLimits, no_address, read_groups
from shadow.judging.judging_batch import ACKNOWLEDGEABLE, JudgingBatch
from shadow.judging.pace_judge import PaceJudge
from shadow.judging.unit_of_work import MirroredState, UnitOfWork
from shadow.settings.top_level_config import Config
from storage.judgement_rows import AlarmRow, JudgedPairRow
from storage.store import JudgementStore, StoreError

log = structlog.get_logger("sameweights.judge")

BATCH = 500
WARNING_SECONDS = 60.0
MOST_GROUPS = 1_000
LEASE_LOST = "another process judges this store: acknowledge there"

Publish = Callable[[Sequence[tuple[JudgedPair, Judgement]], Sequence[DriftStatus]], None]
"""Receives what is stored: the judgements of a batch, and the status of every group after it; none without the lease."""


class LeaseLostError(StoreError):
    """Another process judges this store."""


class Judge:
    """Judges pairs in the process that holds the lease. `try_step`, `finish` and `acknowledge` share a lock; `step` takes none.

    It holds `groups` groups, since clients choose the names of models; pairs of further ones are excluded. `fleet_wide` keeps
    all groups together to one false alarm per so many pairs of each, instead of each group by itself. `upstreams` is how many
    servers behind a router have a group of their own, by provider; `address_of` returns where a provider is reached, "" where
    that is not known.
    """

    def __init__(
        self,
        store: JudgementStore,
        *,
        holder: str,
        pairs_per_false_alarm: float,
        fleet_wide: bool,
        publish: Publish,
        groups: int = MOST_GROUPS,
        upstreams: Mapping[str, int] | None = None,
        address_of: Callable[[str], str] = no_address,
        first_token_slo: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._holder = holder
        self._publish = publish
        self._limits = JudgingLimits(
            groups=groups,
            pairs_per_false_alarm=pairs_per_false_alarm,
            fleet_wide=fleet_wide,
            upstreams=upstreams or {},
            address_of=address_of,
        )
        self._groups = MirroredState(self._read)
        self._pace = PaceJudge(store, holder, slo=first_token_slo, most=groups)
        self._lease = JudgeLease(store, holder, clock=clock)
        self._alarms: list[AlarmRow] = []
        self._is_shown = True
        self._warned_at = float("-inf")
        self._lock = threading.Lock()
        self._publishing = threading.Lock()

    def __repr__(self) -> str:
        return f"<Judge {self._groups!r} {self._lease!r}>"

    @classmethod
    def configured(
        cls,
        whole: Config,
        store: JudgementStore,
        *,
        holder: str,
        publish: Publish,
        providers: Callable[[], Mapping[str, Provider]] | None = None,
    ) -> Judge:
        """The judge that the configuration describes; `providers` returns those of the moment, which a reload changes."""
        config = whole.drift
        fleet_wide = config.fleet_pairs_per_false_alarm > 0
        pairs = config.fleet_pairs_per_false_alarm if fleet_wide else config.pairs_per_false_alarm
        return cls(
            store,
            holder=holder,
            pairs_per_false_alarm=pairs,
            fleet_wide=fleet_wide,
            publish=publish,
            groups=config.groups,
            upstreams={name: provider.max_upstreams for name, provider in whole.proxy.providers.items()},
            address_of=partial(_address, providers or (lambda: whole.proxy.providers)),
            first_token_slo=config.first_token_slo,
        )

    @property
    def groups(self) -> Mapping[GroupKey, GroupState]:
        """The state of every group, read from the store when it is stale."""
        return self._groups.current().states

    def holds_lease(self, now: float) -> bool:
        """Whether this process holds the lease at `now`, without a look at the store; one that it did not renew has ended."""
        return self._lease.holds(now)

    def step(self, now: float) -> bool:
        """Judge the next pairs; `now` (epoch seconds) is for the lease alone. True when more may wait."""
        if not self._holds_lease(now):
            return False
        groups = self._groups.current()
        if not self._is_shown:
            self._show([], statuses(groups.states))
        rows = self._store.unjudged(groups.after, BATCH)
        if rows or groups.replay:
            self._judge(rows)
        else:
            self._expire_looks(now)
        return self._measure_pace() or len(rows) == BATCH

    def try_step(self, now: float) -> bool:
        """As `step`; an error of the store is logged, at most once a minute, and the pairs wait."""
        try:
            with self._lock:  # at the end of a process the last step may still be under way in its thread
                return self.step(now)
        except StoreError as error:
            if self._warned_at + WARNING_SECONDS <= now or now < self._warned_at:
                self._warned_at = now
                log.warning("judgement_delayed", error=str(error))
            return False

    def acknowledge(self, acknowledgement: Acknowledgement, now: float) -> Sequence[AckResult]:
        """Apply an operator's acknowledgement to the alarms it names; a result for each group. StoreError as `step`."""
        with self._lock:
            if not self._holds_lease(now):
                raise LeaseLostError(LEASE_LOST)
            groups = self._groups.current()
            named = {key: state for key, state in groups.states.items() if _names(acknowledgement, key)}
            held = {key for key, state in named.items() if state.alarm.state in ACKNOWLEDGEABLE}
            results = [self._acknowledge(key, acknowledgement.answer, now) for key in sorted(held)]
            paces = self._pace.acknowledge(acknowledgement, now)
            self._alarms += [alarm for _, alarm in paces]
            if self._pace.stale:
                self._lose()
                raise LeaseLostError(LEASE_LOST)
            self._show([], statuses(groups.states))
        return [*results, *map(itemgetter(0), paces)] or [NO_ALARM]

    def take_alarms(self) -> Sequence[AlarmRow]:
        """The changes of state stored since the last call."""
        taken, self._alarms = self._alarms, []
        return taken

    def finish(self, now: float, seconds: float) -> None:
        """Judge what waits, for about `seconds` at most, and release the lease."""
        until = time.monotonic() + seconds
        while self.try_step(now) and time.monotonic() < until:
            pass
        self.close()

    def renew(self, now: float) -> None:
        """Keep the lease while a step runs; called about four times while it lasts, from another thread than the steps."""
        self._lease.renew(now)

    @property
    def lease_is_sure(self) -> bool:
        """Whether no other process can have the lease yet."""
        return self._lease.is_sure

    @property
    def lease_seconds(self) -> float:
        """How long the lease lasts after a renewal."""
        return self._lease.seconds

    def hide(self) -> None:
        """Publish no status until the lease was renewed, as after this process was stopped while it ran out."""
        with self._publishing:
            self._is_shown = False
            self._publish([], ())

    def close(self) -> None:
        """Release the lease, so that another process may judge this store."""
        self._lease.release()
        self._discard()

    def _holds_lease(self, now: float) -> bool:
        holding = self._lease.hold(now)
        if holding is not Holding.KEPT:
            self._discard()
        return holding is not Holding.NONE

    def _lose(self) -> None:
        """Hold nothing further on trust, because the store refused to write: another process has had the lease."""
        self._lease.lose()
        self._discard()

    def _discard(self) -> None:
        """Hold and publish the status of no group, because another process may change them from now on."""
        self._groups.discard()
        self._pace.discard()
        self._show([], ())

    def _show(self, judged: Sequence[tuple[JudgedPair, Judgement]], now: Sequence[DriftStatus]) -> None:
        """Publish; the states only while the lease cannot have run out, so that one process at a time shows them."""
        with self._publishing:
            self._is_shown = not now or self._lease.is_sure
            self._publish(judged, now if self._is_shown else ())

    def _read(self) -> JudgedGroups:
        groups = read_groups(self._store, self._limits)
        self._show([], statuses(groups.states))
        return groups

    def _write(self, batch: JudgingBatch) -> bool:
        return self._store.record(self._holder, batch.rows())

    def _judge(self, rows: Sequence[JudgedPairRow]) -> None:
        with self._groups.unit_of_work() as unit:
            batch = JudgingBatch(self._store, unit.state)
            for row in rows:
                batch.replay_before(row.no)
                batch.judge(row)
            if len(rows) < BATCH:
                batch.replay_before(None)
            unit.commit(written=self._write(batch))
        self._settle(batch, unit)

    def _expire_looks(self, now: float) -> None:
        """Report alarms whose page has waited an hour for its second look, although no pair comes that would settle it."""
        states = self._groups.current().states
        late = [key for key, state in states.items() if state.look and state.look.waits and state.look.is_late(now)]
        if not late:
            return
        with self._groups.unit_of_work() as unit:
            batch = JudgingBatch(self._store, unit.state)
            for key in late:
                batch.expire_look(key, now)
            unit.commit(written=self._write(batch))
        self._settle(batch, unit)

    def _acknowledge(self, key: GroupKey, answer: AckAction, now: float) -> AckResult:
        """The result of an acknowledgement for one group."""
        name = f"{key.party}, {key.model}, route {key.route}"
        with self._groups.unit_of_work() as unit:
            batch = JudgingBatch(self._store, unit.state)
            try:
                batch.acknowledge(key, answer, now)
            except NotAcknowledgedError as why:
                unit.commit()  # because it was refused before anything changed
                return AckResult(sentence=f"{name}: not accepted: {why}", outcome=AckOutcome.REFUSED)
            unit.commit(written=self._write(batch))
        if not unit.committed:
            self._lose()
            raise LeaseLostError(LEASE_LOST)
        self._alarms += batch.alarms
        shown = unit.state.states[key].state.replace("_", " ")
        return AckResult(sentence=f"{name}: {answer.value}, the state is {shown} now", outcome=AckOutcome.DONE)

    def _settle(self, batch: JudgingBatch, unit: UnitOfWork[JudgedGroups]) -> None:
        """Publish what was written, or nothing where it was refused."""
        if unit.committed:
            self._alarms += batch.alarms
            self._show(batch.judged, statuses(unit.state.states))
        else:
            self._lose()

    def _measure_pace(self) -> bool:
        """Measure the next live answers; True when more wait."""
        alarms, more = self._pace.step()
        self._alarms += alarms
        if self._pace.stale:
            self._lose()
        return more


def _names(acknowledgement: Acknowledgement, key: GroupKey) -> bool:
    """Whether each given name is the group's own, or all of them where it is exact; none is where a pace is meant."""
    if acknowledgement.measure:
        return False
    wanted = GroupKey(
        acknowledgement.route,
        acknowledgement.model,
        acknowledgement.provider,
        acknowledgement.reference,
        acknowledgement.upstream,
    )
    if acknowledgement.exact:
        return wanted == key
    return all(not name or name == own for name, own in zip(wanted, key, strict=True))


def _address(providers: Callable[[], Mapping[str, Provider]], name: str) -> str:
    """The host, port and path of a configured provider; "" for another one."""
    found = providers().get(name)
    if found is None:
        return ""
    origin = parse_base_url(found.base_url)
    return f"{origin.authority}{origin.base}"
