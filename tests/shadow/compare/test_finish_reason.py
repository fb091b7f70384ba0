import pytest

from shadow.compare import finish_reason
from shadow.findings.finding import FindingState, Signal
from tests.shadow.compare.made import answer, ask, call, choice, completion, pair, parts

CALLS = choice(calls=(call(),))


def test_finish_reasons_differ_unless_a_limit_cut_one():
    assert finish_reason.finish_reason(pair("a", "b")).state is FindingState.MATCH
    assert finish_reason.finish_reason(pair("a", choice("b", finish="eos"))).state is FindingState.MATCH
    assert finish_reason.finish_reason(pair("a", choice("b", finish="brake"))).reason == "stop against brake"
    cut = finish_reason.finish_reason(pair(choice("a", finish="length"), "b"))
    assert (cut.signal, cut.state, cut.reason, cut.subject, cut.reference) == (
        *(Signal.FINISH, FindingState.NOT_COMPARABLE, "the provider ended by a limit on length"),
        *("length", "stop"),
    )
    assert finish_reason.finish_reason(pair(choice("a", finish=None), "b")).reason == "the provider gives no finish_reason"


def test_stop_beside_a_forced_call_is_not_comparable():
    stop, calls = choice(calls=(call(),), finish="stop"), choice(calls=(call(),))
    assert finish_reason.finish_reason(pair(stop, calls)).state is FindingState.DIFFER
    assert finish_reason.finish_reason(pair(stop, calls, ask(tool_choice="required"))).state is FindingState.NOT_COMPARABLE
    named = {"type": "function", "function": {"name": "get_weather"}}
    assert finish_reason.finish_reason(pair(stop, calls, ask(tool_choice=named))).state is FindingState.NOT_COMPARABLE


def with_tokens(*tokens):
    return answer(completion(choice("a"), tokens=tokens or None))


def test_finish_trigger_depends_on_the_finish_reason_alone():
    stopped = choice(calls=(call(),), finish="stop")
    found = finish_reason.finish_trigger(pair(stopped, CALLS))
    assert (found.state, found.subject, found.reference) == (FindingState.DIFFER, "stop", "tool_calls")
    assert found.reason == "only the reference ends with tool_calls"
    assert finish_reason.finish_trigger(pair(CALLS, stopped)).reason == "only the provider ends with tool_calls"
    assert finish_reason.finish_trigger(pair("a", choice("b", finish="length"))).state is FindingState.MATCH
    assert finish_reason.finish_trigger(pair("a", "b", ask(tools=()))).state is FindingState.NOT_MEASURED


def test_truncation_differs_where_one_answer_alone_is_cut_at_the_limit():
    cut = choice("and so", finish="length")
    found = finish_reason.truncation(pair(cut, "b", ask(max_tokens=16)))
    assert (found.state, found.reason) == (FindingState.DIFFER, "only the provider is ended by a limit on length (max_tokens 16)")
    alone = "only the reference is ended by a limit on length (its own limit, as the request sets none)"
    assert finish_reason.truncation(pair("a", cut, ask(max_tokens=None))).reason == alone
    assert finish_reason.truncation(pair(cut, cut)).state is FindingState.MATCH


def test_finish_reasons_are_stated_in_their_order_and_a_missing_one_names_its_side():
    found = finish_reason.finish_reason(pair(choice("a", finish="brake"), "b"))
    assert parts(found) == ("finish_reason", "differ", 0.0, "brake", "stop", "brake against stop")
    assert finish_reason.finish_reason(pair("a", choice("b", finish=None))).reason == "the reference gives no finish_reason"


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [("calls", "calls", "not_comparable"), ("calls", "text", "differ"), ("text", "calls", "differ")],
)
def test_forced_call_leaves_the_finish_reason_out_only_where_both_call(one, other, state):
    made = {"calls": choice(calls=(call(),), finish="stop"), "text": choice("a", finish="stop")}
    ended = {"calls": CALLS, "text": choice("a", finish="tool_calls")}
    found = finish_reason.finish_reason(pair(made[one], ended[other], ask(tool_choice="required")))
    assert (found.state, found.subject, found.reference) == (state, "stop", "tool_calls")
    same = finish_reason.finish_reason(pair(CALLS, CALLS, ask(tool_choice="required")))
    assert same.state is FindingState.MATCH


def test_trigger_and_truncation_state_both_sides_in_their_order():
    found = finish_reason.finish_trigger(pair(choice("a", finish=None), CALLS))
    assert parts(found) == ("finish_trigger", "differ", 0.0, "none", "tool_calls", "only the reference ends with tool_calls")
    assert parts(finish_reason.finish_trigger(pair(CALLS, CALLS)))[:3] == ("finish_trigger", "match", 1.0)
    cut = choice("a", finish="length")
    assert parts(finish_reason.truncation(pair(cut, "b")))[:5] == ("truncation", "differ", 0.0, "cut", "not cut")
    assert parts(finish_reason.truncation(pair("a", cut)))[:5] == ("truncation", "differ", 0.0, "not cut", "cut")
    assert parts(finish_reason.truncation(pair("a", "b"))) == ("truncation", "match", 1.0, "not cut", "not cut", "")
