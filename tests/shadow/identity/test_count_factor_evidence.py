"""How many prompts and equal answers a factor needs, and how near they must be to it; each bound with the value beside it.

All sizes are parts of 1,024 and every miss has its opposite, so that the fitted factor is exact.
"""

from dataclasses import replace

import pytest

from shadow.identity.count_factor import factor_explanations
from shadow.identity.prompt_sample import TokenCause
from tests.shadow.identity.prompts import pair

SIZES = [64, 128, 256, 1024] * 10
BILL, UNEXPLAINED, TOKENIZER = TokenCause.BILL, TokenCause.UNEXPLAINED, TokenCause.TOKENIZER


def causes(made):
    return [cause for one in factor_explanations(made) for cause in one.causes]


def answered(made, answers):
    """The first pairs have equal answers of these (reference, provider) tokens."""
    answers = [*answers]
    equal = [
        replace(one, reference_completion=reference, provider_completion=provider, same_text=1)
        for one, (reference, provider) in zip(made, answers, strict=False)
    ]
    return [*equal, *made[len(answers) :]]


def billed(factor=1.5):
    return [pair(size, round(factor * size)) for size in SIZES]


@pytest.mark.parametrize(("kept", "expected"), [(25, [BILL]), (24, [])])
def test_a_factor_must_hold_for_more_than_six_in_ten_prompts(kept, expected):
    made = [pair(1024, 1536 if place < kept else 1024) for place in range(40)]
    assert causes(answered(made, [(100, 150)] * 20)) == expected


@pytest.mark.parametrize(("miss", "explained"), [(0, [1.0]), (1, [1.0]), (2, [])])
def test_a_prompt_may_miss_the_factor_by_one_token(miss, explained):
    made = [pair(512, 768 + miss * (-1) ** place) for place in range(24)] + [pair(1024, 1536)] * 16
    assert [one.explained for one in factor_explanations(answered(made, [(100, 150)] * 20))] == explained


@pytest.mark.parametrize(("miss", "expected"), [(1, BILL), (2, UNEXPLAINED)])
def test_an_equal_answer_may_miss_the_factor_by_one_token(miss, expected):
    assert causes(answered(billed(), [(100, 150 + miss)] * 20)) == [expected]


@pytest.mark.parametrize(("words", "expected"), [(8, BILL), (7, UNEXPLAINED)])
def test_an_equal_answer_counts_from_eight_tokens_in_the_shorter_count(words, expected):
    assert causes(answered(billed(2.0), [(words, 2 * words)] * 10)) == [expected]


@pytest.mark.parametrize(("kept", "expected"), [(19, BILL), (18, UNEXPLAINED)])
def test_nineteen_of_twenty_equal_answers_must_keep_the_factor_of_the_prompts(kept, expected):
    assert causes(answered(billed(), [(100, 150)] * kept + [(100, 120)] * (20 - kept))) == [expected]


@pytest.mark.parametrize(
    ("same", "equal", "expected"), [(10, 10, []), (9, 9, [UNEXPLAINED]), (19, 20, []), (18, 20, [UNEXPLAINED])]
)
def test_equal_answers_with_equal_counts_contradict_a_factor(same, equal, expected):
    assert causes(answered(billed(), [(100, 100)] * same + [(100, 120)] * (equal - same))) == expected


def test_counts_that_are_smaller_by_one_factor_are_no_bill():
    assert causes(answered(billed(0.5), [(100, 50)] * 20)) == [UNEXPLAINED]


def test_a_bill_states_its_factor_and_the_equal_answers_and_what_is_unexplained_states_nothing():
    [bill] = factor_explanations(answered(billed(), [(100, 150)] * 12))
    assert bill.sentence == "both counts are larger by the factor 1.50 while 12 answers are equal: the bill"
    [other] = factor_explanations(billed())
    assert (other.causes, other.sentence) == ((UNEXPLAINED,), "")


def test_prompts_without_any_tokens_have_no_factor():
    assert causes([pair(0)] * 20) == []


SPLIT = [(100, 112), (100, 140), (100, 125), (100, 131), (100, 118)] * 4
"""Equal answers as another tokenizer counts them."""


def rough(size=400, miss=30):
    """A quarter more, missed by so many tokens upwards and downwards, and kept exactly by one prompt in five."""
    return [pair(size, 5 * size // 4 + miss * (-1) ** place) for place in range(32)] + [pair(1024, 1280)] * 8


@pytest.mark.parametrize(
    ("size", "miss", "explained"),
    [(8, 2, 40 / 40), (8, 3, 8 / 40), (400, 30, 24 / 40), (400, 23, 40 / 40), (400, 24, 24 / 40)],
)
def test_another_tokenizer_may_miss_three_tenths_of_the_difference_and_two_tokens_of_a_small_one(size, miss, explained):
    [found] = factor_explanations(answered(rough(size, miss), SPLIT))
    assert (found.causes, found.explained) == ((TOKENIZER,), explained)
    assert found.sentence == "another tokenizer, or estimated counts: prompts +25%, and equal answers are counted differently too"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (SPLIT[:10], [TOKENIZER]),
        (SPLIT[:9], []),
        ([(100, 100)] * 4 + SPLIT[:6], [TOKENIZER]),
        ([(100, 100)] * 5 + SPLIT[:5], []),
        ([(100, 125)] * 18 + [(100, 140)] * 2, [TOKENIZER]),
        ([(100, 125)] * 19 + [(100, 140)], []),
        ([(100, 125)] * 17 + [(100, 126)] * 2 + [(100, 140)], []),
        ([(100, 125)] * 16 + [(100, 127)] * 3 + [(100, 140)], [TOKENIZER]),
    ],
    ids=["ten", "nine", "six differ", "five differ", "18 by a factor", "19 by a factor", "within a token", "beyond a token"],
)
def test_another_tokenizer_counts_most_equal_answers_otherwise_and_not_by_one_factor(answers, expected):
    assert causes(answered(rough(), answers)) == expected


@pytest.mark.parametrize(
    ("smallest", "constant", "expected"),
    [(10, 2.5, [TOKENIZER]), (10, 3.5, []), (50, 9.5, [TOKENIZER]), (50, 13.5, [])],
)
def test_a_constant_beside_the_factor_is_no_tokenizer_but_for_three_tokens_or_a_tenth_of_the_difference(
    smallest, constant, expected
):
    sizes = [smallest + smallest // 10 * 4 * place for place in range(40)]
    made = [pair(size, size + int(size / 4 + constant)) for size in sizes]
    assert causes(answered(made, SPLIT)) == expected
