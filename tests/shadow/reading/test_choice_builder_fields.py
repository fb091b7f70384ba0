"""The rarer fields of a message: media, citations, filters, reasoning under several names, and what counts as content."""

from __future__ import annotations

import pytest

from shadow.reading.choice_builder import ChoiceBuilder
from tests.shadow.reading.test_choice_builder import made


@pytest.mark.parametrize(
    ("message", "other"),
    [
        ({"images": [{"url": "x"}]}, ("images",)),
        ({"images": []}, ()),
        ({"audio": {"data": "x"}}, ("audio",)),
        ({"audio": {"transcript": "x"}}, ("audio",)),
        ({"audio": {"id": "x"}}, ()),
        ({"audio": "x"}, ("audio",)),
        ({"video": {"data": ""}}, ("video",)),
        ({"metadata": "x"}, ()),
        ({"annotations": [{}], "citations": [{}, {}]}, ("citations",)),
        ({"annotations": {"a": 1}}, ()),
        ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}, ("sealed_reasoning",)),
        ({"content": [{"type": "k" * 90}]}, ("k" * 80,)),
    ],
)
def test_what_a_message_holds_beside_text_is_kept_by_its_kind(message, other):
    assert made(message).other == other


@pytest.mark.parametrize(
    ("message", "noted"),
    [
        ({"images": [{}]}, True),
        ({"content": [{"type": "image_url"}]}, True),
        ({"annotations": [{}]}, False),
        ({"reasoning_details": [{"type": "reasoning.encrypted"}]}, False),
    ],
)
def test_media_are_noted_and_citations_and_sealed_reasoning_are_not(message, noted):
    notes: dict[str, None] = {}
    made({"role": "assistant"}, message, notes=notes)
    assert bool(notes) is noted


def test_citations_of_all_deltas_are_counted():
    assert made({"annotations": [{}]}, {"annotations": [{}, {}]}, {"citations": [{}]}, {"citations": 5}).citations == 4


@pytest.mark.parametrize(("count", "kept"), [(15, 15), (16, 16), (17, 16)])
def test_sixteen_kinds_of_other_content_are_kept_and_sixteen_filters(count, kept):
    builder = ChoiceBuilder({})
    builder.add_filtered([f"f{number}" for number in range(count)])
    for number in range(count):
        builder.add_other_kind(f"k{number}")
    choice = builder.build(0, streamed=False)
    assert (len(choice.other), len(choice.filtered)) == (kept, kept)


def test_filters_of_all_deltas_are_kept_each_once():
    hate, harm = ({"content_filter_results": {kind: {"filtered": True}}} for kind in ("hate", "harm"))
    builder = ChoiceBuilder({})
    for choice in (hate, {}, harm, hate, {"content_filter_results": None}):
        builder.add(choice, {"content": "a"}, streamed=True)
    assert builder.build(0, streamed=True).filtered == ("hate", "harm")


@pytest.mark.parametrize(
    ("natives", "kept"), [(["STOP", None], "STOP"), (["STOP", "END"], "END"), ([5], ""), ([None], ""), (["x" * 90], "x" * 80)]
)
def test_native_finish_reason_is_the_last_word_beside_a_finish_reason(natives, kept):
    builder = ChoiceBuilder({})
    for native in natives:
        builder.add({"finish_reason": "stop", "native_finish_reason": native}, None, streamed=True)
    builder.add({"native_finish_reason": "LATE"}, None, streamed=True)
    assert builder.build(0, streamed=True).native_finish_reason == kept


def test_log_probabilities_are_none_until_some_came_and_empty_lists_are_some():
    assert made({"content": "a"}, logprobs=None).logprobs is None
    assert made({"content": "a"}, logprobs={"content": None}).logprobs is None
    assert made({"content": "a"}, logprobs={"content": []}).logprobs == ()


@pytest.mark.parametrize(
    ("message", "text", "field"),
    [
        ({"reasoning": "b", "reasoning_content": ""}, "b", "reasoning"),
        ({"reasoning": "", "reasoning_content": ""}, "", ""),
        ({"reasoning": "b", "thinking": "c"}, "b", "reasoning"),
        ({"reasoning": None, "thinking": "c"}, "c", "thinking"),
        ({"reasoning": "b", "reasoning_details": [{"text": "c"}]}, "b", "reasoning"),
        ({"reasoning": "", "reasoning_details": [{"text": "c"}]}, "c", "reasoning_details"),
        ({"reasoning_details": []}, None, ""),
        ({"content": [{"type": "thinking", "thinking": "c"}]}, "c", "content"),
        ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}, "", ""),
    ],
)
def test_reasoning_is_that_of_the_first_field_that_holds_some(message, text, field):
    choice = made(message)
    assert (choice.reasoning, choice.reasoning_field) == (text, field)


def test_field_of_the_reasoning_is_the_first_that_brought_some():
    choice = made({"reasoning": ""}, {"reasoning_content": "a"}, {"thinking": "b"})
    assert (choice.reasoning, choice.reasoning_field) == ("ab", "reasoning_content")


@pytest.mark.parametrize(
    ("messages", "text", "pieces"),
    [
        ([{"content": []}], None, ()),
        ([{"content": [{"type": "text", "text": ""}]}], "", ()),
        ([{"content": [{"type": "text", "text": "a"}]}, {"content": "b"}], "ab", ("a", "b")),
        ([{"content": [{"type": "image_url"}]}], None, ()),
    ],
)
def test_content_in_parts_is_text_where_one_of_them_is(messages, text, pieces):
    choice = made(*messages)
    assert (choice.text, choice.pieces) == (text, pieces)


