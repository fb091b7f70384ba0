"""Results of tools as tool messages: never empty, never longer than the bound, always text that JSON can carry."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.studies.worlds.tool_answers import EMPTY, error_text, refusal_text, tool_text

BLOCKS = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "image", "audio", "resource", "resource_link", "video"])},
    optional={
        "text": st.text(),
        "data": st.text(max_size=9),
        "mimeType": st.text(max_size=9),
        "uri": st.text(max_size=9),
        "resource": st.dictionaries(st.sampled_from(["text", "blob", "uri"]), st.text(max_size=9)) | st.none(),
    },
)


def text_of(*blocks, **members):
    return tool_text({"content": list(blocks), **members})


def test_texts_are_joined_by_newlines():
    assert text_of({"type": "text", "text": "one"}, {"type": "text", "text": "two"}).text == "one\ntwo"


def test_an_image_is_described_and_counted():
    made = text_of({"type": "image", "mimeType": "image/png", "data": base64.b64encode(b"12345").decode()})
    assert made.text == "[image image/png, 5 bytes, sha256 5994471abb01112a; not shown]"
    assert made.alterations == ("image not shown",)


def test_a_resource_shows_its_text_and_a_link_its_address():
    made = text_of(
        {"type": "resource", "resource": {"uri": "a:b", "text": "inside"}}, {"type": "resource_link", "uri": "c:d", "name": "N"}
    )
    assert made.text == "inside\n[resource c:d N]"
    assert made.alterations == ()


def test_structured_content_stands_in_where_there_is_no_other():
    assert text_of(structuredContent={"é": 1}).text == '{"é": 1}'
    assert text_of({"type": "text", "text": "x"}, structuredContent={"é": 1}).text == "x"


def test_an_empty_result_is_a_text_because_some_providers_refuse_an_empty_message():
    assert text_of().text == EMPTY == "(no output)"
    assert text_of({"type": "text", "text": ""}).text == EMPTY


def test_an_error_begins_with_error_once():
    assert text_of({"type": "text", "text": "no such file"}, isError=True).text == "Error: no such file"
    assert text_of({"type": "text", "text": "Error: no such file"}, isError=True).text == "Error: no such file"
    assert error_text("no answer").text == "Error: no answer"
    assert error_text("no answer").is_error


def test_32000_characters_are_whole_and_32001_are_cut_with_a_mark():
    assert text_of({"type": "text", "text": "x" * 32_000}).alterations == ()
    made = text_of({"type": "text", "text": "x" * 32_001})
    assert made.text == "x" * 32_000 + "\n[cut: 1 more characters]"
    assert made.alterations == ("cut at 32000 characters",)


def test_nul_and_lone_surrogates_are_left_out_and_reported():
    made = text_of({"type": "text", "text": "a\0b\ud83dc"})
    assert made.text == "abc"
    assert made.alterations == ("NUL or lone surrogates left out",)


@given(st.lists(BLOCKS, max_size=5), st.booleans())
def test_any_content_becomes_a_text_that_a_request_can_carry(blocks, is_error):
    made = text_of(*blocks, isError=is_error)
    assert made.text
    assert len(made.text) <= 32_000 + 60
    assert "\0" not in made.text
    made.text.encode()
    assert made.is_error is is_error


@given(st.dictionaries(st.sampled_from(["content", "structuredContent", "isError"]), st.none() | st.text() | st.integers()))
def test_a_result_of_a_wrong_shape_is_still_a_text(result):
    assert tool_text(result).text


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (
            {"type": "audio", "mimeType": "audio/wav", "data": "MTIz"},
            "[audio audio/wav, 3 bytes, sha256 a665a45920422f9d; not shown]",
        ),
        ({"type": "image", "data": "MTIz"}, "[image of unknown type, 3 bytes, sha256 a665a45920422f9d; not shown]"),
        (
            {"type": "resource", "resource": {"uri": "a:b", "mimeType": "x/y", "blob": "MTIz"}},
            "[resource x/y, 3 bytes, sha256 a665a45920422f9d; not shown]",
        ),
        ({"type": "image", "data": "ä"}, "[image of unknown type, 2 bytes, sha256 33e6d73fee82904c; not shown]"),
        ({"type": "resource", "resource": None}, "[content of unknown type 'resource'; not shown]"),
        ({"type": "video", "data": "MTIz"}, "[content of unknown type 'video'; not shown]"),
        ({"type": 7}, "[content of unknown type ''; not shown]"),
    ],
)
def test_what_no_message_can_hold_is_described_and_reported(block: dict[str, object], text: str):
    made = text_of(block)
    assert made.text == text
    assert len(made.alterations) == 1


def test_a_text_that_is_none_is_empty():
    assert text_of({"type": "text", "text": 7}, {"type": "text"}, {"type": "text", "text": "x"}).text == "\n\nx"


@pytest.mark.parametrize(("flag", "text"), [(True, "Error: x"), ("true", "x"), (1, "x"), (None, "x"), (False, "x")])
def test_only_true_makes_a_result_an_error(flag: object, text: str):
    assert text_of({"type": "text", "text": "x"}, isError=flag).text == text


def test_a_refusal_is_an_error_of_its_message():
    assert (refusal_text("unknown tool").text, refusal_text("error -32601").text) == ("Error: unknown tool", "error -32601")
    assert refusal_text("").text == "Error: (no output)"
    assert refusal_text("x").is_error


def test_an_empty_list_of_content_leaves_the_place_to_structured_content_that_is_there():
    assert text_of(structuredContent={}).text == "{}"
    assert text_of(structuredContent=None).text == "(no output)"
