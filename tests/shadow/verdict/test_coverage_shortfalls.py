"""Why pairs could not be compared: real reasons of the rules of comparability, counted by cause."""

import json

import pytest

from proxy.exchange import Failure, FailureKind
from shadow.findings.comparability import not_comparable_reason
from shadow.findings.pair import Pair, PairKind
from shadow.reading.parsed_exchange import parse_exchange, parse_shadow_exchange
from shadow.verdict.coverage_shortfalls import refused_for, shortfalls
from shadow.verdict.evidence import EvidenceSide
from tests.exchanges import asked, exchange, said


def reason(live, reference) -> str:
    """Why these two exchanges cannot be compared, as it is stored."""
    seen = parse_exchange(live)
    found = parse_shadow_exchange(reference, seen)
    return not_comparable_reason(Pair(kind=PairKind.CROSS, request=seen.request, subject=seen.answer, reference=found.answer))


def error(status):
    return exchange(b'{"error": {"message": "no"}}', status, asked())


def refusing(message, **fields):
    return exchange(json.dumps({"error": {"message": message, **fields}}).encode(), 400, asked())


NO_JSON = "the reference sent a body that is not JSON in 6"
FINE = exchange(said("Fine."), request=asked())
STALE = exchange(answered=False, request=asked(), failure=Failure(kind=FailureKind.STALE, detail="closed", after_head=False))
TOO_LARGE = exchange(b"", request=asked(), failure=Failure(kind=FailureKind.TOO_LARGE, detail="8388608 bytes", after_head=True))


@pytest.mark.parametrize(
    ("live", "reference", "side", "cause", "sentence"),
    [
        (FINE, STALE, EvidenceSide.REFERENCE, "stale", "the reference closed a reused connection before it answered in 6"),
        (FINE, error(401), EvidenceSide.REFERENCE, "401", "the reference refused with 401 (key) in 6"),
        (FINE, error(404), EvidenceSide.REFERENCE, "404", "the reference refused with 404 (no such model or path) in 6"),
        (error(429), FINE, EvidenceSide.PROVIDER, "429", "the provider refused with 429 (rate limit) in 6"),
        (FINE, error(503), EvidenceSide.REFERENCE, "503", "the reference answered with status 503 in 6"),
        (
            FINE,
            refusing("This model's maximum context length is 8192 tokens"),
            EvidenceSide.REFERENCE,
            "context 8192",
            "the reference refused (context 8,192) in 6",
        ),
        (
            FINE,
            refusing("no", param="model"),
            EvidenceSide.REFERENCE,
            "model",
            "the reference refused (the model) in 6",
        ),
        (FINE, TOO_LARGE, EvidenceSide.REFERENCE, "too_large", "the reference sent a body too large to be read in 6"),
        (
            FINE,
            exchange(b"<html>", request=asked()),
            EvidenceSide.REFERENCE,
            "not_json",
            "the reference sent a body that is not JSON in 6",
        ),
    ],
)
def test_a_stored_reason_is_reported_by_side_and_cause_with_its_count(live, reference, side, cause, sentence):
    [found] = shortfalls({reason(live, reference): 6})
    assert (found.side, found.cause, found.pairs, found.sentence) == (side, cause, 6, sentence)
    assert found.remedy


def test_reasons_of_one_cause_are_added_up_and_the_most_frequent_comes_first():
    many = {
        "the reference returned no complete response (denied): status 429: wait a little": 2,
        reason(FINE, error(429)): 3,
        reason(error(500), FINE): 4,
    }
    assert [(found.cause, found.pairs) for found in shortfalls(many)] == [("429", 5), ("500", 4)]


def test_a_request_that_could_not_be_read_is_neither_sides():
    [found] = shortfalls({"the request could not be read: not_json: Expecting value": 3})
    assert (found.side, found.sentence) == (EvidenceSide.UNKNOWN, "the request could not be read in 3")


def test_a_reason_in_the_wording_of_an_older_version_is_counted_with_the_new_one():
    many = {
        "the reference gave no whole answer (barred): status 429: wait a little": 2,
        "the reference returned no complete response (denied): status 429: wait a little": 1,
    }
    assert [(found.cause, found.pairs) for found in shortfalls(many)] == [("429", 3)]


def test_any_other_reason_is_counted_too():
    assert [found.pairs for found in shortfalls({"something else": 2, "and another": 1})] == [3]


@pytest.mark.parametrize("turned", [False, True])
def test_causes_of_equal_frequency_stand_in_the_order_of_side_and_cause(turned):
    reasons = [(reason(FINE, error(429)), 2), (reason(error(429), FINE), 2), (reason(FINE, error(401)), 2)]
    found = shortfalls(dict(reasons[::-1] if turned else reasons))
    assert [(one.side, one.cause) for one in found] == [
        (EvidenceSide.PROVIDER, "429"),
        (EvidenceSide.REFERENCE, "401"),
        (EvidenceSide.REFERENCE, "429"),
    ]


@pytest.mark.parametrize(
    ("refused", "cause", "about", "remedy"),
    [
        ("context 8192", "context 8192", "context 8,192", "nothing to do: these prompts are longer"),
        ("context", "context", "context", "nothing to do"),
        ("parameter top_k", "parameter top_k", "the member top_k", '`drop = ["top_k"]`'),
        ("thinking", "thinking", "earlier thinking", "`strip_thinking = true`"),
        ("model", "model", "the model", "check its name for the model"),
        ("request", "request", "the request", "inspect one of these pairs"),
    ],
)
def test_a_refusal_is_stated_by_what_it_is_about_with_what_to_do(refused, cause, about, remedy):
    [found] = shortfalls({f"the reference returned no complete response (refused: {refused}): status 400: no": 6})
    assert (found.cause, found.sentence) == (cause, f"the reference refused ({about}) in 6")
    assert found.remedy.startswith(remedy)
    assert refused_for(cause) == about


@pytest.mark.parametrize(
    ("reason", "cause", "sentence"),
    [
        ("the provider returned no complete response (failed): dns: x", "dns", "the provider was not found (DNS) in 1"),
        ("the provider returned no complete response (failed): 418: x", "418", "the provider answered with status 418 in 1"),
        (
            "the provider returned no complete response (failed): odd_thing: x",
            "odd_thing",
            "the provider failed (odd thing) in 1",
        ),
        ("the provider returned no complete response (failed)", "other", "the provider failed (other) in 1"),
        ("two different APIs: a and b", "other_api", "the two answered by different APIs in 1"),
        ("something else", "other", "the two could not be compared in 1"),
    ],
)
def test_any_other_cause_is_stated_by_its_number_or_its_words(reason, cause, sentence):
    [found] = shortfalls({reason: 1})
    assert (found.cause, found.sentence) == (cause, sentence)
    assert refused_for(cause) == ""
