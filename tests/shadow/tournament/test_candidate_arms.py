from dataclasses import replace

from shadow.tournament.candidate_arms import arm_evidence, candidate_arms, latest
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
