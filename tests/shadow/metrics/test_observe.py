"""What is counted under which labels, and what no client and no provider can do to it."""

import json
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from proxy.exchange import ChunkTimings, Failure, FailureKind, Role
from proxy.process.shared_counters import SharedCounters
from proxy.worker_stats import WorkerStats
from shadow.drift.excess_estimates import GroupKey
from shadow.findings.finding import TIMES, Finding, FindingState, Signal
from shadow.metrics.observe import Metrics
from shadow.reading.parsed_response import parse_response
from shadow.reading.response_timing import ResponseTiming
from shadow.settings.top_level_config import Config
from storage.rows import IdentityRow
from storage.store import BatchTotals
from tests.exchanges import exchange, said

CONFIG = Config.model_validate(
    {
        "proxy": {
            "providers": {
                "candidate": {"base_url": "https://candidate.example/v1"},
                "official": {"base_url": "https://official.example/v1"},
            },
            "routes": [{"name": "chat", "model": "pretend-small", "provider": "candidate"}],
        }
    }
)
LEG = {"provider": "candidate", "model": "pretend-small", "role": "primary"}
SIGNAL = {"provider": "candidate", "model": "pretend-small", "signal": "text"}
TEXT_DIFFERS = Finding(signal=Signal.TEXT, state=FindingState.DIFFER, score=0.25, reason="other words")


class Exported:
    """Metrics and what a scrape of them says."""

    def __init__(self):
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry, CONFIG)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"sameweights_{name}", labels)

    def count(self, made, outcomes=(), **more) -> None:
        self.metrics.exchange(made, parse_response(made), outcomes, **more)


@pytest.fixture
def exported():
    return Exported()


def test_foreseeable_series_begin_at_zero(exported):
    for code in ("2xx", "3xx", "4xx", "5xx"):
        assert exported.value("requests_total", **LEG, code=code) == 0
    for outcome in ("valid", "invalid_json", "unknown_name", "schema_mismatch"):
        assert exported.value("tool_calls_total", **LEG, outcome=outcome) == 0
    assert exported.value("handover_dropped_total", reason="audit_down") == 0
    for table in ("exchanges", "pairs"):
        assert exported.value("recorder_errors_total", table=table) == 0
        for result in ("stored", "failed", "dropped"):
            assert exported.value("store_records_total", result=result, table=table) == 0
            assert exported.value("store_records_total", result=table, table=result) is None


def test_an_answer_is_counted_with_its_times_and_tokens(exported):
    exported.count(exchange(said()), ["valid", "valid"])
    assert exported.value("requests_total", **LEG, code="2xx") == 1
    assert exported.value("tokens_total", **LEG, type="input") == 9
    assert exported.value("tokens_total", **LEG, type="output") == 3
    assert exported.value("tool_calls_total", **LEG, outcome="valid") == 2
    assert exported.value("request_duration_seconds_sum", **LEG) == 0.5
    assert exported.value("time_to_first_chunk_seconds_count", **LEG) == 1
    assert exported.value("proxy_overhead_seconds_count") == 1


def test_a_shadow_has_its_own_role_and_no_proxy_overhead(exported):
    exported.count(exchange(said(), role=Role.SHADOW, provider="official"))
    assert exported.value("requests_total", provider="official", model="pretend-small", role="shadow", code="2xx") == 1
    assert exported.value("proxy_overhead_seconds_count") == 0


def test_a_failure_is_a_code_of_its_own_and_times_nothing(exported):
    failure = Failure(kind=FailureKind.RESET, detail="", after_head=True)
    exported.count(exchange(b"", failure=failure))
    assert exported.value("requests_total", **LEG, code="reset") == 1
    assert exported.value("request_duration_seconds_count", **LEG) is None


