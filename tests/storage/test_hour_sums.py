"""Hours summed in either engine: periods have the figures of rows, and what changed since is read from rows."""

import random
from collections import defaultdict

import pytest

from storage.erasure_choice import ErasureChoice
from storage.hour_sums import (
    FORM,
    HourPlan,
    HourRow,
    PayoffTotals,
    VoteTotals,
    changes_of,
    first_kept,
    hour_plan,
    in_slices,
    unsummed,
)
from storage.judgement_rows import JudgementBatch, JudgementRow
from tests.conformance import PATIENCE, exchange_record
from tests.storage.postgres.same_records import BEGIN, PERIODS, id_at, live, paired

HOUR = 3_600


def summed(hour, changes, at=None):
    return HourRow(hour, changes, changes if at is None else at, FORM)


def test_sums_depend_on_the_changes_of_their_hour_and_of_the_24_before():
    rows = [HourRow(0, 1), HourRow(24, 2), HourRow(25, 4), HourRow(60, 8)]
    assert changes_of(rows) == {0: 1, 24: 3, 25: 6, 60: 8}


def test_period_is_read_by_whole_hours_whose_sums_hold_and_else_by_rows():
    rows = [summed(10, 1), summed(11, 1, 2), summed(12, 1, 9), HourRow(14, 1), summed(15, 1, 5), summed(16, 1, 6)]
    plan = hour_plan(rows, 10 * HOUR + 0.5, 16 * HOUR + 3_599.5, 10 * HOUR + 0.5)
    assert plan == HourPlan([11, 15], [(10 * HOUR + 0.5, 11 * HOUR), (12 * HOUR, 15 * HOUR), (16 * HOUR, 16 * HOUR + 3_599.5)])


def test_hours_before_the_first_moment_are_read_by_rows():
    rows = [summed(10, 1), summed(11, 1, 2)]
    assert hour_plan(rows, 0.0, 9e18, 10 * HOUR) == HourPlan([10, 11], [])
    assert hour_plan(rows, 0.0, 9e18, 10 * HOUR + 0.1) == HourPlan([11], [(10 * HOUR, 11 * HOUR)])


def test_an_hour_without_sums_that_hold_is_summed_once_it_is_settled():
    rows = [summed(10, 1), summed(11, 1, 9), HourRow(12, 1), HourRow(13, 1)]
    assert unsummed(rows, 13 * HOUR + 900.0) == [12, 11]
    assert unsummed(rows, 13 * HOUR + 899.9) == [11]


@pytest.mark.parametrize("totals", [PayoffTotals, VoteTotals])
def test_totals_of_texts_are_those_of_rows(totals):
    draw = random.Random(3)
    rows = [
        ("m", draw.choice("pq"), "r", draw.choice(["é\0", "b", "c"]), draw.choice(["", "usage"]), draw.choice([1, -1]), 0)
        for _ in range(40)
    ]
    if totals is PayoffTotals:
        rows = [(*row[:5], f"text={row[5]}", draw.randint(1, 3)) for row in rows]
    whole, parts = totals(), totals()
    whole.add_rows(rows)
    for begin in (0, 11, 30):
        part = totals()
        part.add_rows(rows[begin : {0: 11, 11: 30}.get(begin)])
        parts.add_text(part.text())
    assert _figures(parts) == _figures(whole)


def test_clusters_that_are_alike_in_all_their_pairs_have_one_sum_for_all_of_them():
    totals = PayoffTotals()
    alike = [("m", "p", "r", name, "", "text=1,total=-1", 1) for name in "abc"]
    totals.add_rows([*alike, ("m", "p", "r", "c", "usage", "text=1", 1), ("m", "q", "r", "a", "", "text=1,total=-1", 1)])
    found = [(one.provider, one.signal, one.judgement, one.pairs, one.plus, one.minus, one.clusters) for one in totals.sums()]
    assert sorted(found) == [
        ("p", "text", "", 1, 1, 0, 1),
        ("p", "text", "", 1, 1, 0, 2),
        ("p", "text", "usage", 1, 1, 0, 1),
        ("p", "total", "", 1, 0, 1, 1),
        ("p", "total", "", 1, 0, 1, 2),
        ("q", "text", "", 1, 1, 0, 1),
        ("q", "total", "", 1, 0, 1, 1),
    ]
    assert len({one.cluster for one in totals.sums()}) == 3