@pytest.mark.parametrize(
    ("message", "carried"),
    [
        ({"content": [{"type": "text", "text": ""}]}, False),
        ({"content": [{"type": "thinking", "thinking": "a"}]}, True),
        ({"content": [{"type": "thinking", "thinking": "a"}, {"type": "text", "text": ""}]}, True),
        ({"content": [{"type": "image_url"}]}, False),
        ({"reasoning_details": [{"text": "a"}]}, True),
        ({"reasoning_details": [{"text": ""}]}, False),
        ({"refusal": ""}, False),
        ({"refusal": 5}, False),
        ({"annotations": [{}]}, False),
        ({"content": "a", "reasoning": ""}, True),
        ({"reasoning": "", "content": "a"}, True),
        ({"role": "assistant"}, False),
        (None, False),
        ([{"content": "a"}], False),
    ],
)
def test_message_carries_content_where_one_of_its_fields_holds_some(message, carried):
    assert ChoiceBuilder({}).add({}, message, streamed=True) is carried


def test_call_of_a_whole_message_is_output_even_without_arguments():
    builder = ChoiceBuilder({})
    assert builder.add({}, {"tool_calls": [{"function": {}}]}, streamed=False)
    assert builder.has_output
    assert [call.deltas for call in builder.build(0, streamed=False).tool_calls] == [0]


def test_role_is_missed_in_a_stream_only_and_may_stand_in_every_second_delta():
    for streamed, roles, note in (
        (False, [], []),
        (True, [], ["no delta names the role"]),
        (True, [1, 1, 0, 0, 0], ["the role came again in the middle of the stream"]),
        (False, [1, 1, 0, 0, 0], []),
        (True, [1, 0, 1, 0, 1, 0, 1], []),
    ):
        notes: dict[str, None] = {}
        builder = ChoiceBuilder(notes)
        for role in roles:
            builder.add({}, {"role": "assistant" if role else None, "content": "a"}, streamed=streamed)
        builder.build(0, streamed=streamed)
        assert list(notes) == note


def test_texts_of_a_run_count_as_deltas_beside_the_roles():
    notes: dict[str, None] = {}
    builder = ChoiceBuilder(notes)
    for _ in range(2):
        builder.add({}, {"role": "assistant", "content": "a"}, streamed=True)
    builder.append("content", ["b", "c", "d"])
    assert builder.build(0, streamed=True).pieces == ("a", "a", "b", "c", "d")
    assert list(notes) == ["the role came again in the middle of the stream"]


def test_run_of_reasoning_goes_on_with_reasoning_that_has_begun():
    builder = ChoiceBuilder({})
    builder.append("reasoning", ["lost"])
    builder.add({}, {"reasoning": "a"}, streamed=True)
    builder.append("reasoning", ["b", "c"])
    choice = builder.build(0, streamed=True)
    assert (choice.reasoning, choice.text) == ("abc", None)


def test_run_of_arguments_goes_to_its_call():
    builder = ChoiceBuilder({})
    for index in (0, 1):
        builder.add({}, {"tool_calls": [{"index": index, "function": {"name": "f", "arguments": "{"}}]}, streamed=True)
    builder.append("tool_calls", ["}"], 1)
    builder.append("tool_calls", ['"a": 1', "}"])
    assert [(call.arguments, call.deltas) for call in builder.build(0, streamed=True).tool_calls] == [('{"a": 1}', 3), ("{}", 2)]


def test_finish_reason_that_repeats_is_not_noted_and_a_long_one_is_cut():
    notes: dict[str, None] = {}
    builder = ChoiceBuilder(notes)
    for _ in range(2):
        builder.add({"finish_reason": "x" * 81}, {"role": "assistant"}, streamed=True)
    builder.add({"finish_reason": ""}, None, streamed=True)
    assert (builder.build(0, streamed=True).finish_reason, notes) == ("x" * 80, {})


@pytest.mark.parametrize(
    ("texts", "pieces"),
    [
        (["a\ud83c"], ("a", "\ufffd")),
        (["\ud83c", "\udf0a"], ("\U0001f30a",)),
        (["\ud83c", "b"], ("\ufffdb",)),
        (["\udf0a", "b"], ("\ufffd", "b")),
        (["a\ud800", "b"], ("a", "\ufffdb")),
        (["a\udbff", "\udfff"], ("a", "\U0010ffff")),
        (["a\ud800", "\udc00b"], ("a", "\U00010000b")),
        (["é", "b\udc00c"], ("é", "b\ufffdc")),
    ],
)
def test_half_of_a_character_is_joined_with_the_next_piece_or_replaced(texts, pieces):
    choice = made(*({"content": text} for text in texts))
    assert (choice.pieces, choice.text) == (pieces, "".join(pieces))


def test_halves_of_characters_in_reasoning_and_refusal_are_joined_or_replaced():
    choice = made({"reasoning": "\ud83c", "refusal": "\ud83c"}, {"reasoning": "\udf0a", "refusal": "b"})
    assert (choice.reasoning, choice.refusal) == ("\U0001f30a", "\ufffdb")
