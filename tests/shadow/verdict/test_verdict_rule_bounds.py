"""The verdict at its bounds: which way a signal counts, three points of tolerance, dates, shares, and which cause is stated."""

import pytest

from shadow.drift.excess_estimates import SignalOutcome
from shadow.drift.state_transitions import DriftState
from shadow.verdict.evidence import CheckEvidence, DriftEvidence, EvidenceSide, PeriodCoverage, Shortfall
from shadow.verdict.verdict_rule import decide, differs
from shadow.verdict.verdict_value import ReasonGround, VerdictWord
from tests.verdicts import evidence, signal


def drifted(name="arguments", **more) -> DriftEvidence:
    return DriftEvidence(**{"route": "default", "state": DriftState.DRIFT, "name": name, "size": 0.3, "since": 1e9} | more)


def shortfall(cause: str, pairs: int) -> Shortfall:
    return Shortfall(cause=cause, side=EvidenceSide.PROVIDER, pairs=pairs, sentence=f"{pairs} by {cause}", remedy="mend it")


@pytest.mark.parametrize(
    ("name", "outcome", "excess", "alone"),
    [
        ("error", SignalOutcome.DIFFERS, 0.2, True),
        ("error", SignalOutcome.DRIFTS, 0.2, True),
        ("error", SignalOutcome.DIFFERS, -0.2, False),
        ("error", SignalOutcome.WITHIN, 0.2, False),
        ("error", SignalOutcome.NONE_SEEN, -0.2, False),
        ("calls_tool_rate", SignalOutcome.DIFFERS, -0.2, True),
        ("text", SignalOutcome.TOO_FAITHFUL, -0.2, False),
    ],
)
def test_a_signal_alone_is_a_difference_where_it_differs_in_a_direction_of_the_provider(name, outcome, excess, alone):
    assert differs(signal(name, outcome, excess=excess)) is alone


def test_an_excess_of_nothing_counts_as_the_providers():
    assert decide(evidence(signal("text", SignalOutcome.DIFFERS, excess=0.0))).word is VerdictWord.DIFFERS


@pytest.mark.parametrize(("high", "word"), [(0.029, VerdictWord.SUSPECT), (0.03, VerdictWord.DIFFERS)])
def test_a_discovery_is_within_the_tolerance_below_three_points_and_not_at_them(high, word):
    near = signal("text", pairs=9_000, smallest=0.002, low=-0.01, high=high)
    assert decide(evidence(near, discovered=True)).word is word


@pytest.mark.parametrize(("high", "agrees"), [(0.029, True), (0.03, False)])
def test_a_provider_agrees_with_its_reference_below_three_points_and_not_at_them(high, agrees):
    near = signal("text", pairs=9_000, smallest=0.002, low=-0.01, high=high)
    sentence = decide(evidence(near)).sentence
    assert sentence.startswith("differs from its reference no more than the reference differs from itself") is agrees


def test_only_signals_that_the_reference_fails_more_often_are_notes():
    rows = [
        signal("error", SignalOutcome.DIFFERS, excess=-0.2),
        signal("valid_calls", SignalOutcome.NONE_SEEN, excess=-0.2),
        signal("finish_length", SignalOutcome.DIFFERS, excess=0.2),
        signal("text", SignalOutcome.TOO_FAITHFUL, excess=-0.2),
    ]
    assert [note.subject for note in decide(evidence(*rows)).notes] == ["error"]


def test_a_difference_is_dated_by_the_first_of_its_alarms():
    alarms = (drifted(since=2e9), drifted("text", since=1e9), drifted("tools", since=None))
    assert decide(evidence(drift=alarms)).since == 1e9


@pytest.mark.parametrize(("answers", "faulty", "size"), [(200, 50, 0.25), (0, 0, None)])
def test_the_size_of_a_fault_is_its_share_of_the_answers(answers, faulty, size):
    made = CheckEvidence(signal="lost_space", phrase="lost spaces", answers=answers, faulty=faulty, named=True)
    assert [reason.size for reason in decide(evidence(checks=(made,))).reasons] == [size]


def test_an_alarm_without_a_size_does_not_name_the_difference_before_one_with_a_size():
    seen = [signal(name, SignalOutcome.DIFFERS, excess=0.2) for name in ("arguments", "tools")]
    alarms = (drifted("arguments", size=None), drifted("tools", size=0.01))
    assert decide(evidence(*seen, drift=alarms)).worst == "tools"


@pytest.mark.parametrize("alarm", [drifted("text"), drifted("tools", state=DriftState.SUSPECT)])
def test_a_difference_is_not_named_by_an_alarm_of_another_signal_nor_by_a_suspicion(alarm):
    seen = [signal("arguments", SignalOutcome.DIFFERS, excess=0.5), signal("tools", SignalOutcome.DIFFERS, excess=0.2)]
    assert decide(evidence(*seen, drift=(alarm,))).worst == decide(evidence(*seen)).worst


@pytest.mark.parametrize(
    ("more", "stated"),
    [
        ({"why": "two witnesses disagree"}, True),
        ({"why": ""}, False),
        ({"why": "two witnesses disagree", "blame": EvidenceSide.PROVIDER}, False),
        ({"why": "two witnesses disagree", "state": DriftState.SUSPECT}, False),
    ],
)
def test_an_alarm_whose_side_is_not_known_is_noted_with_its_reason_and_date(more, stated):
    notes = decide(evidence(drift=(drifted(**more),))).notes
    expected = [("arguments", "whether the provider or its reference moved is not yet known: two witnesses disagree", 1e9)]
    assert [(note.subject, note.phrase, note.since) for note in notes] == (expected if stated else [])


def test_open_questions_of_one_reason_stand_by_their_dates_and_one_without_a_date_first():
    dates = [3.0, None, 0.5, -0.5]
    alarms = tuple(drifted(since=since, why="no witness") for since in dates)
    assert [note.since for note in decide(evidence(drift=alarms)).notes] == [-0.5, None, 0.5, 3.0]


def test_of_two_routes_that_are_not_measured_the_reason_of_the_first_is_stated():
    states = tuple(drifted(name="", state=DriftState.NOT_MEASURED, why=why) for why in ("its reference is away", "no budget"))
    found = decide(evidence(drift=states))
    unmeasured = [reason.phrase for reason in found.reasons if reason.ground is ReasonGround.UNMEASURED]
    assert unmeasured == ["its reference is away"]


def test_of_several_causes_why_nothing_was_sampled_the_most_frequent_is_stated():
    causes = (shortfall("size", 7), shortfall("budget", 2))
    coverage = PeriodCoverage(requests=9, asked=0, compared=0, shortfalls=causes)
    found = decide(evidence(signal(pairs=0), coverage=coverage))
    assert found.sentence == "not measured: 7 by size; mend it"
