"""A clock that differs from the broker's by more than a minute is a sentence, once for each time that it begins to differ."""

import pytest

from shadow.broker.clock_offset import ClockOffset, moment_seconds

NOON = "2026-11-29T12:00:00.123456789Z"
AT_NOON = 1_795_953_600.123456


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (60.0, ""),
        (61.0, "61 s ahead of the broker's"),
        (-60.0, ""),
        (-61.0, "61 s behind the broker's"),
        (600.0, "600 s ahead of"),
    ],
)
def test_offset_beyond_a_minute_is_a_sentence_with_what_to_do(offset, words):
    clock = ClockOffset()
    assert clock.observe(NOON, AT_NOON + offset) == bool(words)
    assert clock.seconds == pytest.approx(offset)
    assert words in clock.sentence
    assert bool(clock.sentence) == bool(words) == ("NTP" in clock.sentence)


def test_clock_that_goes_on_differing_begins_to_differ_once_and_again_after_it_agreed():
    clock = ClockOffset()
    assert [clock.observe(NOON, AT_NOON + offset) for offset in (600, 601, 0, 600)] == [True, False, False, True]


@pytest.mark.parametrize("moment", ["", "soon", "9999999-01-01T00:00:00Z"])
def test_answer_without_a_time_changes_nothing(moment):
    clock = ClockOffset()
    assert (clock.observe(moment, AT_NOON), clock.seconds, moment_seconds(moment)) == (False, 0.0, 0.0)


def test_offset_is_shown_to_the_millisecond():
    clock = ClockOffset()
    clock.observe(NOON, AT_NOON + 1.25)
    assert repr(clock) == "<ClockOffset 1.250 s>"
