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


def test_words_of_a_request_are_its_values_and_neither_keys_roles_nor_media():
    asked = ask(
        messages=({"role": "user", "content": ("a", ["b", {"x": "c", "role": "d"}]), "name": 5, "url": "data:x"},),
        tools=(Tool(name="f", schema={"enum": ["e"]}), Tool(name="g", schema=None)),
        body={"stop": ["s"], "functions": [{"name": "h"}], "prediction": {"content": "p"}, "guided_json": "", "model": "m"},
    )
    assert prompt_text(asked) == "a\nb\nc\ne\nh\np\ns"
    assert message_text(asked) == "a\nb\nc"


def test_contents_are_joined_by_line_feeds_up_to_the_cap():
    assert content_text(ask(messages=())) == ""
    assert (
        content_text(ask(messages=({"content": "a"}, {"content": ""}, {"content": [{"text": "b"}, {"text": "c"}]})))
        == "a\n\nb\nc"
    )
    assert content_text(ask(messages=({"content": {"text": "a"}}, {"content": "b"}))) == "b"
    whole = ask(messages=({"content": "x" * 399_997}, {"content": "yz"}))
    assert content_text(whole).endswith("x\nyz")
    cut = ask(messages=({"content": "x" * 399_999}, {"content": "yz"}, {"content": "w"}))
    assert content_text(cut) == "x" * 399_999 + "\ny"
    assert content_text(ask(messages=({"content": "x" * 400_001},))) == "x" * 400_000
