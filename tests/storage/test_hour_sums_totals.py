"""What hours are summed to, figure by figure, and at which moments an hour is read by its sums; plain values, without a store."""

import json

from storage.hour_sums import FORM, HourPlan, HourRow, PayoffTotals, VoteTotals, hour_plan, in_slices
from storage.judgement_rows import CheckVote, ComparedChecks

HOUR = 3_600
VOTES = (
    ("m", "p", "r", "a", "usage", 1, 0),
    ("m", "p", "r", "a", "usage", 1, 1),
    ("m", "p", "r", "b", "usage", -1, 1),
    ("m", "p", "r", "g", "usage", 1, 1),
    ("m", "p", "r", "h", "usage", 1, 0),
    ("m", "p", "r", "c", "usage", 2, 0),
    ("m", "p", "r", "d", "usage", 1, -1),
    ("m", "p", "r", "i", "usage", 1, 1),
    ("m", "p", "r", "i", "usage", 1, -1),
    ("m", "p", "r", "e", "", 0, 0),
    ("m", "p", "r", "f", "stop", 1, 0),
    ("m", "p", "r", "f", "stop", -1, 1),
    ("m", "other", "r", "a", "", 0, 0),
)


def test_vote_of_a_cluster_is_the_sum_of_its_pairs_and_alone_where_the_reference_never_failed():
    totals = VoteTotals()
    totals.add_rows(VOTES)
    assert totals.compared() == [
        ComparedChecks(model="m", provider="other", reference="r", conversations=1, votes=()),
        ComparedChecks(
            model="m",
            provider="p",
            reference="r",
            conversations=9,
            votes=(
                CheckVote(signal="stop", plus=0, minus=0, alone=0),
                CheckVote(signal="usage", plus=6, minus=1, alone=3),
            ),
        ),
    ]
    assert repr(totals) == "<VoteTotals of 10 clusters>"


def test_text_of_votes_names_each_party_with_its_clusters_in_order_and_its_votes():
    totals = VoteTotals()
    totals.add_rows([*VOTES[9:11], *VOTES[12:]])
    assert json.loads(totals.text()) == [
        ["m", "p", "r", ["e", "f"], {"stop": {"f": [1, 0]}}],
        ["m", "other", "r", ["a"], {}],
    ]


def test_texts_that_are_added_twice_count_twice_and_their_clusters_once():
    once, twice = PayoffTotals(), PayoffTotals()
    once.add_rows([("m", "p", "r", "a", "", "text=1,total=-1", 2), ("m", "p", "r", "a", "seed", "text=0", 3)])
    for _ in range(2):
        twice.add_text(once.text())
    found = [(one.signal, one.judgement, one.pairs, one.plus, one.minus, one.clusters) for one in twice.sums()]
    assert sorted(found) == [("text", "", 4, 4, 0, 1), ("text", "seed", 6, 0, 0, 1), ("total", "", 4, 0, 4, 1)]
    assert (repr(once), repr(twice)) == ("<PayoffTotals of 1 clusters>",) * 2


def test_pair_without_payoffs_is_in_no_sum():
    totals = PayoffTotals()
    totals.add_rows([("m", "p", "r", "a", "", "", 1)])
    assert (totals.sums(), totals.text()) == ([], "[[],[]]")


def test_votes_of_a_cluster_in_several_texts_are_added():
    totals = VoteTotals()
    for row in VOTES[:2]:
        part = VoteTotals()
        part.add_rows([row])
        totals.add_text(part.text())
    [found] = totals.compared()
    assert (found.conversations, found.votes) == (1, (CheckVote(signal="usage", plus=1, minus=0, alone=0),))


def test_hours_that_end_as_a_period_begins_or_begin_as_it_ends_are_not_read():
    rows = [HourRow(10, 1), HourRow(11, 1), HourRow(12, 1)]
    assert hour_plan(rows, 11 * HOUR, 12 * HOUR, 0.0) == HourPlan([], [(11 * HOUR, 12 * HOUR)])
    for outside in (HourRow(10, 1, 1, FORM), HourRow(10, 1), HourRow(12, 1, 1, FORM), HourRow(12, 1)):
        assert hour_plan([outside], 11 * HOUR, 12 * HOUR, 0.0) == HourPlan([], [])


def test_hour_of_a_period_that_begins_or_ends_within_it_is_read_by_rows():
    rows = [HourRow(10, 1, 1, FORM)]
    assert hour_plan(rows, 10 * HOUR, 11 * HOUR, 10 * HOUR) == HourPlan([10], [])
    assert hour_plan(rows, 10 * HOUR, 11 * HOUR - 1, 10 * HOUR) == HourPlan([], [(10 * HOUR, 11 * HOUR - 1)])


def test_sums_of_another_form_or_of_earlier_changes_are_not_read():
    for row in (HourRow(10, 2, 2, FORM + 1), HourRow(10, 2, 1, FORM)):
        assert hour_plan([row], 0.0, 9e18, 0.0).hours == []


def test_no_day_is_begun_once_the_time_is_over():
    moments = iter([0.0, 0.5, 0.6, *[0.7] * 23, 1.0])
    written = []
    assert in_slices(range(1, 99), lambda hour: hour, written.append, lambda: next(moments), 1.0) == 24
    assert written == [[*range(1, 25)]]


def test_hour_that_has_nothing_to_sum_is_neither_written_nor_counted():
    written = []
    assert in_slices(range(1, 5), lambda hour: hour if hour % 2 else None, written.append, lambda: 0.0, 1.0) == 2
    assert written == [[1, 3]]


def test_sums_that_hosts_of_this_form_stored_are_read_by_later_ones():
    """Another form sums every hour again: its number changes with the sums or the rules by which they count, and only then."""
    assert hour_plan([HourRow(10, 1, 1, 1_424_330_327)], 0.0, 9e18, 0.0).hours == [10]
