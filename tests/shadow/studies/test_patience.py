"""Patience: what is sent again, after how long, and what is an answer for good."""

import pytest

from proxy.exchange import ChunkTimings, Failure, FailureKind, Response
from shadow.reading.parsed_response import parse_response
from shadow.studies.patience import MOST_TRIES, is_denied, retry_after, setback, wait_seconds
from tests.exchanges import exchange

DATE = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")


def answered(status: int = 200, *, body: bytes = b"{}", headers=(), failure: FailureKind | None = None):
    response = Response(
        status=status, reason="", headers=headers, body=body, size=len(body), marks=ChunkTimings(), head_seconds=0.1
    )
    made = exchange()._replace(response=response, failure=failure and Failure(failure, "", after_head=True))
    return parse_response(made)


@pytest.mark.parametrize("status", [200, 400, 401, 404, 408, 413, 422, 428, 430, 499])
def test_an_answer_or_a_refusal_of_the_request_is_no_setback(status):
    assert setback(answered(status)) == ""


@pytest.mark.parametrize(("status", "reason"), [(429, "rate_limit"), (500, "server"), (503, "server"), (529, "server")])
def test_a_rate_limit_and_a_server_error_are_setbacks(status, reason):
    assert setback(answered(status)) == reason


@pytest.mark.parametrize(
    ("kind", "again"),
    [
        (FailureKind.CONNECT, True),
        (FailureKind.RESET, True),
        (FailureKind.STALE, True),
        (FailureKind.SILENCE_TIMEOUT, True),
        (FailureKind.TOTAL_TIMEOUT, False),
        (FailureKind.TOO_LARGE, False),
    ],
)
def test_a_failed_connection_is_a_setback_and_what_would_cost_the_same_again_is_not(kind, again):
    assert setback(answered(failure=kind)) == (kind.value if again else "")


def test_an_overload_inside_a_stream_is_a_setback_although_its_status_is_200():
    event = b'data: {"error": {"message": "overloaded", "type": "overloaded_error"}}\n\n'
    assert setback(answered(body=event, headers=(("content-type", "text/event-stream"),))) == "server"


@pytest.mark.parametrize(("status", "denied"), [(401, True), (402, True), (403, True), (429, True), (400, False), (500, False)])
def test_a_refusal_of_key_account_or_rate_measures_nothing(status, denied):
    assert is_denied(answered(status)) is denied


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((("Retry-After", "7"),), 7.0),
        ((("Retry-After", "0"),), 0.0),
        ((("retry-after", "1.5"),), 1.5),
        ((("Retry-After-Ms", "250"), ("Retry-After", "9")), 0.25),
        ((("Retry-After", "Sun, 06 Nov 1994 08:49:40 GMT"), DATE), 3.0),
        ((("Retry-After", "Sun, 06 Nov 1994 08:49:30 GMT"), DATE), 0.0),
        ((("Retry-After", "Sun, 06 Nov 1994 08:49:40 GMT"),), 20.0),
        ((("Retry-After", "soon"),), None),
        ((("Retry-After", "-3"),), None),
        ((("Retry-After", "1e300"),), None),
        ((), None),
    ],
)
def test_a_named_time_is_read_in_each_of_its_forms(headers, seconds):
    now = 784_111_760.0  # 08:49:20
    assert retry_after(headers, now) == seconds


@pytest.mark.parametrize(("tries", "seconds"), [(1, 1.0), (2, 2.0), (3, 4.0)])
def test_a_wait_that_no_provider_names_doubles(tries, seconds):
    assert wait_seconds(answered(500).exchange, tries, 0.0) == seconds


def test_the_waits_between_four_tries_are_seven_seconds_where_no_provider_names_a_time():
    assert MOST_TRIES == 4
    assert sum(wait_seconds(answered(500).exchange, tries, 0.0) for tries in (1, 2, 3)) == 7.0


def test_a_named_wait_holds_at_any_try():
    assert wait_seconds(answered(429, headers=(("Retry-After", "5"),)).exchange, 3, 0.0) == 5.0


def test_a_refusal_that_speaks_of_an_overload_is_a_refusal():
    body = b'{"error": {"message": "overloaded", "type": "overloaded_error"}}'
    assert [setback(answered(status, body=body)) for status in (400, 499, 200)] == ["", "", "server"]


@pytest.mark.parametrize(("status", "denied"), [(407, True), (404, False), (428, False), (430, False), (402, True), (200, False)])
def test_a_proxy_that_wants_credentials_denies_too(status, denied):
    assert is_denied(answered(status)) is denied


def test_a_key_that_is_refused_inside_a_stream_is_a_denial():
    event = b'data: {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}\n\n'
    assert is_denied(answered(body=event, headers=(("content-type", "text/event-stream"),)))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((("Retry-After", "999999999"),), 999_999_999.0),
        ((("Retry-After", "1000000000"),), None),
        ((("Retry-After-Ms", "1500.5"),), 1.5005),
        ((("Retry-After-Ms", "soon"), ("Retry-After", " 9 ")), 9.0),
        ((("Retry-After", "7"), ("Retry-After", "8")), 7.0),
        ((("Retry-After", "Sun, 06 Nov 1994 08:49:40 GMT"), ("Date", "never")), 20.0),
    ],
)
def test_the_first_field_that_can_be_read_names_the_time(headers, seconds):
    assert retry_after(headers, 784_111_760.0) == seconds


def test_a_provider_that_gave_no_response_names_no_time():
    assert wait_seconds(exchange(answered=False), 2, 0.0) == 2.0
