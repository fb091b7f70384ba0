from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.demo.draws import RandomDraws, generator, pick, unit


@given(st.text(), st.integers())
def test_a_unit_lies_between_nought_and_one_and_is_the_same_for_the_same_key(word, number):
    assert 0 <= unit(word, number) < 1
    assert unit(word, number) == unit(word, number)


def test_another_key_gives_another_unit_even_when_the_joined_text_is_alike():
    assert unit("ab", "c") != unit("a", "bc")


def test_pick_spreads_over_all_options():
    assert {pick("abc", number) for number in range(60)} == set("abc")


def test_temperature_0_always_draws_the_first_option():
    draws = RandomDraws(generator(1), 0.0)
    assert {draws.vary(["first", "second"], 0.9) for _ in range(100)} == {"first"}


def test_temperature_1_varies_about_as_often_as_its_probability():
    draws = RandomDraws(generator(1), 1.0)
    taken = Counter(draws.vary(["first", "second", "third"], 0.3) for _ in range(3_000))
    assert 750 < taken["second"] + taken["third"] < 1_050


def test_equal_keys_give_equal_draws():
    assert generator("a", 1).random() == generator("a", 1).random()


def test_unit_of_a_key_is_this_number_on_any_machine():
    assert unit("fill", 1, "city") == pytest.approx(0.4921323166064224, abs=1e-12)


def test_temperature_0_draws_the_first_option_whatever_the_generator_returns():
    class Lowest(random.Random):
        def random(self):
            return 0.0

    assert RandomDraws(Lowest(1), 0.0).vary(["first", "second"], 0.9) == "first"


def test_other_options_are_equally_likely_and_a_single_one_never_varies():
    draws = RandomDraws(generator(1), 100.0)
    taken = Counter(draws.vary(["first", "second", "third"], 1.0) for _ in range(1_000))
    assert taken["first"] == 0
    assert 430 < taken["second"] < 570
    assert {draws.vary(["first", "second"], 1.0) for _ in range(20)} == {"second"}
    assert draws.vary(["only"], 1.0) == "only"
