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


@pytest.mark.parametrize(("place", "alike"), [(1_999, False), (2_000, True)])
def test_of_texts_without_spaces_the_first_2_000_characters_are_compared(place, alike):
    text = "x" * 2_500
    assert (character_similarity(text, text[:place] + "y" + text[place + 1 :]) > 0.9999) == alike


@pytest.mark.parametrize(("place", "alike"), [(7_998, False), (8_000, True)])
def test_of_texts_with_spaces_the_first_8_000_characters_are_compared(place, alike):
    text = "a " * 4_500
    assert (text_similarity(text, text[:place] + "b" + text[place + 1 :]) == 1) == alike


@pytest.mark.parametrize(("length", "by_words"), [(24, True), (25, False)])
def test_a_word_of_more_than_twelve_characters_beyond_its_share_is_a_text_without_spaces(length, by_words):
    likeness = text_similarity("x" * length, "x" * (length - 1) + "y")
    assert (likeness == 0) == by_words


def test_a_text_of_spaces_has_no_word_of_another_one():
    assert text_similarity(" " * 20, " a b") == 0


def test_long_words_of_a_long_text_are_compared_as_words():
    """Of its first 8,000 characters each word has eleven, with its space."""
    assert text_similarity("abcdefghij " * 1_000, "abcdefghik " * 1_000) < 0.01