@pytest.mark.parametrize(
    ("status", "code"), [(204, "2xx"), (302, "3xx"), (429, "4xx"), (503, "5xx"), (99, "other"), (700, "other")]
)
def test_a_status_is_counted_by_its_class(exported, status, code):
    exported.count(exchange(b"{}", status))
    assert exported.value("requests_total", **LEG, code=code) == 1


def test_only_whole_good_answers_are_timed(exported):
    exported.count(exchange(b"{}", 429))
    assert exported.value("request_duration_seconds_count", **LEG) is None


def test_gaps_and_seconds_per_token_are_kept_apart(exported):
    made = exchange(said(), marks=ChunkTimings([0.1, 0.2], [5, 9]))
    timing = ResponseTiming(head=0.1, first_chunk=0.1, first_token=0.2, total=0.5, gaps=(0.03, 0.04, float("nan")), rate=50.0)
    exported.metrics.exchange(made, parse_response(made)._replace(timing=timing), ())
    assert exported.value("inter_chunk_seconds_count", **LEG) == 2
    assert exported.value("inter_chunk_seconds_bucket", **LEG, le="0.05") == 2
    assert exported.value("time_per_output_token_seconds_sum", **LEG) == 0.02


@pytest.mark.parametrize("tokens", [-5, 10**30])
def test_an_incredible_usage_is_not_counted(exported, tokens):
    exported.count(exchange(said().replace(b'"prompt_tokens": 9', b'"prompt_tokens": %d' % tokens)))
    assert exported.value("tokens_total", **LEG, type="input") is None
    assert exported.value("tokens_total", **LEG, type="output") == 3


def test_a_finding_counts_with_its_likeness_and_the_other_verdict_is_there_at_zero(exported):
    exported.metrics.findings("candidate", "pretend-small", "cross", "", [TEXT_DIFFERS], pair_id="p1")
    assert exported.value("comparisons_total", **SIGNAL, comparison="cross", result="differ") == 1
    assert exported.value("comparisons_total", **SIGNAL, comparison="cross", result="match") == 0
    assert exported.value("similarity_ratio_sum", **SIGNAL, comparison="cross") == 0.25


@pytest.mark.parametrize(("control_reason", "counted"), [("random", 1), ("tiebreak", None), ("", None)])
def test_control_counts_only_when_it_was_drawn_at_random(exported, control_reason, counted):
    exported.metrics.findings("candidate", "pretend-small", "self", control_reason, [TEXT_DIFFERS], pair_id="p1")
    assert exported.value("comparisons_total", **SIGNAL, comparison="self", result="differ") == counted
    assert exported.value("similarity_ratio_count", **SIGNAL, comparison="self") == counted


@pytest.mark.parametrize(("score", "counted"), [(0.0, 1), (1.0, 1), (-0.01, None), (1.01, None), (None, None)])
def test_a_likeness_from_0_to_1_is_counted_and_no_other(exported, score, counted):
    found = Finding(signal=Signal.TEXT, state=FindingState.DIFFER, score=score, reason="why")
    exported.metrics.findings("candidate", "pretend-small", "cross", "", [found], pair_id="p1")
    assert exported.value("similarity_ratio_count", **SIGNAL, comparison="cross") == counted


def test_a_finding_that_was_not_measured_adds_no_similarity(exported):
    silent = Finding(signal=Signal.TEXT, state=FindingState.NOT_MEASURED, score=0.0, reason="no text")
    exported.metrics.findings("candidate", "pretend-small", "cross", "", [silent], pair_id="p1")
    counted = {"provider": "candidate", "model": "pretend-small", "comparison": "cross", "result": "not_measured"}
    assert exported.value("unmeasured_total", **counted) == 1
    assert exported.value("comparisons_total", **SIGNAL, comparison="cross", result="not_measured") is None
    assert exported.value("comparisons_total", **SIGNAL, comparison="cross", result="match") is None
    assert exported.value("similarity_ratio_count", **SIGNAL, comparison="cross") is None


