import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.measures.answer_action import (
    action_label,
    arguments_meaning,
    call_arguments,
    called_tools,
    calls_tool,
    fills_refusal,
    forces_call,
    same_arguments,
    same_call_arguments,
    too_many_calls,
)
from tests.shadow.compare.made import call, choice


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (choice("hello"), "text"),
        (choice(calls=(call("b"), call("a"), call("b"))), "tools:a,b"),
        (choice(refusal="no"), "refusal"),
        (choice("half", finish="length"), "cut"),
        (choice(calls=(call(),), finish="length"), "cut"),
        (choice(None, finish="content_filter"), "filtered"),
        (choice("half", finish="content_filter"), "filtered"),
        (choice(refusal="no", finish="content_filter"), "refusal"),
        (choice(None)._replace(filtered=("hate (high)",)), "filtered"),
        (choice(" \n"), "nothing"),
        (choice(None), "nothing"),
    ],
)
def test_an_answer_has_one_action(made, expected):
    assert action_label(made) == expected


def test_arguments_have_one_form_for_one_meaning_in_any_order_of_calls():
    one = choice(calls=(call("a", '{"x": 1, "y": 2}'), call("b", "{}")))
    other = choice(calls=(call("b", "{ }"), call("a", '{"y":2.0,"x":1}')))
    assert call_arguments(one) == call_arguments(other)


def test_broken_arguments_are_taken_as_sent_and_equal_no_json():
    assert arguments_meaning(call(arguments='{"city": ')) != arguments_meaning(call(arguments='{"city":'))
    assert arguments_meaning(call(arguments="nope")) != arguments_meaning(call(arguments='"nope"'))


def test_arguments_nested_beyond_the_interpreter_are_taken_as_sent():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    made = call(arguments="[]")
    object.__setattr__(made, "parsed", deep)
    assert arguments_meaning(made) == "as sent: []"
    while deep:
        deep = deep.pop()


TEXTS = st.sampled_from(
    ['{"x": 1}', '{"x":1.0}', '{"x": "Paris"}', '{"x": true}', "[1, [2]]", "[1,[2.0]]", '{"x":', "nope", "{}", ""]
)


@given(
    st.lists(st.builds(call, st.sampled_from("ab"), TEXTS), max_size=2),
    st.lists(st.builds(call, st.just("a"), TEXTS), max_size=2),
)
def test_arguments_are_the_same_where_their_meanings_are(one, other):
    mine, its = choice(calls=tuple(one)), choice(calls=tuple(other))
    assert same_arguments(mine, its) == (call_arguments(mine) == call_arguments(its))
    for a in one:
        for b in other:
            assert same_call_arguments(a, b) == (arguments_meaning(a) == arguments_meaning(b))


def test_arguments_nested_beyond_the_interpreter_are_alike_as_sent():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    one, other, third = (call(arguments=text) for text in ("[]", "[]", "[[]]"))
    for made in (one, other, third):
        object.__setattr__(made, "parsed", deep)
    assert same_call_arguments(one, other)
    assert not same_call_arguments(one, third)
    while deep:
        deep = deep.pop()


@pytest.mark.parametrize(
    ("count", "why"),
    [
        (256, ""),
        (257, "257 calls in one answer: more than 256 are not compared or validated"),
        (10_000, "10,000 calls in one answer: more than 256 are not compared or validated"),
    ],
)
def test_an_answer_of_more_than_256_calls_states_why_they_are_not_compared(count, why):
    assert too_many_calls(choice(calls=(call(),) * count)) == why


@pytest.mark.parametrize(
    ("tool_choice", "forced"),
    [
        ("required", True),
        ({"type": "function", "function": {"name": "a"}}, True),
        ("auto", False),
        ("none", False),
        (None, False),
    ],
)
def test_a_call_is_demanded_by_required_or_by_a_named_tool(tool_choice, forced):
    assert forces_call(tool_choice) is forced


def test_the_tools_called_are_listed_in_the_order_of_their_calls():
    two = choice(calls=(call("b"), call("a")))
    assert (called_tools(two), calls_tool(two)) == (("b", "a"), True)
    assert (called_tools(choice("text")), calls_tool(choice("text"))) == ((), False)


@pytest.mark.parametrize(("refusal", "filled"), [("No.", True), (" ", False), ("", False), (None, False)])
def test_a_refusal_of_spaces_is_none(refusal, filled):
    assert fills_refusal(choice("text", refusal=refusal)) is filled
