import pytest

from proxy.exchange import FailureKind
from shadow.compare import finish_reason
from shadow.findings.finding import FindingState
from shadow.reading.completion import UnreadReason
from tests.shadow.compare.made import answer, ask, call, choice, completion, failed, pair, unread


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
def test_errors_are_compared_by_whose_fault_they_say_it_is(one, other, expected):
    found = finish_reason.error(pair(one, other))
    assert found.state is expected
    assert found.reason or expected is FindingState.MATCH


def test_finish_reasons_are_compared_unless_a_limit_cut_one():
    assert finish_reason.finish_reason(pair("a", "b")).state is FindingState.MATCH
    assert finish_reason.finish_reason(pair("a", choice("b", finish="eos"))).state is FindingState.MATCH
    assert finish_reason.finish_reason(pair("a", choice("b", finish="brake"))).reason == "stop against brake"
    assert finish_reason.finish_reason(pair(choice("a", finish="length"), "b")).state is FindingState.NOT_COMPARABLE
    assert finish_reason.finish_reason(pair(choice("a", finish=None), "b")).reason == "the provider gives no finish_reason"


def test_a_forced_tool_makes_stop_a_convention():
    stop, calls = choice(calls=(call(),), finish="stop"), choice(calls=(call(),))
    assert finish_reason.finish_reason(pair(stop, calls)).state is FindingState.DIFFER
    assert finish_reason.finish_reason(pair(stop, calls, ask(tool_choice="required"))).state is FindingState.NOT_COMPARABLE
    named = {"type": "function", "function": {"name": "get_weather"}}
    assert finish_reason.finish_reason(pair(stop, calls, ask(tool_choice=named))).state is FindingState.NOT_COMPARABLE


def with_tokens(*tokens):
    return answer(completion(choice("a"), tokens=tokens or None))


def test_any_difference_of_prompt_tokens_counts():
    assert finish_reason.prompt_tokens(pair(with_tokens(10, 5), with_tokens(10, 9))).state is FindingState.MATCH
    found = finish_reason.prompt_tokens(pair(with_tokens(9, 5), with_tokens(10, 5)))
    assert (found.state, found.score) == (FindingState.DIFFER, 0.9)
    assert finish_reason.prompt_tokens(pair(with_tokens(), with_tokens(10, 5))).reason == "the provider reports no prompt_tokens"
    assert finish_reason.prompt_tokens(pair(with_tokens(9, 5), with_tokens(None, 5))).state is FindingState.NOT_MEASURED


def test_completion_tokens_differ_beyond_twice_and_fifty():
    assert finish_reason.completion_tokens(pair(with_tokens(1, 10), with_tokens(1, 60))).state is FindingState.MATCH
    found = finish_reason.completion_tokens(pair(with_tokens(1, 50), with_tokens(1, 200)))
    assert (found.state, found.score) == (FindingState.DIFFER, 0.25)
    cut = answer(completion(choice("a", finish="length"), tokens=(1, 50)))
    assert finish_reason.completion_tokens(pair(cut, with_tokens(1, 200))).state is FindingState.NOT_COMPARABLE
