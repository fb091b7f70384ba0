import pytest

from shadow.compare import call_kept
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, call, choice, pair, parts

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


def test_call_that_is_kept_or_lost_is_stated_by_what_each_side_did():
    found = call_kept.call_kept(pair("It is sunny.", CALLS))
    reason = "the reference calls get_weather, the provider gives text"
    assert parts(found) == ("call_kept", "differ", 0.0, "text", "tools:get_weather", reason)
    other = choice(calls=(call("f", "{}"),))
    assert parts(call_kept.call_kept(pair(other, CALLS))) == ("call_kept", "match", 1.0, "tools:f", "tools:get_weather", "")
    assert call_kept.call_kept(pair(CALLS, "a")).reason == "the reference calls no tool"
    cut = choice(calls=(call(),), finish="length")
    assert call_kept.call_kept(pair(cut, CALLS)).state is FindingState.MATCH


def test_question_beside_a_call_names_the_side_that_asks():
    found = call_kept.ask_back(pair(QUESTION, CALLS))
    reason = "the provider asks back, the other answer calls a tool"
    assert parts(found) == ("ask_back", "differ", 0.0, "asks back", "acts", reason)
    assert call_kept.ask_back(pair(QUESTION, "b")).reason == "neither answer calls a tool"
    assert call_kept.ask_back(pair(QUESTION, CALLS, ask(tools=()))).reason == "the request offers no tools"
    cut = choice(QUESTION, finish="length")
    assert parts(call_kept.ask_back(pair(cut, CALLS))) == ("ask_back", "match", 1.0, "is cut", "acts", "")
    acts = choice(QUESTION, calls=(call(),))
    assert parts(call_kept.ask_back(pair(acts, CALLS))) == ("ask_back", "match", 1.0, "acts", "acts", "")
