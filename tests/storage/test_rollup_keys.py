"""The stretches of ten minutes that a period covers whole, and the row of sums that each finding counts in."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.prepared_records import RecordPreparer
from storage.rollup_keys import begun, expanded, keys, passed, period, whole_stretches
from storage.sqlite.exchange_queries import traffic
from storage.sqlite.migrations import migrate
from storage.sqlite.record_insertion import insert
from tests.conformance import PATIENCE, exchange_record, finding, pair_record


@settings(max_examples=200)
@given(st.just(0.0) | st.floats(1e-3, 1e12), st.just(0.0) | st.floats(1e-3, 9e18))
def test_whole_stretches_lie_within_their_period(since, until):
    first, last = whole_stretches(since, until)
    assert first >= since
    assert first == last or last <= until
    assert first % 600 == last % 600 == 0


@pytest.mark.parametrize(
    ("period", "stretches"),
    [
        ((0, 6_000), (0, 6_000)),
        ((1, 5_999), (600, 5_400)),
        ((600, 1_200), (600, 1_200)),
        ((1, 599), (600, 600)),
        ((0, 1e300), (0, 10**15 // 600 * 600)),
    ],
)
def test_the_whole_ten_minutes_within_a_period_are_taken_from_the_sums(period, stretches):
    assert whole_stretches(*period) == stretches


def test_finding_of_an_answer_counts_in_the_stretch_that_it_began_in_without_a_control():
    record = exchange_record("one", started=1_199.9, checks=1, route="r", provider="p", model="m", reference="o")
    assert keys(record) == [(600, "r", "m", "p", "o", "check", "check_0", "match", "")]
    assert keys(exchange_record("one", started=1_200.0, checks=1))[0][0] == 1_200
    assert keys(exchange_record("one", checks=0)) == ()


def test_finding_of_a_pair_counts_with_the_reason_of_its_control_and_those_of_its_answers_do_not():
    record = pair_record("one", {"text": "differ"}, started=600.0, control_id="c", control_reason="random")
    assert keys(record) == [(600, "default", "qwen", "near", "official", "cross", "text", "differ", "random")]


def test_checks_that_matched_count_once_each_in_the_stretch_of_their_answer():
    record = exchange_record("one", started=1_199.9)._replace(passed=("stop", "usage"))
    assert passed(exchange_record("one")) is None
    assert passed(record) == (600, "default", "qwen", "near", "official", ("stop", "usage"))
    assert expanded({passed(record): 3, passed(record._replace(passed=("usage",))): 4}) == {
        (600, "default", "qwen", "near", "official", "check", "stop", "match", ""): 3,
        (600, "default", "qwen", "near", "official", "check", "usage", "match", ""): 7,
    }


def test_reasons_of_a_pair_and_of_an_answer_without_a_finding_are_no_keys():
    record = exchange_record("one", checks=0)._replace(findings=(finding("text", "match", exchange_id="one"),))
    assert keys(record)[0][5:] == ("cross", "text", "match", "")


@pytest.mark.parametrize(
    ("since", "until", "whole", "rest", "begin"),
    [
        (1, 1_900, (600, 1_800), (600, 1_800), 0),
        (600, 1_200, (600, 1_200), (600, 1_200), 600),
        (601, 1_199, (1_200, 1_200), (1_199, 1_199), 600),
        (600, 1_199, (600, 600), (1_199, 1_199), 600),
    ],
)
def test_period_is_its_whole_stretches_and_what_is_left_at_its_ends(since, until, whole, rest, begin):
    assert period(since, until) == {
        "since": since,
        "until": until,
        **dict(zip(("first", "last"), whole, strict=True)),
        **dict(zip(("head", "tail"), rest, strict=True)),
        "begun": begin,
    }
    assert begun(since) == begin


@pytest.mark.parametrize(("tokens", "counted"), [(10**9 - 1, 10**9 - 1), (10**9, 10**9), (10**9 + 1, 10**9), (2**62, 10**9)])
def test_an_answer_counts_a_billion_tokens_at_most(tokens, counted):
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        migrate(conn)
        record = exchange_record("one", prompt_tokens=tokens, completion_tokens=tokens)
        insert(conn, [RecordPreparer().prepare(record)])
        (row,) = traffic(conn, 0, 0)
    assert (row.prompt_tokens, row.completion_tokens) == (counted, counted)


def test_tokens_are_summed_by_days_that_begin_at_midnight_of_utc(sqlite_store):
    for started in (20_000 * 86_400 - 0.5, 20_000 * 86_400, 20_001 * 86_400 - 0.5):
        sqlite_store.add_exchange(exchange_record(f"{started}", started=started))
    assert sqlite_store.flush(PATIENCE)
    found = [(row.day, row.answers) for row in sqlite_store.token_sums(0.0, 0.0)]
    assert found == [(19_999 * 86_400, 1), (20_000 * 86_400, 2)]
