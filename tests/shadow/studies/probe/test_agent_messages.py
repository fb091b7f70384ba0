"""Messages of an agent loop: the model's calls made ready, its answer echoed as it came, every departure noted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.studies.probe.agent_messages import EchoReasoning, assistant_message, ready_calls, tool_message
from tests.answers import choice


def test_a_call_is_ready_with_its_arguments():
    (call,) = ready_calls(choice(None, ("c1", "read", '{"a": 1}')), {"read"}, ())
    assert (call.id, call.name, call.written, call.arguments, call.fault, call.notes) == (
        "c1",
        "read",
        '{"a": 1}',
        {"a": 1},
        "",
        (),
    )


@pytest.mark.parametrize(
    ("name", "arguments", "fault"),
    [
        ("raed", "{}", "there is no tool named 'raed'"),
        ("read", '{"a": ', "the arguments are not JSON: Expecting value: line 1 column 7 (char 6)"),
        ("read", "[1]", "the arguments are not a JSON object"),
    ],
)
def test_a_call_that_reaches_no_tool_has_its_fault(name, arguments, fault):
    (call,) = ready_calls(choice(None, ("c1", name, arguments)), {"read"}, ())
    assert call.fault == fault
    assert call.written == arguments


def test_empty_arguments_stand_for_an_empty_object_and_are_noted():
    (call,) = ready_calls(choice(None, ("c1", "read", "")), {"read"}, ())
    assert (call.fault, call.arguments, call.written) == ("", {}, "{}")
    assert call.notes == ("empty arguments stand for {}",)


def test_a_missing_or_repeated_id_becomes_one_of_ours_and_is_noted():
    calls = ready_calls(choice(None, ("c1", "read", "{}"), ("c1", "read", "{}"), ("", "read", "{}")), {"read"}, ["c0"])
    assert [call.id for call in calls] == ["c1", "call_3", "call_4"]
    assert [call.notes for call in calls] == [(), ("a call has the id of another",), ("a call has no id",)]


def test_an_id_of_an_earlier_answer_is_not_used_again():
    (call,) = ready_calls(choice(None, ("c1", "read", "{}")), {"read"}, ["c1"])
    assert (call.id, call.notes) == ("call_1", ("a call has the id of another",))


def test_an_answer_is_echoed_as_it_came():
    answer = choice(None, ("c1", "read", '{ "a":1 }'), reasoning_content="because")
    calls = ready_calls(answer, {"read"}, ())
    made = [{"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{ "a":1 }'}}]
    echoed = {"role": "assistant", "content": None, "reasoning_content": "because", "tool_calls": made}
    assert assistant_message(answer, calls, EchoReasoning.AS_SENT) == echoed
    del echoed["reasoning_content"]
    assert assistant_message(answer, calls, EchoReasoning.DROP) == echoed


def test_a_result_names_its_call():
    (call,) = ready_calls(choice("", ("c1", "read", "{}")), {"read"}, ())
    assert tool_message(call, "text") == {"role": "tool", "tool_call_id": "c1", "content": "text"}


TEXT = st.text(max_size=6)
CALLS = st.lists(st.tuples(st.sampled_from(["", "a", "call_1", "call_2"]), st.sampled_from(["read", "x", ""]), TEXT), max_size=5)


@given(CALLS)
def test_any_calls_get_ids_that_differ_and_are_executed_or_have_a_fault(calls):
    ready = ready_calls(choice(None, *calls), {"read"}, ())
    assert len({call.id for call in ready}) == len(ready) == len(choice(None, *calls).tool_calls)
    assert all(bool(call.fault) or call.name == "read" for call in ready)


@pytest.mark.parametrize(("name", "shown"), [("n" * 64, "n" * 64), ("n" * 65, "n" * 64)])
def test_an_unknown_name_is_quoted_to_64_characters(name, shown):
    (call,) = ready_calls(choice(None, ("c1", name, "{}")), {"read"}, ())
    assert call.fault == f"there is no tool named {shown!r}"
