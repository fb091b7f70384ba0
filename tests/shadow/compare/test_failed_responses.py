import pytest

from proxy.exchange import FailureKind
from shadow.compare import failed_responses
from shadow.findings.finding import FindingState
from shadow.findings.pair import PairKind
from shadow.reading.completion import ProviderError, Unread, UnreadReason
from shadow.reading.provider_error import error_of_body
from tests.shadow.compare.made import answer, failed, pair, parts, unread


def refused(status, message):
    error = error_of_body(status, message.encode())
    return answer(Unread(why=UnreadReason.ERROR, detail="an error"), status=status, error=error)


OVERFLOW = refused(400, "This model's maximum context length is 4096 tokens")
PARAMETER = refused(400, "Unsupported value: 'temperature' must be 1")


def test_error_on_one_side_differs_with_its_class_and_message():
    found = failed_responses.error_class(pair(OVERFLOW, "b"))
    assert (found.state, found.subject, found.reference) == (FindingState.DIFFER, "context_overflow", "answered")
    assert "maximum context length is 4096" in found.reason


def test_the_same_kind_on_both_sides_matches_and_two_kinds_differ():
    assert failed_responses.error_class(pair(OVERFLOW, refused(413, "prompt is too long"))).state is FindingState.MATCH
    assert failed_responses.error_class(pair(OVERFLOW, failed(500))).state is FindingState.DIFFER
    assert failed_responses.error_class(pair("a", "b")).state is FindingState.MATCH
    assert failed_responses.error_class(pair(unread(UnreadReason.NOT_JSON), "b")).subject == "no_answer"


def test_error_of_a_key_or_a_rate_is_not_comparable():
    for response in (failed(429), refused(413, "Limit of tokens per minute (TPM)"), unread(UnreadReason.TRUNCATED)):
        assert failed_responses.error_class(pair(response, "b")).state is FindingState.NOT_COMPARABLE
        assert failed_responses.parameters(pair("a", response)).state is FindingState.NOT_COMPARABLE


def test_request_that_only_the_provider_rejects_differs_with_the_parameter():
    found = failed_responses.parameters(pair(PARAMETER, "b"))
    assert (found.state, found.subject, found.reference) == (FindingState.DIFFER, "refuses it", "takes it")
    assert found.reason.startswith("only the provider refuses this request over temperature")
    assert failed_responses.parameters(pair("a", PARAMETER)).reason.startswith("only the reference")


def test_request_that_both_take_or_both_reject_matches():
    for answers, stated in ((("a", "b"), "takes it"), ((PARAMETER, PARAMETER), "refuses it")):
        found = failed_responses.parameters(pair(*answers))
        assert (found.state, found.subject, found.reference, found.score) == (FindingState.MATCH, stated, stated, 1)
    found = failed_responses.error_class(pair("a", "b"))
    assert (found.state, found.subject, found.reference, found.score) == (FindingState.MATCH, "answered", "answered", 1)


def test_parameters_are_not_measured_when_a_server_broke():
    found = failed_responses.parameters(pair(failed(500), "b"))
    assert (found.state, found.reason) == (FindingState.NOT_MEASURED, "the provider failed differently: server")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a", "b", FindingState.MATCH),
        (failed(500), "b", FindingState.DIFFER),
        ("a", failed(400), FindingState.DIFFER),
        (failed(400), failed(422), FindingState.MATCH),
        (failed(500), failed(400), FindingState.DIFFER),
        (failed(429), "b", FindingState.NOT_COMPARABLE),
        ("a", unread(UnreadReason.TRUNCATED), FindingState.NOT_COMPARABLE),
        (answer("half", failure=FailureKind.RESET), failed(503), FindingState.MATCH),
    ],
)
def test_errors_match_when_both_or_neither_blame_the_request(one, other, expected):
    found = failed_responses.error(pair(one, other))
    assert found.state is expected
    assert found.reason or expected is FindingState.MATCH


def test_the_reason_of_an_error_names_each_side_with_its_own_kind():
    found = failed_responses.error_class(pair(OVERFLOW, "b"))
    assert found.reason.startswith("the provider: context_overflow, the reference: answered: This model's maximum")
    other = failed_responses.error_class(pair("a", OVERFLOW))
    assert other.reason.startswith("the provider: answered, the reference: context_overflow: This model's maximum")


@pytest.mark.parametrize(("status", "expected"), [(404, "bad_parameter"), (500, "server"), (418, "unknown")])
def test_an_error_is_of_the_class_of_its_status_where_it_has_no_words(status, expected):
    assert failed_responses.error_class(pair(refused(status, ""), "b")).subject == expected


@pytest.mark.parametrize(("status", "expected"), [(199, "unknown"), (200, "no_answer"), (299, "no_answer"), (300, "unknown")])
def test_an_unread_response_from_200_to_299_is_no_answer_and_beside_it_an_unknown_error(status, expected):
    unreadable = answer(Unread(why=UnreadReason.NOT_JSON, detail="not JSON"), status=status)
    assert failed_responses.response_class(unreadable) == expected


@pytest.mark.parametrize(("one", "other", "denied"), [(failed(429), "b", "the provider"), ("a", failed(429), "the reference")])
def test_denied_error_states_what_became_of_either_side(one, other, denied):
    found = failed_responses.error(pair(one, other))
    assert found.reason.startswith(f"{denied} is denied: ")
    assert (found.subject == "whole", found.reference == "whole") == (one == "a", other == "b")
    assert found.subject
    assert found.reference


@pytest.mark.parametrize(("length", "kept"), [(160, "w" * 160), (161, "w" * 159 + "…")])
def test_reason_keeps_160_characters_of_a_message(length, kept):
    message = refused(400, "w" * length)
    assert failed_responses.error_class(pair(message, "b")).reason.rpartition(": ")[2] == kept
    assert failed_responses.parameters(pair(message, "b")).reason.rpartition(": ")[2] == kept


