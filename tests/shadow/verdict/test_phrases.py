"""Signals and shares in words."""

from datetime import UTC, datetime

import pytest

from shadow.verdict.phrases import moment, named, percent, recent, rfc3339


def test_percentages_and_names_of_signals_are_written_shortly():
    assert [percent(None), percent(0.034), percent(0.5), percent(0)] == ["-", "3.4 %", "50 %", "0 %"]
    assert [named("arguments"), named("a_new_one")] == ["tool arguments", "a new one"]


def test_a_moment_is_in_utc_to_the_second():
    assert [moment(0.0), moment(1_790_000_000.4)] == ["1970-01-01 00:00:00", "2026-09-21 14:13:20"]


NOON = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 11, 30, 0, 0, tzinfo=UTC), "00:00 UTC today"),
        (datetime(2026, 11, 29, 23, 59, 59, tzinfo=UTC), "29 Nov 23:59 UTC"),
        (datetime(2026, 1, 1, 0, 0, tzinfo=UTC), "1 Jan 00:00 UTC"),
        (datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), "2025-12-31"),
    ],
)
def test_recent_moment_is_in_the_words_of_its_day_or_its_year(at, words):
    assert recent(at.timestamp(), NOON) == words


@pytest.mark.parametrize(
    ("share", "words"), [(0.0004, "0.0 %"), (0.096, "9.6 %"), (0.0999, "10.0 %"), (0.1, "10 %"), (0.62, "62 %"), (1.0, "100 %")]
)
def test_a_share_below_a_tenth_has_one_decimal(share, words):
    assert percent(share) == words


def test_a_moment_for_machines_is_rfc_3339_to_the_millisecond():
    assert rfc3339(1_790_000_000.25) == "2026-09-21T14:13:20.250+00:00"
    assert rfc3339(0.0) == "1970-01-01T00:00:00.000+00:00"
    assert rfc3339(None) is None
