"""Votes of conversations on the checks of a report: what they name, and how seldom in error."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.drift.paired_checks import FEWEST, Votes, excesses, plain

PARTY = ("p", "m", "ref")
counts = st.tuples(st.integers(0, 40), st.integers(0, 40))
tables = st.lists(counts, min_size=1, max_size=30)


def votes(plus: int, minus: int, check: str = "empty_answer") -> Votes:
    return Votes(party=PARTY, signal=check, plus=plus, minus=minus, alone=plus, conversations=200)


def named(table) -> list[int]:
    found = excesses([votes(plus, minus, f"check_{place}") for place, (plus, minus) in enumerate(table)])
    return [place for place, one in enumerate(found) if one.named]


@pytest.mark.parametrize(
    ("table", "expected"), [([(5, 0)], [0]), ([(4, 0)], []), ([(7, 1)], []), ([(8, 1)], [0]), ([(10, 2)], [0]), ([(9, 2)], [])]
)
def test_a_check_is_named_from_five_votes_to_none_on(table, expected):
    assert named(table) == expected


def test_checks_that_could_not_be_named_cost_nothing_and_those_that_could_do():
    assert named([(5, 0), *[(2, 2)] * 29]) == [0]
    assert named([(6, 0), (2, 4)]) == []
    assert named([(7, 0), (2, 4)]) == [0]
    assert named([(9, 0), *[(20, 20)] * 9]) == []
    assert named([(10, 0), *[(20, 20)] * 9]) == [0]


def test_what_is_named_makes_the_step_to_the_next_easier():
    assert named([(7, 0), (7, 0), (7, 0), (7, 0)]) == []
    assert named([(20, 0), (20, 0), (20, 0), (7, 0)]) == [0, 1, 2]


def test_a_marker_in_every_text_is_named_by_twenty_conversations_among_thirty_live_checks():
    assert named([(20, 0), *[(10, 10)] * 29]) == [0]


def test_a_check_that_breaks_no_client_is_never_named():
    (one,) = excesses([votes(200, 0, "lumpy_calls")])
    assert not one.named


@given(tables)
def test_the_reference_is_never_taken_for_the_provider(table):
    swapped = [(minus, plus) for plus, minus in table]
    assert not set(named(table)) & set(named(swapped))
    assert all(table[place][0] > table[place][1] for place in named(table))


@given(tables, st.data())
def test_more_votes_against_the_provider_never_remove_its_name(table, data):
    place = data.draw(st.integers(0, len(table) - 1))
    plus, minus = table[place]
    if minus and place in named(table):
        assert place in named([*table[:place], (plus + 1, minus - 1), *table[place + 1 :]])


@given(tables, st.randoms())
def test_the_order_of_the_checks_changes_nothing(table, chance):
    order = list(range(len(table)))
    chance.shuffle(order)
    assert {order[place] for place in named([table[place] for place in order])} == set(named(table))


@given(st.integers(0, 5 - 1).flatmap(lambda total: st.tuples(st.just(total), st.integers(0, total))))
def test_fewer_votes_than_the_fewest_name_nothing(case):
    total, plus = case
    assert named([(plus, total - plus)]) == []


@pytest.mark.slow
def test_reports_of_equal_parties_name_a_check_in_one_of_a_hundred_at_most():
    chance = random.Random(7)
    reports = 2_000
    false = 0
    for _ in range(reports):
        sizes = [chance.randint(0, 24) for _ in range(20)]
        heads = [chance.getrandbits(size).bit_count() if size else 0 for size in sizes]
        false += bool(named([(plus, size - plus) for plus, size in zip(heads, sizes, strict=True)]))
    assert false / reports <= 0.01


@pytest.mark.parametrize(
    ("faulty", "answers", "beyond"), [(10, 50, True), (9, 50, False), (49, 49, False), (200, 1_000, True), (199, 1_000, False)]
)
def test_the_absolute_bar_is_a_fifth_of_fifty_answers(faulty, answers, beyond):
    assert plain("empty_answer", faulty, answers) is beyond
    assert not plain("lumpy_calls", faulty, answers)


def test_the_figures_stay_with_their_check():
    one, other = excesses([votes(14, 1), replace(votes(0, 0), signal="usage")])
    assert (one.votes.plus, one.p, one.p_holm) == (14, pytest.approx(16 / 2**15), one.p)
    assert (other.p, other.p_holm, other.named) == (1.0, 1.0, False)


def test_the_fewest_votes_that_name_a_check_are_those_that_a_report_states():
    assert FEWEST == 5
    assert (named([(5, 0)]), named([(4, 0)])) == ([0], [])
