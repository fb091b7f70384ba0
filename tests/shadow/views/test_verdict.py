"""The sentence over each provider."""

from dataclasses import replace

import pytest

from shadow.drift.scorecard import Verdict
from shadow.views.figures import CheckLine, SignalLine, Standing
from shadow.views.verdict import held, percent, points, verdict

QUIET = SignalLine(
    signal="action", pairs=200, mismatch=0.1, noise=0.1, excess=0.0, low=-0.02, high=0.05, p=1.0, p_holm=1.0,
    provider_odd=10, reference_odd=10, smallest=0.06, verdict="inconclusive",
)  # fmt: skip
LOUD = replace(QUIET, signal="args", excess=0.31, low=0.22, high=0.4, p_holm=0.0001, verdict="drifts")
CLEAN = CheckLine(
    check="lost_space", answers=100, faulty=0, low=0.0, high=0.04,
    reference_answers=100, reference_faulty=0, reference_low=0.0, reference_high=0.04,
)  # fmt: skip
FAULTY = replace(
    CLEAN, faulty=42, low=0.33, high=0.52, conversations=90, plus=40, minus=1, alone=40, p=1e-9, p_holm=1e-8, worse=True
)


def test_a_difference_is_told_with_size_and_interval_and_without_a_reproach():
    standing, sentence = verdict(200, [QUIET, LOUD], [CLEAN])
    assert standing is Standing.DIFFERS
    assert sentence == (
        "differs from its reference more than the reference differs from itself: tool arguments +31 points [22 to 40]"
    )


def test_faulty_answers_are_named_beside_a_difference_and_alone():
    told = "lost spaces: 40 of 90 conversations where the reference had none, 1 the other way; more often than its reference"
    assert f"faulty answers too: {told}" in verdict(200, [LOUD], [FAULTY])[1]
    standing, sentence = verdict(200, [QUIET], [FAULTY])
    assert standing is Standing.FAULTY
    assert standing.is_drift
    assert sentence == f"gives faulty answers more often than its reference: {told}. (All traffic: 42 % of 100 answers.)"


def test_a_share_of_other_requests_makes_nobody_faulty():
    assert verdict(200, [QUIET], [replace(FAULTY, worse=False)])[0] is Standing.NONE_SEEN


def test_a_plain_fault_is_told_without_a_reference():
    line = replace(FAULTY, worse=False, plain=True, conversations=0, plus=0, minus=0, alone=0)
    standing, sentence = verdict(0, [], [line])
    assert (standing, sentence) == (
        Standing.FAULTY,
        "gives faulty answers: lost spaces: seen in 42 % of 100 answers; no answer of a reference to the same requests",
    )


def test_silence_is_never_clean():
    assert verdict(0, [], [CLEAN]) == (Standing.NOT_MEASURED, "not measured: no pair")
    assert verdict(9, [], []) == (Standing.NOT_MEASURED, "not measured: of 9 pairs none could be compared")
    assert verdict(9, [replace(QUIET, pairs=9)], [])[0] is Standing.TOO_FEW
    assert not Standing.NOT_MEASURED.is_drift


@pytest.mark.parametrize("signals", [["error"], ["error", "trigger_rate", "prompt_tokens"]])
def test_where_the_references_own_noise_was_never_seen_nothing_is_said_to_agree(signals):
    """As where it always fails, or answers from a cache."""
    assert verdict(60, [replace(QUIET, signal=signal, high=0.01) for signal in signals], [])[0] is Standing.NOT_MEASURED


def test_no_difference_tells_what_could_have_been_seen():
    standing, sentence = verdict(200, [QUIET], [])
    assert standing is Standing.NONE_SEEN
    assert sentence.endswith("; 6 points or more would have been seen (kind of answer, 200 pairs)")
    assert verdict(200, [replace(QUIET, high=0.01)], [])[0] is Standing.AGREES


def test_one_signal_among_many_by_chance_is_no_verdict():
    assert verdict(200, [replace(LOUD, p_holm=0.2)], [])[0] is Standing.NONE_SEEN


@pytest.mark.parametrize("said", [Verdict.DIFFERS, Verdict.DRIFTS, Verdict.WITHIN, Verdict.TOO_FAITHFUL])
def test_an_interval_alone_calls_nothing_a_difference(said):
    assert held(said, 0.2) is Verdict.INCONCLUSIVE
    assert held(said, 0.05) is said


@pytest.mark.parametrize("said", [Verdict.MATCHES, Verdict.TOO_FEW, Verdict.INCONCLUSIVE])
def test_what_calls_nothing_a_difference_stays(said):
    assert held(said, 1.0) is said


def test_within_the_tolerance_is_told_apart():
    standing, sentence = verdict(
        9_000, [replace(LOUD, excess=0.015, low=0.01, high=0.02, verdict="differs within tolerance")], []
    )
    assert standing is Standing.WITHIN
    assert "by less than the tolerance of 3 points: tool arguments +1.5 points" in sentence


def test_closer_than_the_reference_to_itself_is_no_drift_but_is_said():
    alike = replace(QUIET, signal="text", excess=-0.2, low=-0.3, high=-0.1, p_holm=0.0, verdict="too faithful")
    standing, sentence = verdict(200, [QUIET, alike], [])
    assert not standing.is_drift
    assert sentence.endswith("; closer to the reference than the reference is to itself: text")


@pytest.mark.parametrize(("signal", "drift"), [("trigger_rate", True), ("error", False), ("schema", False)])
def test_less_is_a_difference_only_where_either_way_is_one(signal, drift):
    line = replace(LOUD, signal=signal, excess=-0.31, low=-0.4, high=-0.22)
    assert verdict(200, [line], [])[0].is_drift is drift


def test_figures_are_short():
    assert [points(0.031), points(0.01), points(-0.2, sign=True), points(0)] == [
        "3.1 points",
        "1 point",
        "-20 points",
        "0 points",
    ]
    assert [percent(None), percent(0.034), percent(0.5), percent(0)] == ["-", "3.4 %", "50 %", "0 %"]