def test_a_check_counts_under_its_own_name(exported):
    lost = Finding(signal=Signal.LOST_SPACE, state=FindingState.DIFFER, reason="'andthen'")
    exported.metrics.findings("candidate", "pretend-small", "check", "", [lost], pair_id="")
    labels = {"provider": "candidate", "model": "pretend-small", "signal": "lost_space"}
    assert exported.value("checks_total", **labels, result="differ") == 1
    assert exported.value("checks_total", **labels, result="match") == 0


def test_checks_that_could_not_be_made_are_counted_together(exported):
    silent = [Finding(signal=signal, state=FindingState.NOT_MEASURED, reason="no") for signal in (Signal.STOP, Signal.USAGE)]
    exported.metrics.findings("candidate", "pretend-small", "check", "", silent, pair_id="")
    labels = {"provider": "candidate", "model": "pretend-small", "comparison": "check", "result": "not_measured"}
    assert exported.value("unmeasured_total", **labels) == 2
    assert exported.value("checks_total", provider="candidate", model="pretend-small", signal="stop", result="match") is None


@pytest.mark.parametrize(("signal", "histogram"), [(Signal.TEXT, 1), (Signal.LENGTH, None), (Signal.ARGUMENTS, None)])
def test_similarity_is_exported_of_texts_alone(exported, signal, histogram):
    exported.metrics.findings("candidate", "pretend-small", "cross", "", [replace(TEXT_DIFFERS, signal=signal)], pair_id="p1")
    labels = {"provider": "candidate", "model": "pretend-small", "comparison": "cross", "signal": signal.value}
    assert exported.value("similarity_ratio_count", **labels) == histogram
    assert exported.value("comparisons_total", **labels, result="differ") == 1


def test_speed_is_in_the_histograms_of_times_and_in_no_comparison(exported):
    slower = [replace(TEXT_DIFFERS, signal=signal) for signal in TIMES]
    exported.metrics.findings("candidate", "pretend-small", "cross", "", slower, pair_id="p1")
    assert "sameweights_comparisons_total{" not in generate_latest(exported.registry).decode()
    assert "sameweights_unmeasured_total{" not in generate_latest(exported.registry).decode()


@pytest.mark.parametrize(
    ("kind", "state", "shown"), [("cross", "match", True), ("cross", "not_measured", False), ("self", "match", False)]
)
def test_the_last_comparison_is_the_last_pair_with_a_signal_that_could_be_judged(exported, kind, state, shown):
    found = Finding(signal=Signal.TEXT, state=FindingState(state), reason="why")
    exported.metrics.findings("candidate", "pretend-small", kind, "random", [found], pair_id="p1")
    moment = exported.value("last_comparison_timestamp_seconds", provider="candidate", model="pretend-small")
    assert (moment is not None) == shown


@pytest.mark.parametrize("signal", ["error", "error_class", "parameters"])
@pytest.mark.parametrize("state", ["match", "differ"])
def test_pair_of_which_a_response_failed_is_no_comparison(exported, signal, state):
    failed = Finding(signal=Signal(signal), state=FindingState(state), reason="HTTP 404")
    silent = Finding(signal=Signal.TEXT, state=FindingState.NOT_COMPARABLE, reason="HTTP 404")
    labels = {"provider": "candidate", "model": "pretend-small"}
    exported.metrics.findings("candidate", "pretend-small", "cross", "", [failed, silent], pair_id="p1")
    assert exported.value("last_comparison_timestamp_seconds", **labels) is None
    exported.metrics.findings("candidate", "pretend-small", "cross", "", [failed, TEXT_DIFFERS], pair_id="p2")
    assert exported.value("last_comparison_timestamp_seconds", **labels) is not None


def test_the_errors_of_a_model_begin_at_zero_with_its_first_answer(exported):
    made = exchange(said(), model="surprise")
    assert exported.value("errors_total", **LEG | {"model": "other"}, **{"class": "server"}) is None
    exported.count(made)
    assert exported.value("errors_total", **LEG | {"model": "other"}, **{"class": "server"}) == 0


