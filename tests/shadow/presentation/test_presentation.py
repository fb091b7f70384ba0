"""Columns of exchanges that were read and recorded without a store: what is shown of each part, and where it is cut."""

import json

import pytest

from proxy.exchange import ChunkTiming, ChunkTimings, Failure, FailureKind
from shadow.presentation.call_tables import call_tables
from shadow.presentation.exchange_view import exchange_view, facts, timeline_path
from shadow.reading.parsed_exchange import parse_exchange
from shadow.records import calls, exchange_record
from tests.exchanges import asked, exchange, said

TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
RESET = Failure(kind=FailureKind.RESET, detail="", after_head=True)


def column(body, status=200, **more):
    """The column of an answer; `kept` is False for one whose body was not stored."""
    kept = more.pop("kept", True)
    parsed = parse_exchange(exchange(body, status, asked(tools=TOOLS), **more))
    record = exchange_record(parsed, outcomes=["valid"] * len(calls(parsed.answer)), checks=[])
    row = record.exchange if kept else record.exchange._replace(response_body=None)
    return exchange_view("provider", row, parsed.answer if kept else parse_exchange(exchange(b"")).answer, record.tool_calls, ())


def shown(*columns):
    return {fact.name: fact.cells for fact in facts(columns)}


def with_usage(usage, **more):
    """An answer whose usage has more members."""
    made = json.loads(said(**more))
    made["usage"] |= usage
    return json.dumps(made).encode()


def several(count):
    """The body of an answer with so many choices."""
    made = json.loads(said())
    made["choices"] = [{**made["choices"][0], "index": index} for index in range(count)]
    return json.dumps(made).encode()


@pytest.mark.parametrize(
    ("status", "failure", "healthy"), [(200, None, True), (399, None, True), (400, None, False), (200, RESET, False)]
)
def test_an_answer_below_400_that_did_not_fail_is_healthy(status, failure, healthy):
    assert column(said(), status, failure=failure).healthy is healthy


def test_an_exchange_without_a_response_is_not_healthy():
    assert not column(b"", answered=False).healthy


@pytest.mark.parametrize(("count", "more"), [(1, ""), (2, "the first of 2 choices is shown")])
def test_further_choices_are_counted(count, more):
    assert column(several(count)).more == more


@pytest.mark.parametrize(("length", "cut"), [(60_000, ""), (60_001, "the first 60,000 of 60,001 characters are shown")])
@pytest.mark.parametrize("field", ["content", "reasoning_content", "refusal"])
def test_each_text_of_an_answer_is_cut_at_60000_characters(field, length, cut):
    one = column(said("", message={"content": "", field: "x" * length}))
    texts = {"content": one.text, "reasoning_content": one.reasoning, "refusal": one.refusal}
    assert (len(texts[field]), one.cut) == (60_000, cut)


def test_texts_that_an_answer_does_not_have_are_none():
    one = column(said(None))
    assert (one.text, one.reasoning, one.refusal, one.cut) == (None, None, None, "")


@pytest.mark.parametrize(
    ("error", "in_stream", "words"),
    [
        ({"message": "No.", "type": "t", "code": "c"}, False, "The provider sent an error instead of an answer: t c. No."),
        ({"message": "No.", "type": "t"}, False, "The provider sent an error instead of an answer: t. No."),
        ({"message": "No."}, False, "The provider sent an error instead of an answer: without a type. No."),
        ({"message": "No.", "type": "t"}, True, "The provider sent an error in the stream: t. No."),
    ],
)
def test_an_error_is_shown_with_its_names_and_where_it_came(error, in_stream, words):
    body = json.dumps({"error": error}).encode()
    stream = (("content-type", "text/event-stream"),)
    one = column(b"data: " + body + b"\n\n", headers=stream) if in_stream else column(body, 500)
    assert one.trouble == words


def test_an_answer_that_ended_without_a_detail_names_the_kind_alone():
    assert column(b"", failure=RESET).trouble == "Ended by reset."


@pytest.mark.parametrize(("size", "words"), [(1, "The body (1 byte) was not kept; its"), (1_200, "The body (1,200 bytes) was")])
def test_a_body_that_was_not_kept_is_named_with_its_size(size, words):
    assert column(b"x" * size, kept=False).trouble.startswith(words)


def test_an_empty_body_is_not_read_rather_than_not_kept():
    assert column(b"", kept=False).trouble.startswith("Not read (")


def test_times_and_counts_of_two_answers_stand_side_by_side():
    headers = (("content-type", "application/json"), ("openai-processing-ms", "120"))
    rich = column(
        with_usage(
            {"prompt_tokens_details": {"cached_tokens": 4}, "cost": 0.25},
            message={"content": "Hi", "annotations": [{"type": "url_citation"}]},
        ),
        headers=headers,
        marks=ChunkTimings([0.25, 1.5], [4, 9_000]),
        seconds=2.0,
    )
    found = shown(rich, column(b"", answered=False, failure=RESET))
    assert {name: cells for name, cells in found.items() if cells[1] == ""} == {
        "first chunk": ("250 ms", ""),
        "server's own: processing": ("120 ms", ""),
        "outside the server": ("80 ms", ""),
        "chunks": ("2", ""),
        "prompt tokens": ("9", ""),
        "cached prompt tokens": ("4", ""),
        "completion tokens": ("3", ""),
        "cost": ("$0.25", ""),
        "finish reason": ("stop", ""),
        "citations": ("1", ""),
        "echoed model": ("pretend-small", ""),
    }
    assert found["whole answer"] == ("2.00 s", "500 ms")


