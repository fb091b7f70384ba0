import pytest

from shadow.pipeline.clock_guard import CALM, JUMP, ClockJumpGuard

YEAR = 365 * 86_400.0


def test_clocks_that_agree_are_stable_however_long_between_two_checks():
    steady = ClockJumpGuard(1e9, 50.0)
    assert steady.is_stable(1e9, 50.0)
    assert steady.is_stable(1e9 + YEAR + JUMP, 50.0 + YEAR)
    assert steady.is_stable(1e9 + YEAR, 50.0 + YEAR)


@pytest.mark.parametrize("jump", [YEAR, -YEAR, JUMP + 1, -JUMP - 1])
def test_clock_jump_is_accepted_after_an_hour_and_not_before(jump):
    steady = ClockJumpGuard(1e9, 0.0)
    assert not steady.is_stable(1e9 + jump + 1, 1.0)
    assert not steady.is_stable(1e9 + jump + CALM, CALM)
    assert steady.is_stable(1e9 + jump + CALM + 1, CALM + 1)


def test_a_jump_there_and_back_is_two():
    steady = ClockJumpGuard(1e9, 0.0)
    assert not steady.is_stable(1e9 + 10 + YEAR, 10)
    assert not steady.is_stable(1e9 + CALM / 2, CALM / 2)
    assert not steady.is_stable(1e9 + CALM + 10, CALM + 10)
    assert steady.is_stable(1e9 + CALM * 1.5, CALM * 1.5)
