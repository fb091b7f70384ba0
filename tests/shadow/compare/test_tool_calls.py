from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.compare import tool_calls
from shadow.findings.finding import FindingState, Signal
from tests.shadow.compare.made import ask, call, choice, pair, parts

PARIS, ROME = call(arguments='{"city": "Paris"}'), call(arguments='{"city": "Rome"}')


def calls(*made):
    return choice(calls=made)


def test_an_action_differs_where_one_answer_calls_and_the_other_writes():
    assert tool_calls.answer_kind(pair(calls(PARIS), calls(ROME))).state is FindingState.MATCH
    found = tool_calls.answer_kind(pair("It is sunny.", calls(PARIS)))
    assert (found.state, found.reason) == (FindingState.DIFFER, "text against tools:get_weather")


def test_a_trigger_is_measured_only_where_tools_are_offered():
    found = tool_calls.calls_tool(pair("a", calls(PARIS)))
    assert (found.subject, found.reference, found.reason) == ("does not call", "calls", "only the reference calls a tool")
    assert tool_calls.calls_tool(pair(calls(PARIS), "a")).reason == "only the provider calls a tool"
    assert tool_calls.calls_tool(pair("a", "b")).state is FindingState.MATCH
    assert tool_calls.calls_tool(pair("a", "b", ask(tools=()))).state is FindingState.NOT_MEASURED


def test_tool_names_score_as_a_multiset_and_differ_by_order():
    a, b = call("a"), call("b")
    assert tool_calls.tools(pair(calls(a, b), calls(a, b))).state is FindingState.MATCH
    swapped = tool_calls.tools(pair(calls(a, b), calls(b, a)))
    assert (swapped.state, swapped.score) == (FindingState.DIFFER, 1)
    assert "another order" in swapped.reason
    assert tool_calls.tools(pair(calls(a, a), calls(a, b))).score == 0.5


@pytest.mark.parametrize("comparator", [tool_calls.tools, tool_calls.tool_count, tool_calls.arguments])
def test_tool_signals_are_not_comparable_when_only_one_side_calls(comparator):
    assert comparator(pair("a", "b")).state is FindingState.NOT_MEASURED
    found = comparator(pair("a", calls(PARIS)))
    assert (found.state, found.reason) == (FindingState.NOT_COMPARABLE, "only the reference calls a tool")
    assert comparator(pair(calls(PARIS), "a")).reason == "only the provider calls a tool"


def test_counts_are_compared_by_their_ratio():
    found = tool_calls.tool_count(pair(calls(PARIS), calls(PARIS, ROME)))
    assert (found.state, found.score, found.reason) == (FindingState.DIFFER, 0.5, "1 calls against 2")


def test_arguments_of_equal_meaning_match():
    one = call(arguments='{"city":"Paris","days":3}')
    other = call(arguments='{ "days" : 3.0,\n "city" : "\\u0050aris" }')
    found = tool_calls.arguments(pair(calls(one), calls(other)))
    assert (found.state, found.score) == (FindingState.MATCH, 1)


def test_the_order_of_parallel_calls_is_no_difference_of_arguments():
    assert tool_calls.arguments(pair(calls(PARIS, ROME), calls(ROME, PARIS))).state is FindingState.MATCH


@pytest.mark.parametrize(("one", "other"), [((PARIS,), (ROME, PARIS)), ((ROME, PARIS), (PARIS,))])
def test_one_call_is_matched_with_its_equal_among_several(one, other):
    found = tool_calls.arguments(pair(calls(*one), calls(*other)))
    assert (found.state, found.score) == (FindingState.DIFFER, 0.5)
    assert "Rome" not in found.reason


def test_a_difference_of_arguments_names_its_path_and_scores_by_key():
    one, other = call(arguments='{"city": "Rome", "days": 3}'), call(arguments='{"city": "Oslo", "days": 3}')
    found = tool_calls.arguments(pair(calls(one), calls(other)))
    assert found.reason == 'get_weather.city: "Rome" against "Oslo"'
    assert 0.5 < found.score < 1


def test_a_call_without_a_counterpart_counts_as_one_key():
    found = tool_calls.arguments(pair(calls(PARIS), calls(PARIS, call("get_time", "{}"))))
    assert (found.state, found.score) == (FindingState.DIFFER, 0.5)
    assert found.reason == "get_time: only the second of the two answers makes this call"


def test_broken_arguments_differ_from_whole_ones_and_equal_themselves():
    broken = call(arguments='{"city": "Par')
    found = tool_calls.arguments(pair(calls(broken), calls(PARIS)))
    assert found.state is FindingState.DIFFER
    assert "not JSON" in found.reason
    assert tool_calls.arguments(pair(calls(broken), calls(broken))).state is FindingState.MATCH


