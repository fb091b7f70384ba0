import pytest

from shadow.reading.growing_string import GrowingString, growing_string


def chunk(delta: dict, **more) -> dict:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return {"object": "chat.completion.chunk", "choices": [choice], **more}


@pytest.mark.parametrize("field", ["content", "reasoning", "reasoning_content"])
def test_delta_of_one_text_grows_by_it(field):
    given = chunk({field: "a"})
    assert growing_string(given) == GrowingString({field: "a"}, field, 0, field)


def test_delta_of_more_arguments_grows_by_them():
    function = {"arguments": "a"}
    given = chunk({"role": None, "tool_calls": [{"index": 3, "function": function}]})
    assert growing_string(given) == GrowingString(function, "arguments", 0, "tool_calls", 3)


@pytest.mark.parametrize(("index", "choice"), [(1, 1), (None, 0), ("1", 0)])
def test_choice_without_a_number_is_the_first(index, choice):
    given = chunk({"content": "a"})
    given["choices"][0]["index"] = index
    growing = growing_string(given)
    assert growing is not None
    assert growing.choice == choice


@pytest.mark.parametrize(
    "given",
    [
        chunk({"content": "a", "role": "assistant"}),
        chunk({"content": "a", "tool_calls": []}),
        chunk({"tool_calls": [{"index": 0, "id": "new", "function": {"arguments": "a"}}]}),
        chunk({"content": "a"}, usage={"prompt_tokens": 1}),
        chunk({"content": "a"}, error={"message": "no"}),
        {"choices": [{"index": 0, "delta": {"content": "a"}}]},
        {**chunk({"content": "a"}), "choices": []},
    ],
)
def test_chunk_that_holds_anything_else_has_no_growing_string(given):
    assert growing_string(given) is None


CALL = {"index": 0, "function": {"arguments": "a"}}


@pytest.mark.parametrize(
    "given",
    [
        chunk({"content": 5}),
        chunk({"refusal": "a"}),
        chunk({"content": None}),
        chunk({}),
        chunk({"content": "a"}, x_groq={}),
        chunk({"content": "a"}, error=None),
        {**chunk({"content": "a"}), "choices": None},
        {**chunk({"content": "a"}), "choices": chunk({"content": "a"})["choices"] * 2},
        {**chunk({"content": "a"}), "choices": [5]},
        {**chunk({"content": "a"}), "choices": {"a": {"delta": {"content": "a"}}}},
        {**chunk({}), "choices": [{"index": 0, "delta": "a"}]},
        {**chunk({}), "choices": [{"index": 0}]},
        {**chunk({}), "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]},
        {**chunk({}), "choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": {}}]},
        {**chunk({}), "choices": [{"index": 0, "delta": {"content": "a"}, "usage": None}]},
        {**chunk({}), "choices": [{"index": 0, "delta": {"content": "a"}, "message": None}]},
        {**chunk({}), "choices": [{"index": 0, "delta": {"content": "a"}, "error": None}]},
        chunk({"tool_calls": []}),
        chunk({"tool_calls": [CALL, CALL]}),
        chunk({"tool_calls": CALL}),
        chunk({"tool_calls": [5]}),
        chunk({"tool_calls": [{**CALL, "index": None}]}),
        chunk({"tool_calls": [{**CALL, "custom": {}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": "a", "name": "f"}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": "a", "more": 1}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": {}}}]}),
        chunk({"tool_calls": [{"index": 0, "function": "a"}]}),
    ],
)
def test_chunk_with_another_shape_has_no_growing_string(given):
    assert growing_string(given) is None


@pytest.mark.parametrize(
    "given",
    [
        chunk({"content": "a", "role": None, "tool_calls": None}),
        chunk({"content": ""}),
        chunk({"content": "a"}, usage=None),
        chunk({"content": "a"}, usage={}),
        chunk({"tool_calls": [{**CALL, "id": None, "type": "function"}]}),
        chunk({"tool_calls": [{**CALL, "id": ""}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": "", "name": None}}]}),
        {**chunk({}), "choices": [{"delta": {"content": "a"}, "logprobs": None, "finish_reason": ""}]},
    ],
)
def test_members_that_hold_nothing_leave_the_growing_string(given):
    assert growing_string(given) is not None
