"""The judge's state as series: payoffs that counted, and for each group its state, its evidence, how large and since when.

All of it is set after each step, so a restart of the audit shows what was stored; what a step does not set is removed. Labels as
in `shadow.metrics.observe`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from shadow.drift.attribution import Blame
from shadow.drift.drift_status import REFERENCE_STATES, DriftStatus, references
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import JudgedPair, Judgement
from shadow.drift.state_transitions import DriftState
from shadow.metrics.definitions import GROUP, MetricDefinitions
from shadow.metrics.label_names import LabelNames
from shadow.metrics.series import ReasonLabels

FEWEST_COUNTED = 20
"""Pairs from which the token counts of a side are shown."""
WAITS = "waits"
BLAMES = (*(blame.value for blame in Blame), WAITS)
"""Values of the label `blame`: the side that an alarm is about, or that its first page waits for the second look."""


class DriftMetrics:
    """The series of drift."""

    def __init__(self, series: MetricDefinitions, names: LabelNames) -> None:
        self._series, self._names = series, names
        self._signals, self._reasons = ReasonLabels(()), ReasonLabels(())
        self._shown: set[tuple[str, ...]] = set()
        self._calm: set[tuple[str, ...]] = set()

    def __repr__(self) -> str:
        return f"<DriftMetrics alarms={len(self._shown)}>"

    def ruled(self, rulings: Sequence[tuple[JudgedPair, Judgement]], now: Sequence[DriftStatus]) -> None:
        """Take over the judge's results, and the status of every group after them."""
        for entry, ruling in rulings:
            self.counted(entry.group, ruling.counted)
            self.left_out(entry.group, ruling.excluded)
        self.show(now)

    def counted(self, group: GroupKey, payoffs: Iterable[tuple[str, int]]) -> None:
        """Count the payoffs of one pair that counted; both sides of a signal begin at 0 together."""
        named = self._group(group)
        for signal, payoff in payoffs:
            labels = (*named, self._signals.of(signal))
            self._series.pairs(*labels).inc()
            sides = {1: self._series.odd(*labels, "provider"), -1: self._series.odd(*labels, "reference")}
            if payoff in sides:
                sides[payoff].inc()

    def left_out(self, group: GroupKey, reasons: Iterable[str]) -> None:
        """Count the reasons why parts of one pair counted for nothing."""
        named = self._group(group)
        for reason in reasons:
            self._series.excluded(*named, self._reasons.of(reason)).inc()

    def show(self, statuses: Sequence[DriftStatus]) -> None:
        """Show the states of these groups and of no other, as where another process judges now and `statuses` is empty; a test
        that is no longer past its threshold has an excess of 0 and no start.
        """
        before, self._shown = self._shown | self._calm, set()
        for status in statuses:
            named = self._group(status.group)
            behind = status.group.upstream
            for state in DriftState:
                self._series.drift_state.set((*named, behind, state.value), state.value == status.state)
            for blame in BLAMES:
                self._series.drift_blame.set((*named, behind, blame), blame == (WAITS if status.waits else status.blame))
            # because the evidence of each server behind a router would be thirty series more for each
            for signal, direction, evidence in status.evidence if not behind else ():
                self._series.evidence.set((*named, self._signals.of(signal), direction), round(evidence, 3))
            self._alarmed(status)
            self._token_counts(status)
        self._end_alarms(before - self._shown, {(*self._group(status.group), status.group.upstream) for status in statuses})
        self._references(statuses)
        for gauge in self._series.drift_gauges:
            gauge.end_round()

    def _alarmed(self, status: DriftStatus) -> None:
        """Sizes and dates only of what is reported about the provider: not while an alert waits, and not about its reference."""
        named = self._group(status.group)
        for past in status.past if status.state == DriftState.DRIFT else ():
            labels = (*named, status.group.upstream, self._signals.of(past.signal), past.direction)
            self._shown.add(labels)
            self._series.excess.set(labels, past.size)
            self._series.start.set(labels, past.since)

    def _token_counts(self, status: DriftStatus) -> None:
        """Counts of a provider as a whole, of a side once enough pairs have any: a series that is absent is not known."""
        named = self._group(status.group)
        for standing in status.counts if not status.group.upstream else ():
            if standing.found or standing.pairs >= FEWEST_COUNTED:
                labels = (*named, standing.side.value)
                self._series.token_count_ratio.set(labels, round(standing.recent_ratio, 5))
                self._series.token_count_more.set(labels, bool(standing.found))

    def _references(self, statuses: Sequence[DriftStatus]) -> None:
        for reference in references(statuses):
            labels = self._names.model(reference.model), self._names.provider(reference.reference)
            for state in ("ok", *REFERENCE_STATES.values()):
                self._series.reference_state.set((*labels, state), state == reference.state)

    def _end_alarms(self, ended: Iterable[tuple[str, ...]], present: AbstractSet[tuple[str, ...]]) -> None:
        """Show an excess of 0 for the tests of these groups that alarmed before."""
        self._calm = {labels for labels in ended if labels[: len(GROUP)] in present}
        for labels in self._calm:
            self._series.excess.set(labels, 0)

    def _group(self, group: GroupKey) -> tuple[str, str, str, str]:
        names = self._names
        names.answered(group.model)  # because a judged group has answers, perhaps from before this process
        return (
            names.route(group.route),
            names.model(group.model),
            names.provider(group.provider),
            names.provider(group.reference),
        )
