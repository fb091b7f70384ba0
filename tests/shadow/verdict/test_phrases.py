"""Signals and shares in words."""

from shadow.verdict.phrases import moment, named, percent


def test_percentages_and_names_of_signals_are_written_shortly():
    assert [percent(None), percent(0.034), percent(0.5), percent(0)] == ["-", "3.4 %", "50 %", "0 %"]
    assert [named("arguments"), named("a_new_one")] == ["tool arguments", "a new one"]


def test_a_moment_is_in_utc_to_the_second():
    assert [moment(0.0), moment(1_790_000_000.4)] == ["1970-01-01 00:00:00", "2026-09-21 14:13:20"]
