from shadow.checks.prompts.prompt_text import answer_cap, content_text, message_text, prompt_text
from shadow.reading.parsed_request import Tool
from tests.shadow.compare.made import ask


def test_every_string_of_the_request_is_found_in_its_order():
    asked = ask(
        messages=(
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"image_url": {"url": "data:image/png;base64,AAAA"}}]},
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{1}"}}], "content": None},
        ),
        tools=(Tool(name="f", schema={"description": "what it is"}),),
        body={"response_format": {"type": "x"}, "user": "nobody"},
    )
    assert prompt_text(asked) == "text\na\nf\n{1}\nwhat it is\nx"
    assert message_text(asked) == "text\na\nf\n{1}"
    assert content_text(asked) == "a"


def test_contents_of_any_shape_are_read():
    odd = ask(messages=({"content": 5}, {}, {"content": [1, {"text": 2}]}, {"content": "b"}))
    assert content_text(odd) == "b"


def test_no_more_is_read_than_the_cap():
    asked = ask(messages=({"content": "x" * 400_000}, {"content": "y"}))
    assert prompt_text(asked) == "x" * 400_000


def test_the_reason_states_that_a_text_was_not_read_to_its_end():
    assert answer_cap("abc", 3) == ""
    assert answer_cap("abcd", 3) == " (of the first 3 characters; the rest was not read)"
