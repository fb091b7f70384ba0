from itertools import permutations

import pytest

from proxy.exchange import FailureKind, Response
from shadow.drift.exclusions import REMARKS, SENTENCES, Exclusion, remarks, why_cached, why_no_tiebreak
from shadow.reading.completion import Unread, UnreadReason
from tests.shadow.compare.made import answer, ask, choice, completion


def headed(*headers):
    made = answer("Hello")
    response = made.exchange.response
    assert isinstance(response, Response)
    return made._replace(exchange=made.exchange._replace(response=response._replace(headers=headers)))


def gone():
    return answer(Unread(why=UnreadReason.TRUNCATED, detail="cut"), failure=FailureKind.CLIENT_GONE)


FAILED = answer(Unread(why=UnreadReason.EMPTY, detail="nothing"), status=500)
FINE = answer("Hello")


def test_every_reason_has_its_sentence():
    assert set(SENTENCES) == set(Exclusion)
    assert all(sentence for reason, sentence in SENTENCES.items() if reason)
    assert set(Exclusion) > REMARKS


@pytest.mark.parametrize(
    ("asked", "y", "r", "why"),
    [
        (ask(), FINE, FINE, Exclusion.NONE),
        (ask(unread=Unread(why=UnreadReason.NOT_JSON, detail="?")), FINE, FINE, Exclusion.REQUEST_UNREAD),
        (ask(), gone(), FINE, Exclusion.CLIENT_GONE),
        (ask(), answer(Unread(why=UnreadReason.TRUNCATED, detail="long")), FINE, Exclusion.CUT),
        (ask(), FINE, answer(Unread(why=UnreadReason.EMPTY, detail=""), status=429), Exclusion.DENIED),
        (ask(), FAILED, FINE, Exclusion.PROVIDER_FAILED),
        (ask(), FINE, FAILED, Exclusion.REFERENCE_FAILED),
        (ask(), FAILED, FAILED, Exclusion.REFERENCE_FAILED),
        (ask(seed=1), FINE, FINE, Exclusion.SEED),
    ],
)
def test_each_failure_has_its_reason_in_both_orders(asked, y, r, why):
    assert why_no_tiebreak(asked, y, r) is why
    assert bool(why_no_tiebreak(asked, r, y)) == bool(why)


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (headed(("X-Cache", "HIT from edge")), Exclusion.CACHED),
        (headed(("Age", "12")), Exclusion.CACHED),
        (headed(("Cache-Status", "Edge; hit; ttl=30")), Exclusion.CACHED),
        (headed(("Cache-Status", "Edge; fwd=miss")), Exclusion.NONE),
        (headed(("CF-Cache-Status", "HIT")), Exclusion.CACHED),
        (headed(("age", "0"), ("x-cache", "MISS")), Exclusion.NONE),
    ],
)
def test_a_cache_is_recognised_by_the_heads_of_the_reference_alone(odd, why):
    for reference in permutations((answer("Hi"), odd)):
        assert why_cached(ask(), FINE, *reference) is why
    assert why_cached(ask(), FINE, odd) is why
    assert why_cached(ask(), odd, FINE, answer("Hi")) is Exclusion.NONE


def test_a_cache_is_recognised_by_an_id_that_comes_twice():
    named = answer(completion(choice("a"), name="x")), answer(completion(choice("b"), name="x"))
    assert why_cached(ask(), *named) is Exclusion.CACHED
    assert why_cached(ask(), answer(completion(choice("a"), name="y")), named[0]) is Exclusion.NONE


def test_a_cache_is_recognised_by_a_long_text_that_comes_twice_unless_it_is_greedy():
    long = answer("same " * 300)
    assert why_cached(ask(), long, long) is Exclusion.CACHED
    assert why_cached(ask(temperature=0.5), long, long) is Exclusion.CACHED
    assert why_cached(ask(temperature=0.2), long, long) is Exclusion.NONE


def test_further_choices_and_greedy_texts_are_noted_as_never_compared():
    assert remarks(ask(n=2, temperature=0.0)) == (Exclusion.FIRST_CHOICE_ONLY, Exclusion.GREEDY_TEXT)
    assert remarks(ask()) == ()


@pytest.mark.parametrize(("characters", "why"), [(999, Exclusion.NONE), (1_000, Exclusion.CACHED)])
def test_a_text_that_comes_twice_is_from_a_cache_from_a_thousand_characters_on(characters, why):
    same = answer("x" * characters)
    assert why_cached(ask(), same, same) is why
    assert why_cached(ask(), answer("y" * 2_000), same) is Exclusion.NONE


@pytest.mark.parametrize(("temperature", "why"), [(0.49, Exclusion.NONE), (0.5, Exclusion.CACHED), (None, Exclusion.CACHED)])
def test_a_long_text_that_comes_twice_is_from_a_cache_from_a_temperature_of_a_half_on(temperature, why):
    long = answer("same " * 300)
    assert why_cached(ask(temperature=temperature), long, long) is why


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"n": 1}, ()),
        ({"n": 2}, (Exclusion.FIRST_CHOICE_ONLY,)),
        ({"temperature": 0.0}, (Exclusion.GREEDY_TEXT,)),
        ({"temperature": 0.1}, ()),
    ],
)
def test_each_remark_is_made_by_itself(fields, found):
    assert remarks(ask(**fields)) == found


@pytest.mark.parametrize(("age", "why"), [("", Exclusion.NONE), (" 0 ", Exclusion.NONE), ("1", Exclusion.CACHED)])
def test_an_answer_of_an_age_was_in_a_cache(age, why):
    assert why_cached(ask(), FINE, headed(("Age", age))) is why


def test_of_two_failures_the_clients_own_then_the_missing_record_then_the_refusal_comes_first():
    cut = answer(Unread(why=UnreadReason.TRUNCATED, detail="long"))
    denied = answer(Unread(why=UnreadReason.EMPTY, detail=""), status=429)
    assert why_no_tiebreak(ask(), gone(), denied) is why_no_tiebreak(ask(), denied, gone()) is Exclusion.CLIENT_GONE
    assert why_no_tiebreak(ask(), cut, denied) is why_no_tiebreak(ask(), denied, cut) is Exclusion.CUT
    assert why_no_tiebreak(ask(), FAILED, denied) is why_no_tiebreak(ask(), denied, FAILED) is Exclusion.DENIED