def test_an_answer_cut_by_its_limit_leaves_arguments_and_counts():
    cut = choice(calls=(PARIS,), finish="length")
    for signal, comparator in ((Signal.ARGUMENTS, tool_calls.arguments), (Signal.TOOL_COUNT, tool_calls.tool_count)):
        found = comparator(pair(cut, calls(PARIS)))
        assert (found.signal, found.state) == (signal, FindingState.NOT_COMPARABLE)
        assert found.reason == "the provider ended by a limit on length"


CALLS = st.lists(
    st.builds(call, st.sampled_from(["a", "b"]), st.sampled_from(['{"x": 1}', '{"x": 1.0}', '{"x": "y"}', "{", "[]", "3"])),
    min_size=1,
    max_size=4,
)


@given(CALLS, CALLS)
def test_arguments_match_exactly_when_their_meanings_do_and_the_score_is_symmetric(one, other):
    found = tool_calls.arguments(pair(calls(*one), calls(*other)))
    back = tool_calls.arguments(pair(calls(*other), calls(*one)))
    assert found.state is back.state
    assert (found.state is FindingState.MATCH) == (found.score == 1)


MADE = st.builds(
    call,
    st.sampled_from(["a", "b"]),
    st.sampled_from(['{"x": 1}', '{"x":1.0}', '{"x": "Paris"}', '{"x": "paris", "y": []}', "[1]", '{"x":', "nope", "{}"]),
)


@given(st.lists(MADE, min_size=1, max_size=3), st.lists(MADE, min_size=1, max_size=3))
def test_equal_calls_are_matched_before_parsing_and_change_no_finding(one, other):
    made = pair(calls(*one), calls(*other))
    found = tool_calls.arguments(made)
    # one more call on either side, alike on both, forces the slow way
    more = call("more", "{ }"), call("more", "{}")
    slow = tool_calls.arguments(pair(calls(*one, more[0]), calls(*other, more[1])))
    assert (found.state, found.reason) == (slow.state, slow.reason)
    assert found.score == 1.0 or found.score < slow.score < 1.0


def test_equal_names_score_as_a_multiset_of_them_would():
    found = tool_calls.tools(pair(calls(call("a"), call("a"), call("b")), calls(call("a"), call("a"), call("b"))))
    assert (found.state, found.score, found.subject) == (FindingState.MATCH, 1.0, "a, a, b")


def test_whether_a_tool_is_called_is_not_compared_where_an_answer_was_cut_before_any_call():
    cut = choice("Let me", finish="length")
    found = tool_calls.calls_tool(pair(cut, calls(PARIS)))
    assert (found.state, found.reason) == (FindingState.NOT_COMPARABLE, "the provider ended by a limit on length before any call")
    assert (
        tool_calls.calls_tool(pair(cut, cut)).reason
        == "the provider and the reference ended by a limit on length before any call"
    )
    assert tool_calls.calls_tool(pair(choice(calls=(PARIS,), finish="length"), calls(PARIS))).state is FindingState.MATCH


@pytest.mark.parametrize(("count", "state"), [(256, FindingState.MATCH), (257, FindingState.NOT_COMPARABLE)])
def test_arguments_of_at_most_256_calls_are_compared_and_what_was_not_is_stated(count, state):
    for one, other in ((count, count), (count, 1), (1, count)):
        found = tool_calls.arguments(pair(calls(*[PARIS] * one), calls(*[PARIS] * other)))
        assert found.state is (FindingState.DIFFER if one != other and count == 256 else state)
        if count > 256:
            assert found.reason == "257 calls in one answer: more than 256 are not compared or validated"
    assert tool_calls.tool_count(pair(calls(*[PARIS] * count), calls(PARIS))).state is FindingState.DIFFER


A, B = call("a", "{}"), call("b", "{}")


@pytest.mark.parametrize(
    ("comparator", "one", "other", "expected"),
    [
        (tool_calls.answer_kind, (A,), (B,), ("answer_kind", "differ", 0.0, "tools:a", "tools:b", "tools:a against tools:b")),
        (
            tool_calls.calls_tool,
            (A,),
            (),
            ("calls_tool", "differ", 0.0, "calls", "does not call", "only the provider calls a tool"),
        ),
        (
            tool_calls.calls_tool,
            (),
            (A,),
            ("calls_tool", "differ", 0.0, "does not call", "calls", "only the reference calls a tool"),
        ),
        (tool_calls.tools, (A, B), (A, B), ("tools", "match", 1.0, "a, b", "a, b", "")),
        (
            *(tool_calls.tools, (A, B), (B, A)),
            ("tools", "differ", 1.0, "a, b", "b, a", "the same tools in another order: a, b against b, a"),
        ),
        (tool_calls.tools, (A,), (A, B, B), ("tools", "differ", 0.5, "a", "a, b, b", "different tools: a against a, b, b")),
        (tool_calls.tools, (A,), (B,), ("tools", "differ", 0.0, "a", "b", "different tools: a against b")),
        (tool_calls.tool_count, (A, A, A), (A,), ("tool_count", "differ", 1 / 3, "3", "1", "3 calls against 1")),
        (tool_calls.tool_count, (A, B), (A, A), ("tool_count", "match", 1.0, "2", "2", "")),
    ],
)
def test_each_signal_of_calls_states_both_sides_in_their_order(comparator, one, other, expected):
    sides = [choice(None if made else "text", calls=made) for made in (one, other)]
    assert parts(comparator(pair(*sides))) == expected


