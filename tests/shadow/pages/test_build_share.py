"""How long figures may be built: ten seconds ahead, of which five are for the periods that the pages offer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.pages.build_share import BuildShare


@pytest.mark.parametrize(
    ("built", "offered", "wait"), [(5.0, False, 0.0), (6.0, False, 50.0), (10.0, True, 0.0), (12.0, True, 100.0)]
)
def test_build_waits_for_what_was_built_beyond_ten_seconds_and_another_period_beyond_five(built, offered, wait):
    share = BuildShare()
    share.charge(100.0, built)
    assert share.wait(100.0, offered=offered) == pytest.approx(wait)
    assert share.wait(100.0 + wait, offered=offered) == pytest.approx(0.0)


def test_all_is_paid_after_fifty_times_what_was_built():
    share = BuildShare()
    share.charge(0.0, 1.0)
    share.charge(50.0, 10.0)
    assert share.wait(50.0, offered=True) == pytest.approx(0.0)
    assert share.wait(50.0, offered=False) == pytest.approx(250.0)


@given(st.lists(st.tuples(st.floats(0.0, 60.0), st.floats(0.01, 3.0), st.booleans()), max_size=60))
def test_builds_of_any_order_take_two_percent_of_the_time_ten_seconds_and_one_build_at_most(tries):
    share, now, spent = BuildShare(), 0.0, 0.0
    for pause, seconds, offered in tries:
        now += pause
        if not share.wait(now, offered=offered):
            now += seconds
            share.charge(now, seconds)
            spent += seconds
        assert spent <= 0.02 * now + 10.0 + 3.0 + 1e-6
