"""An error of JetStream keeps its code and its words, and is a refusal only where waiting does not help."""

import pytest

from shadow.broker.broker_errors import BrokerAwayError, BrokerError, BrokerRefusal, refusal

PLACES = "no suitable peers for placement"


def test_refusal_names_the_description_and_the_code():
    why = BrokerRefusal(10059, "stream not found")
    assert isinstance(why, BrokerError)
    assert (str(why), why.code) == ("the broker refuses: stream not found (10059)", 10059)


@pytest.mark.parametrize(
    ("status", "code", "description"),
    [
        (503, 10008, "JetStream system temporarily unavailable"),
        (503, 10023, "insufficient resources"),
        (500, 10118, "stream is offline"),
        (500, 10119, "consumer is offline"),
        (400, 10005, f"{PLACES}, peer offline"),
        (400, 10005, f"{PLACES}, miscellaneous issue"),
        (400, 10005, f"{PLACES}, peer offline, insufficient storage"),
    ],
)
def test_error_that_passes_once_all_servers_are_there_is_away_and_keeps_its_words(status, code, description):
    why = refusal({"code": status, "err_code": code, "description": description})
    assert isinstance(why, BrokerAwayError)
    assert f"({description})" in str(why)


@pytest.mark.parametrize(
    ("status", "code", "description"),
    [
        (404, 10059, "stream not found"),
        (400, 10054, "message size exceeds maximum allowed"),
        (500, 10054, "message size exceeds maximum allowed"),
        (499, 10118, "stream is offline"),
        (503, 10077, "maximum bytes exceeded"),
        (500, 10002, "resource limits exceeded for account"),
        (500, 10122, "stream max bytes exceeds account limit max stream bytes"),
        (500, 10047, "insufficient storage resources available"),
        (500, 10028, "insufficient memory resources available"),
        (500, 10052, "duplicates window can not be larger then server limit of 1m0s"),
        (400, 10122, "stream max bytes exceeds account limit max stream bytes"),
        (500, 10074, "replicas > 1 not supported in non-clustered mode"),
        (400, 10005, PLACES),
        (400, 10005, f"{PLACES}, insufficient storage"),
        (400, 10005, f"{PLACES}, tags not matched ['ssd']"),
    ],
)
def test_error_that_only_another_request_or_configuration_ends_is_a_refusal(status, code, description):
    why = refusal({"code": status, "err_code": code, "description": description})
    assert isinstance(why, BrokerRefusal)
    assert (why.code, why.description) == (code, description)


def test_error_without_codes_is_a_refusal_with_its_words():
    why = refusal({"description": "something"})
    assert isinstance(why, BrokerRefusal)
    assert (why.code, why.description) == (0, "something")
