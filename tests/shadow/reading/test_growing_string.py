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
