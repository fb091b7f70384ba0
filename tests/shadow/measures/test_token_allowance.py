"""What a provider may count beyond its reference, an example at each bound and one beside it."""

import pytest

from shadow.measures.token_allowance import COMPLETION_ALLOWANCE, PROMPT_ALLOWANCE


@pytest.mark.parametrize(
    ("allowance", "tokens", "counts"),
    [
        (PROMPT_ALLOWANCE, 299, False),
        (PROMPT_ALLOWANCE, 300, True),
        (COMPLETION_ALLOWANCE, 99, False),
        (COMPLETION_ALLOWANCE, 100, True),
    ],
)
def test_pair_counts_from_the_least_tokens_of_its_reference_on(allowance, tokens, counts):
    assert allowance.counts(tokens) is counts


@pytest.mark.parametrize(
    ("allowance", "provider", "excess"),
    [
        (PROMPT_ALLOWANCE, 1_008, 0.0),
        (PROMPT_ALLOWANCE, 1_009, 1.0),
        (COMPLETION_ALLOWANCE, 1_006, 0.0),
        (COMPLETION_ALLOWANCE, 1_007, 1.0),
    ],
)
def test_excess_begins_half_a_percent_and_the_offset_above_the_reference(allowance, provider, excess):
    assert allowance.excess(provider, 1_000) == pytest.approx(excess)
