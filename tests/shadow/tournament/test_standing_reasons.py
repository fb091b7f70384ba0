from dataclasses import replace

import pytest

from shadow.choice.candidate_claims import ChoiceVerdict, claims
from shadow.tournament.candidate_arms import CandidateArm, arm_evidence
from shadow.tournament.standing_reasons import standing_reason
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
