import math

import pytest

from shadow.compare import token_logprobs
from shadow.findings.finding import FindingState
from shadow.reading.completion import Logprob
from tests.shadow.compare.made import answer, choice, pair, parts


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


def test_log_probabilities_are_stated_by_their_means_over_the_common_tokens():
    one = likely(("a", -0.5), ("b", -1.5), ("c", -9.0))
    other = likely(("a", -1.0), ("b", -2.0), ("d", -7.0))
    found = token_logprobs.logprob(pair(one, other))
    reason = "0.500 nats apart over the 2 tokens that both begin with: beyond 0.1"
    assert parts(found) == ("logprob", "differ", pytest.approx(math.exp(-0.5)), "-1.0000", "-1.5000", reason)
    assert parts(token_logprobs.logprob(pair(one, one)))[:3] == ("logprob", "match", 1.0)


def test_log_probabilities_on_one_side_or_of_other_tokens_are_not_compared():
    one = likely(("a", -0.5))
    for made in (pair(one, "b"), pair("a", one), pair("a", "b")):
        assert token_logprobs.logprob(made).reason == "not both answers carry log probabilities"
    assert token_logprobs.logprob(pair(one, likely(("b", -0.5)))).reason == "the two answers diverge at the first token"
