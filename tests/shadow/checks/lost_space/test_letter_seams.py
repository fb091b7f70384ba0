import pytest

from shadow.checks.lost_space.letter_seams import has_a_seam, has_closed, is_beside_a_short_one, precedes_a_name
from shadow.checks.lost_space.word_pairs import KNOWN


@pytest.mark.parametrize(
    ("left", "right"), [("the", "closure"), ("and", "buttons"), ("closures", "which"), ("kowalczyk", "from"), ("than", "zwölf")]
)
def test_no_longer_word_has_these_letters_beside_that_word(left, right):
    assert has_a_seam(left, right)


ORDINARY = """
    therapist theory theatre island android thatched thistle arena warehouse notebook button willing hashing almost youngest yours
    bathe breathe software husband thousand therefore forearm toucan somewhat anywhere furthermore commonly strengthen parentheses
    units profits because phone house everyone company recovery panther brother together synthesis sunflower gotcha
"""


@pytest.mark.parametrize("word", ORDINARY.split())
def test_no_ordinary_word_has_such_a_seam(word):
    assert not [at for at in range(1, len(word)) if has_a_seam(word[:at], word[at:])]


@pytest.mark.parametrize(
    ("left", "right"), [("to", "define"), ("a", "pointer"), ("is", "private"), ("window", "at"), ("define", "a")]
)
def test_a_word_of_one_or_two_letters_beside_a_known_one_is_one_of_its_own(left, right):
    assert is_beside_a_short_one(left, right, KNOWN)


LONGER = "together today tolower arise await asynchronous ongoing inconvenient become domain reform format startup"


@pytest.mark.parametrize("word", LONGER.split())
def test_what_makes_a_longer_word_with_it_is_none(word):
    assert not [at for at in range(1, len(word)) if is_beside_a_short_one(word[:at], word[at:], KNOWN)]


def test_a_long_word_that_has_come_to_its_end_goes_on_no_further():
    assert has_closed("declarations", "include", KNOWN)
    assert not has_closed("conversation", "include", KNOWN)
    assert not has_closed("declarations", "kowalczyk", KNOWN)


def test_a_name_follows_small_words_and_an_identifier_goes_on_with_a_capital():
    assert precedes_a_name("the", "Danube")
    assert not precedes_a_name("set", "Timeout")
    assert not precedes_a_name("the", "API")
