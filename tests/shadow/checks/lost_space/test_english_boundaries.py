import pytest

from shadow.checks.lost_space.english_boundaries import (
    is_after_an_ending,
    is_beside_two_letters,
    is_between_words,
    precedes_a_name,
)
from shadow.checks.lost_space.word_pairs import KNOWN


@pytest.mark.parametrize(
    ("left", "right"), [("the", "closure"), ("and", "buttons"), ("closures", "which"), ("kowalczyk", "from"), ("than", "zwölf")]
)
def test_letters_that_no_longer_word_has_beside_a_word_are_two_words(left, right):
    assert is_between_words(left, right)


ORDINARY = """
    therapist theory theatre island android thatched thistle arena warehouse notebook button willing hashing almost youngest yours
    bathe breathe software husband thousand therefore forearm toucan somewhat anywhere furthermore commonly strengthen parentheses
    units profits because phone house everyone company recovery panther brother together synthesis sunflower gotcha
"""


@pytest.mark.parametrize("word", ORDINARY.split())
def test_ordinary_word_has_no_boundary_wherever_it_is_cut(word):
    assert not [at for at in range(1, len(word)) if is_between_words(word[:at], word[at:])]


@pytest.mark.parametrize(
    ("left", "right"), [("to", "define"), ("a", "pointer"), ("is", "private"), ("window", "at"), ("define", "a")]
)
def test_short_word_beside_a_known_one_is_a_word_of_its_own(left, right):
    assert is_beside_two_letters(left, right, KNOWN)


LONGER = "together today tolower arise await asynchronous ongoing inconvenient become domain reform format startup"


@pytest.mark.parametrize("word", LONGER.split())
def test_short_part_of_a_longer_word_is_no_word_of_its_own(word):
    assert not [at for at in range(1, len(word)) if is_beside_two_letters(word[:at], word[at:], KNOWN)]


def test_known_word_after_an_ending_of_long_words_is_another_word():
    assert is_after_an_ending("declarations", "include", KNOWN)
    assert not is_after_an_ending("conversation", "include", KNOWN)
    assert not is_after_an_ending("declarations", "kowalczyk", KNOWN)


def test_capital_after_a_small_word_is_a_name_and_after_another_an_identifier():
    assert precedes_a_name("the", "Danube")
    assert not precedes_a_name("set", "Timeout")
    assert not precedes_a_name("the", "API")


@pytest.mark.parametrize(
    ("left", "right", "name"),
    [
        ("between", "Abc", True),
        ("between", "Ab", False),
        ("between", "ABc", False),
        ("between", "abc", False),
        ("kowalczyk", "Danube", False),
    ],
)
def test_name_has_three_letters_of_which_the_first_alone_is_a_capital(left, right, name):
    assert precedes_a_name(left, right) is name


@pytest.mark.parametrize(
    ("left", "right", "beside"),
    [
        ("must", "me", True),
        ("each", "a", True),
        ("and", "a", False),
        ("kowalczyk", "a", False),
        ("a", "not", True),
        ("a", "we", False),
        ("a", "bout", False),
        ("to", "gether", False),
        ("to", "day", False),
        ("a", "day", True),
        ("in", "than", True),
        ("in", "can", False),
        ("or", "can", False),
        ("his", "at", False),
        ("are", "at", False),
    ],
)
def test_known_word_of_enough_letters_beside_two_letters_is_another(left, right, beside):
    assert is_beside_two_letters(left, right, KNOWN) is beside


@pytest.mark.parametrize(
    ("left", "right", "after"),
    [
        ("declarations", "which", True),
        ("declarations", "our", False),
        ("ability", "which", False),
        ("cations", "which", True),
        ("ations", "which", False),
        ("xingly", "which", False),
    ],
)
def test_ending_of_long_words_counts_from_seven_letters_before_a_word_of_four(left, right, after):
    assert is_after_an_ending(left, right, KNOWN) is after


@pytest.mark.parametrize(
    ("left", "right", "two"),
    [("because", "qz", False), ("because", "qzx", True), ("xqz", "which", False), ("xqzw", "which", True), ("are", "and", False)],
)
def test_other_run_beside_a_word_has_three_letters_or_four_before_it(left, right, two):
    assert is_between_words(left, right) is two
