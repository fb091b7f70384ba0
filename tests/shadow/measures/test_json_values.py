import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.findings.finding_builders import short
from shadow.measures.json_values import canonical, first_difference, key_scores, same_meaning, shown_value, value_similarity

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_writing_a_value_in_another_form_changes_nothing(value):
    again = json.loads(json.dumps(value, sort_keys=True, indent=3, ensure_ascii=False))
    assert canonical(value) == canonical(again)
    assert first_difference(value, again, "x") == ""


@given(JSON, JSON)
def test_values_that_part_have_a_path_and_values_that_do_not_have_none(one, other):
    assert (first_difference(one, other, "x") == "") == (canonical(one) == canonical(other))


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (2**53, 2.0**53), (0.0, -0.0), ({"a": 1, "b": 2}, {"b": 2.0, "a": 1})])
def test_numbers_are_equal_by_value(one, other):
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (0, False), ("1", 1), (None, "null"), ([1, 2], [2, 1]), (0.1, 0.2), ([], {})]
)
def test_values_of_another_kind_or_order_differ(one, other):
    assert canonical(one) != canonical(other)


def test_a_number_that_is_none_equals_itself():
    assert canonical(math.nan) == canonical(math.nan)


def test_each_key_has_its_own_score():
    assert key_scores({"city": "Paris", "days": 3}, {"days": 3.0, "city": "Paris"}) == [1, 1]
    assert 0.7 < key_scores({"city": "Pariz"}, {"city": "Paris"})[0] < 1
    assert key_scores({"city": "x", "unit": "C"}, {"city": "x", "days": 3}) == [1, 0, 0]
    assert key_scores({}, {}) == [1]


def test_likeness_is_for_strings_only():
    assert value_similarity(4, 5) == 0
    assert value_similarity({"a": 1}, {"a": 2}) == 0
    assert 0 < value_similarity("abcd", "abce") < 1


def test_the_first_difference_names_the_path_and_both_values():
    one, other = {"q": {"cities": ["Paris", "Rome"]}}, {"q": {"cities": ["Paris", "Oslo"]}}
    assert first_difference(one, other, "find") == 'find.q.cities[1]: "Rome" against "Oslo"'
    assert first_difference({"a": 1}, {}, "f") == "f.a: 1 against absent"
    assert first_difference([1], [1, 2], "f") == "f[1]: absent against 2"


@given(JSON, st.data())
def test_two_values_are_alike_exactly_where_their_canonical_texts_are_equal(value, data):
    texts = st.text(max_size=2) | st.sampled_from(["\ud83d\ude00", "\U0001f600", "\ud83d", 1, 1.0, True])
    other = data.draw(st.one_of(JSON, st.just(json.loads(json.dumps(value))), texts))
    mine = data.draw(st.one_of(st.just(value), texts))
    assert same_meaning(mine, other) == (canonical(mine) == canonical(other))


@given(st.text(min_size=40, max_size=200))
def test_a_long_string_is_shown_as_if_it_had_been_written_whole(text):
    assert shown_value(text) == short(json.dumps(text, ensure_ascii=False), 60)


@pytest.mark.parametrize(
    ("one", "other", "scores"),
    [
        ([1], [1.0], [1]),
        ("abcd", "wxyz", [0]),
        ({"a": 1}, [1], [0]),
        ([1], {"a": 1}, [0]),
        ({"a": 1}, {}, [0]),
        ({}, {"a": 1}, [0]),
    ],
)
def test_values_that_are_not_both_objects_are_scored_as_one(one, other, scores):
    assert key_scores(one, other) == scores


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ([1, 2], [1], "f[1]: 2 against absent"),
        ({}, {"a": 1}, "f.a: absent against 1"),
        ({"a": 1}, [1], 'f: {"a": 1} against [1]'),
        ([1], {"a": 1}, 'f: [1] against {"a": 1}'),
        ({"b": 1, "a": 1}, {"a": 2, "b": 2}, "f.a: 1 against 2"),
        ([1, 2, 3], [1, 5, 6], "f[1]: 2 against 5"),
    ],
)
def test_the_first_difference_is_looked_for_in_the_order_of_the_other_value(one, other, words):
    assert first_difference(one, other, "f") == words


@pytest.mark.parametrize(("length", "whole"), [(58, True), (59, False), (60, False), (61, False), (500, False)])
def test_a_value_is_shown_in_sixty_characters_with_its_quotes(length, whole):
    shown = shown_value("x" * length)
    assert shown == (f'"{"x" * length}"' if whole else f'"{"x" * 58}\N{HORIZONTAL ELLIPSIS}')
