"""Every field of a row has a column, and a record holds rows of itself alone."""

from dataclasses import replace

import pytest

from storage import prepared_records
from storage.prepared_records import RecordPreparer
from storage.rows import ExchangeRow, FindingRow, IdentityRow, PairRow, PayoffRow, ToolCallRow
from tests.conformance import BODY, exchange_record, finding, pair_record


@pytest.mark.parametrize(
    ("columns", "kind", "elsewhere"),
    [
        ((*prepared_records.EXCHANGE, *prepared_records.PAYLOAD, "request_body"), ExchangeRow, set()),
        (prepared_records.TOOL_CALL, ToolCallRow, {"exchange_id"}),
        (prepared_records.CHECK, FindingRow, {"exchange_id", "pair_id"}),
        (prepared_records.FINDING, FindingRow, {"pair_id"}),
        (prepared_records.PAIR, PairRow, set()),
        (prepared_records.PAYOFF, PayoffRow, {"pair_id"}),
        (prepared_records.IDENTITY, IdentityRow, set()),
    ],
)
def test_every_field_of_a_row_is_written(columns, kind, elsewhere):
    assert {*columns, *elsewhere} == set(kind.__annotations__)
    assert len(columns) == len(set(columns))


@pytest.mark.parametrize(
    "record",
    [
        exchange_record("one")._replace(tool_calls=exchange_record("two").tool_calls),
        exchange_record("one")._replace(findings=(finding("text", "match", exchange_id="one", pair_id="one"),)),
        replace(pair_record("one"), payoffs=pair_record("two").payoffs),
        replace(pair_record("one"), findings=pair_record("two").findings),
    ],
)
def test_rows_that_belong_to_something_else_make_a_record_bad(record):
    with pytest.raises(ValueError, match="holds rows of"):
        RecordPreparer().prepare(record)


def identity(exchange_id: str) -> IdentityRow:
    return IdentityRow(
        exchange_id=exchange_id, started=1.0, provider="p", model="m", identity="i", previous="", changes="[]", facts="{}"
    )


def test_record_that_is_prepared_stays_as_it_is():
    preparer = RecordPreparer()
    prepared = preparer.prepare(exchange_record("one"))
    assert preparer.prepare(prepared) is prepared


def test_rows_of_an_answer_are_itself_its_calls_its_checks_and_its_identities():
    record = exchange_record("one", calls=2, checks=1)._replace(identities=(identity("one"),), source="host:1")
    prepared = RecordPreparer().prepare(record)
    [answer] = prepared.exchanges
    assert [table for table, _ in answer.rows] == ["exchanges", "tool_calls", "tool_calls", "checks", "identities"]
    assert (prepared.source, prepared.pair, prepared.extent[0]) == ("host:1", None, 5)


@pytest.mark.parametrize(
    ("kind", "excluded", "row"), [("", (), None), ("tools", (), ("tools", "")), ("", ("a", "b"), ("", "a,b"))]
)
def test_pair_has_a_row_of_its_kind_and_what_was_excluded_where_it_has_one_of_them(kind, excluded, row):
    prepared = RecordPreparer().prepare(replace(pair_record("one"), kind=kind, excluded=excluded))
    assert [values for table, values in prepared.pair.rows if table == "trials"] == ([row] if row else [])
    assert [table for table, _ in prepared.pair.rows][:3] == ["pairs", "findings", "payoffs"]


def test_extent_of_a_pair_has_the_rows_of_its_answers_and_the_bytes_of_their_bodies_alone():
    prepared = RecordPreparer().prepare(pair_record("one", control_id="c"))
    answers = [(*each.payload, each.body.compressed) for each in prepared.exchanges]
    size = sum(len(value) for values in answers for value in values if isinstance(value, bytes))
    assert prepared.extent == (3 + 2 * 6, size)
    assert 0 < size < len(BODY)


def test_identities_are_added_to_the_answer_that_brought_them():
    prepared = RecordPreparer().prepare(pair_record("one", control_id="c"))
    first, second = prepared.with_identities({"c": [identity("c")]}).exchanges
    assert [table for table, _ in first.rows] == [table for table, _ in prepared.exchanges[0].rows]
    assert [table for table, _ in second.rows] == [*(table for table, _ in prepared.exchanges[1].rows), "identities"]


@pytest.mark.parametrize(("alone", "base"), [(False, "one"), (True, "")])
def test_bodies_of_a_conversation_are_kept_against_each_other_unless_each_is_to_be_alone(alone, base):
    preparer = RecordPreparer(alone=alone)
    body = bytes(range(256)) * 4
    for name in ("one", "two"):
        prepared = preparer.prepare(exchange_record(name, request_body=body))
    assert prepared.exchanges[0].body.base == base


def test_answer_that_gets_no_row_is_counted_alone():
    [answer] = RecordPreparer().prepare(exchange_record("one", checks=1)._replace(kept=False, passed=("usage",))).exchanges
    assert (answer.rows, answer.payload, answer.body) == ((), (), None)
    assert len(answer.counts) == 1
    assert answer.passed[-1] == ("usage",)
    assert answer.unkept.traffic[1:] == ("", "near", "qwen", "primary")


def test_headers_of_both_sides_lead_the_payload_of_an_exchange():
    made = exchange_record("one", request_headers='[["a", "1"]]', response_headers='[["b", "2"]]')
    [rows] = RecordPreparer().prepare(made).exchanges
    assert rows.payload[:2] == ('[["a", "1"]]', '[["b", "2"]]')


@pytest.mark.parametrize(("given", "base"), [({}, "one"), ({"alone": True}, "")])
def test_a_body_is_kept_against_the_one_before_unless_each_is_kept_alone(given, base):
    preparer = RecordPreparer(**given)
    body = bytes(range(256)) * 4
    preparer.prepare(exchange_record("one", request_body=body))
    [rows] = preparer.prepare(exchange_record("two", request_body=body)).exchanges
    assert rows.body.base == base
