"""What stays of a pseudonymised request and answer beside its words: form, counts, ids and the outcome of each check."""

import json
import string

import pytest

from shadow.privacy.pseudonymise import Pseudonymiser
from shadow.reading.parsed_exchange import parse_exchange
from tests.exchanges import asked, exchange

KEY = b"0123456789abcdef"
NAME = set(string.ascii_lowercase + "234567")
CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "send", "arguments": '{"to": "anna", "n": [1, null, true]}'}},
    {"id": "call_2", "type": "function", "function": {"name": "read", "arguments": '{"to": "anna"}'}},
]
USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "total_tokens": 18,
    "completion_tokens_details": {"reasoning_tokens": 3},
    "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 2},
    "cost": 0.25,
}


def answer(message=None, **more):
    """A whole answer; `more` replaces its members."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello there", **(message or {})}, "finish_reason": "stop"}
    return {"id": "x", "object": "chat.completion", "model": "m-1", "choices": [choice], "usage": USAGE, **more}


def hidden(body, outcomes=(), status=200):
    seen = parse_exchange(exchange(json.dumps(body).encode(), status=status, request=asked()))
    return json.loads(Pseudonymiser(KEY, "c").response(seen, outcomes))


def hidden_request(**body):
    seen = parse_exchange(exchange(json.dumps(answer()).encode(), request=json.dumps({"model": "m", **body}).encode()))
    return json.loads(Pseudonymiser(KEY, "c").request(seen))


def is_name(text, length):
    return len(text) == length and set(text) <= NAME


def test_model_fingerprint_counts_and_cost_of_an_answer_stay():
    kept = hidden(answer(system_fingerprint="fp_1"))
    assert (kept["object"], kept["model"], kept["system_fingerprint"], kept["usage"]) == ("chat.completion", "m-1", "fp_1", USAGE)
    assert kept["id"] == ""


@pytest.mark.parametrize(
    "usage", [None, {"prompt_tokens": 1}, {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 0}}, {"cost": 0.0}]
)
def test_counts_that_an_answer_does_not_state_are_not_invented(usage):
    kept = hidden({key: value for key, value in answer(usage=usage).items() if value is not None})
    assert kept.get("usage") == usage
    assert "system_fingerprint" not in kept


def test_each_choice_keeps_its_index_its_end_and_the_parts_that_it_has():
    second = {"index": 1, "message": {"role": "assistant", "content": None, "refusal": "I will not"}, "finish_reason": "length"}
    kept = hidden(answer(choices=[*answer()["choices"], second]))["choices"]
    assert [(one["index"], one["finish_reason"]) for one in kept] == [(0, "stop"), (1, "length")]
    assert kept[0]["message"].keys() == {"role", "content"}
    assert (kept[1]["message"]["role"], kept[1]["message"]["content"]) == ("assistant", None)
    assert kept[1]["message"]["refusal"].strip() not in {"", "I will not"}


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_stays_in_the_field_in_which_it_came(field):
    message = hidden(answer({field: "first this"}))["choices"][0]["message"]
    assert message.keys() == {"role", "content", field}
    assert "this" not in message[field]


def test_token_probabilities_stay_beside_the_names_of_their_tokens():
    choice = answer()["choices"][0] | {
        "logprobs": {"content": [{"token": "Hello", "logprob": -0.5}, {"token": " there", "logprob": -2.0}]}
    }
    tokens = hidden(answer(choices=[choice]))["choices"][0]["logprobs"]["content"]
    assert [token["logprob"] for token in tokens] == [-0.5, -2.0]
    assert all(is_name(token["token"], 4) for token in tokens)


def test_call_keeps_its_id_its_name_and_the_form_of_its_arguments():
    calls = hidden(answer({"tool_calls": CALLS}), ("valid", "valid"))["choices"][0]["message"]["tool_calls"]
    assert [(call["id"], call["type"], call["function"]["name"]) for call in calls] == [
        ("call_1", "function", "send"),
        ("call_2", "function", "read"),
    ]
    first, second = (json.loads(call["function"]["arguments"]) for call in calls)
    [(to, anna), (_, listed)] = first.items()
    assert second == {to: anna}, "equal keys and values have equal names"
    assert is_name(to, 8)
    assert is_name(anna, 12)
    assert is_name(listed[0], 12)
    assert listed[1:] == [None, True]


@pytest.mark.parametrize(
    ("outcomes", "readable", "mismatches"),
    [
        (("valid", "valid"), [True, True], [False, False]),
        (("invalid_json", "valid"), [False, True], [False, False]),
        (("valid", "schema_mismatch"), [True, True], [False, True]),
        ((), [True, True], [False, False]),
    ],
)
def test_outcome_of_the_schema_check_of_each_call_stays(outcomes, readable, mismatches):
    calls = hidden(answer({"tool_calls": CALLS}), outcomes)["choices"][0]["message"]["tool_calls"]
    written = [call["function"]["arguments"] for call in calls]
    assert [_read(text) is not None for text in written] == readable
    assert ["mismatch" in text for text in written] == mismatches


def test_arguments_that_are_no_object_mismatch_too():
    call = {"id": "1", "type": "function", "function": {"name": "send", "arguments": '["anna"]'}}
    [kept] = hidden(answer({"tool_calls": [call]}), ("schema_mismatch",))["choices"][0]["message"]["tool_calls"]
    found = json.loads(kept["function"]["arguments"])
    assert found["\0mismatch"] is True
    assert len(found[""]) == 1


def _read(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        ({"message": "anna", "type": "t" * 40, "code": "c"}, {"type": "t" * 40, "code": "c", "message": ""}),
        ({"message": "anna", "type": "t" * 41, "code": "of anna"}, {"message": ""}),
        ({"message": "anna", "type": "ä", "code": ""}, {"message": ""}),
        ({"message": "Rate limit of anna"}, {"message": "rate limit"}),
    ],
)
def test_error_keeps_its_short_identifiers_and_its_class(error, kept):
    assert hidden({"error": error}, status=400)["error"] == kept


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"temperature": 0.5, "n": 2, "stream": False}, {"temperature": 0.5, "n": 2, "stream": False}),
        ({"reasoning_effort": "l" * 64}, {"reasoning_effort": "l" * 64}),
        ({"reasoning_effort": "l" * 65}, {}),
        ({"seed": [1], "user": "anna", "stop": "x"}, {}),
    ],
)
def test_parameter_of_a_request_stays_where_it_is_listed_and_short(body, kept):
    found = hidden_request(messages=[], **body)
    assert found == {"model": "m", "messages": [], **kept}


def test_message_of_a_request_keeps_its_role_and_which_parts_it_has():
    messages = [
        {"role": "assistant", "content": None, "tool_calls": CALLS, "reasoning_content": "thought"},
        {"role": "r" * 20, "content": "hi"},
        {"role": "r" * 21, "content": ""},
        {"role": 7},
    ]
    found = hidden_request(messages=messages)["messages"]
    assert [one["role"] for one in found] == ["assistant", "r" * 20, "", ""]
    assert [sorted(one.keys() - {"role"}) for one in found] == [["reasoning_content", "tool_calls"], ["content"], ["content"], []]
    assert len(found[0]["tool_calls"]) == 2


def test_tool_of_a_request_keeps_its_name_and_forbids_what_marks_a_mismatch():
    tools = [
        {"type": "function", "function": {"name": "send", "parameters": {"type": "object", "properties": {"anna": {}}}}},
        {"type": "function", "function": {"name": "read"}},
    ]
    forbids = {"not": {"type": "object", "required": ["\0mismatch"]}}
    assert hidden_request(messages=[], tools=tools)["tools"] == [
        {"type": "function", "function": {"name": "send", "parameters": forbids}},
        {"type": "function", "function": {"name": "read"}},
    ]


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_blank_text_stays_as_it_is(text):
    assert Pseudonymiser(KEY, "c").text(text) == text


def test_text_is_its_own_name_then_a_name_for_each_word_and_one_more_for_a_word_that_comes_again():
    whole, *words = Pseudonymiser(KEY, "c").text("bravo alpha bravo").split()
    assert is_name(whole, 12)
    assert all(is_name(word, 4) for word in words)
    assert (words, len(set(words))) == (sorted(words), 3)
    other = Pseudonymiser(KEY, "c").text("alpha bravo bravo").split()
    assert other[1:] == words
    assert other[0] != whole


def test_pseudonym_is_padded_to_the_length_of_a_text_of_long_words():
    text = "elephants " * 20 + "really?"
    hidden_text = Pseudonymiser(KEY, "c").text(text)
    assert (len(hidden_text), hidden_text[-1]) == (len(text), "?")


def test_thinking_in_a_text_stays_marked_at_its_begin():
    assert Pseudonymiser(KEY, "c").text("  <think>so").startswith("<think>")


def test_text_without_spaces_is_named_by_its_characters():
    text = "潮汐表" * 40
    assert len(Pseudonymiser(KEY, "c").text(text).split()) == 1 + len(text)


def test_arguments_nested_beyond_the_interpreter_are_one_name():
    seen = parse_exchange(exchange(json.dumps(answer({"tool_calls": CALLS[:1]})).encode(), request=asked()))
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    object.__setattr__(seen.answer.completion.first.tool_calls[0], "parsed", deep)
    kept = json.loads(Pseudonymiser(KEY, "c").response(seen, ("valid",)))
    assert is_name(json.loads(kept["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]), 12)
    while deep:
        deep = deep.pop()
