import random
from dataclasses import replace

import pytest

from shadow.drift.alarm_budget import PROVIDER, REFERENCE, AlertBudget
from shadow.drift.alarm_state import AlarmName
from shadow.drift.attribution import Blame, opened
from shadow.drift.change_point import EvaluatedPair, estimate
from shadow.drift.drift_status import past, references, statuses
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupState
from tests.shadow.drift.leaning import Drive, payoffs

KEY = GroupKey("default", "m", "p", "r")


def drifted(seed=1, signals=("arguments",)):
    draw, case = random.Random(seed), GroupState(AlertBudget())
    drive = Drive(case.alarm, signals)
    drive.feed(payoffs(draw, 500))
    drive.feed(payoffs(draw, 200, excess=0.5))
    return case


def test_a_group_before_its_first_pair_claims_nothing():
    [status] = statuses({KEY: GroupState(AlertBudget())})
    assert (status.state, status.pairs, status.evidence, status.past) == ("waiting", 0, (), ())
    assert status.why == "no pair has counted yet"


def test_a_drift_is_reported_with_its_start_its_size_and_its_name():
    [status] = statuses({KEY: drifted()})
    [past] = status.past
    assert (status.state, status.name, past.title, past.direction) == ("drift", "arguments", "arguments", "further")
    assert past.low <= past.size <= past.high
    assert past.earliest <= past.since <= past.latest
    assert status.evidence[0][:2] == ("arguments", "further")
    assert status.evidence[0][2] > status.evidence[1][2]


@pytest.mark.parametrize(
    ("key", "worse", "direction", "sentence"),
    [
        (("refusal_rate", PROVIDER), True, "more", "refuses 25 points more often"),
        (("refusal_rate", REFERENCE), False, "fewer", "refuses 25 points less often"),
        (("error", PROVIDER), True, "more", "fails 25 points more often"),
    ],
)
def test_a_test_past_its_threshold_is_worded_by_its_direction_with_the_figures_of_its_change(key, worse, direction, sentence):
    values = [0] * 300 + [key[1], 0, 0, 0] * 50
    rows = [
        EvaluatedPair(pair_id=f"p{number}", started=1000.0 + number, conversation="", kind="", payoff=value)
        for number, value in enumerate(values)
    ]
    found = estimate(rows, direction=key[1], tolerance=0.02)
    shown = past(AlarmName(key=key, pair_id="p499", at=9.0, evidence=1.5, estimate=found))
    assert (shown.signal, shown.worse, shown.direction, shown.sentence) == (key[0], worse, direction, sentence)
    assert (shown.since, shown.size, shown.before, shown.evidence) == (1300.0, 0.25, 0.0, 1.5)
    assert (shown.earliest <= 1300.0 <= shown.latest, shown.low < 0.25 < shown.high) == (True, True)


def test_the_test_that_names_the_alarm_comes_first():
    [status] = statuses({KEY: drifted(signals=("answer_kind", "arguments"))})
    assert [past.signal for past in status.past] == ["arguments", "answer_kind"]


def test_what_is_not_measured_gives_its_reason_and_how_often():
    case = GroupState(AlertBudget())
    for _ in range(30):
        case.coverage.add(["seed"], judged=False)
    [status] = statuses({KEY: case})
    assert status.state == "not_measured"
    assert "seed" in status.why
    assert status.excluded == (("seed", 30),)


def test_an_alarm_with_one_provider_is_about_either_side_and_states_it():
    [status] = statuses({KEY: looked(drifted())})
    assert (status.blame, status.blame_why) == ("not_yet_known", "only one provider is compared with r")
    assert status.sentence.startswith("p, or its reference r: sends different tool arguments ")
    assert "points more often, since about 1970-01-01 00:08 UTC; which of the two moved is not yet known" in status.sentence


def test_second_looks_result_is_stated_with_its_witness():
    blamed, cleared = drifted(), drifted()
    looked(blamed).look.blame, blamed.look.by = Blame.PROVIDER, "q"
    looked(cleared).look.blame, cleared.look.by = Blame.REFERENCE, "q"
    [one], [other] = statuses({KEY: blamed}), statuses({KEY: cleared})
    assert (one.state, one.name, one.blame) == ("drift", "arguments", "provider")
    assert one.sentence.endswith("; the provider: q is still the same as r in this signal")
    assert (other.state, other.name, other.blame) == ("not_measured", "reference_moved", "reference")
    assert other.why == "the reference moved: q left it at the same time"
    assert [(each.state, each.reference) for each in references([one])] == [("ok", "r")]
    assert [(each.state, each.sentence) for each in references([other])] == [("moved", other.why)]


def test_while_a_page_waits_there_is_a_suspicion_without_a_name():
    waiting = looked(drifted(), witnesses=[("q",)])
    [status] = statuses({KEY: waiting})
    assert (status.state, status.name, status.blame, status.waits) == ("suspect", "", "", True)
    waiting.look.expire()
    [status] = statuses({KEY: waiting})
    assert (status.state, status.name, status.blame) == ("drift", "arguments", "not_yet_known")
    assert "more pairs of q are needed" in status.blame_why


def looked(case, witnesses=()):
    found = case.alarm.named.estimate
    case.look = opened(
        key=case.alarm.named.key,
        size=found.size,
        earliest=found.earliest,
        latest=found.latest,
        at=600.0,
        floor=0.1,
        witnesses=witnesses,
    )
    return case


def test_a_reference_that_fails_for_one_provider_and_moved_for_another_is_failing():
    cleared = drifted()
    looked(cleared).look.blame, cleared.look.by = Blame.REFERENCE, "q"
    [moved] = statuses({KEY: cleared})
    failing = replace(moved, failing=moved.past, why="the reference failed in 3 of 9 requests")
    for order in ((moved, failing), (failing, moved)):
        [found] = references(order)
        assert (found.state, found.sentence) == ("failing", "the reference failed in 3 of 9 requests")


def test_a_reference_that_fails_is_failing_whatever_the_alarm_is_named():
    [status] = statuses({KEY: drifted()})
    [found] = references([replace(status, failing=status.past, why="it failed")])
    assert (status.name, found.state, found.sentence) == ("arguments", "failing", "it failed")


def test_references_are_listed_by_model_and_name():
    [status] = statuses({KEY: GroupState(AlertBudget())})
    keys = [("n", "a"), ("m", "s"), ("m", "r"), ("m", "r")]
    found = references(replace(status, group=KEY._replace(model=model, reference=name)) for model, name in keys)
    assert [(each.model, each.reference, each.state, each.sentence) for each in found] == [
        ("m", "r", "ok", ""),
        ("m", "s", "ok", ""),
        ("n", "a", "ok", ""),
    ]


def test_tests_past_their_threshold_stand_by_their_evidence_behind_the_one_that_names_the_alarm():
    case = drifted(signals=("answer_kind", "arguments", "calls_tool"))
    for key, latch in case.alarm.latches.items():
        latch.evidence = {"arguments": 1.0, "answer_kind": 5.0, "calls_tool": 7.0}[key[0]]
    [status] = statuses({KEY: case})
    assert [(past.signal, past.evidence) for past in status.past[1:]] == [("calls_tool", 7.0), ("answer_kind", 5.0)]
    assert status.past[0].signal == "arguments"
    case.alarm.named = None
    assert [past.signal for past in statuses({KEY: case})[0].past] == ["calls_tool", "answer_kind", "arguments"]