def test_reason_of_a_denied_response_has_at_most_400_characters():
    error = ProviderError(status=429, type="", code="", message="w" * 500, in_stream=True)
    denied = answer(Unread(why=UnreadReason.ERROR, detail="an error"), error=error)
    found = failed_responses.parameters(pair(denied, "b"))
    assert (len(found.reason), found.reason[-1]) == (400, "w")


BROKEN = answer("half", failure=FailureKind.RESET)


@pytest.mark.parametrize(
    ("one", "other", "kind", "expected"),
    [
        ("a", OVERFLOW, PairKind.CROSS, ("not_comparable", None, "answered", "context_overflow")),
        ("a", OVERFLOW, PairKind.SELF, ("differ", 0.0, "answered", "context_overflow")),
        (OVERFLOW, "b", PairKind.CROSS, ("differ", 0.0, "context_overflow", "answered")),
        ("a", failed(500), PairKind.CROSS, ("differ", 0.0, "answered", "server")),
        (failed(500), OVERFLOW, PairKind.CROSS, ("differ", 0.0, "server", "context_overflow")),
        (BROKEN, "b", PairKind.CROSS, ("differ", 0.0, "no_answer", "answered")),
    ],
)
def test_class_of_an_error_is_not_compared_where_the_reference_alone_refuses_another_provider_s_request(
    one, other, kind, expected
):
    assert parts(failed_responses.error_class(pair(one, other, kind=kind)))[:5] == ("error_class", *expected)


@pytest.mark.parametrize(
    ("one", "other", "kind", "expected"),
    [
        ("a", PARAMETER, PairKind.CROSS, ("not_comparable", None, "takes it", "refuses it")),
        ("a", PARAMETER, PairKind.SELF, ("differ", 0.0, "takes it", "refuses it")),
        (PARAMETER, "b", PairKind.SELF, ("differ", 0.0, "refuses it", "takes it")),
        (PARAMETER, PARAMETER, PairKind.CROSS, ("match", 1.0, "refuses it", "refuses it")),
    ],
)
def test_request_that_the_reference_alone_refuses_is_compared_with_the_reference_alone(one, other, kind, expected):
    assert parts(failed_responses.parameters(pair(one, other, kind=kind)))[:5] == ("parameters", *expected)


def test_refusal_names_its_side_the_parameter_and_the_message():
    message = "Unsupported value: 'temperature' must be 1"
    reason = f"the provider refuses this request over temperature: {message}"
    assert failed_responses.parameters(pair(PARAMETER, "b")).reason == f"only {reason}"
    reason = f"the reference refuses this request over temperature: {message}"
    assert failed_responses.parameters(pair("a", PARAMETER)).reason == f"only {reason}"


def test_side_that_failed_otherwise_is_named_whichever_it_is():
    found = failed_responses.parameters(pair("a", failed(500)))
    assert parts(found) == ("parameters", "not_measured", None, "", "", "the reference failed differently: server")
    assert failed_responses.parameters(pair(PARAMETER, BROKEN)).reason == "the reference failed differently: no_answer"


def test_class_of_an_error_states_both_sides_without_a_message_where_none_was_sent():
    found = failed_responses.error_class(pair(BROKEN, "b"))
    assert found.reason == "the provider: no_answer, the reference: answered"
    both = failed_responses.error_class(pair(failed(500), OVERFLOW))
    assert both.reason == "the provider: server, the reference: context_overflow: out of luck"


@pytest.mark.parametrize(
    ("made", "stated"),
    [
        (unread(UnreadReason.NOT_JSON, status=None), "no_answer"),
        (unread(UnreadReason.NOT_JSON, status=500), "unknown"),
        (unread(UnreadReason.NOT_JSON, status=500, failure=FailureKind.RESET), "no_answer"),
        (answer("a"), "answered"),
    ],
)
def test_response_without_an_error_is_no_answer_where_its_connection_failed_or_its_status_is_fine(made, stated):
    assert failed_responses.response_class(made) == stated


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [
        (failed(400), failed(399), "differ"),
        (failed(400), failed(499), "match"),
        (failed(499), failed(500), "differ"),
        (failed(500), failed(503), "match"),
        (failed(400, in_stream=True), failed(400), "match"),
        (unread(UnreadReason.NOT_JSON, status=422), failed(422), "match"),
        (unread(UnreadReason.NO_RESPONSE, status=None, failure=FailureKind.RESET), failed(500), "match"),
        (unread(UnreadReason.NOT_JSON, status=422, failure=FailureKind.RESET), failed(422), "differ"),
    ],
)
def test_failure_is_the_request_s_fault_by_a_status_from_400_to_499(one, other, state):
    assert failed_responses.error(pair(one, other)).state == state


def test_error_of_one_side_is_stated_beside_the_whole_answer_of_the_other():
    how = "error 500 server_error: out of luck"
    found = failed_responses.error(pair("a", failed(500)))
    assert parts(found) == ("error", "differ", 0.0, "whole", how, f"a whole answer against {how}")
    back = failed_responses.error(pair(failed(500), "b"))
    assert parts(back) == ("error", "differ", 0.0, how, "whole", f"{how} against a whole answer")


def test_two_whole_answers_have_the_findings_that_are_made_ahead():
    both = pair("a", "a")
    found = [judge(both) for judge in (failed_responses.error, failed_responses.error_class, failed_responses.parameters)]
    assert found == [failed_responses.BOTH_WHOLE, failed_responses.BOTH_ANSWER, failed_responses.BOTH_TAKE]
