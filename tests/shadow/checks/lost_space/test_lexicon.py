from shadow.checks.lost_space.lexicon import (
    COMMON_HALVES,
    COMMON_WORDS,
    FUNCTION_WORDS,
    LEFT_HALVES,
    RIGHT_HALVES,
    SELDOM_IN_LONGER_WORDS,
    UNDIVIDED_STEMS,
    UNDIVIDED_WORDS,
    is_undivided,
)


def test_every_list_holds_small_ascii_letters():
    for words in (COMMON_WORDS, FUNCTION_WORDS, UNDIVIDED_WORDS, SELDOM_IN_LONGER_WORDS, COMMON_HALVES, UNDIVIDED_STEMS):
        assert all(word.isascii() and word.isalpha() and word.islower() for word in words)


def test_halves_include_the_words_seldom_in_longer_ones():
    assert SELDOM_IN_LONGER_WORDS <= LEFT_HALVES <= COMMON_HALVES
    assert SELDOM_IN_LONGER_WORDS <= RIGHT_HALVES <= COMMON_HALVES


def test_common_words_and_undivided_words_share_no_word():
    assert not COMMON_WORDS & UNDIVIDED_WORDS


def test_function_words_have_three_letters_or_more():
    assert all(len(word) > 2 for word in FUNCTION_WORDS)


def test_common_half_made_of_two_others_is_undivided():
    joined = {one + two for one in COMMON_HALVES for two in COMMON_HALVES if len(one + two) > 4}
    assert joined & COMMON_HALVES <= UNDIVIDED_STEMS


def test_inflection_of_an_undivided_stem_is_undivided():
    assert all(map(is_undivided, ("forage", "foraging", "forager", "foraged", "forages")))
    assert not is_undivided("soulsbeneath")