def test_the_database_is_shown_with_its_limit_and_its_oldest_record(exported):
    exported.metrics.database(size=4096, limit=8192, oldest=1_700_000_000.5)
    assert exported.value("database_bytes") == 4096
    assert exported.value("database_limit_bytes") == 8192
    assert exported.value("oldest_record_timestamp_seconds") == 1_700_000_000.5


def test_what_is_left_of_the_budget_is_shown_where_there_is_a_limit(exported):
    exported.metrics.budget({"requests": 100, "money": 0}, {"requests": 40})
    assert exported.value("shadow_budget", unit="requests") == 100
    assert exported.value("shadow_budget_left", unit="requests") == 40
    assert exported.value("shadow_budget", unit="money") == 0
    assert exported.value("shadow_budget_left", unit="money") is None


def test_budget_of_a_tenant_is_shown_by_its_name_in_the_configuration_until_it_has_none():
    registry = CollectorRegistry()
    metrics = Metrics(registry, Config.model_validate({"tenants": [{"name": "alpha", "key_env": "A"}]}))

    def left(tenant: str) -> float | None:
        return registry.get_sample_value("sameweights_tenant_budget_left", {"tenant": tenant, "unit": "requests"})

    limits, half = {"requests": 9, "tokens": 0, "money": 0.0}, {"requests": 4}
    metrics.tenant_budgets({"alpha": (limits, half), "of another host": (limits, half)})
    assert (left("alpha"), left("of another host"), left("other")) == (4, None, None)
    assert registry.get_sample_value("sameweights_tenant_budget", {"tenant": "alpha", "unit": "requests"}) == 9
    assert registry.get_sample_value("sameweights_tenant_budget", {"tenant": "alpha", "unit": "tokens"}) is None
    metrics.tenant_budgets({})
    assert left("alpha") is None
    assert registry.get_sample_value("sameweights_tenant_budget", {"tenant": "alpha", "unit": "requests"}) is None


@pytest.mark.parametrize("refused", [False, True])
def test_the_last_reload_is_shown_with_its_time_and_its_success(exported, refused):
    exported.metrics.loaded(at=10, refused=refused)
    assert exported.value("config_last_reload_successful") == (not refused)
    assert exported.value("config_last_reload_success_timestamp_seconds") == 10


@pytest.mark.parametrize("later", [0.0, 0.9, 1.0, -3600.0])
def test_a_load_refused_after_one_that_succeeded_is_shown_as_refused_at_any_time_of_the_clock(exported, later):
    counters = SharedCounters()
    counters.note_load(1_700_000_000.0, refused=False)
    counters.note_load(1_700_000_000.0 + later, refused=True)
    exported.metrics.counted(counters)
    assert exported.value("config_last_reload_successful") == 0
    counters.note_load(1_700_000_000.0 + later, refused=False)
    exported.metrics.counted(counters)
    assert exported.value("config_last_reload_successful") == 1


def test_exemplars_lead_to_the_pair(exported):
    exported.metrics.findings("candidate", "pretend-small", "cross", "", [TEXT_DIFFERS], pair_id="0123abcd")
    exported.count(exchange(said()), pair_id="0123abcd")
    lines = openmetrics(exported.registry).decode().splitlines()
    carrying = [line for line in lines if 'pair_id="0123abcd"' in line]
    assert any(line.startswith("sameweights_comparisons_total{") for line in carrying)
    assert any(line.startswith("sameweights_similarity_ratio_bucket{") for line in carrying)
    assert any(line.startswith("sameweights_request_duration_seconds_bucket{") for line in carrying)


