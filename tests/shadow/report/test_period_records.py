"""All that the verdicts of a period depend on."""

import pytest
from pydantic import TypeAdapter

from shadow.report.build_report import build_verdicts, verdicts_of
from shadow.report.period_records import PeriodRecords, read_records
from tests.records import NOW, fill


@pytest.mark.slow
def test_verdicts_are_the_same_after_the_records_were_written_and_read(store):
    fill(store)
    records = read_records(store, 0.0, NOW + 60)
    adapter = TypeAdapter(PeriodRecords)
    assert verdicts_of(adapter.validate_json(adapter.dump_json(records))) == build_verdicts(store, 0.0, NOW + 60)
