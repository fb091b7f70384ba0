"""One choice in the making: which field counts, what is joined, what is noted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.choice_builder import ChoiceBuilder
from shadow.reading.completion import Choice, Logprob
from tests.shadow.reading.hostile import CHOICE, HOSTILE


def made(*messages: dict, notes: dict[str, None] | None = None, **choice) -> Choice:
    builder = ChoiceBuilder({} if notes is None else notes)
    for message in messages:
        builder.add(choice, message, streamed=True)
    return builder.build(0, streamed=True)


@pytest.mark.slow
@given(st.lists(CHOICE, max_size=4), HOSTILE)
def test_no_message_makes_it_raise(choices, message):
    builder = ChoiceBuilder({})
    for choice in choices:
        builder.add(choice, message, streamed=True)
        builder.add(choice, choice.get("delta"), streamed=True)
    builder.build(0, streamed=True)


def test_text_is_none_until_a_content_field_came():
    assert made({"role": "assistant"}).text is None
    assert made({"content": None}).text is None
    assert made({"content": ""}).text == ""
    assert made({"content": ""}).pieces == ()


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking", "reasoning_text"])
def test_reasoning_is_read_from_any_of_its_fields(field):
    choice = made({field: "a"}, {field: "b"})
    assert (choice.reasoning, choice.reasoning_field) == ("ab", field)


def test_reasoning_under_two_names_is_read_once():
    message = {"reasoning": "a", "reasoning_content": "a", "reasoning_details": [{"type": "reasoning.text", "text": "a"}]}
    choice = made(message)
    assert (choice.reasoning, choice.reasoning_field) == ("a", "reasoning_content")


def test_reasoning_details_are_read_where_nothing_else_is():
    choice = made({"reasoning_details": [{"type": "reasoning.text", "text": "a"}, {"type": "reasoning.encrypted", "data": "x"}]})
    assert (choice.reasoning, choice.reasoning_field) == ("a", "reasoning_details")


def test_an_empty_reasoning_field_is_empty_and_an_absent_one_is_none():
    assert made({"reasoning_content": ""}).reasoning == ""
    assert made({"reasoning_content": None}).reasoning is None


def test_refusal_and_log_probabilities_are_joined():
    logprobs = {"content": [{"token": "a", "logprob": -1}]}
    choice = made({"refusal": "n"}, {"refusal": "o"}, logprobs=logprobs)
    assert choice.refusal == "no"
    assert choice.logprobs == (Logprob(token="a", logprob=-1.0),) * 2


def test_the_last_finish_reason_counts_and_a_change_is_noted():
    notes: dict[str, None] = {}
    builder = ChoiceBuilder(notes)
    for finish in ("stop", None, "stop", "length", 5):
        builder.add({"finish_reason": finish}, {"role": "assistant"}, streamed=True)
    assert builder.build(0, streamed=True).finish_reason == "5"
    assert list(notes) == ["finish_reason was sent twice and differently"]


def test_adding_a_message_returns_whether_it_carried_content():
    builder = ChoiceBuilder({})
    carried = [
        builder.add({}, message, streamed=True)
        for message in (
            {"role": "assistant", "content": ""},
            {"content": "a"},
            {"reasoning": "a"},
            {"reasoning": ""},
            {"refusal": "a"},
            {"tool_calls": []},
            {"tool_calls": [{"index": 0}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": ""}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]},
            {"function_call": {"name": "f"}},
            {"content": [{"type": "text", "text": "a"}]},
            {"audio": {"data": "x"}},
            {"audio": {"data": "", "transcript": ""}, "images": []},
            {"metadata": {"data": "x"}},
        )
    ]
    assert carried == [False, True, True, False, True, False, False, False, True, True, True, True, False, False]


@pytest.mark.parametrize(
    ("messages", "output"),
    [
        ([{"role": "assistant", "content": ""}], False),
        ([{"reasoning": "a"}], False),
        ([{"content": "a"}], True),
        ([{"refusal": "a"}], True),
        ([{"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": ""}}]}], True),
        ([{"tool_calls": [{"index": 0, "function": {"name": "f"}}]}, {"tool_calls": []}, {"reasoning": "a"}], True),
        ([{"tool_calls": []}], False),
    ],
)
def test_output_is_more_than_reasoning_and_stays_once_it_has_come(messages, output):
    builder = ChoiceBuilder({})
    for message in messages:
        builder.add({}, message, streamed=True)
    assert builder.has_output is output


def test_half_a_character_moves_into_the_piece_that_completes_it():
    choice = made({"content": "a\ud83c"}, {"content": "\udf0a"}, {"content": "b\ud83c"})
    assert choice.pieces == ("a", "\U0001f30a", "b", "\ufffd")
    assert choice.text == "a\U0001f30ab\ufffd"


def test_parts_that_are_not_text_are_noted():
    notes: dict[str, None] = {}
    choice = made({"role": "a", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}]}, notes=notes)
    assert choice.text == "a"
    assert list(notes) == ["the content holds parts that are not text: image_url"]


def test_the_role_belongs_once_in_a_stream_or_in_most_deltas():
    for roles, note in (
        ((1, 0, 0), []),
        ((1, 1, 1), []),
        ((0, 0, 0), ["no delta names the role"]),
        ((1, 1, 0), []),
        ((1, 1, 0, 0), []),
        ((1, 1, 0, 0, 0), ["the role came again in the middle of the stream"]),
    ):
        notes: dict[str, None] = {}
        made(*({"role": "assistant" if role else None, "content": "a"} for role in roles), notes=notes)
        assert list(notes) == note


def test_what_comes_after_the_finish_reason_is_noted():
    notes: dict[str, None] = {}
    builder = ChoiceBuilder(notes)
    builder.add({"finish_reason": "stop"}, {"role": "assistant", "content": "a"}, streamed=True)
    builder.add({}, {"role": "assistant", "content": ""}, streamed=True)
    assert notes == {}
    builder.add({}, {"role": "assistant", "content": "b"}, streamed=True)
    assert list(notes) == ["content came after the finish_reason"]


@given(st.lists(st.sampled_from(["", "a", "b", None]), max_size=6))
def test_content_alone_is_taken_as_from_a_message_of_it_alone(texts):
    built = []
    for alone in (True, False):
        notes: dict[str, None] = {}
        builder = ChoiceBuilder(notes)
        carried = []
        for text in texts:
            if text is None:
                builder.add({"finish_reason": "stop"}, {"role": "assistant"}, streamed=True)
            else:
                carried.append(builder.add_text(text) if alone else builder.add({}, {"content": text}, streamed=True))
        built.append((carried, builder.build(0, streamed=True), list(notes)))
    assert built[0] == built[1]
