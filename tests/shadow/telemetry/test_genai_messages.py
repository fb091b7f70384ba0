"""Messages and answers in the form of the GenAI conventions, whichever API they came by, and never longer than the limit."""

import json

from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.parsed_exchange import parse_exchange
from shadow.reading.parsed_request import parse_request
from shadow.telemetry.genai_messages import input_messages, output_messages, tool_definitions
from tests.exchanges import exchange, said

CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}


def asked(target="/v1/chat/completions", **body):
    return parse_request(target, (), json.dumps({"model": "m", **body}).encode(), truncated=False)


def answered(*choices):
    body = json.loads(said())
    body["choices"] = [{"index": index, **choice} for index, choice in enumerate(choices)]
    return parse_exchange(exchange(json.dumps(body).encode())).answer.completion


def test_messages_of_a_chat_have_their_roles_and_parts():
    messages = [
        {"role": "developer", "content": "Be short"},
        {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": "data:x"}}]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "a heron"},
    ]
    instructions, sent, cut = input_messages(asked(messages=messages))
    assert (instructions, cut) == ("", False)
    assert json.loads(sent) == [
        {"role": "system", "parts": [{"type": "text", "content": "Be short"}]},
        {"role": "user", "parts": [{"type": "text", "content": "Look"}, {"type": "image_url", "left_out": True}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "call_1", "name": "look", "arguments": '{"at": 1}'}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_1", "response": "a heron"}]},
    ]


def test_instructions_that_stand_beside_the_messages_are_an_attribute_of_their_own():
    request = asked("/v1/messages", system="Be short", max_tokens=5, messages=[{"role": "user", "content": "Hi"}])
    instructions, sent, _ = input_messages(request)
    assert json.loads(instructions) == [{"type": "text", "content": "Be short"}]
    assert [message["role"] for message in json.loads(sent)] == ["user"]


def test_each_choice_is_a_message_with_what_it_thought_and_called():
    thought = {"message": {"role": "assistant", "content": "Done", "reasoning_content": "Hm"}, "finish_reason": "stop"}
    called = {"message": {"role": "assistant", "content": None, "tool_calls": [CALL]}, "finish_reason": "tool_calls"}
    broken = {**CALL, "function": {"name": "look", "arguments": '{"at"'}}
    cut = {"message": {"role": "assistant", "content": None, "tool_calls": [broken]}, "finish_reason": "length"}
    messages = json.loads(output_messages(answered(thought, called, cut))[0])
    assert messages[0]["parts"] == [{"type": "reasoning", "content": "Hm"}, {"type": "text", "content": "Done"}]
    assert messages[1]["parts"] == [{"type": "tool_call", "id": "call_1", "name": "look", "arguments": {"at": 1}}]
    assert messages[2]["parts"][0]["arguments"] == '{"at"'
    assert [message["finish_reason"] for message in messages] == ["stop", "tool_call", "length"]


def test_part_of_an_answer_that_is_no_text_is_named_and_left_out():
    image = {"type": "image_url", "image_url": {"url": "data:x"}}
    content = [{"type": "text", "text": "Here"}, image]
    [message] = json.loads(output_messages(answered({"message": {"role": "assistant", "content": content}}))[0])
    assert message["parts"] == [{"type": "text", "content": "Here"}, {"type": "image_url", "left_out": True}]


def test_tools_have_their_names_and_schemas():
    schema = {"type": "object", "properties": {"at": {"type": "integer"}}}
    request = asked(messages=[], tools=[{"type": "function", "function": {"name": "look", "parameters": schema}}])
    text, cut = tool_definitions(request)
    assert (json.loads(text), cut) == ([{"type": "function", "name": "look", "parameters": schema}], False)
    assert tool_definitions(asked(messages=[])) == ("", False)


def test_tools_of_the_longest_size_are_kept_and_those_of_a_character_more_are_left_out():
    around = len('[{"type":"function","name":"","parameters":{}}]')
    for size, cut in ((262_144 - around, False), (262_145 - around, True)):
        offered = {"type": "function", "function": {"name": "x" * size, "parameters": {}}}
        text, left_out = tool_definitions(asked(messages=[], tools=[offered]))
        assert (text == "", left_out) == (cut, cut)


def test_of_messages_that_are_too_long_the_newest_are_kept():
    messages = [{"role": "user", "content": f"{number}" + "x" * 100_000} for number in range(4)]
    _, sent, cut = input_messages(asked(messages=messages))
    assert [message["parts"][0]["content"][0] for message in json.loads(sent)] == ["2", "3"]
    assert cut
    assert len(sent) <= 262_144


def test_message_of_the_longest_size_is_kept_and_one_of_a_character_more_is_not():
    around = len('[{"role":"user","parts":[{"type":"text","content":""}]}]')
    for size, kept in ((262_144 - around, 1), (262_145 - around, 0)):
        _, sent, cut = input_messages(asked(messages=[{"role": "user", "content": "x" * size}]))
        assert (len(json.loads(sent or "[]")), cut) == (kept, not kept)


MEMBERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "function", "name"]), inner),
    max_leaves=5,
)
MESSAGE = st.fixed_dictionaries({}, optional=dict.fromkeys(("role", "content", "tool_calls", "tool_call_id"), MEMBERS))


@given(st.lists(MESSAGE, max_size=3))
def test_messages_of_any_shape_are_json(messages):
    for text in input_messages(asked(messages=messages))[:2]:
        assert text == "" or isinstance(json.loads(text), list)


def test_call_with_a_number_beyond_64_bits_is_sent_as_it_is():
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": f'{{"at": {2**70}}}'}}
    sent, cut = output_messages(answered({"message": {"role": "assistant", "content": None, "tool_calls": [call]}}))
    [part] = json.loads(sent)[0]["parts"]
    assert (part["arguments"], cut) == ({"at": 2**70}, False)
