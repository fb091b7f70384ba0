"""Every field of a row has a column, and a record holds rows of itself alone."""

from dataclasses import replace

import pytest

from storage import prepared_records
from storage.prepared_records import RecordPreparer
from storage.rows import ExchangeRow, FindingRow, IdentityRow, PairRow, PayoffRow, ToolCallRow
from tests.conformance import exchange_record, finding, pair_record


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