def test_what_became_of_each_exchange_and_pair_is_counted_once_and_goes_on_from_where_it_stood(exported):
    board = SharedCounters()
    for _ in range(2):
        board.row(0).add("ended", 10)
        board.row(1).add("stored", 4)
        board.row(0).add("inbox_full", 3)
        board.row(0).add("audit_slow", 1)
        board.row(1).add("error", 2)
        board.row(64).add("error", 5)
        board.row(64).add("store_failed", 6)
        for _ in range(2):
            exported.metrics.counted(board)
    assert exported.value("exchanges_ended_total") == 20
    assert exported.value("handover_dropped_total", reason="inbox_full") == 6
    assert exported.value("handover_dropped_total", reason="audit_slow") == 2
    assert exported.value("recorder_errors_total", table="exchanges") == 4
    assert exported.value("recorder_errors_total", table="pairs") == 10
    assert exported.value("store_records_total", result="stored", table="exchanges") == 8
    assert exported.value("store_records_total", result="failed", table="exchanges") == 0
    assert exported.value("store_records_total", result="failed", table="pairs") == 12


def test_a_skip_is_counted_by_its_reason(exported):
    exported.metrics.shadow_skipped("concurrency")
    assert exported.value("shadow_dropped_total", reason="concurrency") == 1


def test_a_pulse_becomes_counters_and_gauges(exported):
    first = WorkerStats(worker=0, pid=1, accepted=4, refused=1, handed_over=3, in_flight=2, upstream_open=5, loop_lag=0.01)
    exported.metrics.stats(first)
    exported.metrics.stats(WorkerStats(worker=1, pid=2, accepted=1, in_flight=1, loop_lag=0.5))
    exported.metrics.stats(replace(first, accepted=6))
    assert exported.value("accepted_requests_total") == 7
    assert [exported.value("worker_requests_total", worker=worker) for worker in "01"] == [6, 1]
    assert exported.value("refused_requests_total") == 1
    assert exported.value("handed_over_total") == 3
    assert exported.value("in_flight_requests") == 3
    assert exported.value("loop_lag_seconds") == 0.5


def test_the_queues_of_the_audit_are_gauges(exported):
    exported.metrics.gauges(inbox=7, shadows=1, shadows_waiting=2, store_queued=3, store_lag=1.5)
    assert exported.value("shadow_queue_length") == 7
    assert exported.value("shadow_waiting_requests") == 2
    assert exported.value("store_queue_length") == 3
    assert exported.value("store_lag_seconds") == 1.5


@pytest.mark.slow
@pytest.mark.promise("metrics.closed")
def test_five_thousand_hostile_names_make_no_series_and_the_text_stays_readable(exported):
    for number in range(5_000):
        hostile = f'model-{number}\ud800\n"}} evil' if number % 2 else f"m{number}"
        made = exchange(b"{}", model=hostile, provider=hostile, route=hostile)
        exported.metrics.exchange(made, parse_response(made), [hostile])
        exported.metrics.findings(hostile, hostile, "cross", "", [TEXT_DIFFERS], pair_id=hostile)
        group = GroupKey(hostile, hostile, hostile, hostile)
        exported.metrics.drift.counted(group, [(hostile, 1)])
        exported.metrics.drift.left_out(group, [hostile])
        exported.metrics.shadow_skipped(hostile)
        exported.metrics.stats(WorkerStats(pid=number))
    text = generate_latest(exported.registry).decode()
    assert sum(1 for family in text_string_to_metric_families(text) for _ in family.samples) < 3_000
    assert len(text) < 1_000_000
    assert "evil" not in text


def test_no_series_has_a_created_timestamp(exported):
    exported.count(exchange(said()))
    assert b"_created" not in openmetrics(exported.registry)


def test_the_label_of_a_model_is_a_name_of_the_configuration(exported):
    assert [exported.metrics.model(name) for name in ("pretend-small", "gpt-secret")] == ["pretend-small", "other"]


