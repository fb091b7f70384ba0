"""Records as JSONL and CSV."""

import csv
import io
import json

import pytest

from shadow.dossier.record_lines import COLUMNS, csv_text, jsonl_lines
from shadow.reading.parsed_exchange import parse_exchange
from shadow.records import exchange as recorded_exchange
from shadow.telemetry.genai_spans import genai_attributes
from shadow.terminal.pair_list import pair_lines
from storage.rows import PairFilter
from tests.exchanges import asked
from tests.records import add_pair, calling

KEY = b"0123456789abcdef"
ALL = PairFilter(limit=100)
INVENTED = calling("Oslo", name="invented_tool")


@pytest.fixture
def pair(store):
    name = add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"))
    assert store.flush(20)
    return name


def test_each_exchange_has_the_names_of_the_conventions(store, pair):
    lines = [json.loads(line) for line in jsonl_lines(store, pair_lines(store, ALL), key=KEY, with_text=True)]
    exchanges = [line for line in lines if "gen_ai.operation.name" in line]
    assert [line["sameweights.side"] for line in exchanges] == ["provider", "reference", "control"]
    first = exchanges[0]
    assert (first["gen_ai.operation.name"], first["gen_ai.provider.name"]) == ("chat", "garbler")
    assert first["gen_ai.request.model"] == "pretend-small"
    assert first["gen_ai.response.finish_reasons"] == ["tool_calls"]
    assert first["time"] == "2023-11-14T22:13:20.000+00:00"
    assert "Oslo" in first["sameweights.response.body"]
    results = {line["gen_ai.evaluation.name"]: line for line in lines if line.get("sameweights.comparison") == "cross"}
    assert results["arguments"]["gen_ai.evaluation.score.label"] == "differ"


def exported(store, **more):
    lines = pair_lines(store, ALL)
    return "".join(jsonl_lines(store, lines, key=KEY, **more)) + csv_text(store, lines, key=KEY, **more)


def test_no_text_is_written_where_none_is_wanted(store, pair):
    add_pair(store, "garbler", *(INVENTED, calling("Quito"), calling("Quito")))
    refused = b'{"error": {"message": "no Oslo in Quito", "type": "Oslo", "code": "invented_tool"}}'
    add_pair(store, "garbler", refused, calling("Quito"), status=400)
    assert store.flush(20)
    whole, made = (exported(store, with_text=text) for text in (True, False))
    for quoted in ("Weather?", "body", "get_weather", "Oslo", "Quito", "invented_tool", "gen_ai.evaluation.explanation"):
        assert quoted in whole
        assert quoted not in made


PLANTED = ("heron", "crane", "bittern", "stork", "ibis", "egret", "get_plumage", "own-tag", "resp_own")


def test_no_word_planted_in_a_request_or_answer_is_in_what_is_exported_without_text(store):
    tool = {"type": "function", "function": {"name": "get_plumage", "description": "crane", "parameters": {"title": "stork"}}}
    sent = {"metadata": {"own": "ibis"}, "user": "egret", "stop": ["bittern"], "previous_response_id": "resp_own"}
    calls = [{"id": "heron", "type": "function", "function": {"name": "get_plumage", "arguments": '{"bird": "heron"}'}}]
    choice = {"message": {"content": None, "reasoning_content": "crane", "tool_calls": calls}, "finish_reason": "tool_calls"}
    request = asked("heron", tools=[tool], **sent)
    for live in (choice, "the heron and the crane"):
        add_pair(store, "garbler", live, calling("Quito"), calling("Quito"), request=request, tag="own-tag")
    assert store.flush(20)
    whole, made = (exported(store, with_text=text) for text in (True, False))
    for planted in PLANTED:
        assert planted in whole
        assert planted not in made


def test_exchange_has_the_attributes_of_its_span(store, pair):
    row = store.exchange(pair)
    (line, *_) = (json.loads(line) for line in jsonl_lines(store, pair_lines(store, ALL), key=KEY, with_text=False))
    assert line["gen_ai.request.temperature"] == 1.0
    sent = json.loads(json.dumps(genai_attributes(row, parse_exchange(recorded_exchange(row)))))
    assert {name: line.get(name) for name in sent} == sent


def rows(store):
    return list(csv.reader(io.StringIO(csv_text(store, pair_lines(store, ALL), key=KEY, with_text=True))))


def test_each_pair_is_a_row_with_both_answers(store, pair):
    header, row = rows(store)
    assert tuple(header) == COLUMNS
    found = dict(zip(header, row, strict=True))
    assert (found["id"], found["comparable"], found["evidence"]) == (pair, "yes", "tool arguments")
    assert found["provider_answer"] == 'get_weather({"city": "Oslo"})'


@pytest.mark.parametrize("length", [1_999, 2_000, 2_001])
def test_a_cell_has_the_first_2000_characters_of_an_answer(store, length):
    add_pair(store, "p", "w" * length, "")
    assert store.flush(20)
    header, row = rows(store)
    assert row[header.index("provider_answer")] == "w" * min(length, 2_000)


@pytest.mark.promise("reader.terminal")
@pytest.mark.parametrize(
    "text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "x\x1b[2J\u202e", "z" * 1_000_000]
)
def test_hostile_answer_is_no_formula_and_no_control(store, text):
    add_pair(store, "p", text, text, model=text[:100])
    assert store.flush(20)
    for cell in rows(store)[1]:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", " ="))
        assert "\x1b" not in cell
        assert len(cell) < 3_000


def test_conversation_is_a_keyed_hash_and_absent_without_text(store, pair):
    lines = pair_lines(store, ALL)
    stored = lines[0].summary.pair.conversation
    names = set()
    for key in (KEY, KEY, b"another key"):
        made = [json.loads(line) for line in jsonl_lines(store, lines, key=key, with_text=True)]
        (name,) = {line["sameweights.conversation"] for line in made if "sameweights.conversation" in line}
        names.add(name)
        assert f",{name}," in csv_text(store, lines, key=key, with_text=True)
    assert len(names) == 2
    assert stored not in exported(store, with_text=True)
    for left_out in (*names, stored, "sameweights.conversation"):
        assert left_out not in exported(store, with_text=False)
