"""Blocks become text, thinking and calls; what is none of these is noted."""

from __future__ import annotations

import pytest

from shadow.reading.choice_builder import ChoiceBuilder
from shadow.reading.completion import Choice
from shadow.reading.message_blocks import DELTA_TEXTS, MessageBlocks
from shadow.reading.response_notes import UNBEGUN_BLOCK


class BuiltBlocks:
    """A builder, and the blocks that go into it."""

    def __init__(self) -> None:
        self.notes: dict[str, None] = {}
        self.builder = ChoiceBuilder(self.notes)
        self.blocks = MessageBlocks(self.builder, self.notes)

    def whole(self, *blocks: dict) -> Choice:
        for index, block in enumerate(blocks):
            self.blocks.begin(index, block)
            self.blocks.end(index)
        return self.builder.build(0, streamed=False)


def text(words: str) -> dict:
    return {"type": "text", "text": words}


def test_texts_join_unless_another_block_stands_between_them():
    assert BuiltBlocks().whole(text("a "), text("b")).text == "a b"
    assert BuiltBlocks().whole(text("a"), {"type": "server_tool_use"}, text("b")).text == "a\nb"
    assert BuiltBlocks().whole({"type": "thinking", "thinking": "hm"}, text("b")).text == "b"


def test_a_call_has_the_input_that_it_began_with_where_no_piece_came():
    built = BuiltBlocks()
    built.blocks.begin(0, {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}})
    assert built.blocks.grow(0, {"type": "input_json_delta", "partial_json": '{"x": 2}'})
    built.blocks.begin(1, {"type": "tool_use", "id": "b", "name": "g", "input": {"x": 1}})
    built.blocks.begin(2, {"type": "tool_use", "id": "c", "name": "h"})
    built.blocks.close()
    built.blocks.close()
    calls = built.builder.build(0, streamed=True).tool_calls
    assert [(call.id, call.parsed) for call in calls] == [("a", {"x": 2}), ("b", {"x": 1}), ("c", {})]


def test_an_input_that_is_no_object_stays_what_it_is():
    [call] = BuiltBlocks().whole({"type": "tool_use", "id": "a", "name": "f", "input": '{"x": 1}'}).tool_calls
    assert call.parsed == '{"x": 1}'


def test_an_input_nested_too_deep_to_write_makes_no_trouble():
    deep: list = []
    for _ in range(5_000):
        deep = [deep]
    [call] = BuiltBlocks().whole({"type": "tool_use", "id": "a", "name": "f", "input": deep}).tool_calls
    assert call.invalid


def test_what_is_neither_text_nor_call_is_noted():
    built = BuiltBlocks()
    built.whole({"type": "redacted_thinking", "data": "x"}, {})
    assert list(built.notes) == [
        "the content holds parts that are not text: redacted_thinking",
        "the content holds parts that are not text: NoneType",
    ]


def test_a_delta_of_no_block_is_read_and_noted():
    built = BuiltBlocks()
    assert built.blocks.grow(3, {"type": "text_delta", "text": "a"})
    assert not built.blocks.grow(0, {"type": "signature_delta", "signature": "x"})
    assert not built.blocks.grow(4, {"type": "input_json_delta", "partial_json": "{}"})
    assert built.builder.build(0, streamed=False).text == "a"
    assert list(built.notes) == [UNBEGUN_BLOCK]
    built.blocks.grow(3, {"type": "video_delta"})
    assert list(built.notes)[1:] == ["a delta is of an unknown kind: video_delta"]


@pytest.mark.parametrize("kind", ["text_delta", "thinking_delta", "input_json_delta"])
def test_begun_block_takes_many_texts_as_one_after_another(kind):
    made = []
    for at_once in (True, False):
        built = BuiltBlocks()
        built.blocks.begin(0, {"type": "tool_use", "id": "a", "name": "f"})
        assert built.blocks.grow(0, {"type": kind, DELTA_TEXTS[kind]: "a"})
        if at_once:
            built.blocks.append(0, kind, ["b", "c"])
        else:
            assert all(built.blocks.grow(0, {"type": kind, DELTA_TEXTS[kind]: text}) for text in "bc")
        built.blocks.close()
        made.append((built.builder.build(0, streamed=True), built.notes))
    assert made[0] == made[1]
    assert "abc" in {made[0][0].text, made[0][0].reasoning, *[call.arguments for call in made[0][0].tool_calls]}
