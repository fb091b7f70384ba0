"""The stretches of ten minutes that a period covers whole."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.rollup_keys import whole_stretches


@settings(max_examples=200)
@given(st.just(0.0) | st.floats(1e-3, 1e12), st.just(0.0) | st.floats(1e-3, 9e18))
def test_whole_stretches_lie_within_their_period(since, until):
    first, last = whole_stretches(since, until)
    assert first >= since
    assert first == last or last <= until
    assert first % 600 == last % 600 == 0


@pytest.mark.parametrize(
    ("period", "stretches"),
    [
        ((0, 6_000), (0, 6_000)),
        ((1, 5_999), (600, 5_400)),
        ((600, 1_200), (600, 1_200)),
        ((1, 599), (600, 600)),
        ((0, 1e300), (0, 10**15 // 600 * 600)),
    ],
)
def test_the_whole_ten_minutes_within_a_period_are_taken_from_the_sums(period, stretches):
    assert whole_stretches(*period) == stretches
