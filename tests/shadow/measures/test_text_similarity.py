import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.measures.text_similarity import character_similarity, ratio, text_similarity


@given(st.text(max_size=300), st.text(max_size=300))
def test_likeness_is_symmetric_and_within_its_bounds(one, other):
    assert text_similarity(one, other) == text_similarity(other, one)
    assert 0 <= text_similarity(one, other) <= 1
    assert character_similarity(one, other) == character_similarity(other, one)


def test_spacing_is_no_difference_and_the_order_of_words_is_one():
    assert text_similarity("the  quick\nbrown fox", "the quick brown fox ") == 1
    assert text_similarity("the quick brown fox", "fox brown quick the") < 1


def test_two_empty_texts_are_alike_and_an_empty_one_is_unlike_any_other():
    assert text_similarity("", "") == 1
    assert text_similarity("", "something") == 0


def test_texts_without_spaces_are_compared_by_characters():
    assert (
        0.5
        < text_similarity(
            "今天天气很好我们去公园散步吧因为阳光明媚而且没有风", "今天天气很好我们去公园跑步吧因为阳光明媚而且没有雨"
        )
        < 1
    )


def test_unequal_strings_never_reach_one_however_late_they_part():
    assert character_similarity("x" * 5000 + "a", "x" * 5000 + "b") < 1


@pytest.mark.parametrize(("one", "other", "expected"), [(0, 0, 1), (0, 5, 0), (2, 4, 0.5), (4, 2, 0.5)])
def test_a_ratio_is_the_smaller_over_the_larger(one, other, expected):
    assert ratio(one, other) == expected
