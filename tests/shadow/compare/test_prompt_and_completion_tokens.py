import pytest

from shadow.compare import prompt_and_completion_tokens
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import answer, choice, completion, pair


def with_tokens(*tokens):
    return answer(completion(choice("a"), tokens=tokens or None))


def test_any_difference_of_prompt_tokens_differs():
    assert prompt_and_completion_tokens.prompt_tokens(pair(with_tokens(10, 5), with_tokens(10, 9))).state is FindingState.MATCH
    found = prompt_and_completion_tokens.prompt_tokens(pair(with_tokens(9, 5), with_tokens(10, 5)))
    assert (found.state, found.score) == (FindingState.DIFFER, 0.9)
    assert (
        prompt_and_completion_tokens.prompt_tokens(pair(with_tokens(), with_tokens(10, 5))).reason
        == "the provider reports no prompt_tokens"
    )
    assert (
        prompt_and_completion_tokens.prompt_tokens(pair(with_tokens(9, 5), with_tokens(None, 5))).state
        is FindingState.NOT_MEASURED
    )


def test_completion_tokens_differ_beyond_twice_and_50_tokens():
    assert (
        prompt_and_completion_tokens.completion_tokens(pair(with_tokens(1, 10), with_tokens(1, 60))).state is FindingState.MATCH
    )
    found = prompt_and_completion_tokens.completion_tokens(pair(with_tokens(1, 50), with_tokens(1, 200)))
    assert (found.state, found.score) == (FindingState.DIFFER, 0.25)
    cut = answer(completion(choice("a", finish="length"), tokens=(1, 50)))
    assert prompt_and_completion_tokens.completion_tokens(pair(cut, with_tokens(1, 200))).state is FindingState.NOT_COMPARABLE


@pytest.mark.parametrize(
    ("one", "other", "state"), [(10, 60, "match"), (10, 61, "differ"), (60, 120, "match"), (60, 121, "differ")]
)
def test_completion_tokens_match_at_twice_or_50_tokens_and_differ_beside_it(one, other, state):
    found = prompt_and_completion_tokens.completion_tokens(pair(with_tokens(1, one), with_tokens(1, other)))
    assert found.state == state
