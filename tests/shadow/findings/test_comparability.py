import pytest

from proxy.exchange import FailureKind
from shadow.findings.comparability import (
    Comparability,
    api_path,
    comparability_of,
    cut_reason,
    first_choices,
    not_comparable_reason,
    side_names,
)
from shadow.findings.pair import PairKind
from shadow.reading.completion import ProviderError, Unread, UnreadReason
from tests.shadow.compare.made import answer, ask, call, choice, completion, failed, pair, unread


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


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (199, (Comparability.FAILED, "status 199")),
        (200, (Comparability.WHOLE, "")),
        (299, (Comparability.WHOLE, "")),
        (300, (Comparability.FAILED, "status 300")),
    ],
)
def test_answer_is_whole_with_a_status_of_success_alone(status, expected):
    assert comparability_of(answer("hello", status=status)) == expected
    unparsed = unread(UnreadReason.BROKEN, status=status)
    assert comparability_of(unparsed)[1] == (expected[1] or "broken: for a test")


@pytest.mark.parametrize(
    ("side", "words"),
    [
        (answer("half", failure=FailureKind.RESET), "reset: as it is"),
        (answer("half", failure=FailureKind.CLIENT_GONE), "client_gone: as it is"),
        (failed(500), "error 500 server_error: out of luck"),
        (failed(429), "status 429"),
        (unread(UnreadReason.TRUNCATED), "truncated: for a test"),
    ],
)
def test_phrase_of_a_side_names_its_end_and_the_detail(side, words):
    assert comparability_of(side)[1] == words


def test_error_with_a_code_is_named_by_it_and_one_about_the_key_is_a_denial_whatever_its_status():
    coded = ProviderError(status=500, type="server_error", code="overloaded", message="Oh", in_stream=False)
    keyless = ProviderError(status=400, type="", code="", message="Invalid API key", in_stream=False)
    said = Unread(why=UnreadReason.ERROR, detail="")
    assert comparability_of(answer(said, status=500, error=coded)) == (Comparability.FAILED, "error 500 overloaded: Oh")
    assert comparability_of(answer(said, status=400, error=keyless)) == (Comparability.DENIED, "status 400: Invalid API key")


@pytest.mark.parametrize(
    ("type_", "message", "words"),
    [("", "Oh", "error 500: Oh"), ("server_error", "", "error 500 server_error"), ("", "", "error 500")],
)
def test_error_is_named_by_what_it_has(type_, message, words):
    bare = ProviderError(status=500, type=type_, code="", message=message, in_stream=False)
    said = Unread(why=UnreadReason.ERROR, detail="")
    assert comparability_of(answer(said, status=500, error=bare)) == (Comparability.FAILED, words)


def test_whole_text_with_an_error_or_a_failure_is_not_whole():
    error = ProviderError(status=200, type="server_error", code="", message="Oh", in_stream=True)
    assert comparability_of(answer("half", error=error))[0] is Comparability.FAILED
    assert comparability_of(answer("half", failure=FailureKind.RESET))[0] is Comparability.FAILED


def test_refusal_of_a_parameter_states_it_and_a_denial_does_not():
    error = ProviderError(status=400, type="", code="", message="temperature is not supported", in_stream=False)
    said = Unread(why=UnreadReason.ERROR, detail="")
    refused = not_comparable_reason(pair(answer(said, status=400, error=error), "b", ask(sent=("temperature",))))
    assert refused.startswith("the provider returned no complete response (refused: ")
    assert not_comparable_reason(pair("a", failed(401))) == "the reference returned no complete response (denied): status 401"


def test_reason_is_cut_to_four_hundred_characters():
    long = ProviderError(status=500, type="", code="", message="x" * 500, in_stream=False)
    assert len(not_comparable_reason(pair(answer("a", error=long), "b"))) == 400


def test_two_apis_are_both_named():
    found = not_comparable_reason(pair(answer("a", target="/v1/completions?x=1"), "b"))
    assert found == "two different APIs answered: /completions and /chat/completions"
    assert api_path(answer("a", target="/own/path/?x=1")) == "/own/path"


def test_sides_of_a_control_are_the_two_answers_of_the_reference():
    assert side_names(pair("a", "b")) == ("the provider", "the reference")
    assert side_names(pair("a", "b", kind=PairKind.SELF)) == ("the reference's first answer", "its second answer")


def test_first_of_several_choices_counts():
    sides = [completion(choice(name))._replace(choices=(choice(name), choice("other"))) for name in ("a", "b")]
    assert [one.text for one in first_choices(pair(*map(answer, sides)))] == ["a", "b"]


def test_answer_without_a_status_is_whole_where_nothing_failed():
    assert comparability_of(answer("hello", status=None)) == (Comparability.WHOLE, "")