def test_names_of_server_times_stand_once_with_a_cell_for_each_answer():
    def timed(name, milliseconds):
        return column(said(), headers=(("content-type", "application/json"), ("server-timing", f"{name};dur={milliseconds}")))

    found = shown(timed("a", 10), timed("b", 20), timed("a", 30))
    assert found["server's own: server-timing a"] == ("10 ms", "", "30 ms")
    assert found["server's own: server-timing b"] == ("", "20 ms", "")


@pytest.mark.parametrize(("total", "rest"), [(0.5, "0 ms"), (0.4, "100 ms"), (0.6, None)])
def test_the_time_outside_the_server_is_never_below_zero(total, rest):
    found = shown(column(json.dumps(json.loads(said()) | {"time_info": {"total_time": total}}).encode()))
    assert found.get("outside the server") == ((rest,) if rest else None)


def test_applied_parameters_are_cut_at_400_characters():
    (cell,) = shown(column(json.dumps(json.loads(said()) | {"service_tier": "x" * 900}).encode()))["parameters applied"]
    assert 0 < len(cell) <= 400


def test_marks_beyond_the_ends_of_the_timeline_stand_at_its_ends():
    assert timeline_path([ChunkTiming(seconds=seconds, end=1) for seconds in (-1.0, 0.0005, 3.0)], 1.0) == "M0 0v12M1000 0v12"
    assert timeline_path([ChunkTiming(seconds=0.001, end=1)], 1.0) == "M1 0v12"
    assert timeline_path([ChunkTiming(seconds=0.0, end=1)], -1.0) == ""


def test_a_call_whose_body_was_not_kept_is_shown_from_its_row():
    made = [{"id": "call_7", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Quito"}'}}]
    parsed = parse_exchange(exchange(said(None, message={"tool_calls": made}), request=asked(tools=TOOLS)))
    record = exchange_record(parsed, outcomes=["valid"], checks=[])
    one = exchange_view("provider", record.exchange, parse_exchange(exchange(b"")).answer, record.tool_calls, ())
    (call,) = one.calls
    assert (call.index, call.id, call.name, call.invalid, call.parsed, one.outcomes) == (
        0,
        "call_7",
        "weather",
        "not kept",
        None,
        ("valid",),
    )


def called(*arguments, name="weather"):
    """The column of an answer that calls a tool so many times."""
    made = [
        {"id": f"c{place}", "type": "function", "function": {"name": name, "arguments": each}}
        for place, each in enumerate(arguments)
    ]
    return column(said(None, message={"tool_calls": made}))


def paths(*answers):
    """By path of the first table the texts and changes of its cells."""
    (table, *_), _ = call_tables(answers)
    return {line.path: [(cell.text, cell.change, cell.absent) for cell in line.cells] for line in table.lines}


def test_each_path_of_the_arguments_is_a_line_with_a_cell_for_each_answer():
    assert paths(called('{"b": 1, "c": {"x": [1, 2]}}'), called('{"a": 0, "c": {"x": [1, 3]}}')) == {
        "a": [("", "missing", True), ("0", "", False)],
        "c.x[0]": [("1", "", False), ("1", "", False)],
        "c.x[1]": [("2", "value", False), ("3", "", False)],
        "b": [("1", "extra", False), ("", "", True)],
    }


def test_members_of_an_extra_or_missing_value_are_marked_with_it_and_its_neighbours_are_not():
    assert paths(called('{"a": {"x": 1}, "ab": 2}'), called('{"ab": 2}')) == {
        "ab": [("2", "", False), ("2", "", False)],
        "a.x": [("1", "extra", False), ("", "", True)],
    }


def test_whole_arguments_of_another_type_are_one_line():
    assert paths(called("[1]"), called('{"a": 1}')) == {"(all)": [("[1]", "type", False), ('{"a": 1}', "", False)]}


def test_invalid_arguments_are_shown_as_sent_beside_valid_ones_that_are_not_compared():
    found = paths(called('{"a": '), called('{"a": 1}'))
    assert (found["as sent"][0][0], found["as sent"][1]) == ('{"a": ', ("", "", True))
    assert found["a"] == [("", "", True), ("1", "", False)]


def test_a_call_that_one_answer_lacks_has_neither_head_nor_cells_there():
    (_, second), note = call_tables([called("{}"), called("{}", '{"a": 1}')])
    assert (second.heads[0], second.heads[1].id, second.heads[1].outcome, note) == (None, "c1", "valid", "")
    assert [(cell.text, cell.change, cell.absent) for cell in second.lines[0].cells] == [("", "", True), ("1", "", False)]


@pytest.mark.parametrize(("count", "note"), [(32, ""), (33, "the first 32 of 33 calls are shown")])
def test_the_first_thirty_two_calls_are_shown(count, note):
    tables, found = call_tables([called("{}"), called(*["{}"] * count)])
    assert (len(tables), found) == (32, note)


@pytest.mark.parametrize(("length", "end"), [(1_998, 'x"'), (1_999, "x … (2,001 characters)")])
def test_a_value_is_cut_at_two_thousand_characters(length, end):
    line = paths(called(json.dumps({"a": "x" * length})), called('{"a": 1}'))["a"]
    assert line[0][0].endswith(end)
