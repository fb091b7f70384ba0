from shadow.compare import error_kind
from shadow.findings.finding import FindingState
from shadow.reading.completion import Unread, UnreadReason
from shadow.reading.provider_error import error_of_body
from tests.shadow.compare.made import answer, failed, pair, unread


def refused(status, message):
    error = error_of_body(status, message.encode())
    return answer(Unread(why=UnreadReason.ERROR, detail="an error"), status=status, error=error)


OVERFLOW = refused(400, "This model's maximum context length is 4096 tokens")
PARAMETER = refused(400, "Unsupported value: 'temperature' must be 1")


def test_an_error_on_one_side_is_named_with_its_kind_and_words():
    found = error_kind.error_kind(pair(OVERFLOW, "b"))
    assert (found.state, found.subject, found.reference) == (FindingState.DIFFER, "context_overflow", "answered")
    assert "maximum context length is 4096" in found.reason


def test_the_same_kind_on_both_sides_matches_and_two_kinds_differ():
    assert error_kind.error_kind(pair(OVERFLOW, refused(413, "prompt is too long"))).state is FindingState.MATCH
    assert error_kind.error_kind(pair(OVERFLOW, failed(500))).state is FindingState.DIFFER
    assert error_kind.error_kind(pair("a", "b")).state is FindingState.MATCH
    assert error_kind.error_kind(pair(unread(UnreadReason.NOT_JSON), "b")).subject == "no_answer"


def test_a_key_or_a_rate_is_nobodys_fault_whatever_its_status():
    for leg in (failed(429), refused(413, "Limit of tokens per minute (TPM)"), unread(UnreadReason.TRUNCATED)):
        assert error_kind.error_kind(pair(leg, "b")).state is FindingState.NOT_COMPARABLE
        assert error_kind.parameters(pair("a", leg)).state is FindingState.NOT_COMPARABLE


def test_a_request_that_only_one_side_refuses_breaks_the_contract_and_names_the_parameter():
    found = error_kind.parameters(pair(PARAMETER, "b"))
    assert (found.state, found.subject, found.reference) == (FindingState.DIFFER, "refuses it", "takes it")
    assert found.reason.startswith("only the provider refuses this request over temperature")
    assert error_kind.parameters(pair("a", PARAMETER)).reason.startswith("only the reference")


def test_a_request_that_both_take_or_both_refuse_keeps_it():
    assert error_kind.parameters(pair("a", "b")).state is FindingState.MATCH
    assert error_kind.parameters(pair(PARAMETER, PARAMETER)).state is FindingState.MATCH


def test_a_server_that_broke_gives_no_evidence_of_parameters():
    found = error_kind.parameters(pair(failed(500), "b"))
    assert (found.state, found.reason) == (FindingState.NOT_MEASURED, "the provider failed otherwise: server")
