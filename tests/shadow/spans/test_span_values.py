"""What a span says of a request and a comparison, and that it has no text of either."""

import json

import pytest

from proxy.exchange import Failure, FailureKind, Role
from shadow.findings.finding import Comparison, Finding, FindingState, Signal
from shadow.findings.pair import PairKind
from shadow.reading.parsed_exchange import parse_exchange
from shadow.spans.span_values import ids, live_span, pair_spans
from storage.rows import FindingRow
from tests.conformance import pair_record
from tests.exchanges import exchange, said

REQUEST = json.dumps(
    {"model": "pretend-small", "messages": [{"role": "user", "content": "a secret question"}], "temperature": 0.5, "seed": 7}
).encode()


def parsed(**more):
    return parse_exchange(exchange(said("a secret answer"), request=REQUEST, **more))


def row(signal: str, state: str, comparison: str = "check") -> FindingRow:
    return FindingRow("e", "", comparison, signal, state, None, "", "", "")


def pair():
    return pair_record("p1").pair


COMPARISONS = (
    Comparison(
        kind=PairKind.CROSS,
        comparable="",
        findings=(
            Finding(signal=Signal.TEXT, state=FindingState.DIFFER, score=0.25, reason="a secret answer"),
            Finding(signal=Signal.LOGPROB, state=FindingState.NOT_MEASURED, reason="none"),
        ),
    ),
    Comparison(kind=PairKind.SELF, comparable="", findings=(Finding(signal=Signal.TEXT, state=FindingState.MATCH),)),
)


def test_live_request_is_the_root_of_its_trace_with_the_names_of_the_conventions():
    span = live_span(parsed(id="abc"), [])
    assert (span.name, span.kind, span.parent, span.error) == ("chat pretend-small", "client", 0, "")
    assert (span.trace, span.id) == ids("abc")
    assert (span.start, span.end) == (1_700_000_000_000_000_000, 1_700_000_000_500_000_000)
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "candidate",
        "gen_ai.request.model": "pretend-small",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.seed": 7,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 9,
        "gen_ai.usage.output_tokens": 3,
        "http.response.status_code": 200,
        "sameweights.role": "live",
    }
    assert expected.items() <= span.attributes.items()


def test_check_that_failed_is_a_result_and_one_that_matched_is_none():
    span = live_span(parsed(), [row("lost_space", "differ"), row("usage", "not_measured")])
    [event] = span.events
    assert event.name == "gen_ai.evaluation.result"
    assert event.attributes["gen_ai.evaluation.name"] == "lost_space"
    assert event.attributes["gen_ai.evaluation.score.label"] == "differ"
    assert event.at == span.end


@pytest.mark.parametrize(
    ("made", "error"),
    [
        ({"failure": Failure(kind=FailureKind.RESET, detail="", after_head=True)}, "reset"),
        ({"status": 429}, "rate_limit"),
        ({"status": 200}, ""),
    ],
)
def test_failed_request_has_the_type_of_its_error(made, error):
    status = made.pop("status", 200)
    body = said() if status == 200 else b'{"error": {"message": "slow down", "type": "rate_limit_error"}}'
    assert live_span(parse_exchange(exchange(body, status, request=REQUEST, **made)), []).error == error


def test_pair_is_below_its_live_request_and_the_requests_to_the_reference_below_it():
    legs = [
        parsed(id="shadow-1", role=Role.SHADOW, provider="official"),
        parsed(id="control-1", role=Role.CONTROL, provider="official"),
    ]
    compared, shadow, control = pair_spans(pair(), legs, COMPARISONS)
    assert (compared.trace, compared.parent) == ids(pair().subject_id)
    assert {shadow.trace, control.trace} == {compared.trace}
    assert {shadow.parent, control.parent} == {compared.id}
    assert len({compared.id, shadow.id, control.id, compared.parent}) == 4
    assert [span.attributes["sameweights.role"] for span in (shadow, control)] == ["shadow", "control"]
    assert compared.kind == "internal"
    assert compared.attributes["sameweights.pair.id"] == pair().id
    assert compared.start <= min(shadow.start, control.start)
    assert compared.end >= max(shadow.end, control.end)


def test_each_signal_that_was_measured_is_a_result_of_the_comparison():
    compared, *_ = pair_spans(pair(), [parsed(role=Role.SHADOW)], COMPARISONS)
    results = [dict(event.attributes) for event in compared.events]
    assert results == [
        {
            "gen_ai.evaluation.name": "text",
            "gen_ai.evaluation.score.label": "differ",
            "gen_ai.evaluation.score.value": 0.25,
            "sameweights.comparison": "cross",
        },
        {"gen_ai.evaluation.name": "text", "gen_ai.evaluation.score.label": "match", "sameweights.comparison": "self"},
    ]


def test_no_span_has_a_text_of_a_request_or_an_answer():
    spans = [live_span(parsed(), [row("text", "differ")]), *pair_spans(pair(), [parsed(role=Role.SHADOW)], COMPARISONS)]
    assert "secret" not in repr(spans)


def test_ids_are_those_of_opentelemetry_and_the_same_each_time():
    trace, span = ids("abc")
    assert 0 < trace < 2**128
    assert 0 < span < 2**64
    assert ids("abc") == (trace, span)
    assert ids("abd") != (trace, span)
