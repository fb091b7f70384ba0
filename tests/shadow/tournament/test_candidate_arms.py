from dataclasses import replace

import pytest

from shadow.tournament.candidate_arms import CandidateArm, arm_evidence, candidate_arms, horizon_of, latest
from storage.rows import IdentityRow
from tests.shadow.tournament.arm_rows import BEGUN, LATER, TERMS, arm, row

CHANGE = IdentityRow(
    exchange_id="x", started=BEGUN + 300, provider="host-a", model="kimi", identity="b", previous="a", changes="[]", facts="{}"
)


def arms(rows, changes=()):
    return candidate_arms(rows, changes, ("host-a", "host-b"), begun=BEGUN, reference="maker")


def test_each_candidate_and_model_takes_a_place_in_the_order_of_its_first_pair():
    rows = [row(1, "host-b"), row(2, "host-a"), row(3, "host-a", model="other"), row(4, "host-b")]
    assert [(one.name, one.model, one.place, len(one.rows)) for one in arms(rows)] == [
        ("host-b", "kimi", 1, 2),
        ("host-a", "kimi", 2, 1),
        ("host-a", "other", 3, 1),
    ]


def test_a_candidate_without_a_pair_has_no_place():
    assert [(one.name, one.place) for one in arms([row(1)])] == [("host-a", 1), ("host-b", 0)]


def test_a_changed_identity_takes_the_next_place_and_is_the_one_that_goes_on():
    found = arms(arm(n=10), [CHANGE])
    assert [(one.place, len(one.rows)) for one in found[:2]] == [(1, 5), (2, 5)]
    assert [one.place for one in latest(found) if one.name == "host-a"] == [2]


def test_a_first_identity_and_one_of_another_model_are_no_change():
    others = [replace(CHANGE, previous=""), replace(CHANGE, model="other"), replace(CHANGE, started=BEGUN - 1)]
    assert [one.place for one in arms(arm(n=10), others)] == [1, 0]


def test_pairs_that_the_judge_left_out_are_not_counted():
    rows = [row(1), row(2, judgement="repeated"), row(3, judgement="conversation_full"), row(4, payoffs={})]
    assert arm_evidence(arms(rows)[0], TERMS, LATER).pairs == 1


def test_of_a_caching_reference_only_numbers_count():
    paid = {"answer_kind": 1, "error": 1}
    evidence = arm_evidence(arms([row(1, judgement="caching_reference", payoffs=paid)])[0], TERMS, LATER)
    assert set(evidence.counts) == {"error"}


def test_failing_counts_denied_and_failed_answers():
    rows = [
        row(1),
        row(2, excluded=("denied",), status=429),
        row(3, excluded=("provider_failed",)),
        row(4, excluded=("repeated",)),
    ]
    (one, _) = arms(rows)
    assert one.failing == 0.5
    assert one.excluded == {"denied": 1, "provider_failed": 1, "repeated": 1}


@pytest.mark.parametrize(("before", "after"), [(299.0, 300.0), (301.0, 360.0)])
def test_a_pair_at_the_moment_of_the_change_is_of_the_new_identity(before, after):
    """Pairs are a minute apart, the sixth at 300 s."""
    first, second, *_ = arms(arm(n=10), [replace(CHANGE, started=BEGUN + (before + after) // 2)])
    assert (len(first.rows), second.rows[0].started) == (5 if after == 300 else 6, BEGUN + after)


def test_pairs_after_two_changes_are_of_the_last_one():
    changes = [replace(CHANGE, started=BEGUN + 480), CHANGE]
    assert [(one.place, one.began - BEGUN, len(one.rows)) for one in arms(arm(n=10), changes)[:3]] == [
        (1, 0.0, 5),
        (2, 300.0, 3),
        (3, 480.0, 2),
    ]


@pytest.mark.parametrize(("moment", "places"), [(0.0, [1]), (1.0, [1, 2])])
def test_a_change_counts_after_the_tournament_began(moment, places):
    change = replace(CHANGE, started=BEGUN + moment)
    assert [one.place for one in arms(arm(n=10), [change]) if one.rows] == places


@pytest.mark.parametrize("other", [{"role": "primary"}, {"name": "host-z"}, {"reference": "another"}])
def test_pairs_of_others_are_no_candidate_s(other):
    assert [len(one.rows) for one in arms([row(1, **other)])] == [0, 0]


def test_the_model_is_in_the_label_of_a_candidate_that_has_several_cut_at_two_hundred_characters():
    rows = [row(1), row(2, model="m" * 201), row(3, "host-b")]
    assert [one.label for one in arms(rows)] == ["host-a (kimi)", f"host-a ({'m' * 200})", "host-b"]


@pytest.mark.parametrize(
    ("more", "failed", "denied"),
    [
        ({"excluded": ("denied",), "status": 429}, 1, 0),
        ({"excluded": ("denied",), "status": 400}, 1, 0),
        ({"excluded": ("denied",), "status": 399}, 0, 1),
        ({"excluded": ("denied",), "status": None}, 1, 0),
        ({"excluded": ("denied",), "status": 200, "failure": "reset"}, 1, 0),
        ({"excluded": ("provider_failed",), "status": 200}, 1, 0),
        ({"excluded": ("repeated",), "status": 500}, 0, 0),
        ({"excluded": (), "status": 500}, 0, 0),
    ],
)
def test_a_denied_request_is_laid_to_the_side_that_did_not_answer(more, failed, denied):
    (one, _) = arms([row(1, **more), row(2)])
    assert (len(one.failed), len(one.denied_by_reference), one.failing) == (failed, denied, failed / 2)


def test_nothing_fails_of_a_candidate_without_a_pair():
    assert CandidateArm(name="host-a", model="", began=BEGUN).failing == 0.0


def test_the_first_exclusion_is_counted_else_the_judgement():
    rows = [row(1, excluded=("denied", "repeated"), judgement="cached"), row(2, judgement="cached"), row(3, judgement=None)]
    assert arms(rows)[0].excluded == {"denied": 1, "cached": 1}


def test_evidence_ends_before_the_first_pair_that_waits():
    rows = [row(1), row(2, judgement=None), row(3, started=row(2).started), row(4, judgement=None)]
    (one, _) = arms(rows)
    assert horizon_of(one) == BEGUN + 120
    assert arm_evidence(one, TERMS, LATER).pairs == 1


def test_evidence_of_a_moment_leaves_open_conversations_out():
    (one, _) = arms(arm(n=3, conversation="talk"))
    early, late = arm_evidence(one, TERMS, BEGUN), arm_evidence(one, TERMS, LATER)
    assert (early.conversations, late.conversations) == (0, 1)
