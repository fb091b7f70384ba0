from shadow.checks.lost_space.lexicon import COMMON_WORDS, FUNCTION, WHOLE


def test_the_lists_hold_small_letters_and_each_word_once():
    assert all(word.isascii() and word.isalpha() and word.islower() for word in COMMON_WORDS | FUNCTION | WHOLE)
    assert not COMMON_WORDS & WHOLE
    assert all(len(word) > 2 for word in FUNCTION)
