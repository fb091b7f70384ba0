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


@pytest.mark.parametrize(
    ("blocks", "joined"),
    [
        ([text("a"), text(""), text("b")], "ab"),
        ([text("a"), {"type": "thinking", "thinking": "hm"}, text("b")], "a\nb"),
        ([text("a"), {"type": "server_tool_use"}, text(""), text("b"), text("c")], "a\nbc"),
        ([{"type": "server_tool_use"}, text("a")], "a"),
        ([{"type": "tool_use", "name": "f"}, text("a")], "\na"),
        ([{"type": "text", "text": 5}, text("a")], "a"),
    ],
)
def test_line_feed_stands_once_before_text_that_another_block_parts_from_what_came(blocks, joined):
    assert BuiltBlocks().whole(*blocks).text == joined


def test_thinking_after_another_block_begins_without_a_line_feed():
    made = BuiltBlocks().whole(text("a"), {"type": "thinking", "thinking": "hm"}, text("b"))
    assert (made.reasoning, made.text, made.pieces) == ("hm", "a\nb", ("a", "\nb"))


@pytest.mark.parametrize(("cited", "count"), [([{}, {}], 2), ([], 0), ("two", 0), (None, 0)])
def test_citations_of_a_text_are_counted_as_it_begins(cited, count):
    made = BuiltBlocks().whole({**text("a"), "citations": cited})
    assert (made.citations, made.other) == (count, ("citations",) if count else ())


def test_citations_that_stream_are_counted_one_by_one_and_a_signature_is_none():
    built = BuiltBlocks()
    built.blocks.begin(0, text("a"))
    for kind in ("citations_delta", "signature_delta", "citations_delta"):
        assert not built.blocks.grow(0, {"type": kind})
    assert built.builder.build(0, streamed=True).citations == 2
    assert not built.notes.keys() & {UNBEGUN_BLOCK}


def test_beginning_block_returns_whether_it_holds_content():
    blocks = [text("a"), text(""), {"type": "thinking", "thinking": "a"}, {"type": "tool_use", "name": "f"}, {"type": "image"}]
    built = BuiltBlocks()
    assert [built.blocks.begin(index, block) for index, block in enumerate(blocks)] == [True, False, True, True, False]


@pytest.mark.parametrize(
    ("kind", "piece", "arguments"),
    [("tool_use", "{}", "{}"), ("tool_use", "", '{"x": 1}'), ("tool_use", 5, '{"x": 1}'), ("server_tool_use", "{}", None)],
)
def test_only_pieces_of_text_for_a_call_of_the_client_replace_its_input(kind, piece, arguments):
    built = BuiltBlocks()
    built.blocks.begin(0, {"type": kind, "id": "a", "name": "f", "input": {"x": 1}})
    assert built.blocks.grow(0, {"type": "input_json_delta", "partial_json": piece}) is (arguments == "{}")
    built.blocks.end(0)
    built.blocks.end(0)
    assert [call.arguments for call in built.builder.build(0, streamed=True).tool_calls] == ([arguments] if arguments else [])


def test_pieces_of_two_open_calls_find_their_own():
    built = BuiltBlocks()
    for index in (0, 1):
        built.blocks.begin(index, {"type": "tool_use", "id": f"c{index}", "name": "f"})
    for index, piece in ((1, '{"b":'), (0, '{"a":')):
        built.blocks.grow(index, {"type": "input_json_delta", "partial_json": piece})
    built.blocks.append(0, "input_json_delta", ["1", "}"])
    built.blocks.append(1, "input_json_delta", ["2}"])
    built.blocks.append(7, "input_json_delta", ["lost"])
    built.blocks.close()
    made = built.builder.build(0, streamed=True)
    assert [(call.id, call.parsed, call.deltas) for call in made.tool_calls] == [("c0", {"a": 1}, 3), ("c1", {"b": 2}, 2)]
    assert UNBEGUN_BLOCK not in built.notes


@pytest.mark.parametrize(("kind", "shown"), [(None, "NoneType"), (5, "int"), ("x" * 90, "x" * 80)])
def test_delta_of_no_known_kind_is_named(kind, shown):
    built = BuiltBlocks()
    built.blocks.begin(0, text("a"))
    assert not built.blocks.grow(0, {"type": kind})
    assert list(built.notes) == [f"a delta is of an unknown kind: {shown}"]
