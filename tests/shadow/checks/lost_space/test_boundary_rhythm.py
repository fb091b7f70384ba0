# ruff: noqa: RUF001 - quotation marks of other languages belong to this
import re
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.checks.lost_space.boundary_rhythm import odd_boundaries, tight_boundaries

PROSE = "The survey of the valley, as it was, took three weeks; nobody asked Mr Kowalczyk for 12 apples. " * 3


def odd(pieces):
    return odd_boundaries(pieces, "".join(pieces), tight_boundaries(pieces))


def words(text):
    return re.findall(r"\s*\S+|\s+\Z", text)


@pytest.mark.parametrize("position", range(1, 50))
def test_lost_space_in_a_stream_of_whole_words_is_found_at_its_offset(position):
    pieces = words(PROSE)
    pieces[position] = pieces[position].lstrip()
    (found,) = odd(pieces)
    assert found.at == len("".join(pieces[:position]))


def test_stream_of_another_language_with_spaces_has_the_rhythm():
    pieces = words("Le château, qui fut détruit, n’était pas très loin; él cantó años. " * 5)
    pieces[20] = pieces[20].lstrip()
    assert len(odd(pieces)) == 1


@pytest.mark.parametrize(
    "pieces",
    [
        words(PROSE),
        words(PROSE)[: 30 - 2],
        [piece for word in words(PROSE) for piece in re.findall(r"\s*\w+|\W", word)],
        [*words(PROSE), "x" * 60, "y" * 60],
        [*words(PROSE), " https://example.org/a", "b?c=d"],
        [*words(PROSE), " 今天", "天气"],
        [*words(PROSE), " user_", "name"],
        [*words(PROSE), " 20", "24"],
        [" the dog and", " the cat", "alogue of"] * 10,
    ],
)
def test_stream_without_rhythm_or_words_has_no_odd_boundary(pieces):
    assert not odd(pieces)


def test_stream_without_rhythm_gives_none_and_faithful_stream_an_empty_list():
    assert odd(words(PROSE)) == []
    assert odd(words(PROSE)[: 30 - 2]) is None
    assert odd([*words(PROSE), "a", "b", "c"]) is None


def test_pieces_of_several_words_have_the_rhythm_from_eighty_boundaries():
    groups = [" of the dog and then"] * 80
    assert odd([*groups, " of all", "these things"])
    assert odd([*groups[: 30 + 2], " of all", "these things"]) is None


@given(st.lists(st.text(st.sampled_from("ab, \n\u2003\x1f\0\1é`"), min_size=1, max_size=3), min_size=1))
def test_boundary_is_tight_where_neither_piece_has_a_space(pieces):
    ends = accumulate(map(len, pieces))
    tight = [at for at, (one, two) in zip(ends, pairwise(pieces), strict=False) if not (one[-1].isspace() or two[0].isspace())]
    assert tight_boundaries(pieces) == tight


LOST = [" the", "which", " so"]
"""Pieces with a lost space in the midst."""


@pytest.mark.parametrize(
    ("pieces", "places"),
    [
        ([" dog,"] * 2 + [" cat"] * 26 + LOST, None),
        ([" dog,"] * 2 + [" cat"] * 27 + LOST, 1),
        ([" dog,"] + [" cat"] * 29 + LOST, None),
        ([" dog"] * 78 + LOST, None),
        ([" dog"] * 79 + LOST, 1),
        ([" of dog,"] * 30 + LOST, None),
        ([" dog,"] * 2 + [" of it"] + [" cat"] * 44 + LOST, 1),
        ([" dog,"] * 2 + [" of it"] + [" cat"] * 43 + LOST, None),
        ([" dog,"] * 2 + [" cat"] * 40 + [*LOST, " a", "b", " c"], None),
        ([" dog,"] * 2 + [" cat"] * 92 + [*LOST, " a", "b", " c"], 1),
        ([" dog,"] * 2 + [" cat"] * 91 + [*LOST, " a", "b", " c"], None),
        ([" dog,"] * 2 + [" cat"] * 29, 0),
    ],
)
def test_rhythm_begins_at_thirty_words_with_two_marks_or_at_eighty_spaces_and_bears_two_hundredths_without(pieces, places):
    found = odd(pieces)
    assert (found if found is None else len([each for each in found if each.left == "the"])) == places


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        (" the", "which ", ("the", "which")),
        (" (the)", "12 ", ("the", "12")),
        (" a1", "1a ", None),
        (" a1", "which ", ("a1", "which")),
        (" 12", "which ", ("12", "which")),
        (" ((((the", "which ", ("the", "which")),
        (" (((((the", "which ", None),
        (" the!!!!", "which ", ("the", "which")),
        (" the!!!!!", "which ", None),
        (" the", "((((which ", ("the", "which")),
        (" the", "(((((which ", None),
        (" the", "which!!!! ", ("the", "which")),
        (" the", "which!!!!! ", None),
        (" it’s", "well-known ", ("it’s", "well-known")),
        (" •", "which ", ("•", "which")),
        (" =>", "which ", None),
        (" " + "•" * 12, "which ", ("•" * 12, "which")),
        (" " + "•" * 13, "which ", None),
        (" x/the", "which ", None),
        (" the", "a_b ", None),
        (" the", "k" * 47 + " ", ("the", "k" * 47)),
        (" the", "k" * 48 + " ", None),
        (" " + "k" * 47, "which ", ("k" * 47, "which")),
        (" " + "k" * 48, "which ", None),
    ],
)
def test_boundary_between_two_words_of_prose_is_odd_and_another_is_not(left, right, words):
    found = odd([*words_of_prose(), left, right, " then"])
    assert [(each.left, each.right) for each in found] == ([] if words is None else [words])


def words_of_prose():
    return words(PROSE)


def test_word_at_the_beginning_and_at_the_end_of_a_stream_is_whole():
    begun = odd(["the", "which ", *words_of_prose()])
    assert [(each.at, each.left, each.right) for each in begun] == [(3, "the", "which")]
    ended = odd([*words_of_prose(), " the", "which"])
    assert [(each.left, each.right) for each in ended] == [("the", "which")]
    for length, count in ((47, 1), (48, 0)):
        assert len(odd(["k" * length, "which ", *words_of_prose()])) == count
        assert len(odd([*words_of_prose(), " the", "k" * length])) == count
