"""Sets every series of the one registry, in the audit process; it receives values, and reads the clock for the time of the last
comparison alone.

Rule: names in labels come from the configuration, the rest from closed sets; where no model is configured, a bounded few that a
provider answered are labels too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from time import time
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter

from proxy.exchange import Exchange, Role
from proxy.process.shared_counters import PAIRS, PLANE, SharedCounters
from proxy.worker_stats import WorkerStats
from shadow.compare.failed_responses import NO_ANSWER
from shadow.findings.error_classes import ErrorClass
from shadow.findings.finding import FAILURES, FindingState, Signal
from shadow.findings.pair import ControlReason, PairKind
from shadow.measures.schema_validation import OUTCOMES
from shadow.metrics.answer_counts import CHECK, CLASSES, AnswerCounts, BilledUsage, answer_counts
from shadow.metrics.definitions import LIKENESS, MetricDefinitions
from shadow.metrics.drift_metrics import DriftMetrics
from shadow.metrics.label_names import OTHER, LabelNames
from shadow.metrics.series import ReasonLabels, WorkerTotals
from shadow.pricing.money import NO_PRICE, money
from shadow.pricing.price_list import ClassPrices, PriceList
from shadow.pricing.token_classes import CREDIBLE, KNOWN, TokenClasses
from shadow.reading.parsed_response import ParsedResponse
from shadow.sampling.budget import UNITS
from shadow.settings.top_level_config import Config
from storage.rows import IdentityRow
from storage.store import BatchTotals

HANDOVER_REASONS = (*PLANE[1:], "malformed", "inbox_full", "process_killed")
"""Losses between the answer of a live request and the worker; every other loss is the recorder's own."""
BROKER_REASONS = ("broker_too_large", "broker_full", "broker_too_old", "undeliverable")
"""Those of exchanges that pass through a broker; they begin at 0 where one is configured."""
RESULTS = {"stored": "stored", "failed": "store_failed", "dropped": "store_full"}
"""Outcomes of a record that is offered to the store, and the field that counts each."""
TABLES = ("exchanges", "pairs")
LIVE = Role.PRIMARY.value
ERRORS = (*(kind.value for kind in ErrorClass), NO_ANSWER)
SKIP_REASONS = (
    *("not_sampled", "concurrency", "late", "fetcher_lost"),
    *(f"{owner}budget_{unit}" for owner in ("", "tenant_") for unit in UNITS),
)
"""Skips that alerts are about; the others begin when they happen."""
_JUDGED = frozenset({FindingState.MATCH, FindingState.DIFFER})


class Countable(Protocol):
    """A finding, or what is counted of one."""

    @property
    def signal(self) -> Signal:
        """What was compared or checked."""

    @property
    def state(self) -> FindingState:
        """Its outcome."""

    @property
    def score(self) -> float | None:
        """A likeness, 0 to 1."""


