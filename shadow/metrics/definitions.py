"""Defines every series, with its labels, buckets and one line of help; `shadow.metrics.observe` counts them.

docs/reference/metrics.md lists the same, checked by a test.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics

from shadow.findings.finding import TIMES, FindingState, Signal
from shadow.metrics.plain_series import CounterFamily, HistogramFamily
from shadow.metrics.series import BulkCounter, BulkHistogram, CachedChildren, Fold, RoundGauge
from shadow.settings.installed_version import installed_version

SECONDS = tuple(round(0.01 * 2**k, 2) for k in range(16))
"""0.01 to 327.68: the client boundaries of the OpenTelemetry GenAI conventions, and two more for reasoning models."""
TOKEN_SECONDS = (
    *(0.0005, 0.001, 0.0025, 0.005),
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5),
)
"""The same conventions' boundaries for a token, and four lower ones: fast hosts exceed 1,000 tokens a second."""
OVERHEAD_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)
RATIO = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)

AUDITED = ("provider", "model")
BY_ROLE = (*AUDITED, "role")
SIGNAL = (*AUDITED, "comparison", "signal")
DRIFT = ("route", "model", "provider", "reference", "signal")
GROUP = (*DRIFT[:4], "upstream")
"""Labels of a drift state; `upstream` is the server behind a router, and empty for a provider as a whole."""
VERDICTS = ("match", "differ")
"""The two results between which a ratio is taken: both begin at 0 together."""
LIKENESS = frozenset({Signal.TEXT.value})
"""Signals whose similarity is exported, which a panel draws: a histogram of each would be three fifths of all series."""
_JUDGED = frozenset({FindingState.MATCH, FindingState.DIFFER})


def judged(end: tuple[str, ...]) -> tuple[str, ...] | None:
    """The labels of a finding, as (signal, state), that is counted by its signal: it matches or differs, in other than speed."""
    return end if end[1] in _JUDGED and end[0] not in TIMES else None


def unmeasured(end: tuple[str, ...]) -> tuple[str, ...] | None:
    """The label under which any other finding is counted: its state alone, because each signal would triple the series."""
    return None if end[1] in _JUDGED or end[0] in TIMES else end[1:]