def _figures(totals):
    return clustered(totals.sums()) if isinstance(totals, PayoffTotals) else totals.compared()


def test_summing_ends_after_the_seconds_it_was_given_in_the_middle_of_a_day_too():
    moments = iter([0.0, 0.1, 0.2, 0.9, 1.0, 1.1])
    written = []
    assert in_slices(range(1, 100), lambda hour: hour, written.append, lambda: next(moments), 1.0) == 3
    assert written == [[1, 2, 3]]


def test_sums_are_written_a_day_at_a_time():
    written = []
    assert in_slices(range(1, 31), lambda hour: hour, written.append, lambda: 0.0, 1.0) == 30
    assert written == [[*range(1, 25)], [*range(25, 31)]]


def test_changes_are_kept_for_two_days_before_what_is_kept_and_before_the_oldest_pair():
    assert first_kept(100 * HOUR, None) == 52
    assert first_kept(100 * HOUR, 101 * HOUR) == 52
    assert first_kept(100 * HOUR, 100 * HOUR - 0.5) == 51


def put_days_before(store):
    """An exchange in each of the two days before, without which PostgreSQL reads a day from rows."""
    for back in (1, 2):
        started = BEGIN - back * 86_400
        assert store.add_exchange(exchange_record(id_at(started, "a", 0), started=started))


def put(store, numbers, draw):
    put_days_before(store)
    for number in numbers:
        record = live(draw, number)
        assert store.add_exchange(record)
        if number % 2 == 0:
            assert store.add_pair(paired(draw, number, record))
    assert store.flush(PATIENCE)


def figures(store):
    queries = store.judgements
    return [(clustered(queries.payoff_sums(*each)), sorted(queries.compared_checks(*each), key=repr)) for each in PERIODS]


def clustered(sums) -> list[object]:
    """The sums without the numbers of their clusters, which are those of one query."""
    found = defaultdict(list)
    for one in sums:
        party = one.model, one.provider, one.reference, one.clusters, one.cluster
        found[party].append((one.signal, one.judgement, one.pairs, one.plus, one.minus))
    return sorted((*party[:4], sorted(rows)) for party, rows in found.items())


def test_figures_of_summed_hours_are_those_of_rows(store):
    put(store, range(300), random.Random(7))
    rows = figures(store)
    assert store.sum_hours(PATIENCE) > 10
    assert store.sum_hours(PATIENCE) == 0
    assert figures(store) == rows
    assert rows[0][0]


def judged(store, reason):
    judgements = store.judgements
    assert judgements.claim("me", 0.0, 1e6)
    rows = judgements.unjudged(0, 10_000)
    ruled = [JudgementRow(no=row.no, reason=reason if row.no % 3 else "") for row in rows]
    assert judgements.record("me", JudgementBatch(judgements=ruled))


CHANGES = {
    "a pair stored late": lambda store: put(store, [500, 30], random.Random(8)),
    "judgements": lambda store: judged(store, "repeated"),
    "pairs to be judged again": lambda store: store.judgements.rebuild(),
    "a deletion": lambda store: store.forget(ErasureChoice(conversation="talk-3")),
    "a deletion of the oldest": lambda store: store.forget(ErasureChoice(before=BEGIN + 30_000)),
    "a sweep": lambda store: store.sweep(1_790_035_200 + 30 * 86_400.0 + 1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_in_the_figures_at_once_and_after_it_was_summed(store, change):
    put(store, range(0, 300, 2), random.Random(7))
    judged(store, "caching_reference") if change is not CHANGES["judgements"] else None
    assert store.sum_hours(PATIENCE) > 10
    before = figures(store)
    change(store)
    after = figures(store)
    assert after != before
    # because of the oldest days nothing is summed in PostgreSQL
    assert store.sum_hours(PATIENCE) > 0 or change is CHANGES["a sweep"]
    assert figures(store) == after


def test_period_that_ends_after_all_time_has_the_figures_of_one_without_an_end(store):
    put(store, range(4), random.Random(7))
    queries = store.judgements
    assert clustered(queries.payoff_sums(0.0, 1e300)) == clustered(queries.payoff_sums(0.0, 0.0))
    assert queries.compared_checks(0.0, 1e300) == queries.compared_checks(0.0, 0.0)
