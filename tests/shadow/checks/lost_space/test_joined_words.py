from shadow.checks.lost_space.joined_words import COMMON, JOINED, LEFT, RIGHT, STRONG


def test_the_lists_hold_lower_case_words_and_build_on_each_other():
    for words in (STRONG, LEFT, RIGHT, COMMON, JOINED):
        assert all(word.isascii() and word.isalpha() and word.islower() for word in words)
    assert STRONG <= LEFT <= COMMON
    assert STRONG <= RIGHT <= COMMON


def test_no_common_word_is_mistaken_for_two():
    joined = {one + two for one in COMMON for two in COMMON if len(one + two) > 4}
    assert joined & COMMON <= JOINED
