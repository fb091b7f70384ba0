"""The stored details of a change of state, also those of older versions."""

from dataclasses import replace

from shadow.report.alarm_details import AlarmDetails, alarm_details
from storage.judgement_rows import AlarmRow
from storage.rows import PairGroup

GROUP = PairGroup(route="r", model="m", provider="p", reference="o")
ROW = AlarmRow(at=1.0, pair_id="a", group=GROUP, old="ok", new="drift", name="n", details="")


def test_row_without_details_has_empty_ones():
    assert alarm_details(ROW) == AlarmDetails()


def test_unknown_members_of_another_version_are_left_out():
    row = replace(ROW, details='{"sentence": "it differs", "later": 1, "tests": [{"signal": "text", "size": 0.5, "more": []}]}')
    found = alarm_details(row)
    assert (found.sentence, found.tests[0].signal, found.tests[0].size, found.tests[0].low) == ("it differs", "text", 0.5, None)