class _Maker:
    """Makes series in one registry, the labelled ones with their children kept."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def counter(self, name: str, text: str) -> Counter:
        return Counter(f"sameweights_{name}", text, registry=self._registry)

    def gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"sameweights_{name}", text, registry=self._registry)

    def gauges(self, name: str, text: str, labels: Sequence[str]) -> Gauge:
        return Gauge(f"sameweights_{name}", text, labels, registry=self._registry)

    def rounds(self, name: str, text: str, labels: Sequence[str]) -> RoundGauge:
        return RoundGauge(self.gauges(name, text, labels))

    def counters(self, name: str, text: str, labels: Sequence[str]) -> CachedChildren[Counter]:
        return CachedChildren(Counter(f"sameweights_{name}", text, labels, registry=self._registry).labels)

    def bulk(self, name: str, text: str, labels: Sequence[str], begun: Sequence[str], fold: Fold) -> BulkCounter:
        made = BulkCounter(f"sameweights_{name}", text, labels, begun, fold)
        self._registry.register(made)
        return made

    def bulk_histogram(self, name: str, text: str, labels: Sequence[str], buckets: Sequence[float]) -> BulkHistogram:
        made = BulkHistogram(f"sameweights_{name}", text, labels, buckets)
        self._registry.register(made)
        return made

    def plain_counters(self, name: str, text: str, labels: Sequence[str]) -> CounterFamily:
        made = CounterFamily(f"sameweights_{name}", text, labels)
        self._registry.register(made)
        return made

    def plain_histograms(self, name: str, text: str, labels: Sequence[str], buckets: Sequence[float]) -> HistogramFamily:
        made = HistogramFamily(f"sameweights_{name}", text, labels, buckets)
        self._registry.register(made)
        return made


class MetricDefinitions:
    """The series, by name."""

    def __init__(self, registry: CollectorRegistry) -> None:
        # because *_created series would double the number of lines, and this is the library's one switch for them
        disable_created_metrics()  # type: ignore[no-untyped-call] # the library has no annotation here
        make = _Maker(registry)
        self._traffic(make)
        self._audit(make)
        self._drift(make)
        self._losses(make)
        self._state(make)
        build = Gauge(
            "sameweights_build_info", "Always 1; version of sameweights and of Python.", ("version", "python"), registry=registry
        )
        build.labels(installed_version("unknown"), platform.python_version()).set(1)

    def _traffic(self, make: _Maker) -> None:
        self.duration = make.plain_histograms(
            "request_duration_seconds", "Seconds from the start of a request to the end of its response.", BY_ROLE, SECONDS
        )
        self.first_chunk = make.plain_histograms(
            "time_to_first_chunk_seconds", "Seconds to the first byte of the body.", BY_ROLE, SECONDS
        )
        self.first_token = make.plain_histograms(
            "time_to_first_token_seconds", "Seconds to the first event with content.", BY_ROLE, SECONDS
        )
        self.per_token = make.plain_histograms(
            "time_per_output_token_seconds", "Seconds per completion token, during generation only.", BY_ROLE, TOKEN_SECONDS
        )
        self.gaps = make.bulk_histogram(
            "inter_chunk_seconds", "Seconds between two arrivals of a stream.", BY_ROLE, TOKEN_SECONDS
        )
        self.overhead = make.plain_histograms(
            "proxy_overhead_seconds", "Spent in the proxy before a request was written to its provider.", (), OVERHEAD_SECONDS
        )()
        self.requests = make.plain_counters("requests_total", "Requests by outcome.", (*BY_ROLE, "code"))
        self.tenant_requests = make.plain_counters(
            "tenant_requests_total", "Live requests of each tenant by outcome.", ("tenant", "provider", "code")
        )
        self.tokens = make.plain_counters("tokens_total", "Tokens as the providers report them.", (*BY_ROLE, "type"))
        self.classes = make.plain_counters(
            "tokens_by_class_total", "Tokens by the class they are priced in.", (*BY_ROLE, "class")
        )
        self.money = make.plain_counters("money_total", "Money by the configured prices and the reported tokens.", BY_ROLE)
        self.uncertain = make.plain_counters(
            "money_uncertain_total", "Money beyond money_total that may have been billed for reasoning.", BY_ROLE
        )
        self.stated = make.plain_counters("stated_cost_total", "US dollars that the providers state as the cost.", BY_ROLE)
        self.unpriced = make.plain_counters("unpriced_total", "Responses without a known cost, by reason.", (*BY_ROLE, "reason"))
        self.errors = make.plain_counters("errors_total", "Error responses by class.", (*BY_ROLE, "class"))

    def _audit(self, make: _Maker) -> None:
        self.comparisons = make.bulk(
            "comparisons_total", "Findings of pairs by signal and result.", (*SIGNAL, "result"), VERDICTS, judged
        )
        self.unmeasured = make.bulk(
            "unmeasured_total",
            "Signals of pairs and answers that could not be judged, by reason.",
            (*AUDITED, "comparison", "result"),
            (),
            unmeasured,
        )
        self.last_comparison = CachedChildren(
            make.gauges("last_comparison_timestamp_seconds", "Time of the last pair that was compared.", AUDITED).labels
        )
        self.similarity = make.bulk_histogram("similarity_ratio", "Similarity of two responses; 1 is equal.", SIGNAL, RATIO)
        self.tool_calls = make.plain_counters(
            "tool_calls_total", "Tool calls by result of the schema check.", (*BY_ROLE, "outcome")
        )
        self.checks = make.bulk(
            "checks_total", "Results of checks that need no reference.", (*AUDITED, "signal", "result"), VERDICTS, judged
        )
        self.odd = make.counters(
            "drift_odd_total", "Pairs in which one side disagreed with both other answers.", (*DRIFT, "side")
        )
        self.pairs = make.counters("drift_pairs_total", "Pairs that counted for a signal.", DRIFT)
        self.excluded = make.counters(
            "drift_excluded_total", "Pairs excluded in part or whole, by reason.", (*DRIFT[:4], "reason")
        )
        self.serving = make.gauges("serving_identity_info", "Hash of the serving identity; always 1.", (*AUDITED, "identity"))
        self.serving_changes = make.counters("serving_identity_changes_total", "Changes of a serving identity.", AUDITED)

    def _drift(self, make: _Maker) -> None:
        test, side = (*GROUP, "signal", "direction"), (*DRIFT[:4], "side")
        self.evidence = make.rounds(
            "drift_log_evidence", "Log evidence of a test; the alarm threshold is 0.", (*DRIFT, "direction")
        )
        self.excess = make.rounds("drift_excess_ratio", "Share of pairs beyond the noise at the alarm; 0 without one.", test)
        self.start = make.rounds(
            "drift_start_timestamp_seconds", "Start of the drift, seconds since 1970; absent without an alarm.", test
        )
        self.drift_blame = make.rounds(
            "drift_blame", "1 for the side that a group's alarm is about; 0 without an alarm.", (*GROUP, "blame")
        )
        self.reference_state = make.rounds("reference_state", "1 for the state of a reference.", ("model", "reference", "state"))
        self.token_count_ratio = make.rounds(
            "token_count_ratio", "Tokens of the provider over the reference's for the same words, lately.", side
        )
        self.token_count_more = make.rounds(
            "token_count_more", "1 while the provider counts more tokens for the same words, else 0.", side
        )
        self.drift_state = make.rounds("drift_state", "1 for the state of a group.", (*GROUP, "state"))

    @property
    def drift_gauges(self) -> tuple[RoundGauge, ...]:
        """The gauges of the judge's state."""
        return (
            *(self.evidence, self.excess, self.start, self.drift_blame, self.reference_state),
            *(self.token_count_ratio, self.token_count_more, self.drift_state),
        )

    def _losses(self, make: _Maker) -> None:
        reason = ("reason",)
        self.shadow_dropped = make.plain_counters("shadow_dropped_total", "Requests not shadowed, by reason.", reason)
        self.handover_dropped = make.counters(
            "handover_dropped_total", "Exchanges lost between the data plane and the audit, by reason.", reason
        )
        self.records = make.counters("store_records_total", "Records offered to the store, by outcome.", ("result", "table"))
        self.recorder_errors = make.counters(
            "recorder_errors_total", "Exchanges or pairs lost to an error of the audit itself.", ("table",)
        )
        self.ended = make.counter("exchanges_ended_total", "Finished live exchanges that were to be recorded.")
        self.otel_items = make.counters(
            "otel_items_total", "Spans and evaluations for the OTLP endpoint, by outcome.", ("kind", "delivery")
        )
        self.admin_refused = make.counter("admin_refused_total", "Connections to the admin port refused at the limit.")
        self.plane = {
            "accepted": make.counter("accepted_requests_total", "Requests accepted."),
            "refused": make.counter("refused_requests_total", "Requests answered by the proxy itself."),
            "handed_over": make.counter("handed_over_total", "Exchanges sent to the audit."),
            "tls_failed": make.counter("client_tls_failures_total", "Client connections without a completed TLS handshake."),
            "unrecorded": make.counter("unrecorded_requests_total", "Requests excluded from recording by their clients."),
        }

    def _state(self, make: _Maker) -> None:
        self.in_flight = make.gauge("in_flight_requests", "Requests being forwarded now.")
        self.upstream = make.gauge("upstream_connections", "Open connections to providers, idle ones included.")
        self.worker_requests = make.counters(
            "worker_requests_total", "Requests accepted by each data-plane process.", ("worker",)
        )
        self.lag = make.gauge("loop_lag_seconds", "Lateness of the slowest data-plane event loop, last reported.")
        self.inbox = make.gauge("shadow_queue_length", "Exchanges in the queue of the audit.")
        self.shadows = make.gauge("shadow_in_flight_requests", "Shadow requests in flight.")
        self.shadows_waiting = make.gauge("shadow_waiting_requests", "Sampled requests waiting for a free slot.")
        self.store_queue = make.gauge("store_queue_length", "Records in the queue to the database.")
        self.store_lag = make.gauge("store_lag_seconds", "Age of the oldest record in that queue.")
        self.batches = make.counter("store_batches_total", "Batches of records written, or tried, since the audit began.")
        self.batch_seconds = make.counter("store_batch_seconds_total", "Seconds in which batches were being written.")
        self.judge_lease = make.gauge("judge_lease", "1 while this process holds the lease to judge pairs, else 0.")
        self.judge_waiting = make.gauge("judge_waiting_pairs", "Pairs that are stored and not judged yet.")
        self.judge_lag = make.gauge("judge_lag_seconds", "Seconds since the oldest of them was answered.")
        self.scrape = make.gauge("scrape_render_seconds", "Seconds that the previous scrape took to render.")
        self.database = make.gauge("database_bytes", "Size of the database and its write-ahead log.")
        self.database_limit = make.gauge("database_limit_bytes", "storage.max_bytes; 0 is no limit.")
        self.oldest = make.gauge("oldest_record_timestamp_seconds", "Start of the oldest stored exchange; 0 without any.")
        self.budget = make.gauges("shadow_budget", "Limits of the running period by unit, 0 for none.", ("unit",))
        self.budget_left = make.gauges("shadow_budget_left", "What is left of them; absent without a limit.", ("unit",))
        self.tenant_budget = make.rounds(
            "tenant_budget", "Limits of a tenant's shadow requests in the running period by unit.", ("tenant", "unit")
        )
        self.tenant_budget_left = make.rounds("tenant_budget_left", "What is left of them.", ("tenant", "unit"))
        self.reload_successful = make.gauge(
            "config_last_reload_successful", "1 when the last load of the configuration succeeded, 0 when it was refused."
        )
        self.reloaded = make.gauge(
            "config_last_reload_success_timestamp_seconds", "Time of the last load of the configuration that succeeded."
        )
