"""Counts that are larger by one factor: equal answers tell a bill from a tokenizer."""

from dataclasses import replace

import pytest

from shadow.identity.count_factor import factor_explanations
from shadow.identity.prompt_sample import TokenCause
from tests.shadow.identity.prompts import Server, Traffic, samples


def causes(made):
    return [cause for one in factor_explanations(made) if one.explained >= 0.95 for cause in one.causes]


@pytest.mark.parametrize("factor", [1.05, 1.13, 2.0])
def test_the_same_factor_in_both_token_counts_is_a_bill(factor):
    assert causes(samples(Server(factor=factor))) == [TokenCause.BILL]


def test_a_factor_in_the_prompts_alone_is_no_bill_and_no_tokenizer():
    made = [replace(one, provider_completion=one.reference_completion) for one in samples(Server(factor=1.13))]
    assert causes(made) == []


@pytest.mark.slow
def test_a_factor_beside_something_else_is_no_tokenizer():
    assert causes(samples(Server(factor=1.3, preamble="# Tools\n"), traffic=Traffic(tools=0.9))) == []


@pytest.mark.parametrize(("equal", "expected"), [(10, TokenCause.BILL), (9, TokenCause.UNEXPLAINED)])
def test_ten_equal_answers_are_enough(equal, expected):
    made = [replace(one, same_text=0) for one in samples(Server(factor=1.5), traffic=Traffic(equal=1.0))]
    long = [place for place, one in enumerate(made) if min(one.provider_completion, one.reference_completion) >= 8]
    for place in long[:equal]:
        made[place] = replace(made[place], same_text=1)
    assert causes(made) == [expected]


@pytest.mark.slow
def test_a_tokenizer_counts_equal_answers_otherwise_and_a_longer_prompt_does_not():
    made = samples(Server(piece=7), seed=4)
    assert causes(made) == [TokenCause.TOKENIZER]
    assert causes([replace(one, provider_completion=one.reference_completion) for one in made]) == []


def test_less_than_two_in_a_hundred_is_no_factor():
    assert causes(samples(Server(factor=1.01))) == []
