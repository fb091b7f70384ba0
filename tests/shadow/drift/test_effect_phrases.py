import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.drift.alarm_budget import WEIGHTS
from shadow.drift.drift_signals import DriftSignal
from shadow.drift.effect_phrases import EFFECTS, LABELS, effect, leans, points


@pytest.mark.parametrize("signal", DriftSignal)
def test_every_signal_has_words_for_both_directions(signal):
    more, less = effect(signal.value, 0.31), effect(signal.value, -0.31)
    assert more != less
    assert "31 points" in more
    assert "31 points" in less
    assert signal.value in EFFECTS


@pytest.mark.parametrize(
    ("signal", "excess", "words"),
    [
        ("calls_tool_rate", 0.31, "calls a tool 31 points less often"),
        ("calls_tool_rate", -0.31, "calls a tool 31 points more often"),
        ("error", 0.49, "fails 49 points more often"),
        ("finish_length", -0.09, "is cut by length 9 points less often"),
        ("vector_norm", 0.5, "vector norm 50 points more often"),
    ],
)
def test_an_effect_is_what_the_provider_does(signal, excess, words):
    assert effect(signal, excess) == words


@given(signal=st.sampled_from(list(DriftSignal)), excess=st.floats(0.001, 1))
def test_no_effect_has_a_sign(signal, excess):
    assert not any(mark in effect(signal, excess) + effect(signal, -excess) for mark in "+-")


def test_an_interval_is_that_of_the_size_the_smaller_end_first():
    assert effect("calls_tool_rate", -0.31, -0.4, -0.22) == "calls a tool 31 points [22 to 40] more often"


def test_every_test_leans_one_way_and_the_two_of_a_signal_opposite_ways():
    ways = {key: leans(*key) for key in WEIGHTS}
    assert set(ways.values()) == set(LABELS)
    assert all(ways[signal, 1] != ways[signal, -1] for signal, _ in WEIGHTS)
    assert ways["calls_tool_rate", 1] == "fewer"


def test_points_are_written_without_superfluous_digits():
    found = [points(0.031), points(0.01), points(-0.2, sign=True), points(0)]
    assert found == ["3.1 points", "1 point", "-20 points", "0 points"]


@pytest.mark.parametrize(
    ("share", "text", "signed"),
    [
        (0.0, "0 points", "+0 points"),
        (0.01, "1 point", "+1 point"),
        (-0.01, "-1 point", "-1 point"),
        (0.034, "3.4 points", "+3.4 points"),
        (0.0999, "10 points", "+10 points"),
        (0.0994, "9.9 points", "+9.9 points"),
        (0.1, "10 points", "+10 points"),
        (0.104, "10 points", "+10 points"),
        (1.0, "100 points", "+100 points"),
    ],
)
def test_a_difference_below_ten_points_keeps_its_decimal(share, text, signed):
    assert (points(share), points(share, sign=True)) == (text, signed)


@pytest.mark.parametrize(
    ("signal", "direction", "way"),
    [
        ("text", 1, "further"),
        ("text", -1, "closer"),
        ("error", 1, "more"),
        ("error", -1, "fewer"),
        ("calls_tool_rate", 1, "fewer"),
        ("calls_tool_rate", -1, "more"),
    ],
)
def test_a_test_that_finds_the_provider_odd_leans_to_more_but_in_the_rate_of_calls(signal, direction, way):
    assert leans(signal, direction) == way


@pytest.mark.parametrize(
    ("excess", "words"), [(0.0, "0 points more often"), (-0.01, "1 point less often"), (0.01, "1 point more often")]
)
def test_a_signal_without_words_of_its_own_is_stated_by_its_name(excess, words):
    assert effect("a_new_one", excess) == f"a new one {words}"


def test_an_interval_with_one_end_is_not_printed():
    assert effect("error", 0.31, 0.2, None) == effect("error", 0.31, None, 0.4) == "fails 31 points more often"
    assert effect("error", 0.31, 0.2, 0.4) == "fails 31 points [20 to 40] more often"


@pytest.mark.parametrize(
    ("excess", "low", "high", "words"),
    [
        (0.8, 0.71, 0.89, "fails 80 points [71 to 89] more often"),
        (-0.8, -0.89, -0.71, "fails 80 points [71 to 89] less often"),
        (0.0, -0.1, 0.2, "fails 0 points [-10 to 20] more often"),
    ],
)
def test_the_ends_of_an_interval_are_percentage_points(excess, low, high, words):
    assert effect("error", excess, low, high) == words
