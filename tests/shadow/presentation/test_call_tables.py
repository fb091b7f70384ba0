"""Tool calls side by side: by name, by path, the differing place marked."""

import json

import pytest

from shadow.pages.pair_page import pair_view
from shadow.presentation.call_tables import call_tables, cut, json_text
from storage.store import Store
from tests.exchanges import asked, exchange, said
from tests.pairs import keep_pair

TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("weather", "train")]


def answer(*calls: tuple[str, str]):
    made = [
        {"id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for index, (name, arguments) in enumerate(calls)
    ]
    return exchange(said(None, message={"tool_calls": made}), request=asked(tools=TOOLS))


@pytest.fixture
def shown_calls(store: Store):
    def make(*answers):
        pair = store.pair(keep_pair(store, *answers))
        return call_tables([column.answer for column in pair_view(store, pair).columns])

    return make


def test_the_differing_path_is_marked_and_the_others_are_not(shown_calls):
    [table], _ = shown_calls(
        answer(("weather", '{"city": "Quito", "days": "3"}')), answer(("weather", '{"city": "Quito", "days": 3, "units": "C"}'))
    )
    assert {line.path: [cell.change for cell in line.cells] for line in table.lines} == {
        "city": ["", ""],
        "days": ["type", ""],
        "units": ["missing", ""],
    }
    assert [cell.text for cell in table.lines[1].cells] == ['"3"', "3"]


def test_control_is_compared_with_the_reference_too(shown_calls):
    same = answer(("weather", '{"days": 3}'))
    [table], _ = shown_calls(same, same, answer(("weather", '{"days": 4}')))
    assert [cell.change for cell in table.lines[0].cells] == ["", "", "value"]


def test_where_the_types_differ_both_values_are_shown_whole(shown_calls):
    [table], _ = shown_calls(answer(("weather", '{"at": {"x": 1}}')), answer(("weather", '{"at": "home"}')))
    [line] = table.lines
    assert (line.path, [cell.text for cell in line.cells], line.cells[0].change) == ("at", ['{"x": 1}', '"home"'], "type")


def test_arguments_that_are_no_json_are_shown_as_they_were_sent(shown_calls):
    [table], _ = shown_calls(answer(("weather", '{"city": ')), answer(("weather", '{"city": "Quito"}')))
    first = table.lines[0]
    assert first.path == "as sent"
    assert first.cells[0].text == '{"city": '
    assert first.cells[0].change.startswith("invalid JSON")
    assert table.heads[0].outcome == "invalid_json"


def test_calls_are_matched_by_name_and_unmatched_ones_get_their_own_table(shown_calls):
    found, _ = shown_calls(answer(("train", "{}"), ("weather", "{}")), answer(("weather", "{}")))
    assert [[head.name if head else None for head in table.heads] for table in found] == [["weather", "weather"], ["train", None]]


def test_too_many_calls_are_cut_with_a_note(shown_calls):
    found, note = shown_calls(answer(*[("weather", "{}")] * (32 + 1)), answer(("weather", "{}")))
    assert len(found) == 32
    assert "33 calls" in note


def test_long_value_is_cut_and_deep_nesting_is_named():
    assert json_text("x" * 3 * 2000).endswith("(6,002 characters)")
    deep = json.loads("[" * 900 + "]" * 900)
    assert json_text(deep)


def test_letters_of_every_language_are_shown_as_they_are():
    assert json_text({"city": "Århus 東京"}) == '{"city": "Århus 東京"}'


def test_text_of_2_000_characters_is_whole_and_a_longer_one_cut_with_its_length():
    assert cut("x" * 2_000) == "x" * 2_000
    assert cut("x" * 2_001) == f"{'x' * 2_000} … (2,001 characters)"
