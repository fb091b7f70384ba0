"""Signals and sizes in words."""

import pytest

from shadow.drift.signals import Signal
from shadow.verdict.phrases import EFFECTS, effect, moment, named, percent, points


@pytest.mark.parametrize("signal", Signal)
def test_every_signal_has_words_for_both_directions(signal):
    more, less = effect(signal.value, 0.31), effect(signal.value, -0.31)
    assert more != less
    assert "31 points" in more
    assert "31 points" in less
    assert signal.value in EFFECTS


@pytest.mark.parametrize(
    ("signal", "excess", "words"),
    [
        ("trigger_rate", 0.31, "calls a tool in 31 points fewer requests"),
        ("trigger_rate", -0.31, "calls a tool in 31 points more requests"),
        ("error", 0.49, "fails in 49 points more requests"),
        ("finish_length", -0.09, "cut by length in 9 points fewer requests"),
        ("vector_norm", 0.5, "length of vectors in 50 points more requests"),
    ],
)
def test_an_effect_is_what_the_provider_does(signal, excess, words):
    assert effect(signal, excess) == words


def test_an_interval_is_that_of_the_size_the_smaller_end_first():
    assert effect("trigger_rate", -0.31, -0.4, -0.22) == "calls a tool in 31 points [22 to 40] more requests"


def test_figures_are_short():
    assert [points(0.031), points(0.01), points(-0.2, sign=True), points(0)] == [
        "3.1 points",
        "1 point",
        "-20 points",
        "0 points",
    ]
    assert [percent(None), percent(0.034), percent(0.5), percent(0)] == ["-", "3.4 %", "50 %", "0 %"]
    assert [named("args"), named("a_new_one")] == ["tool arguments", "a new one"]
    assert moment(0.0) == "1970-01-01 00:00:00"
