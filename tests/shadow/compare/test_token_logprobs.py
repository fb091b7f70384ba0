import pytest

from shadow.compare import token_logprobs
from shadow.findings.finding import FindingState
from shadow.reading.completion import Logprob
from tests.shadow.compare.made import answer, choice, pair


def likely(*pairs):
    return answer(choice("ab")._replace(logprobs=tuple(Logprob(token=token, logprob=value) for token, value in pairs)))


def test_log_probabilities_are_held_together_while_the_tokens_are_the_same():
    one, other = likely(("a", -0.1), ("b", -1.0), ("c", -9.0)), likely(("a", -0.12), ("b", -1.04), ("d", -1.0))
    assert token_logprobs.logprob(pair(one, other)).state is FindingState.MATCH
    found = token_logprobs.logprob(pair(one, likely(("a", -0.5), ("b", -1.0))))
    assert (found.state, found.reason) == (
        FindingState.DIFFER,
        "0.200 nats apart over the 2 tokens that both begin with: beyond 0.1",
    )
    assert token_logprobs.logprob(pair(one, likely(("x", -1.0)))).state is FindingState.NOT_MEASURED
    assert token_logprobs.logprob(pair("a", "b")).state is FindingState.NOT_MEASURED


@pytest.mark.parametrize(("distance", "state"), [(0.1, "match"), (0.101, "differ")])
def test_log_probabilities_match_up_to_a_tenth_of_a_nat(distance, state):
    assert token_logprobs.logprob(pair(likely(("a", 0.0)), likely(("a", -distance)))).state == state
