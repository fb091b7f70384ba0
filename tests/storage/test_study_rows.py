"""What the rows of studies hold where nothing is stated."""

from dataclasses import asdict

from storage.study_rows import RecordedFilter, StudyRequestRow, StudyRow


def test_a_filter_of_recorded_requests_takes_a_thousand_of_any_that_is_sampled():
    assert {name: value for name, value in asdict(RecordedFilter()).items() if value} == {"limit": 1_000}


def test_a_study_that_began_has_not_ended():
    row = StudyRow(id="s", kind="probe", name="n", begun=1.0, plan="{}", policy="{}", seed=0, version="1")
    assert (row.ended, row.outcome) == (0.0, "")


def test_a_request_was_sent_once_unless_stated():
    row = StudyRequestRow(key="k", row_id="r", target="t", repeat=0, block=0, state="asked", exchange_id="")
    assert row.tries == 1
