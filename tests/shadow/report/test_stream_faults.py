"""Faults of streams beside those of whole answers, from a real store."""

import pytest

from shadow.report.build_report import as_text
from shadow.report.figures import Report, StreamLine
from shadow.report.stream_faults import stream_lines, stream_table
from tests.conformance import START, exchange_record, finding
from tests.most_rows import MostRows


def keep(store, name, *, stream, faulty, signal="usage"):
    record = exchange_record(name, stream=stream, checks=0)
    if not faulty and name.endswith("5"):  # stored as a row, as before 0.2
        record = record._replace(findings=(finding(signal, "match", exchange_id=name, comparison="check"),))
    elif not faulty:
        record = record._replace(passed=("stop", signal))
    else:
        record = record._replace(findings=(finding(signal, "differ", exchange_id=name, comparison="check"),))
    store.add_exchange(record)


def fill(store, streams, whole, **more):
    for kind, (faulty, answers) in ((True, streams), (False, whole)):
        for number in range(answers):
            keep(store, f"{kind}{number:03}", stream=kind, faulty=number < faulty, **more)
    assert store.flush(20)
    return stream_lines(store, START - 1, 0.0)


def test_a_check_that_fails_in_streams_alone_is_distinguished(store):
    (line,) = fill(store, (20, 40), (0, 40))
    assert (line.signal, line.streamed_faulty, line.streamed, line.whole_faulty, line.whole) == ("usage", 20, 40, 0, 40)
    assert line.apart
    assert line.why == ""


def test_what_fails_as_often_in_both_is_not(store):
    assert [line.apart for line in fill(store, (11, 40), (9, 40))] == [False]


def test_nothing_is_reported_before_both_kinds_have_answers(store):
    (line,) = fill(store, (19, 19), (0, 40))
    assert not line.apart
    assert line.why == "not measured until 20 answers of each kind: 19 in streams, 40 whole"


def test_checks_without_a_fault_and_those_of_streams_alone_are_left_out(store):
    assert fill(store, (0, 30), (0, 30)) == ()


def test_a_fault_that_only_streams_can_have_is_no_asymmetry(store):
    assert fill(store, (30, 30), (0, 30), signal="lost_space") == ()


def test_stream_faults_count_live_answers_only(store):
    for number in range(40):
        record = exchange_record(f"s{number}", role="shadow", stream=number % 2 == 0, checks=0)
        found = finding("usage", "differ", exchange_id=f"s{number}", comparison="check")
        store.add_exchange(record._replace(findings=(found,)))
    assert store.flush(20)
    assert stream_lines(store, 0.0, 0.0) == ()


def test_the_report_shows_those_that_are_apart(store):
    lines = fill(store, (20, 40), (0, 40))
    text = as_text(Report(since=0.0, until=1.0, cards=(), latency=(), traffic=(), streaming=lines))
    assert "50 % of 40" in text
    assert "0 % of 40" in text


def line(**more):
    shares = {"streamed_faulty": 20, "streamed": 40, "whole_faulty": 1, "whole": 30}
    return StreamLine(**{"provider": "p", "model": "m", "signal": "usage", "apart": True, "why": "", **shares, **more})


def test_twenty_checks_that_stand_apart_are_in_the_table():
    found = Report(since=0.0, until=1.0, cards=(), latency=(), traffic=(), streaming=(line(apart=False), *[line()] * 21))
    table = stream_table(found)
    assert table.row_count == 20
    assert [next(iter(column.cells)) for column in table.columns[2:]] == ["usage missing or wrong", "50 % of 40", "3.3 % of 30"]


@pytest.mark.parametrize(
    ("streams", "whole", "apart"),
    [((20, 20), (0, 20), True), ((0, 20), (20, 20), True), ((20, 20), (0, 19), False), ((10, 20), (9, 20), False)],
)
def test_a_check_stands_apart_either_way_from_twenty_answers_of_each_kind_on(sqlite_store, streams, whole, apart):
    (found,) = fill(sqlite_store, streams, whole)
    assert (found.apart, bool(found.why)) == (apart, whole[1] < 20)


def test_of_a_long_period_the_newest_2_000_answers_of_each_kind_alone_are_read(sqlite_store):
    reader = MostRows(sqlite_store)
    assert stream_lines(reader, 0.0, START) == ()
    assert reader.most == {"by_stream": [2_000]}