def test_a_known_serving_identity_is_exported_alone_and_counts_no_change(exported):
    row = IdentityRow(
        exchange_id="e", started=1.0, provider="x", model="m", identity="aaa", previous="zzz", changes="[]", facts="{}"
    )
    exported.metrics.identity(row, again=True)
    exported.metrics.identity(replace(row, identity="bbb", previous="aaa"))
    text = generate_latest(exported.registry).decode()
    assert 'identity="bbb"' in text
    assert 'identity="aaa"' not in text
    assert exported.value("serving_identity_changes_total", provider="other", model="other") == 1


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b'{"error": {"message": "maximum context length is 8192 tokens"}}', 400, "context_overflow"),
        (b'{"error": {"message": "Rate limit reached"}}', 429, "rate_limit"),
        (b"upstream unavailable", 503, "server"),
    ],
)
def test_an_error_is_counted_by_its_class(exported, body, status, kind):
    exported.count(exchange(body, status))
    assert exported.value("errors_total", **LEG, **{"class": kind}) == 1


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        (FailureKind.RESET, 1),
        (FailureKind.SILENCE_TIMEOUT, 1),
        (FailureKind.CLIENT_GONE, 0),
        (FailureKind.STALE, 0),
        (FailureKind.STOPPED, 0),
    ],
)
def test_a_connection_that_failed_is_no_answer_but_not_when_the_client_left(exported, kind, count):
    exported.count(exchange(b"", failure=Failure(kind=kind, detail="", after_head=True)))
    assert exported.value("errors_total", **LEG, **{"class": "no_answer"}) == count


def test_money_is_tokens_by_the_configured_prices():
    priced = {"candidate": {"base_url": "https://candidate.example/v1", "price_input": 2.0, "price_output": 10.0}}
    registry = CollectorRegistry()
    made = exchange(said())
    config = Config.model_validate({"proxy": {"providers": priced}, "admin": {"models": ["pretend-small"]}})
    Metrics(registry, config).exchange(made, parse_response(made), ())
    money = registry.get_sample_value("sameweights_money_total", LEG)
    assert money == pytest.approx((9 * 2.0 + 3 * 10.0) / 1e6)


class Priced:
    """Metrics of one provider with prices, and what they count of an answer with a usage."""

    def __init__(self, **provider):
        self._registry = CollectorRegistry()
        provider = {"base_url": "https://candidate.example/v1", **provider}
        config = {"proxy": {"providers": {"candidate": provider}}, "admin": {"models": ["pretend-small"]}}
        self._metrics = Metrics(self._registry, Config.model_validate(config))

    def count(self, usage, **more):
        body = json.loads(said())
        made = exchange(json.dumps({**body, "usage": usage}).encode(), **more)
        self._metrics.exchange(made, parse_response(made), ())

    def value(self, name, **labels):
        return self._registry.get_sample_value(f"sameweights_{name}_total", {**LEG, **labels})


USAGE = {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100}


def test_tokens_from_a_cache_are_counted_and_priced_in_a_class_of_their_own():
    priced = Priced(price_input=1.25, price_cached_input=0.125, price_output=10.0)
    priced.count({**USAGE, "prompt_tokens_details": {"cached_tokens": 900}})
    assert priced.value("money") == pytest.approx((100 * 1.25 + 900 * 0.125 + 100 * 10) / 1e6)
    assert [priced.value("tokens_by_class", **{"class": name}) for name in ("fresh", "cache_read", "output")] == [100, 900, 100]
    assert priced.value("tokens", type="input") == 1_000
    assert priced.value("unpriced", reason="no_price") is None


def test_price_is_the_one_of_the_day_on_which_the_request_began():
    dated = [{"input": 1.0, "output": 1.0}, {"since": "2026-11-01", "input": 2.0, "output": 2.0}]
    priced = Priced(prices=dated)
    priced.count(USAGE, started=1_793_491_199.0)  # 2026-10-31 23:59:59 UTC
    assert priced.value("money") == pytest.approx(0.0011)
    priced.count(USAGE, started=1_793_491_200.0)
    assert priced.value("money") == pytest.approx(0.0033)


