"""A text is found whatever its case and white space, in messages and in every part of an answer, with its surroundings."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.presentation.found_text import SEARCHED, answer_texts, request_texts, text_pattern
from shadow.reading.parsed_exchange import parse_exchange
from tests.exchanges import exchange, said


def parsed(body=b"", **request):
    return parse_exchange(exchange(body or said(), request=json.dumps({"model": "m", **request}).encode()))


@pytest.mark.parametrize("text", ["HERON", "grey  heron", "grey heron", " heron "])
def test_case_and_white_space_do_not_count(text):
    assert text_pattern(text).excerpt(iter(["a crane", "a grey\nHeron here"])) == "a grey Heron here"


@pytest.mark.parametrize("text", ["a.c", "(", "\\d", "[x]"])
def test_every_character_stands_for_itself(text):
    assert text_pattern(text).excerpt(iter(["abc 1 x", f"<{text}>"])) == f"<{text}>"


def test_excerpt_has_a_hundred_characters_on_either_side():
    assert text_pattern("heron").excerpt(iter(["x" * 101 + "heron" + "y" * 101])) == "x" * 100 + "heron" + "y" * 100
    assert text_pattern("heron").excerpt(iter(["crane"])) == ""


@pytest.mark.parametrize("blank", [" ", "\x1c", "\u2003", "\r\n"])
def test_run_of_white_space_is_one_blank_in_an_excerpt_and_bounds_it(blank):
    text = "x" * 200 + blank * 10_000 + "grey" + blank * 10_000 + "heron" + blank * 400 + "y" * 200
    assert text_pattern("grey heron").excerpt([text]) == " grey heron " + "y" * 99


@pytest.mark.parametrize(("before", "found"), [(SEARCHED - 5, True), (SEARCHED - 4, False)])
def test_first_250000_characters_of_a_request_or_answer_are_searched(before, found):
    assert SEARCHED == 250_000
    assert bool(text_pattern("heron").excerpt(["-" * before + "heron"])) == found
    assert bool(text_pattern("heron").excerpt(["-" * 100, "-" * (before - 100) + "heron"])) == found


@given(st.text(alphabet=" \n\x1caB1", max_size=400), st.text(alphabet=" aB1", min_size=2, max_size=9).filter(str.strip))
def test_excerpt_is_at_most_the_text_with_a_hundred_characters_on_either_side(text, wanted):
    assert len(text_pattern(wanted).excerpt([text])) <= len(wanted.strip()) + 200


def test_texts_of_a_request_are_those_of_its_messages_newest_first():
    messages = [
        {"role": "user", "content": "old"},
        {"role": "user", "content": [{"type": "text", "text": "new"}, {"type": "image_url"}, "loose"]},
        {"role": "assistant", "content": None},
    ]
    assert list(request_texts(parsed(messages=messages).request)) == ["new", "old"]


def test_texts_of_an_answer_are_its_text_reasoning_refusal_and_calls():
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
    message = {"content": "Done", "reasoning_content": "Hm", "refusal": "No", "tool_calls": [call]}
    texts = list(answer_texts(parsed(said(message=message)).answer))
    assert texts == ["Done", "Hm", "No", 'look {"at": 1}']
    assert list(answer_texts(parsed(b"not JSON").answer)) == []


def test_word_that_a_stream_cuts_is_found():
    chunk = '{{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{{"index":0,"delta":{{"content":"{}"}}}}]}}'
    body = "".join(f"data: {chunk.format(piece)}\n\n" for piece in ("a her", "on sleeps")) + "data: [DONE]\n\n"
    answer = parse_exchange(exchange(body.encode(), headers=(("content-type", "text/event-stream"),))).answer
    assert text_pattern("heron").excerpt(answer_texts(answer)) == "a heron sleeps"


@given(st.text(min_size=2, max_size=20).filter(str.strip), st.text(max_size=20))
def test_any_text_is_found_in_a_text_that_holds_it(text, around):
    assert text_pattern(text).excerpt(iter([around + text.strip() + around]))


@pytest.mark.parametrize(("around", "kept"), [(99, 99), (100, 100), (101, 100)])
def test_a_hundred_characters_are_shown_after_runs_of_white_space_are_one_blank(around, kept):
    text = f"{'x ' * 5}{'y' * around}heron{'z' * around}"
    found = text_pattern("heron").excerpt([text])
    assert (found.endswith(f"heron{'z' * kept}"), len(found.partition("heron")[2])) == (True, kept)


def test_surroundings_are_looked_for_a_thousand_characters_away():
    """A hundred words, each after nine blanks, are a thousand characters and two hundred without the further blanks."""
    words, blanks = "w" + " " * 9, " " * 9 + "w"
    found = text_pattern("heron").excerpt([words * 101 + "heron" + blanks * 101])
    assert found == "w " * 50 + "heron" + " w" * 50
    far = text_pattern("heron").excerpt(["w" + " " * 1_000 + "heron" + " " * 1_000 + "w"])
    assert far == " heron "


def test_texts_that_fill_what_is_searched_end_the_search():
    assert text_pattern("heron").excerpt(["-" * SEARCHED, "heron"]) == ""
    assert text_pattern("heron").excerpt(["-" * (SEARCHED - 5), "heron"]) == "heron"


def test_only_parts_with_a_text_are_searched():
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": 7}, {"type": "text", "text": "two"}]
    assert list(request_texts(parsed(messages=[{"role": "user", "content": parts}]).request)) == ["one", "two"]


def test_texts_of_every_choice_are_searched_and_empty_ones_left_out():
    made = json.loads(said(""))
    made["choices"].append({"index": 1, "message": {"role": "assistant", "content": "Second"}, "finish_reason": "stop"})
    assert list(answer_texts(parsed(json.dumps(made).encode()).answer)) == ["Second"]
