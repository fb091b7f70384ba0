import pytest

from shadow.pipeline.clock_guard import ClockJumpGuard

YEAR = 365 * 86_400.0


def test_clocks_that_agree_are_stable_however_long_between_two_checks():
    steady = ClockJumpGuard(1e9, 50.0)
    assert steady.is_stable(1e9, 50.0)
    assert steady.is_stable(1e9 + YEAR + 60.0, 50.0 + YEAR)
    assert steady.is_stable(1e9 + YEAR, 50.0 + YEAR)


@pytest.mark.parametrize("jump", [YEAR, -YEAR, 60.0 + 1, -60.0 - 1])
def test_clock_jump_is_accepted_after_an_hour_and_not_before(jump):
    steady = ClockJumpGuard(1e9, 0.0)
    assert not steady.is_stable(1e9 + jump + 1, 1.0)
    assert not steady.is_stable(1e9 + jump + 3600.0, 3600.0)
    assert steady.is_stable(1e9 + jump + 3600.0 + 1, 3600.0 + 1)


def test_a_jump_there_and_back_is_two():
    steady = ClockJumpGuard(1e9, 0.0)
    assert not steady.is_stable(1e9 + 10 + YEAR, 10)
    assert not steady.is_stable(1e9 + 3600.0 / 2, 3600.0 / 2)
    assert not steady.is_stable(1e9 + 3600.0 + 10, 3600.0 + 10)
    assert steady.is_stable(1e9 + 3600.0 * 1.5, 3600.0 * 1.5)
