"""The figures of a report."""

from shadow.views.figures import Report, Standing


def test_only_differences_and_faulty_answers_are_drift():
    assert {standing for standing in Standing if standing.is_drift} == {Standing.DIFFERS, Standing.FAULTY}


def test_an_empty_report_has_no_drift():
    assert not Report(since=0, until=1, cards=(), latency=(), traffic=()).drifted