@pytest.mark.parametrize(
    ("one", "other", "score", "reason"),
    [
        (['{"a": 1, "b": 2}'], ['{"a": 1, "b": 3}'], 0.5, "f.b: 2 against 3"),
        (['{"a": 1}', '{"b": 1}'], ['{"a": 1}'], 0.5, "f: only the first of the two answers makes this call"),
        (
            ['{"a": 1, "b": 2, "c": 3}'],
            ['{"a": 1, "b": 2, "c": 3}', "{}"],
            0.75,
            "f: only the second of the two answers makes this call",
        ),
        (["{}", '{"a": 1}'], ["{}", '{"a": 2}'], 0.5, "f.a: 1 against 2"),
        (['{"a": 1}', '{"a": 2}'], ['{"a": 3}', '{"a": 1}'], 0.5, "f.a: 2 against 3"),
        (["3"], ["3"], 1.0, ""),
        (["3", "[1]"], ["3", "[2]"], 0.5, "f[0]: 1 against 2"),
    ],
)
def test_score_of_arguments_is_the_mean_over_the_keys_of_all_calls(one, other, score, reason):
    sides = [calls(*(call("f", text) for text in texts)) for texts in (one, other)]
    found = tool_calls.arguments(pair(*sides))
    assert (found.signal, found.score, found.reason) == ("arguments", pytest.approx(score), reason)
    assert found.subject == ", ".join(f"f({text})" for text in one)
    assert found.reference == ", ".join(f"f({text})" for text in other)


def test_broken_arguments_are_compared_as_texts_and_shown_with_their_fault():
    broken = call("f", '{"a": 1')
    for one, other in ((broken, call("f", '{"a": 1}')), (call("f", '{"a": 1}'), broken)):
        found = tool_calls.arguments(pair(calls(one), calls(other)))
        assert 0.8 < found.score < 1
        shown = [f'not JSON ({each.invalid}): "{{\\"a\\": 1"' if each.invalid else '{"a": 1}' for each in (one, other)]
        assert found.reason == f"f: {shown[0]} against {shown[1]}"


def test_sealed_arguments_on_either_side_are_not_compared():
    sealed = replace(call("f", "gAAAAABq0m3c1pher=="), parsed=None, invalid="not JSON")
    for one, other in ((sealed, A), (A, sealed)):
        found = tool_calls.arguments(pair(calls(one), calls(other)))
        assert (found.state, found.reason) == (FindingState.NOT_COMPARABLE, "the arguments of a call are sealed")


def test_arguments_nested_too_deep_to_walk_are_compared_as_texts():
    deep: object = 1
    for _ in range(50_000):
        deep = [deep]
    one, other = replace(call("f", "[[1]]"), parsed=deep), replace(call("f", "[[2]]"), parsed=[deep])
    found = tool_calls.arguments(pair(calls(one), calls(other)))
    assert (found.state, found.reason) == (FindingState.DIFFER, "f: two values nested too deep to show")
    assert 0 < found.score < 1


def test_call_is_measured_as_missing_only_where_tools_are_offered_or_one_side_calls():
    for comparator in (tool_calls.tools, tool_calls.tool_count, tool_calls.arguments):
        assert comparator(pair("a", "b")).reason == "neither answer calls a tool"
        assert comparator(pair("a", "b", ask(tools=()))).reason == "the request offers no tools"
        assert comparator(pair(calls(PARIS), calls(PARIS), ask(tools=()))).state is FindingState.MATCH


def test_limit_before_any_call_on_the_side_of_the_reference_names_it_and_shows_both():
    found = tool_calls.calls_tool(pair(calls(PARIS), choice("Let me", finish="length")))
    reason = "the reference ended by a limit on length before any call"
    assert parts(found) == ("calls_tool", "not_comparable", None, "calls", "does not call", reason)
    cut = tool_calls.tool_count(pair(calls(PARIS, ROME), choice(calls=(PARIS,), finish="length")))
    assert parts(cut)[1:5] == ("not_comparable", None, "2", "1")
