"""A cause is checked against all pairs and against each kind of request."""

from dataclasses import replace

import pytest

from shadow.identity.prompt_sample import TokenCause, explanation
from tests.shadow.identity.prompts import Server, samples

[ONE] = samples(Server(), count=1)
PLAIN = replace(ONE, tools=0, system=0, reasoning_turns=0)


def test_the_least_share_is_of_the_kind_of_request_that_is_explained_least():
    made = [PLAIN] * 30 + [replace(PLAIN, tools=2)] * 10
    found = explanation((TokenCause.STUB,), made, [True] * 30 + [False] * 5 + [True] * 5, "why")
    assert (found.explained, found.worst, found.sentence) == (35 / 40, 0.5, "why")


@pytest.mark.parametrize(("few", "worst"), [(10, 0.0), (9, 30 / 39)])
def test_a_kind_of_fewer_than_ten_pairs_does_not_count_by_itself(few, worst):
    made = [PLAIN] * 30 + [replace(PLAIN, system=1)] * few
    assert explanation((TokenCause.STUB,), made, [True] * 30 + [False] * few, "").worst == worst


def test_a_difference_is_what_the_provider_counts_more():
    assert replace(ONE, provider_tokens=7, reference_tokens=9).difference == -2


def test_a_convention_is_no_fault_and_the_rest_are():
    assert {cause for cause in TokenCause if not cause.is_fault} == {TokenCause.NONE, TokenCause.STUB, TokenCause.TOO_FEW}


@pytest.mark.parametrize(
    "kind",
    [{"tools": 1}, {"tools": 0}, {"system": 1}, {"system": 0}, {"reasoning_turns": 1}, {"reasoning_turns": 0}],
    ids=["tools", "no tools", "system", "no system", "reasoning", "no reasoning"],
)
def test_each_kind_of_request_by_itself_is_judged_separately(kind):
    [(field, value)] = kind.items()
    others = dict.fromkeys(("tools", "system", "reasoning_turns"), 2) | {field: 0 if value else 2}
    own = others | kind
    made = [replace(ONE, **others)] * 30 + [replace(ONE, **own)] * 10
    found = explanation((TokenCause.STUB,), made, [True] * 30 + [False] * 10, "")
    assert (found.explained, found.worst) == (0.75, 0.0)


def test_few_pairs_are_judged_as_a_whole():
    found = explanation((TokenCause.STUB,), [PLAIN] * 4, [True, True, True, False], "why")
    assert (found.causes, found.explained, found.worst, found.sentence) == ((TokenCause.STUB,), 0.75, 0.75, "why")
