import pytest

from shadow.compare import call_kept
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, call, choice, pair

CALLS = choice(calls=(call(),))
QUESTION = "Which city do you mean?"


def test_call_kept_matches_only_where_the_provider_calls_too():
    assert call_kept.call_kept(pair(CALLS, CALLS)).state is FindingState.MATCH
    found = call_kept.call_kept(pair("It is sunny.", CALLS))
    assert (found.state, found.reason) == (FindingState.DIFFER, "the reference calls get_weather, the provider gives text")
    assert call_kept.call_kept(pair(CALLS, "It is sunny.")).state is FindingState.NOT_MEASURED
    assert call_kept.call_kept(pair("a", "b", ask(tools=()))).reason == "the request offers no tools"


def test_response_cut_before_its_call_is_not_comparable():
    found = call_kept.call_kept(pair(choice("Let me", finish="length"), CALLS))
    reason = "the provider ended by a limit on length before any call"
    assert (found.signal, found.state, found.reason) == ("call_kept", FindingState.NOT_COMPARABLE, reason)


@pytest.mark.parametrize(
    ("made", "step"),
    [
        (CALLS, "acts"),
        (choice("Let me", finish="length"), "is cut"),
        (choice(refusal="I cannot help with that."), "refuses"),
        (choice(None, finish="content_filter"), "is filtered"),
        (QUESTION, "asks back"),
        ("It is sunny.", "answers"),
    ],
)
def test_each_response_beside_a_call_has_a_word_for_what_it_does(made, step):
    assert call_kept.ask_back(pair(made, CALLS)).subject == step
    assert call_kept.ask_back(pair(CALLS, made)).reference == step


def test_question_back_differs_only_where_the_other_side_acts():
    found = call_kept.ask_back(pair(QUESTION, CALLS))
    assert (found.state, found.subject, found.reference) == (FindingState.DIFFER, "asks back", "acts")
    assert call_kept.ask_back(pair(CALLS, QUESTION)).reason.startswith("the reference asks back")
    assert call_kept.ask_back(pair("It is sunny.", CALLS)).state is FindingState.MATCH
    assert call_kept.ask_back(pair(CALLS, CALLS)).state is FindingState.MATCH
    assert call_kept.ask_back(pair(QUESTION, "b")).state is FindingState.NOT_MEASURED
    assert call_kept.ask_back(pair(QUESTION, CALLS, ask(tools=()))).state is FindingState.NOT_MEASURED
