"""Threads of conversations: by the messages that are repeated, whatever the order in which their requests came."""

import json

import pytest

from shadow.studies.probe.conversation_thread import ThreadRequest, fork_point, read_request, stored_notes, threads
from shadow.studies.worlds.recording import RecordedCall

TOOLS = [{"type": "function", "function": {"name": "read"}}]


def call(number, name="read"):
    made = {"id": f"c{number}", "type": "function", "function": {"name": name, "arguments": f'{{"n": {number}}}'}}
    return {"role": "assistant", "content": None, "tool_calls": [made]}


def result(number):
    return {"role": "tool", "tool_call_id": f"c{number}", "content": f"result {number}"}


def messages(*numbers):
    found = [{"role": "user", "content": "p"}]
    for number in numbers:
        found += [call(number), result(number)]
    return found


def request(name, *numbers, **members):
    body = {"model": "m", "messages": messages(*numbers), "tools": TOOLS, **members}
    return ThreadRequest(id=name, body=body)


def test_two_runs_of_one_prompt_are_two_threads_however_their_requests_are_mixed():
    mixed = [request("a1"), request("b1"), request("a2", 1), request("b2", 7), request("b3", 7, 8), request("a3", 1, 2)]
    assert sorted([one.id for one in chain] for chain in threads(mixed)) == [["a1", "b2", "b3"], ["b1", "a2", "a3"]]


def test_a_request_continues_the_thread_that_it_repeats_and_no_other():
    first, second = threads([request("a1"), request("a2", 1), request("a3", 1, 2), request("b", 9)])
    assert ([one.id for one in first], [one.id for one in second]) == (["a1", "a2", "a3"], ["b"])


def test_a_fork_begins_with_the_request_and_has_the_later_results_as_its_world():
    chain = [request("1", temperature=0.5, max_tokens=9, stream=True), request("2", 1), request("3", 1, 2)]
    point = fork_point(chain, 2)
    assert list(point.messages) == messages(1)
    assert point.recording.calls == (RecordedCall(name="read", arguments='{"n": 2}', text="result 2"),)
    assert point.recording.functions == tuple(TOOLS)
    first = fork_point(chain, 1)
    assert (first.stream, first.temperature, first.parameters, first.called) == (True, 0.5, {"max_tokens": 9}, ("read",))
    assert len(first.recording.calls) == 2
    assert fork_point(chain, 3).recording.calls == ()


@pytest.mark.parametrize("step", [0, 4])
def test_a_step_that_there_is_not_is_named(step):
    with pytest.raises(ValueError, match=f"the conversation has 3 requests, and no request {step}"):
        fork_point([request("1"), request("2", 1), request("3", 1, 2)], step)


def test_a_request_with_a_number_beyond_a_double_is_no_start_of_a_fork():
    odd = read_request("1", b'{"messages": [{"role": "user", "content": "p"}], "seed": 1e400}')
    with pytest.raises(ValueError, match=r"^request 1 holds a number that is more than a double can hold"):
        fork_point([odd], 1)


def test_the_next_answer_alone_names_what_one_step_may_call():
    both = {**call(1), "tool_calls": [*call(1)["tool_calls"], *call(2, "list")["tool_calls"]]}
    two = [*messages(), both, result(1), result(2)]
    asked = [{"role": "assistant", "content": "which one?"}, {"role": "user", "content": "both"}]
    later = [*two, *asked, call(3, "other"), result(3)]
    chain = [request("1"), ThreadRequest(id="2", body={"messages": two}), ThreadRequest(id="3", body={"messages": later})]
    assert fork_point(chain, 1).next_called == ("read", "list")
    assert (fork_point(chain, 2).next_called, fork_point(chain, 2).called) == ((), ("other",))
    assert fork_point(chain, 3).next_called == ()


def test_what_stored_messages_have_of_their_own_provider_is_noted():
    thinking = {"role": "assistant", "content": "a", "reasoning_content": "b"}
    masked = {"role": "user", "content": f"my key is {'*' * 20}"}
    assert stored_notes([masked, call(1), result(1), thinking], renamed=False) == (
        "the ids of 1 earlier call are sent as the conversation's provider made them",
        "the reasoning of 1 earlier answer is sent as it was",
        "1 message holds asterisks, as a text that was redacted does",
    )
    assert stored_notes([call(1)], renamed=True) == ("the ids of 1 earlier call are sent as functions.NAME:INDEX",)
    assert stored_notes(messages(), renamed=False) == ()


@pytest.mark.parametrize("body", [None, b"", b"[]", b"{", b'{"model": "m"}'])
def test_a_body_that_is_not_whole_is_no_request(body):
    assert read_request("x", body) is None


def test_a_result_in_parts_is_kept_as_json():
    odd = [*messages(), call(1), {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "a"}]}]
    chain = [request("1"), ThreadRequest(id="2", body={"messages": odd})]
    assert json.loads(fork_point(chain, 1).recording.calls[0].text) == [{"type": "text", "text": "a"}]


def test_a_request_that_repeats_another_whole_begins_a_thread_of_its_own():
    assert [[one.id for one in chain] for chain in threads([request("a"), request("b"), request("c", 1)])] == [["a"], ["b", "c"]]


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"stream": False, "temperature": "warm", "model": None, "tools": None}, (False, None, "", ())),
        ({"stream": "yes", "temperature": 1, "tools": [TOOLS[0], "x"]}, (False, 1, "m", tuple(TOOLS))),
        ({"stream": True, "temperature": 0.0, "tools": {}}, (True, 0.0, "m", ())),
    ],
)
def test_a_fork_takes_members_of_the_form_of_the_api_and_no_others(members: dict[str, object], found: tuple[object, ...]):
    point = fork_point([request("1", **members)], 1)
    assert (point.stream, point.temperature, point.model, point.recording.functions) == found


def test_results_are_those_of_calls_that_were_made_in_the_order_of_the_results():
    both = {**call(1), "tool_calls": [*call(1)["tool_calls"], *call(2, "list")["tool_calls"], "odd", {"id": "c3"}]}
    user = {"role": "user", "content": "go on", "tool_call_id": "c1"}
    later = [*messages(), both, result(2), user, result(9), result(3), result(1)]
    point = fork_point([request("1"), ThreadRequest(id="2", body={"messages": later})], 1)
    assert [(one.name, one.text) for one in point.recording.calls] == [("list", "result 2"), ("read", "result 1")]
    assert point.called == ("list", "read")
    assert point.next_called == ("read", "list")


def test_messages_that_are_none_are_left_out_and_a_body_without_a_list_has_none():
    assert ThreadRequest(id="1", body={"messages": ["x", {"role": "user"}]}).messages == ({"role": "user"},)
    assert ThreadRequest(id="1", body={"messages": {"role": "user"}}).messages == ()
    assert read_request("x", b'{"messages": [1]}') == ThreadRequest(id="x", body={"messages": [1]})


def test_ids_reasoning_and_asterisks_are_counted_each_by_its_message():
    thought = [{"role": "assistant", "reasoning": "a"}, {"role": "assistant", "reasoning_details": [1], "reasoning": "b"}]
    masked = [{"role": "user", "content": "*" * stars} for stars in (7, 8, 9)]
    assert stored_notes([*thought, *masked, call(1), call(2)], renamed=True) == (
        "the ids of 2 earlier calls are sent as functions.NAME:INDEX",
        "the reasoning of 2 earlier answers is sent as it was",
        "2 messages hold asterisks, as a text that was redacted does",
    )
