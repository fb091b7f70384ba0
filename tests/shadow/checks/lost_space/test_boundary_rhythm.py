# ruff: noqa: RUF001 - quotation marks of other languages belong to this
import re
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.checks.lost_space.boundary_rhythm import GROUPS, WORDS, odd_boundaries, tight_boundaries

PROSE = "The survey of the valley, as it was, took three weeks; nobody asked Mr Kowalczyk for 12 apples. " * 3


def odd(pieces):
    return odd_boundaries(pieces, "".join(pieces), tight_boundaries(pieces))


def words(text):
    return re.findall(r"\s*\S+|\s+\Z", text)


@pytest.mark.parametrize("position", range(1, 50))
def test_each_space_that_one_of_whole_words_loses_is_seen(position):
    pieces = words(PROSE)
    pieces[position] = pieces[position].lstrip()
    (found,) = odd(pieces)
    assert found.at == len("".join(pieces[:position]))


def test_other_languages_with_spaces_have_the_rhythm_too():
    pieces = words("Le château, qui fut détruit, n’était pas très loin; él cantó años. " * 5)
    pieces[20] = pieces[20].lstrip()
    assert len(odd(pieces)) == 1


@pytest.mark.parametrize(
    "pieces",
    [
        words(PROSE),
        words(PROSE)[: WORDS - 2],
        [piece for word in words(PROSE) for piece in re.findall(r"\s*\w+|\W", word)],
        [*words(PROSE), "x" * 60, "y" * 60],
        [*words(PROSE), " https://example.org/a", "b?c=d"],
        [*words(PROSE), " 今天", "天气"],
        [*words(PROSE), " user_", "name"],
        [*words(PROSE), " 20", "24"],
        [" the dog and", " the cat", "alogue of"] * 10,
    ],
)
def test_what_has_no_rhythm_or_no_words_is_left_alone(pieces):
    assert not odd(pieces)


def test_what_cannot_be_known_is_distinguished_from_what_is_fine():
    assert odd(words(PROSE)) == []
    assert odd(words(PROSE)[: WORDS - 2]) is None
    assert odd([*words(PROSE), "a", "b", "c"]) is None


def test_pieces_of_several_words_have_a_rhythm_too():
    groups = [" of the dog and then"] * GROUPS
    assert odd([*groups, " of all", "these things"])
    assert odd([*groups[: WORDS + 2], " of all", "these things"]) is None


@given(st.lists(st.text(st.sampled_from("ab, \n\u2003\x1f\0\1é`"), min_size=1, max_size=3), min_size=1))
def test_boundaries_without_a_space_are_those_where_no_piece_has_one(pieces):
    ends = accumulate(map(len, pieces))
    tight = [at for at, (one, two) in zip(ends, pairwise(pieces), strict=False) if not (one[-1].isspace() or two[0].isspace())]
    assert tight_boundaries(pieces) == tight