def test_reasoning_that_may_have_come_on_top_is_money_beside_the_counter():
    priced = Priced(price_input=1.0, price_output=10.0)
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 5}}
    priced.count(usage)
    assert priced.value("money") == pytest.approx(0.0002)
    assert priced.value("money_uncertain") == pytest.approx(0.00005)


@pytest.mark.parametrize(
    ("usage", "prices", "reason"),
    [
        (None, {"price_input": 1.0, "price_output": 1.0}, "no_usage"),
        ({**USAGE, "prompt_tokens": -1}, {"price_input": 1.0, "price_output": 1.0}, "invalid_usage"),
        ({**USAGE, "prompt_tokens": 100_000_001}, {"price_input": 1.0, "price_output": 1.0}, "invalid_usage"),
        ({**USAGE, "cached_tokens": 1_001}, {"price_input": 1.0, "price_output": 1.0}, "invalid_usage"),
        (USAGE, {"price_input": 1.0}, "no_price"),
        (USAGE, {"prices": [{"model": "other", "input": 1.0, "output": 1.0}]}, "no_price"),
        (USAGE, {}, "no_price"),
    ],
)
def test_answer_without_a_known_cost_is_counted_by_its_reason_and_not_as_nothing(usage, prices, reason):
    priced = Priced(**prices)
    priced.count(usage)
    assert priced.value("unpriced", reason=reason) == 1
    assert priced.value("money") == 0


def test_refused_request_costs_nothing_and_lacks_no_price():
    priced = Priced()
    priced.count(None, status=429)
    assert priced.value("unpriced", reason="no_usage") is None
    assert priced.value("money") is None


def test_cost_that_a_provider_states_is_counted_beside_the_computed_one():
    priced = Priced(price_input=1.0, price_output=1.0)
    priced.count({**USAGE, "cost": 0.95})
    assert priced.value("stated_cost") == pytest.approx(0.95)
    assert priced.value("money") == pytest.approx(0.0011)


def test_the_skips_that_alerts_are_about_begin_at_zero(exported):
    for reason in (
        "not_sampled",
        "concurrency",
        "budget_requests",
        "budget_money",
        "tenant_budget_requests",
        "tenant_budget_money",
    ):
        assert exported.value("shadow_dropped_total", reason=reason) == 0


def test_a_model_without_configuration_is_its_own_label_from_its_first_answer():
    registry = CollectorRegistry()
    metrics = Metrics(
        registry, Config.model_validate({"proxy": {"providers": {"candidate": {"base_url": "http://a.example/v1"}}}})
    )
    refused = exchange(b"{}", status=404, model="kestrel-7b")
    metrics.exchange(refused, parse_response(refused), ())
    made = exchange(said(), model="kestrel-7b")
    metrics.exchange(made, parse_response(made), ())
    shadow = {"provider": "candidate", "role": "primary"}
    assert registry.get_sample_value("sameweights_requests_total", {**shadow, "model": "other", "code": "4xx"}) == 1
    assert registry.get_sample_value("sameweights_requests_total", {**shadow, "model": "kestrel-7b", "code": "2xx"}) == 1
    assert registry.get_sample_value("sameweights_requests_total", {**shadow, "model": "kestrel-7b", "code": "5xx"}) == 0


def test_batches_of_the_store_are_counters_and_the_judge_is_a_gauge(exported):
    for totals in (BatchTotals(3, 0.5), BatchTotals(7, 1.25)):
        exported.metrics.batches(totals)
    assert (exported.value("store_batches_total"), exported.value("store_batch_seconds_total")) == (7, 1.25)
    exported.metrics.judges(holds_lease=True)
    exported.metrics.waiting_pairs(12, 3.5)
    assert [exported.value(name) for name in ("judge_lease", "judge_waiting_pairs", "judge_lag_seconds")] == [1, 12, 3.5]
    exported.metrics.judges(holds_lease=False)
    assert exported.value("judge_lease") == 0
