"""The funnel from requests to pairs that count, each loss with its reason and its remedy."""

import pytest

from shadow.pages.audit_funnel import audit_funnel
from shadow.report.build_report import scorecards
from tests.exchanges import asked, exchange, said
from tests.pairs import keep_pair
from tests.records import add_live, add_pair


def stages(store, judged=None, dropped=None, sample_rate=0.5):
    assert store.flush(20)
    found = audit_funnel(scorecards(store, 0.0, 9e9), judged or {}, dropped or {}, sample_rate=sample_rate)
    return {stage.name: stage for stage in found}


def test_each_stage_counts_what_reached_it(store):
    add_live(store, "near")
    add_pair(store, "near", "Hello", "Hello")
    found = stages(store, judged={"": 1})
    assert [stage.number for stage in found.values()] == [2, 1, 1, 1, 1]
    assert found["comparable"].share == 0.5


def test_share_of_a_stage_is_never_above_the_whole(sqlite_store):
    add_pair(sqlite_store, "near", "Hello", "Hello")
    assert [stage.share for stage in stages(sqlite_store, judged={"": 5}).values()] == [1.0] * 5


def test_empty_period_has_a_share_of_none():
    assert [(stage.number, stage.share) for stage in audit_funnel((), {}, {})] == [(0, 0.0)] * 5


def test_requests_without_a_pair_are_a_loss_of_the_second_stage(store):
    add_live(store, "near")
    add_pair(store, "near", "Hello", "Hello")
    (loss,) = stages(store)["sent to the reference"].losses
    assert (loss.number, loss.sentence) == (1, "have no pair in this period")


@pytest.mark.parametrize(
    ("sample_rate", "dropped", "helps"),
    [(0.99, {}, True), (1.0, {}, False), (0.99, {"late": 1}, False), (0.99, {"late": 0}, True)],
)
def test_a_higher_rate_is_the_remedy_only_below_1_and_where_no_counted_reason_explains_the_loss(
    store, sample_rate, dropped, helps
):
    add_live(store, "near")
    add_pair(store, "near", "Hello", "Hello")
    losses = stages(store, dropped=dropped, sample_rate=sample_rate)["sent to the reference"].losses
    assert losses[0].remedy == ("raise shadow.sample_rate to compare more" if helps else "")


def test_requests_without_a_reference_are_a_loss_of_their_own(store):
    add_live(store, "near", reference="")
    (loss,) = stages(store)["sent to the reference"].losses
    assert (loss.number, loss.sentence, loss.remedy) == (1, "have no reference", "set `reference` for the route")


def test_pair_that_is_not_comparable_is_lost_once(store):
    keep_pair(store, said("Yes"), exchange(b'{"error": {"message": "overloaded"}}', 503, asked()))
    found = stages(store, judged=store.page_queries.judged(0.0, 0.0))
    assert [loss.number for loss in found["answered by the reference"].losses] == [1]
    assert found["counted"].losses == ()


def test_reasons_why_requests_were_not_sent_come_with_a_remedy(store):
    losses = stages(store, dropped={"budget_money": 3, "side_effecting": 5, "late": 0})["sent to the reference"].losses
    assert [(loss.number, loss.sentence) for loss in losses] == [
        (5, "not suited to be sent twice (side effecting)"),
        (3, "the budget of money is spent"),
    ]
    assert losses[1].remedy == "raise shadow.money, or wait for the next period"


def test_pairs_that_do_not_count_are_listed_by_reason(store):
    losses = stages(store, judged={"": 1, "seed": 4, "not_judged": 2, "unheard_of": 1})["counted"].losses
    assert [(loss.number, loss.sentence) for loss in losses] == [
        (4, "the request sets a seed, which makes the reference's answers alike"),
        (2, "waits for the judge"),
        (1, "unheard of"),
    ]


@pytest.mark.slow
def test_reference_that_fails_is_a_loss_of_its_answers(store):
    keep_pair(store, said("Yes"), exchange(b'{"error": {"message": "overloaded"}}', 503, asked()))
    found = stages(store)
    assert [found[name].number for name in ("sent to the reference", "answered by the reference", "comparable")] == [1, 0, 0]
    (loss,) = found["answered by the reference"].losses
    assert (loss.number, loss.sentence) == (1, "the reference answered with status 503")
