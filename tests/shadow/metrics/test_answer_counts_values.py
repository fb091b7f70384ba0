"""Each value that is counted of an answer: its code, its error, its times and gaps, its tokens and its bill."""

import math

import pytest

from proxy.exchange import Failure, FailureKind, Role
from shadow.metrics.answer_counts import answer_counts, sane
from shadow.reading.parsed_exchange import parse_exchange
from tests.exchanges import asked, exchange, said


def counts(body=None, *, timing=None, **more):
    seen = parse_exchange(exchange(said() if body is None else body, request=asked(), **more))
    answer = seen.answer if timing is None else seen.answer._replace(timing=seen.answer.timing._replace(**timing))
    return answer_counts(seen.exchange, answer, ["valid"])


def test_names_and_outcomes_are_those_of_the_exchange():
    made = counts(tenant="alpha")
    assert (made.provider, made.model, made.role, made.tenant) == ("candidate", "pretend-small", "primary", "alpha")
    assert made.outcomes == ("valid",)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((101, "101"), (100, "other"), (199, "other"), (200, "2xx"), (299, "2xx"), (300, "3xx"), (399, "3xx"), (400, "4xx")),
        *((499, "4xx"), (500, "5xx"), (599, "5xx"), (600, "other")),
    ],
)
def test_status_is_counted_by_its_hundred_and_a_switch_of_protocols_by_itself(status, code):
    assert counts(status=status).code == code


def test_failure_is_counted_by_its_kind_and_an_exchange_without_any_response_as_other():
    gone = Failure(kind=FailureKind.CONNECT, detail="", after_head=False)
    assert counts(answered=False, failure=gone).code == "connect"
    assert counts(failure=Failure(kind=FailureKind.CLIENT_GONE, detail="", after_head=True)).code == "client_gone"
    assert counts(answered=False).code == "other"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({}, ""),
        ({"body": b'{"error": {"message": "Rate limit reached"}}', "status": 429}, "rate_limit"),
        ({"answered": False, "failure": Failure(kind=FailureKind.CONNECT, detail="", after_head=False)}, "no_answer"),
        ({"answered": False, "failure": Failure(kind=FailureKind.REFUSED, detail="", after_head=False)}, ""),
        ({"failure": Failure(kind=FailureKind.CLIENT_GONE, detail="", after_head=True)}, ""),
    ],
)
def test_error_is_of_the_provider_and_no_end_by_the_client_or_ourselves(more, error):
    assert counts(**more).error == error


@pytest.mark.parametrize(
    ("role", "overhead", "counted"),
    [
        (Role.PRIMARY, 0.001, 0.001),
        (Role.PRIMARY, 0.0, 0.0),
        (Role.PRIMARY, -0.001, None),
        (Role.PRIMARY, math.inf, None),
        (Role.SHADOW, 0.001, None),
    ],
)
def test_overhead_is_counted_of_live_requests(role, overhead, counted):
    assert counts(role=role, overhead=overhead).overhead == counted


@pytest.mark.parametrize(
    ("seconds", "counted"), [(0.0, True), (0.5, True), (-0.5, False), (-1.0, False), (math.inf, False), (math.nan, False)]
)
def test_time_is_counted_where_it_is_finite_and_not_negative(seconds, counted):
    assert sane(seconds) is counted
    made = counts(timing={"total": seconds, "first_chunk": None, "first_token": 0.25, "rate": 4.0})
    assert made.times == (seconds if counted else None, None, 0.25, 0.25)


def test_answer_without_a_rate_has_no_time_a_token():
    assert counts(timing={"rate": None}).times[3] is None


@pytest.mark.parametrize(
    ("gaps", "counted"),
    [
        ((), ()),
        ((0.5, 0.0), (0.5, 0.0)),
        ((0.5, -0.5, 2.0), (0.5, 2.0)),
        ((0.5, math.inf), (0.5,)),
        ((-0.5,), ()),
    ],
)
def test_gaps_of_a_stream_are_counted_but_for_those_that_are_no_time(gaps, counted):
    assert counts(timing={"gaps": gaps}).gaps == counted


def test_times_are_counted_of_successful_answers_alone():
    failed = counts(b'{"error": {"message": "x"}}', status=500, timing={"total": 0.5, "gaps": (0.5,)})
    assert (failed.times, failed.gaps) == ((), ())


def test_tokens_and_bill_of_an_answer_are_counted_and_none_where_it_reports_none():
    made = counts()
    assert (made.usage, made.billed.started, made.billed.cost) == ((9, 3), 1_700_000_000.0, None)
    assert (made.billed.tokens.fresh, made.billed.tokens.output) == (9, 3)
    refused = counts(b'{"error": {"message": "x"}}', status=500)
    assert (refused.usage, refused.billed) == (None, None)


def test_cost_that_an_answer_states_is_part_of_its_bill():
    body = said().replace(b'"total_tokens": 12', b'"total_tokens": 12, "cost": 0.5')
    assert counts(body).billed.cost == 0.5