class Metrics:
    """Counts what the audit receives and decides. One object, one registry; rendering may go on in another thread."""

    def __init__(self, registry: CollectorRegistry, config: Config) -> None:
        self._names = LabelNames(config)
        self._losses = (*HANDOVER_REASONS, *(BROKER_REASONS if config.broker.url else ()))
        self._prices = PriceList(config.proxy.providers)
        self._series = MetricDefinitions(registry)
        self._skips = ReasonLabels(SKIP_REASONS)
        self.drift = DriftMetrics(self._series, self._names)
        self._shown: dict[tuple[str, str], str] = {}
        self._pulses = WorkerTotals()
        self._totals: dict[Counter, float] = {}
        self._serving: dict[tuple[str, str], str] = {}
        self._begun: set[tuple[str, str]] = set()
        self._begin_at_zero()

    def __repr__(self) -> str:
        return f"<Metrics {self._names!r} {self.drift!r} identities={len(self._shown)}>"

    def reload(self, config: Config) -> None:
        """Add the names of another configuration to those known: a label once shown stays."""
        self._names.learn(config)
        self._prices = PriceList(config.proxy.providers)
        self._begin_at_zero()

    def model(self, name: str) -> str:
        """The metric label of a model name: itself when the configuration names it or it was learned, else `other`."""
        return self._names.model(name)

    def exchange(self, exchange: Exchange, answer: ParsedResponse, outcomes: Sequence[str], *, pair_id: str = "") -> None:
        """Count one answered or failed exchange of any role; `outcomes` are the schema classes of its tool calls."""
        self.count(answer_counts(exchange, answer, outcomes), pair_id=pair_id)

    def count(self, counts: AnswerCounts, *, pair_id: str = "") -> None:
        """Count one answer; `pair_id` is the pair that the exemplars of its times name."""
        live = counts.role == LIVE
        if counts.code == "2xx" and live:
            self._names.answered(counts.model)
        labels = (self._names.provider(counts.provider), self.model(counts.model), counts.role)
        if live:
            self._begin(labels[0], labels[1])
        self._series.requests(*labels, counts.code).inc()
        if counts.tenant and live:
            self._series.tenant_requests(self._names.tenant(counts.tenant), labels[0], counts.code).inc()
        for outcome in counts.outcomes:
            self._series.tool_calls(*labels, outcome if outcome in OUTCOMES else OTHER).inc()
        if counts.error:
            self._series.errors(*labels, counts.error).inc()
        if counts.overhead is not None:
            self._series.overhead.observe(counts.overhead)
        self._times(labels, counts, self._names.exemplar(pair_id))
        if counts.usage:
            self._usage(labels, counts.usage)
        if counts.billed:
            self._billed(labels, counts, counts.billed)

    def findings(
        self, provider: str, model: str, kind: str, control_reason: str, findings: Iterable[Countable], *, pair_id: str
    ) -> None:
        """Count the findings of one pair (`cross`, `self`) or of one answer alone (`check`).

        `provider` is the audited one, for `self` too: the reference's own noise on that provider's traffic. A `self` pair of a
        tie-break is left out, because it was selected by its outcome.
        """
        labels = (self._names.provider(provider), self.model(model))
        if kind == CHECK:
            self.checks(provider, model, _verdicts(findings))
            return
        if kind == PairKind.SELF.value and control_reason != ControlReason.RANDOM.value:
            return
        begin = (*labels, PairKind(kind).value)
        # because a panel shows those of a pair itself; those of its control would be half of what a scrape weighs
        exemplar = self._names.exemplar(pair_id) if kind == PairKind.CROSS.value else None
        verdicts = _verdicts(findings)
        self._series.comparisons.count(begin, verdicts, exemplar)
        self._series.unmeasured.count(begin, verdicts)
        if kind == PairKind.CROSS.value and any(state in _JUDGED and signal not in FAILURES for signal, state in verdicts):
            self._series.last_comparison(*labels).set(int(time()))
        judged = ((found.signal._value_, found.score) for found in findings if found.state in _JUDGED)
        scores = [(name, score) for name, score in judged if name in LIKENESS and score is not None and 0 <= score <= 1]
        self._series.similarity.note(begin, scores, exemplar)

    def checks(self, provider: str, model: str, verdicts: tuple[tuple[str, str], ...]) -> None:
        """Count the checks of one answer, each as (signal, state)."""
        labels = (self._names.provider(provider), self.model(model))
        self._series.checks.count(labels, verdicts)
        self._series.unmeasured.count((*labels, CHECK), verdicts)

    def identity(self, row: IdentityRow, *, again: bool = False) -> None:
        """Show which identity serves a model from now on; `again`: it was known before this process, which is no change."""
        self._names.answered(row.model)  # because only models that were answered have an identity, also before this process
        labels = (self._names.provider(row.provider), self.model(row.model))
        shown = self._shown.get(labels)
        if shown is not None:
            self._series.serving.remove(*labels, shown)
        self._shown[labels] = row.identity
        self._series.serving.labels(*labels, row.identity).set(1)
        self._series.serving_changes(*labels).inc(bool(row.previous) and not again)

    def shadow_skipped(self, reason: str) -> None:
        """Count one request that was not shadowed, or not to its end."""
        self._series.shadow_dropped(self._skips.of(reason)).inc()

    def counted(self, counters: SharedCounters) -> None:
        """Take over the outcomes of live exchanges and pairs, and the loads of the configuration, since `serve` began."""
        exchanges, pairs = counters.totals(), counters.row(PAIRS)
        self._rise(self._series.ended, exchanges["ended"])
        for reason in self._losses:
            self._rise(self._series.handover_dropped(reason), exchanges[reason])
        for table, counts in (("exchanges", exchanges), ("pairs", pairs)):
            self._rise(self._series.recorder_errors(table), counts["error"])
            for result, field in RESULTS.items():
                self._rise(self._series.records(result, table), counts[field])
        loaded, refused = counters.loads
        self.loaded(at=loaded, refused=refused)

    def _rise(self, counter: Counter, total: float) -> None:
        counter.inc(max(0, total - self._totals.get(counter, 0)))
        self._totals[counter] = max(total, self._totals.get(counter, 0))

    def admin_refused(self) -> None:
        """Count one connection to the admin port that was refused at the limit."""
        self._series.admin_refused.inc()

    def exported(self, kind: str, result: str, number: int) -> None:
        """Count so many spans or evaluations for the OTLP endpoint by their result."""
        self._series.otel_items(kind, result).inc(number)

    def stats(self, stats: WorkerStats) -> None:
        """Take over the counters and gauges of one data-plane process."""
        increases = self._pulses.increases(stats)
        for name, grown in increases.items():
            self._series.plane[name].inc(grown)
        self._series.worker_requests(f"{stats.worker}").inc(increases["accepted"])
        latest = self._pulses.latest
        self._series.in_flight.set(sum(each.in_flight for each in latest))
        self._series.upstream.set(sum(each.upstream_open for each in latest))
        self._series.lag.set(max(each.loop_lag for each in latest))

    def workers(self) -> dict[int, int]:
        """The number of each data-plane process by its pid."""
        return {each.pid: each.worker for each in self._pulses.latest}

    def gauges(
        self,
        *,
        inbox: int,
        shadows: int = 0,
        shadows_waiting: int = 0,
        store_queued: int = 0,
        store_lag: float = 0.0,
    ) -> None:
        """Take over the audit's queues, `store_lag` in seconds."""
        self._series.inbox.set(inbox)
        self._series.shadows.set(shadows)
        self._series.shadows_waiting.set(shadows_waiting)
        self._series.store_queue.set(store_queued)
        self._series.store_lag.set(store_lag)

    def database(self, *, size: int, limit: int, oldest: float) -> None:
        """Take over the size of the database and its limit in bytes, and when its oldest exchange started."""
        self._series.database.set(size)
        self._series.database_limit.set(limit)
        self._series.oldest.set(oldest)

    def batches(self, totals: BatchTotals) -> None:
        """Take over how many batches the store has written, and for how long."""
        self._rise(self._series.batches, totals.batches)
        self._rise(self._series.batch_seconds, totals.seconds)

    def judges(self, *, holds_lease: bool) -> None:
        """Take over whether this process has the right to judge."""
        self._series.judge_lease.set(holds_lease)

    def waiting_pairs(self, count: int, waited: float) -> None:
        """Take over how many pairs are not judged yet, and the seconds since the oldest of them was answered."""
        self._series.judge_waiting.set(count)
        self._series.judge_lag.set(waited)

    def budget(self, limits: Mapping[str, float], left: Mapping[str, float]) -> None:
        """Take over the limits of shadowing by unit, 0 for none, and what is left of those there are."""
        for unit, limit in limits.items():
            self._series.budget.labels(unit).set(limit)
        for unit, amount in left.items():
            self._series.budget_left.labels(unit).set(amount)

    def tenant_budgets(self, budgets: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]]) -> None:
        """Take over the limits by unit, and what is left of those there are, of every tenant that has any."""
        for tenant, (limits, left) in budgets.items():
            label = self._names.tenant(tenant)
            for unit in left if label != OTHER else ():  # because several tenants that are `other` would share one series
                self._series.tenant_budget.set((label, unit), limits[unit])
                self._series.tenant_budget_left.set((label, unit), left[unit])
        self._series.tenant_budget.end_round()
        self._series.tenant_budget_left.end_round()

    def loaded(self, *, at: float, refused: bool) -> None:
        """Take over when the configuration was last loaded, 0 for never, and whether it was refused since."""
        self._series.reloaded.set(at)
        self._series.reload_successful.set(not refused)

    def scraped(self, seconds: float) -> None:
        """Show from the next scrape on how long this one took to render."""
        self._series.scrape.set(seconds)

    def _times(self, labels: tuple[str, str, str], counts: AnswerCounts, exemplar: dict[str, str] | None) -> None:
        series = self._series
        histograms = (series.duration, series.first_chunk, series.first_token, series.per_token)
        for histogram, seconds in zip(histograms, counts.times, strict=False):
            if seconds is not None:
                histogram(*labels).observe(seconds, exemplar)
        if counts.gaps:
            series.gaps.observe(labels, counts.gaps)

    def _usage(self, labels: tuple[str, str, str], usage: tuple[int | None, int | None]) -> None:
        for kind, count in zip(("input", "output"), usage, strict=True):
            if count is not None and 0 <= count <= CREDIBLE:
                self._series.tokens(*labels, kind).inc(count)

    def _billed(self, labels: tuple[str, str, str], counts: AnswerCounts, billed: BilledUsage) -> None:
        """Count the money of one answer, once and at its end, because a counter cannot be corrected."""
        series = self._series
        self._money(labels, billed, self._prices.prices(counts.provider, counts.model, billed.started))
        for name, count in zip(TokenClasses._fields, billed.tokens, strict=True):
            if count:
                series.classes(*labels, name).inc(count)
        if billed.cost is not None:
            series.stated(*labels).inc(billed.cost)

    def _money(self, labels: tuple[str, str, str], billed: BilledUsage, prices: ClassPrices | None) -> None:
        series = self._series
        counted = series.money(*labels)  # begins at 0, also where no price is known
        cost = money(billed.tokens, prices) if billed.state in KNOWN else None
        if cost is None:
            series.unpriced(*labels, billed.state.value if billed.state not in KNOWN else NO_PRICE).inc()
            return
        counted.inc(float(cost.low))
        if cost.high > cost.low:
            series.uncertain(*labels).inc(float(cost.high - cost.low))

    def _begin_at_zero(self) -> None:
        """Create the series that can be expected at 0, because one that begins at 1 hides its first increase from Prometheus."""
        for provider, model in self._names.expected():
            self._begin(provider, model)
        for reason in self._losses:
            self._series.handover_dropped(reason)
        for reason in SKIP_REASONS:
            self._series.shadow_dropped(reason)
        for table in TABLES:
            self._series.recorder_errors(table)
            for result in RESULTS:
                self._series.records(result, table)

    def _begin(self, provider: str, model: str) -> None:
        """Create the series of live traffic of one provider and model, at the latest with its first answer, seldom an error."""
        if (provider, model) in self._begun:
            return
        self._begun.add((provider, model))
        labels = (provider, model, LIVE)
        for code in CLASSES:
            self._series.requests(*labels, code)
        for outcome in OUTCOMES:
            self._series.tool_calls(*labels, outcome)
        for error in ERRORS:
            self._series.errors(*labels, error)


def _verdicts(findings: Iterable[Countable]) -> tuple[tuple[Signal, FindingState], ...]:
    return tuple([(found.signal, found.state) for found in findings])
