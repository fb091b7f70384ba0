"""Text completions: a prompt for messages, a text for a message, and what the two APIs do not share."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.completion import Completion, Unread, UnreadReason
from shadow.reading.sse import read_stream
from shadow.reading.text_completions import as_chat, fold_events, read_whole
from tests.shadow.reading.hostile import CHUNK, HOSTILE
from tests.shadow.reading.test_chat_response import can_be_kept


def stream(*chunks):
    return fold_events(
        read_stream("".join(f"data: {json.dumps(chunk)}\n\n" for chunk in [*chunks]).encode() + b"data: [DONE]\n\n"), 200
    )


def chunk(text, finish=None, index=0):
    return {"choices": [{"index": index, "text": text, "finish_reason": finish}]}


def test_a_prompt_is_a_message_and_the_rest_stays_as_it_is():
    sent = {
        "model": "m",
        "prompt": "Once",
        "max_tokens": 9,
        "stop": ["\n"],
        "seed": 1,
        "stream": True,
        "temperature": 0,
        "tools": [1],
    }
    assert as_chat(sent) == {
        **{key: value for key, value in sent.items() if key not in ("prompt", "tools")},
        "n": 1,
        "messages": [{"role": "user", "content": "Once"}],
    }


@pytest.mark.parametrize(
    ("sent", "count", "contents"),
    [
        ({"prompt": ["a", "b"]}, 2, ["a", "b"]),
        ({"prompt": ["a", "b"], "n": 3}, 6, ["a", "b"]),
        ({"prompt": [1, 2, 3]}, 1, [None]),
        ({"prompt": [[1], [2]]}, 2, [None, None]),
        ({"prompt": ""}, 1, [""]),
    ],
)
def test_each_prompt_is_a_message_and_brings_n_choices(sent, count, contents):
    made = as_chat(sent)
    assert made["n"] == count
    assert [message["content"] for message in made["messages"]] == contents


@pytest.mark.parametrize("prompt", [None, [], {}, 5, ["a", 1], [None]])
def test_a_request_without_a_readable_prompt_is_unread_with_the_reason(prompt):
    made = as_chat({"prompt": prompt})
    assert isinstance(made, Unread)
    assert made.why is UnreadReason.WRONG_SHAPE


def test_an_answer_that_begins_with_its_prompt_is_not_audited():
    assert as_chat({"prompt": "a", "echo": True}).why is UnreadReason.NOT_AUDITED


def test_logprobs_are_a_number_here_and_a_wish_with_a_number_in_chat():
    assert as_chat({"prompt": "a", "logprobs": 3}) | {"messages": 0, "n": 0} == {
        "logprobs": True,
        "top_logprobs": 3,
        "messages": 0,
        "n": 0,
    }
    assert "logprobs" not in as_chat({"prompt": "a", "logprobs": None})


def test_limit_does_not_apply_to_answers_that_were_not_chosen():
    assert "max_tokens" not in as_chat({"prompt": "a", "max_tokens": 5, "best_of": 4})


@given(st.lists(st.text(), min_size=1, max_size=8))
def test_the_pieces_join_to_the_text_however_it_was_cut(texts):
    said = stream(*(chunk(text) for text in texts), chunk("", "stop")).completion
    assert isinstance(said, Completion)
    assert (said.first.text, said.first.finish_reason, said.notes) == ("".join(texts), "stop", ())
    assert read_whole(json.dumps(chunk("".join(texts), "stop")).encode(), 200).completion.first.text == "".join(texts)


def test_an_answer_of_another_api_is_none():
    chat = {"choices": [{"index": 0, "message": {"content": "hi"}, "delta": {"content": "hi"}, "finish_reason": "stop"}]}
    for reading in (read_whole(json.dumps(chat).encode(), 200), stream(chat)):
        assert isinstance(reading.completion, Unread)
        assert reading.completion.why is UnreadReason.WRONG_SHAPE


def test_a_run_of_chat_chunks_is_no_text_as_one_of_them_is_none():
    delta = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "hi"}}]}
    for number in (1, 2, 9):
        reading = stream(*[delta] * number, chunk("a", "stop"))
        assert reading.completion.first.text == "a"


def test_a_stream_that_was_cut_is_no_answer():
    said = fold_events(read_stream(b'data: {"choices":[{"index":0,"text":"a"}]}\n\n'), 200).completion
    assert isinstance(said, Unread)
    assert said.why is UnreadReason.NO_DONE


@given(HOSTILE)
def test_no_request_makes_it_raise(value):
    as_chat({"prompt": value, "n": value, "logprobs": value, "echo": value, "best_of": value})


@pytest.mark.slow
@given(st.lists(CHUNK | HOSTILE, max_size=4))
def test_no_stream_of_json_makes_it_raise(chunks):
    assert can_be_kept(stream(*chunks))


@given(CHUNK | HOSTILE)
def test_no_json_makes_it_raise(value):
    assert can_be_kept(read_whole(json.dumps(value).encode(), 200))


@pytest.mark.parametrize(
    ("n", "count"), [(0, 2), (1, 2), (2, 4), (1_000, 2_000), (1_001, 2), (-1, 2), (True, 2), (None, 2), ("3", 2)]
)
def test_number_of_choices_is_from_one_to_a_thousand_for_each_prompt(n, count):
    assert as_chat({"prompt": ["a", "b"], "n": n})["n"] == count


@pytest.mark.parametrize(("best_of", "kept"), [(None, True), (1, False), ("4", True), (True, True)])
def test_limit_is_kept_unless_other_answers_are_counted_too(best_of, kept):
    assert ("max_tokens" in as_chat({"prompt": "a", "max_tokens": 5, "best_of": best_of})) is kept


@pytest.mark.parametrize("logprobs", [None, True, "3"])
def test_logprobs_that_are_no_number_are_none(logprobs):
    assert "top_logprobs" not in as_chat({"prompt": "a", "logprobs": logprobs})
    assert as_chat({"prompt": "a", "logprobs": 0})["top_logprobs"] == 0


def test_request_that_cannot_be_translated_states_why():
    assert as_chat({}).detail == "the request has no prompt that is a text, tokens, or a list of either"
    assert as_chat({"prompt": "a", "echo": True}).detail == "the request sets echo: the answer begins with the prompt"
    assert isinstance(as_chat({"prompt": "a", "echo": False}), dict)


def test_answer_of_which_one_choice_has_a_text_is_read():
    body = {"choices": [{"index": 0, "text": None}, {"index": 1, "text": ""}]}
    said = read_whole(json.dumps(body).encode(), 200).completion
    assert [choice.text for choice in said.choices] == [None, ""]
    none = read_whole(json.dumps({"choices": [{"text": 5}]}).encode(), 200).completion
    assert (none.why, none.detail) == (UnreadReason.WRONG_SHAPE, "no choice has a text")
