"""Tool calls out of their pieces, in each way that servers are known to send them."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.tool_call_assembler import ToolCallAssembler
from tests.shadow.reading.hostile import DELTA_CALL, HOSTILE


def piece(arguments: object = None, *, index: object = None, call_id: str | None = None, name: str | None = None) -> dict:
    function = {"name": name, "arguments": arguments}
    entry = {"index": index, "id": call_id, "function": {key: value for key, value in function.items() if value is not None}}
    return {key: value for key, value in entry.items() if value is not None}


def joined(*pieces: dict) -> tuple[list[tuple[str, str, str]], set[str]]:
    notes: dict[str, None] = {}
    calls = ToolCallAssembler(notes)
    for one in pieces:
        calls.add_deltas([one])
    return [(call.id, call.name, call.arguments) for call in calls.build(streamed=True)], set(notes)


@given(st.lists(st.lists(DELTA_CALL, max_size=3) | HOSTILE, max_size=6), st.booleans())
def test_no_pieces_make_it_raise(deltas, streamed):
    calls = ToolCallAssembler({})
    for entries in deltas:
        (calls.add_deltas if streamed else calls.add_whole)(entries)
        calls.add_legacy(entries, streamed=streamed)
    found = calls.build(streamed=streamed)
    assert [call.index for call in found] == list(range(len(found)))


@pytest.mark.slow
@given(
    st.lists(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5), max_size=3), min_size=1, max_size=4),
    st.data(),
)
def test_arguments_cut_anywhere_and_interleaved_come_back_whole(values, data):
    texts = [json.dumps(value) for value in values]
    lanes = []
    for index, text in enumerate(texts):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=3)))
        bounds = [0, *cuts, len(text)]
        lane = [piece("", index=index, call_id=f"c{index}", name=f"f{index}")]
        lanes.append(lane + [piece(text[start:end], index=index) for start, end in pairwise(bounds)])
    calls = ToolCallAssembler({})
    while lane := data.draw(st.sampled_from([lane for lane in lanes if lane] or [[]])):
        calls.add_deltas([lane.pop(0)])
    assert [call.parsed for call in calls.build(streamed=True)] == values


@pytest.mark.parametrize("repeat", [{}, {"call_id": "a"}, {"call_id": "a", "name": "f"}, {"call_id": ""}])
def test_pieces_with_one_index_are_joined_to_one_call(repeat):
    found, _ = joined(
        piece("", index=0, call_id="a", name="f"), piece('{"x"', index=0, **repeat), piece(":1}", index=0, **repeat)
    )
    assert found == [("a", "f", '{"x":1}')]


def test_a_fresh_id_for_each_delta_is_one_call():
    found, notes = joined(piece('{"x"', index=0, call_id="a", name="f"), piece(":1}", index=0, call_id="b"))
    assert found == [("a", "f", '{"x":1}')]
    assert notes == {"the id of a tool call changed between its deltas"}


def test_whole_calls_of_one_index_are_several():
    found, notes = joined(piece("{}", index=0, call_id="a", name="f"), piece("{}", index=0, call_id="b", name="f"))
    assert found == [("a", "f", "{}"), ("b", "f", "{}")]
    assert "several tool calls share one index" in notes


def test_pieces_of_two_calls_that_share_an_index_find_their_own():
    found, _ = joined(
        piece("{", index=0, call_id="a", name="f"),
        piece("[", index=0, call_id="b", name="g"),
        piece("}", index=0, call_id="a"),
        piece("]", index=0, call_id="b"),
    )
    assert found == [("a", "f", "{}"), ("b", "g", "[]")]


def test_without_an_index_the_id_or_the_name_begins_a_call():
    found, notes = joined(
        piece("{", call_id="a", name="f"), piece("}"), piece("{}", call_id="b", name="f"), piece("{}", name="g")
    )
    assert found == [("a", "f", "{}"), ("b", "f", "{}"), ("", "g", "{}")]
    assert notes == {"tool call deltas came without an index"}


def test_without_index_and_id_a_name_that_repeats_goes_on_until_the_braces_close():
    found, _ = joined(piece('{"x":', name="f"), piece("1}", name="f"), piece("{}", name="f"))
    assert found == [("", "f", '{"x":1}'), ("", "f", "{}")]


def test_call_whose_piece_ends_with_the_brace_of_an_inner_object_goes_on():
    found, _ = joined(piece('{"x":{"y":1}', name="f"), piece("}", name="f"), piece("{}", name="f"))
    assert found == [("", "f", '{"x":{"y":1}}'), ("", "f", "{}")]


def test_call_whose_piece_ends_with_a_brace_inside_a_text_goes_on():
    found, _ = joined(piece('{"x":"{}', name="f"), piece('"}', name="f"), piece("{}", name="f"))
    assert found == [("", "f", '{"x":"{}"}'), ("", "f", "{}")]


def test_indices_that_start_at_one_are_counted_from_zero_and_noted():
    found, notes = joined(piece("{}", index=2, call_id="b", name="g"), piece("{}", index=1, call_id="a", name="f"))
    assert [name for _, name, _ in found] == ["f", "g"]
    assert notes == {"the indices of the tool calls are not 0, 1, 2 and so on"}


def test_a_name_in_pieces_is_joined():
    found, notes = joined(piece(index=0, call_id="a", name="get_"), piece(index=0, name="tide"), piece("{}", index=0))
    assert found == [("a", "get_tide", "{}")]
    assert notes == {"the name of a tool call came in pieces"}


def test_arguments_as_json_are_written_as_a_string():
    calls = ToolCallAssembler({})
    calls.add_whole([piece({"x": [1, "é"]}, name="f"), piece(False, name="g")])
    assert [call.arguments for call in calls.build(streamed=False)] == ['{"x": [1, "é"]}', "false"]


def test_a_custom_tool_has_its_input_as_arguments():
    calls = ToolCallAssembler({})
    calls.add_whole([{"id": "c", "type": "custom", "custom": {"name": "shell", "input": "ls -l"}}])
    (call,) = calls.build(streamed=False)
    assert (call.name, call.arguments, call.parsed) == ("shell", '{"input": "ls -l"}', {"input": "ls -l"})
    assert not call.invalid


def test_the_streamed_text_of_a_custom_tool_reads_as_the_whole_one():
    calls = ToolCallAssembler({})
    calls.add_deltas([{"index": 0, "id": "c", "type": "custom", "custom": {"name": "shell", "input": ""}}])
    for piece in ('echo "', "a\\", '" {'):
        calls.add_deltas([{"index": 0, "custom": {"input": piece}}])
    (call,) = calls.build(streamed=True)
    assert (call.name, call.parsed, call.deltas) == ("shell", {"input": 'echo "a\\" {'}, 3)


def test_empty_fields_of_the_other_kind_are_ignored():
    notes: dict[str, None] = {}
    calls = ToolCallAssembler(notes)
    entry = {"id": "c", "custom": {"name": "", "input": ""}, "function": {"name": "pay", "arguments": "{}"}}
    assert calls.add_whole([entry])
    assert not calls.add_legacy({"name": "", "arguments": ""}, streamed=False)
    assert [(call.name, call.arguments) for call in calls.build(streamed=False)] == [("pay", "{}")]
    assert not notes


def test_an_index_inside_the_function_is_one():
    calls = ToolCallAssembler({})
    for place, text in ((0, '{"a":'), (1, "{}"), (0, "1}")):
        calls.add_deltas([{"function": {"index": place, "name": f"f{place}", "arguments": text}}])
    assert [(call.name, call.arguments) for call in calls.build(streamed=True)] == [("f0", '{"a":1}'), ("f1", "{}")]


@given(st.data())
def test_calls_that_share_an_index_part_at_the_end_of_their_json_however_it_is_cut(data):
    text = st.text(alphabet='{}"\\ab', max_size=8)
    objects = data.draw(st.lists(st.dictionaries(text, text, min_size=1, max_size=2), min_size=1, max_size=3))
    calls = ToolCallAssembler({})
    for number, value in enumerate(objects):
        written = json.dumps(value)
        ends = sorted(data.draw(st.sets(st.integers(1, len(written)), max_size=4)) | {len(written)})
        for start, end in pairwise([0, *ends]):
            calls.add_deltas([{"index": 0, "id": f"c{number}", "function": {"name": "f", "arguments": written[start:end]}}])
    assert [call.parsed for call in calls.build(streamed=True)] == objects


def test_deltas_are_counted_in_a_stream_only():
    for streamed, count in ((True, 2), (False, 0)):
        calls = ToolCallAssembler({})
        (calls.add_deltas if streamed else calls.add_whole)(
            [piece("{", index=0, name="f"), piece("", index=0), piece("}", index=0)]
        )
        assert calls.build(streamed=streamed)[0].deltas == count


def test_arguments_as_json_are_one_delta_of_a_stream():
    calls = ToolCallAssembler({})
    calls.add_deltas([piece({"x": 1}, index=0, name="f")])
    assert [(call.deltas, call.arguments) for call in calls.build(streamed=True)] == [(1, '{"x": 1}')]


@pytest.mark.slow
def test_a_hostile_number_of_calls_takes_no_square_of_the_time():
    calls = ToolCallAssembler({})
    for number in range(20_000):
        calls.add_deltas([piece('{"', index=0, call_id=str(number), name="f")])
    for number in range(20_000):
        calls.add_deltas([piece("{}", index=0, call_id=str(number), name=f"g{number}")])
    assert len(calls.build(streamed=True)) > 10_000
