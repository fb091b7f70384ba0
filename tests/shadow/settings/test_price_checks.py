"""Entries of prices that overlap, are never used, or state nothing are refused with a sentence each."""

from datetime import date

import pytest

from shadow.settings.price_checks import price_errors

PATH = ("proxy", "providers", "near")


def sentences(**provider):
    return [(error.path[3:], error.sentence) for error in price_errors(PATH, provider)]


def entry(model=None, since=None, **more):
    named = {"model": model, "since": since}
    return {**{key: value for key, value in named.items() if value is not None}, "input": 1.0, **more}


@pytest.mark.parametrize(
    "entries",
    [
        [entry("kimi-*"), entry("*")],
        [entry("kimi-*", date(2026, 11, 1)), entry("kimi-*"), entry()],
        [entry("kimi-*"), entry("kimi-*", date(2026, 11, 1))],
        [entry("kimi-*", date(2026, 11, 2)), entry("*", date(2026, 11, 1))],
        [entry("*", date(2026, 11, 2)), entry("kimi-*", date(2026, 11, 1))],
        [entry("kimi-k2"), entry("kimi-*")],
        [entry("kimi-[ab]"), entry("kimi-[cd]")],
    ],
)
def test_entries_of_other_models_or_days_are_fine(entries):
    assert sentences(prices=entries) == []


@pytest.mark.parametrize(
    ("one", "other", "day"),
    [
        (entry(), entry(), "model '*' without a date"),
        (entry("kimi-*", date(2026, 11, 1)), entry("kimi-*", date(2026, 11, 1), output=3.0), "model 'kimi-*' since 2026-11-01"),
        (entry("kimi-*", "2026-11-01"), entry("kimi-*", date(2026, 11, 1)), "since 2026-11-01"),
    ],
)
def test_two_prices_of_one_model_and_one_day_overlap(one, other, day):
    [(path, sentence)] = sentences(prices=[one, other])
    assert path == ("prices", 1)
    assert sentence.startswith("overlaps with entry 1: both are for ")
    assert day in sentence


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (entry("*"), entry("kimi-*")),
        (entry("kimi-*"), entry("kimi-k2*")),
        (entry("kimi-?2"), entry("kimi-k2")),
        (entry("*", date(2026, 11, 1)), entry("kimi-*", date(2026, 11, 1))),
    ],
)
def test_entry_below_one_that_fits_the_same_models_is_never_used(above, below):
    [(path, sentence)] = sentences(prices=[above, below])
    assert path == ("prices", 1, "model")
    assert sentence.startswith(f"is never used: entry 1 with model '{above['model']}' is above it")


@pytest.mark.parametrize(("above", "below"), [("gpt-?", "gpt-*"), ("gpt-[!4]*", "gpt-*"), ("?", "*"), ("kimi-k2", "kimi-*")])
def test_narrower_entry_above_a_wider_one_is_no_error(above, below):
    assert sentences(prices=[entry(above), entry(below)]) == []


def test_entry_without_a_price_is_refused():
    [(path, sentence)] = sentences(prices=[{"model": "kimi-*"}])
    assert path == ("prices", 0)
    assert sentence.startswith("states no price; give it one of input, cached_input,")


def test_what_is_declared_twice_of_one_model_overlaps():
    served = [{"model": "kimi-*", "context": 1000}, {"model": "kimi-*", "context": 2000}]
    [(path, _)] = sentences(served=served)
    assert path == ("served", 1)


@pytest.mark.parametrize("prices", [None, 3, "x", [3, "x"], [{"model": 3, "input": 1}, {"since": "soon", "input": 1}], {"a": 1}])
def test_entries_of_another_shape_are_the_matter_of_their_own_errors(prices):
    assert sentences(prices=prices) == []
