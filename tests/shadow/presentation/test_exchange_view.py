"""One stored exchange as a column: an absent answer is stated in words."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from proxy.exchange import ChunkTiming, ChunkTimings, Failure, FailureKind
from shadow.presentation.exchange_view import (
    _cost,
    _number,
    _outcome,
    _seconds,
    exchange_view,
    facts,
    timeline_path,
    timeline_position,
)
from shadow.reading.parsed_response import parse_response
from shadow.records import exchange as exchange_of
from storage.store import Store
from tests.exchanges import asked, exchange, said
from tests.pairs import keep_pair


def column(store: Store, made, **more):
    pair = keep_pair(store, made, said(), **more)
    row = store.exchange(pair)
    return exchange_view(
        "provider", row, parse_response(exchange_of(row)), store.tool_calls(pair), store.findings(exchange_id=pair)
    )


def test_an_answer_is_shown_with_its_status(store):
    shown = column(store, said("Hello there"))
    assert (shown.text, shown.outcome, shown.healthy, shown.trouble) == ("Hello there", "200", True, "")


def test_a_providers_error_is_shown_in_its_own_words(store):
    body = b'{"error": {"message": "Too many requests", "type": "rate_limit", "code": "slow_down"}}'
    shown = column(store, exchange(body, 429, asked()))
    assert not shown.healthy
    assert "rate_limit slow_down. Too many requests" in shown.trouble


def test_a_broken_answer_states_how_it_ended(store):
    failure = Failure(kind=FailureKind.RESET, detail="connection reset by peer", after_head=True)
    shown = column(store, exchange(b"", request=asked(), failure=failure))
    assert shown.trouble == "Ended by reset: connection reset by peer"
    assert shown.outcome == "200, reset"


def test_a_provider_that_never_answered_has_no_status(store):
    failure = Failure(kind=FailureKind.CONNECT, detail="refused", after_head=False)
    shown = column(store, exchange(request=asked(), answered=False, failure=failure))
    assert shown.outcome == "no answer, connect"


def test_a_body_that_was_not_kept_is_not_an_empty_answer(store):
    shown = column(store, said("secret"), bodies="hash")
    assert "was not kept" in shown.trouble
    assert shown.text is None


def test_an_unreadable_answer_is_shown_with_the_reason(store):
    shown = column(store, b"<html>oops")
    assert shown.trouble.startswith("Not read (")


@pytest.mark.parametrize(
    ("length", "cut"), [(60_000, ""), (60_001, "the first 60,000 of 60,001 characters are shown")], ids=["whole", "cut"]
)
def test_a_text_beyond_60_000_characters_is_cut_with_a_note(store, length, cut):
    shown = column(store, said("x" * length))
    assert (len(shown.text), shown.cut) == (60_000, cut)


def test_facts_have_one_cell_per_answer_and_empty_lines_are_omitted(store):
    one = column(store, said())
    lines = {fact.name: fact.cells for fact in facts([one, one])}
    assert lines["prompt tokens"] == ("9", "9")
    assert lines["whole answer"] == ("500 ms", "500 ms")
    assert "fingerprint" not in lines


def test_answer_without_a_response_has_an_empty_cell_for_its_chunks(store):
    marks = ChunkTimings([0.1, 0.2, 0.3], [1, 2, len(said())])
    answered = column(store, exchange(said(), request=asked(), marks=marks))
    failure = Failure(kind=FailureKind.CONNECT, detail="refused", after_head=False)
    unanswered = column(store, exchange(request=asked(), answered=False, failure=failure), pair_id="b" * 32)
    lines = {fact.name: fact.cells for fact in facts([answered, unanswered])}
    assert lines["chunks"] == ("3", "")
    assert lines["finish reason"] == ("stop", "")


def test_the_timeline_has_one_tick_a_place():
    marks = [ChunkTiming(seconds=seconds, end=1) for seconds in (0.0, 1.0, 1.0001, 2.0, 99.0)]
    assert timeline_path(marks, 2.0) == "M0 0v12M500 0v12M1000 0v12"
    assert timeline_path(marks, 0.0) == ""


def test_missing_moment_has_no_timeline_position():
    assert timeline_position(None, 2.0) is None
    assert timeline_position(1.0, 0.0) is None
    assert timeline_position(1.0, 2.0) == 1000 // 2


def test_embeddings_show_the_shape_of_their_vectors(store):
    made = exchange(b'{"data": [{"index": 0, "embedding": [0.5, 1]}], "model": "m"}', request=b'{"model": "m", "input": "a"}')
    made = made._replace(request=made.request._replace(target="/v1/embeddings"))
    shown = column(store, made)
    assert {fact.name: fact.cells for fact in facts([shown])}["vectors"] == ("1 x 2",)
    assert (shown.text, shown.trouble) == (None, "")


def test_server_stated_times_and_the_remainder_are_shown_beside_the_measured_ones(store):
    headers = (("content-type", "application/json"), ("openai-processing-ms", "120"))
    one = column(store, exchange(said(), request=asked(), headers=headers))
    lines = {fact.name: fact.cells for fact in facts([one])}
    assert lines["server's own: processing"] == ("120 ms",)
    assert lines["outside the server"] == ("80 ms",)
    assert one.row.head_seconds == 0.2


def test_server_time_beyond_the_measured_one_shows_no_remainder(store):
    made = exchange(said(), request=asked(), headers=(("content-type", "application/json"), ("openai-processing-ms", "201")))
    lines = {fact.name: fact.cells for fact in facts([column(store, made)])}
    assert lines["server's own: processing"] == ("201 ms",)
    assert "outside the server" not in lines


def test_rest_of_the_total_time_is_shown_as_outside_the_server(store):
    body = json.loads(said()) | {"time_info": {"queue_time": 0.1, "prompt_time": 0.05, "completion_time": 0.2}}
    lines = {fact.name: fact.cells for fact in facts([column(store, json.dumps(body).encode())])}
    assert lines["whole answer"] == ("500 ms",)
    assert [lines[f"server's own: {name}"] for name in ("queue", "prompt", "completion")] == [
        ("100 ms",),
        ("50 ms",),
        ("200 ms",),
    ]
    assert lines["outside the server"] == ("150 ms",)


def test_stated_filters_citations_and_parameters_are_shown(store):
    message = {"annotations": [{"type": "url_citation"}, {"type": "url_citation"}]}
    made = json.loads(said("Here.", message=message, native_finish_reason="STOP")) | {"service_tier": "flex"}
    made["usage"] |= {"cost": 2.1e-06, "prompt_tokens_details": {"cached_tokens": 6, "cache_write_tokens": 3}}
    lines = {fact.name: fact.cells for fact in facts([column(store, json.dumps(made).encode())])}
    assert lines["citations"] == ("2",)
    assert lines["upstream's finish reason"] == ("STOP",)
    assert lines["parameters applied"] == ("service_tier flex",)
    assert lines["cost"] == ("$0.0000021",)
    assert (lines["cached prompt tokens"], lines["tokens written to the cache"]) == (("6",), ("3",))


def costly() -> bytes:
    made = json.loads(said("Here."))
    made["usage"]["cost"] = 0.25
    return json.dumps(made).encode()


def test_a_cost_is_shown_where_the_body_was_not_kept(store):
    shown = column(store, costly(), bodies="hash")
    assert shown.text is None
    assert {fact.name: fact.cells for fact in facts([shown])}["cost"] == ("$0.25",)


def test_record_without_a_stored_cost_shows_the_cost_of_its_body(store):
    shown = column(store, costly())
    older = replace(shown, row=shown.row._replace(cost=None))
    assert {fact.name: fact.cells for fact in facts([older])}["cost"] == ("$0.25",)


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({"content_filter_results": {"violence": {"filtered": True, "severity": "medium"}}}, "violence (medium)"),
        ({}, "kinds not stated"),
    ],
)
def test_a_filtered_answer_names_what_was_withheld(store, more, shown):
    one = column(store, said("", finish_reason="content_filter", **more))
    assert {fact.name: fact.cells for fact in facts([one])}["withheld by a content filter"] == (shown,)


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (0.0, "0 ms"), (0.0126, "13 ms"), (0.9994, "999 ms"), (1.0, "1.00 s"), (61.238, "61.24 s")]
)
def test_a_time_is_in_milliseconds_below_a_second(seconds, text):
    assert _seconds(seconds) == text


@pytest.mark.parametrize(("number", "text"), [(None, ""), (0, "0"), (999.6, "1,000"), (1_234_567, "1,234,567")])
def test_a_number_is_whole_with_its_thousands_apart(number, text):
    assert _number(number) == text


@pytest.mark.parametrize(
    ("cost", "text"),
    [(None, ""), (0.0, "$0"), (0.5, "$0.5"), (12.0, "$12"), (0.00000000015, "$0.0000000001"), (0.0001, "$0.0001")],
)
def test_a_cost_has_as_many_decimals_as_it_needs_and_ten_at_most(cost, text):
    assert _cost(SimpleNamespace(parsed=SimpleNamespace(completion=None), row=SimpleNamespace(cost=cost))) == text


@pytest.mark.parametrize(
    ("seconds", "longest", "place"),
    [(None, 2.0, None), (1.0, 0.0, None), (0.0, 2.0, 0), (1.0, 2.0, 500), (2.0, 2.0, 1_000), (3.0, 2.0, 1_000), (-1.0, 2.0, 0)],
)
def test_a_moment_has_a_place_of_a_thousand_on_the_timeline(seconds, longest, place):
    assert timeline_position(seconds, longest) == place


@pytest.mark.parametrize(
    ("status", "failure", "text"),
    [(None, "", "no answer"), (200, "", "200"), (200, "reset", "200, reset"), (None, "dns", "no answer, dns")],
)
def test_an_outcome_is_the_status_and_the_failure(status, failure, text):
    assert _outcome(SimpleNamespace(status=status, failure=failure)) == text
