import pytest

from shadow.compare import prompt_and_completion_tokens
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import answer, choice, completion, pair, parts


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


def test_counts_of_tokens_are_stated_in_their_order_with_their_ratio():
    found = prompt_and_completion_tokens.prompt_tokens(pair(with_tokens(20, 5), with_tokens(5, 5)))
    assert parts(found) == ("prompt_tokens", "differ", 0.25, "20", "5", "20 prompt tokens against 5 for the same request")
    found = prompt_and_completion_tokens.completion_tokens(pair(with_tokens(1, 400), with_tokens(1, 100)))
    reason = "400 completion tokens against 100: beyond 2x and 50 tokens"
    assert parts(found) == ("completion_tokens", "differ", 0.25, "400", "100", reason)
    near = prompt_and_completion_tokens.completion_tokens(pair(with_tokens(1, 10), with_tokens(1, 40)))
    assert parts(near) == ("completion_tokens", "match", 0.25, "10", "40", "")


def test_completion_tokens_of_a_cut_answer_are_shown_and_a_missing_count_names_its_side():
    cut = answer(completion(choice("a", finish="length"), tokens=(1, 50)))
    found = prompt_and_completion_tokens.completion_tokens(pair(cut, with_tokens(1, 200)))
    assert parts(found)[:5] == ("completion_tokens", "not_comparable", None, "50", "200")
    missing = prompt_and_completion_tokens.completion_tokens(pair(with_tokens(1, 5), with_tokens(1, None)))
    assert parts(missing) == ("completion_tokens", "not_measured", None, "", "", "the reference reports no completion_tokens")
