import pytest

from proxy.exchange import FailureKind
from shadow.findings.comparability import Comparability, comparability_of, cut_reason, not_comparable_reason
from shadow.findings.pair import PairKind
from shadow.reading.completion import ProviderError, Unread, UnreadReason
from tests.shadow.compare.made import answer, ask, call, choice, failed, pair, unread


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        (answer("hello"), Comparability.WHOLE),
        (failed(500), Comparability.FAILED),
        (failed(200, in_stream=True), Comparability.FAILED),
        (failed(429), Comparability.DENIED),
        (failed(401), Comparability.DENIED),
        (unread(UnreadReason.BROKEN), Comparability.FAILED),
        (unread(UnreadReason.NOT_JSON), Comparability.FAILED),
        (unread(UnreadReason.TRUNCATED), Comparability.UNRECORDED),
        (unread(UnreadReason.ENCODING), Comparability.UNRECORDED),
        (answer("half", failure=FailureKind.RESET), Comparability.FAILED),
        (answer("half", failure=FailureKind.CLIENT_GONE), Comparability.UNRECORDED),
        (unread(UnreadReason.NO_RESPONSE, status=None, failure=FailureKind.CONNECT), Comparability.FAILED),
        (unread(UnreadReason.NO_RESPONSE, status=None, failure=FailureKind.STALE), Comparability.UNRECORDED),
    ],
)
def test_state_of_a_side_names_the_side_at_fault(side, expected):
    where, how = comparability_of(side)
    assert where is expected
    assert bool(how) == (expected is not Comparability.WHOLE)


def test_two_whole_answers_are_comparable():
    assert not_comparable_reason(pair("a", "b")) == ""


def test_pair_that_is_not_comparable_states_which_side_and_why():
    assert "the reference returned no complete response (failed)" in not_comparable_reason(pair("a", failed()))
    assert "the reference's first answer" in not_comparable_reason(pair(failed(), "b", kind=PairKind.SELF))
    assert "not_json" in not_comparable_reason(pair("a", "b", ask(unread=Unread(why=UnreadReason.NOT_JSON, detail="?"))))


def test_two_apis_are_not_compared_and_a_prefix_is_no_api():
    assert "two different APIs" in not_comparable_reason(pair(answer("a", target="/v1/completions"), "b"))
    assert not_comparable_reason(pair(answer("a", target="/groq/v1/chat/completions?x=1"), "b")) == ""


def test_cut_answer_names_its_side():
    cut = choice(calls=(call(),), finish="length")
    assert cut_reason(pair("a", "b")) == ""
    assert cut_reason(pair(cut, "b")) == "the provider ended by a limit on length"
    assert cut_reason(pair(cut, cut)) == "the provider and the reference ended by a limit on length"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, Comparability.DENIED) for status in (401, 402, 403, 407, 429)),
        *((status, Comparability.FAILED) for status in (400, 404, 406, 408, 428, 430, 500)),
    ],
)
def test_a_response_is_denied_for_its_key_its_bill_or_its_rate_alone(status, expected):
    silent = ProviderError(status=status, type="", code="", message="", in_stream=False)
    refused = answer(Unread(why=UnreadReason.ERROR, detail=""), status=status, error=silent)
    assert comparability_of(refused)[0] is expected
