from dataclasses import replace

import pytest

from shadow.choice.candidate_claims import ChoiceVerdict, claims
from shadow.tournament.candidate_arms import CandidateArm, arm_evidence
from shadow.tournament.standing_reasons import deletion_reason, standing_reason
from storage.judgement_rows import AlarmRow
from storage.rows import PairGroup
from tests.shadow.tournament.arm_rows import BEGUN, LATER, TERMS, arm, row

DENIED = [row(1, excluded=("denied",), judgement="denied", payoffs={})]


def reason(rows, *, place=1, alarm=None):
    one = CandidateArm(name="host-a", model="kimi", began=BEGUN, place=place, rows=rows)
    evidence = arm_evidence(one, TERMS, LATER)
    return standing_reason(one, evidence, claims({"1": evidence}, TERMS)["1"], TERMS, alarm)


def test_nothing_stands_against_a_claim_of_good_pairs():
    assert reason(arm()) is None


@pytest.mark.parametrize(
    ("rows", "verdict", "words"),
    [
        ([], ChoiceVerdict.NOT_MEASURED, "no request has been compared yet"),
        ([row(1, judgement=None)], ChoiceVerdict.NOT_MEASURED, "its 1 pair waits to be judged"),
        (
            [row(1, excluded=("denied",), judgement="denied", payoffs={}, status=429)],
            ChoiceVerdict.NOT_MEASURED,
            "1 of its 1 request was refused or failed",
        ),
        (
            [row(place, judgement="too_many_groups") for place in range(9)],
            ChoiceVerdict.NOT_MEASURED,
            "9 of 9 requests: the limit `drift.groups` is reached",
        ),
        (
            [row(1, judgement="nothing_applied", payoffs={})],
            ChoiceVerdict.NOT_MEASURED,
            "1 of 1 request: no signal could be compared",
        ),
        ([row(1, excluded=("same_server",), judgement="same_server")], ChoiceVerdict.NOT_MEASURED, "too faithful"),
        (arm(n=29), ChoiceVerdict.UNDECIDED, "29 of 30 conversations are complete"),
    ],
)
def test_what_stands_against_a_claim_is_a_sentence(rows, verdict, words):
    found = reason(rows)
    assert found[0] is verdict
    assert found[1].startswith("host-a: not ")
    assert words in found[1]


def test_a_candidate_closer_to_the_reference_than_itself_is_too_faithful():
    found = reason([replace(each, payoffs={"answer_kind": -abs(each.payoffs["answer_kind"])}) for each in arm(floor=0.2)])
    assert found == (
        ChoiceVerdict.UNDECIDED,
        "host-a: not yet known: closer to the reference than that is to itself in kind of answer: too faithful.",
    )


def test_worse_is_claimed_whatever_was_denied():
    rows = [*arm(excess=0.3, n=600), *(row(700 + place, excluded=("denied",), payoffs={}) for place in range(300))]
    group = PairGroup(route="agents", model="kimi", provider="host-a", reference="maker")
    alarm = AlarmRow(at=LATER, pair_id="p", group=group, old="ok", new="drift", name="x", details="{}")
    assert reason(rows, alarm=alarm) is None


def drift(details="{}"):
    """The alarm of a candidate half an hour after the tournament began."""
    group = PairGroup(route="agents", model="kimi", provider="host-a", reference="maker")
    return AlarmRow(at=BEGUN + 1_800, pair_id="p", group=group, old="ok", new="drift", name="x", details=details)


@pytest.mark.parametrize(("n", "taken"), [(200, ""), (1_400, "; the earlier claim is withdrawn")])
def test_a_drift_alarm_is_a_difference_and_takes_an_earlier_claim_back(n, taken):
    assert reason(arm(n=n), alarm=drift()) == (
        ChoiceVerdict.DIFFERS,
        f"host-a: differs: a drift alarm since 28 May 20:56 UTC{taken}.",
    )


@pytest.mark.parametrize(("place", "stands"), [(5, False), (6, True)])
def test_a_count_beyond_the_last_place_is_not_known(place, stands):
    found = reason(arm(), place=place)
    assert found == (
        (
            ChoiceVerdict.UNDECIDED,
            "host-a: not yet known: all 5 places of this tournament are taken; a new tournament has new ones.",
        )
        if stands
        else None
    )


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([row(place, judgement=None) for place in range(2)], "host-a: not measured: its 2 pairs wait to be judged."),
        (
            [*(row(place, judgement="too_many_groups") for place in range(2)), row(2, judgement="repeated")],
            "host-a: not measured: 2 of 3 requests: the limit `drift.groups` is reached",
        ),
        (
            [row(1, excluded=("same_server",), judgement="same_server")],
            "host-a: not measured: too faithful, it is the reference's own server; name another one, or leave it out.",
        ),
        (arm(n=29), "host-a: not yet known: 29 of 30 conversations are complete (29 requests)."),
    ],
)
def test_the_sentence_counts_what_it_is_about(rows, sentence):
    assert reason(rows)[1].startswith(sentence)


def test_thirty_conversations_are_enough():
    assert reason(arm(n=30)) is None


@pytest.mark.parametrize(
    ("rows", "cut", "deleted", "verdict", "words"),
    [
        ([row(1)], 0.0, 0, None, ""),
        ([], BEGUN, 0, None, ""),
        ([row(1)], BEGUN, 0, ChoiceVerdict.UNDECIDED, "not yet known: records before 28 May 20:26 UTC are deleted, and"),
        ([row(1)], BEGUN, 1, ChoiceVerdict.UNDECIDED, "not yet known: 1 pair of this tournament was deleted, so that"),
        ([], 0.0, 2, ChoiceVerdict.NOT_MEASURED, "not measured: 2 pairs of this tournament were deleted, so that"),
    ],
)
def test_deleted_pairs_stand_against_every_claim_and_a_cut_against_one_of_pairs(rows, cut, deleted, verdict, words):
    found = deletion_reason(CandidateArm(name="host-a", model="kimi", began=BEGUN, place=1, rows=rows), cut, deleted)
    assert (found is None) == (verdict is None)
    assert found is None or (found[0] is verdict and found[1].startswith(f"host-a: {words}"))
