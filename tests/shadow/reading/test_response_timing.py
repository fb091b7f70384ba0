"""Times laid over events: the chunk is the grain."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange import ChunkTimings, Exchange
from shadow.reading.response_timing import response_timing
from tests.shadow.reading.made import exchange


def of(*ends: int) -> Exchange:
    """Chunks that ended at `ends`, the first after 1 s, each later one 0.125 s after the one before."""
    return exchange(b"", list(ends))


def test_an_event_came_with_the_chunk_that_holds_its_end():
    timing = response_timing(of(10, 20, 30, 40), ends=[10, 20, 30, 40], content_ends=[20, 21, 30], tokens=3)
    assert timing.first_chunk == 1.0
    assert timing.first_token == 1.125
    assert timing.gaps == (0.125,)
    assert timing.rate == pytest.approx(3 / 0.125)
    assert (timing.head, timing.total) == (0.5, 9.0)


def test_an_event_over_several_chunks_came_with_the_last():
    assert response_timing(of(10, 20, 30), ends=[10, 20, 30], content_ends=[25]).first_token == 1.25


def test_chunks_that_decoded_to_nothing_share_an_end_and_the_first_counts():
    assert response_timing(of(10, 20, 30), ends=[0, 50, 50], content_ends=[50]).first_token == 1.125


def test_without_a_response_there_is_only_the_whole():
    timing = response_timing(exchange(None, []))
    assert (timing.head, timing.first_chunk, timing.first_token, timing.gaps, timing.rate) == (None, None, None, (), None)
    assert timing.total == 9.0


def test_a_burst_has_no_rate_and_no_usage_has_none():
    assert response_timing(of(10), ends=[10], content_ends=[5, 10], tokens=5).rate is None
    assert response_timing(of(10, 20), ends=[10, 20], content_ends=[5, 20]).rate is None
    assert response_timing(of(10, 20), ends=[10, 20], content_ends=[5, 20], tokens=0).rate is None


def test_the_first_chunk_is_the_first_that_holds_a_byte():
    assert response_timing(of(0, 4), ends=[0, 4]).first_chunk == 1.125
    assert response_timing(of()).first_chunk is None


def test_gaps_have_an_end_but_the_rate_counts_all():
    ends = list(range(1, 3_001))
    timing = response_timing(of(*ends), ends=ends, content_ends=ends, tokens=3_000)
    assert len(timing.gaps) == 2_000
    assert timing.rate == pytest.approx(3_000 / (2_999 / 8))


@given(st.lists(st.integers(0, 50), max_size=9).map(sorted), st.lists(st.integers(0, 60), max_size=9))
def test_no_marks_make_it_raise_and_no_gap_is_negative(ends, carried):
    timing = response_timing(of(*ends), ends=ends, content_ends=carried, tokens=4)
    assert all(gap > 0 for gap in timing.gaps)


def test_the_first_content_came_with_the_chunk_that_holds_its_end():
    timing = response_timing(of(10, 20, 30), ends=[10, 20, 30], content_ends=[20, 30], first_output=30)
    assert (timing.first_token, timing.first_content) == (1.125, 1.25)
    assert response_timing(of(10), ends=[10], content_ends=[10]).first_content is None


@given(st.lists(st.integers(0, 12), max_size=9).map(sorted), st.lists(st.integers(0, 14), max_size=9).map(sorted), st.data())
def test_a_chunk_for_each_event_is_timed_as_any_other_way_of_sending(ends, others, data):
    first = data.draw(st.integers(0, len(ends)))
    carried = data.draw(st.sampled_from([others, ends, ends[first:], ends[first : first + 3], sorted(set(ends))]))
    chunks = [place for place in sorted({bisect_left(ends, end) for end in carried}) if place < len(ends)]
    timing = response_timing(of(*ends), ends=ends, content_ends=carried)
    assert timing.first_token == (1.0 + chunks[0] / 8 if chunks else None)
    assert timing.gaps == tuple((later - one) / 8 for one, later in pairwise(chunks))


@pytest.mark.parametrize(("apart", "rate"), [(0.0009, None), (0.001, 5_000.0), (0.002, 2_500.0)])
def test_answer_that_came_within_a_thousandth_of_a_second_has_no_rate(apart, rate):
    made = of(10, 20)
    made = made._replace(response=made.response._replace(marks=ChunkTimings([0.0, apart], [10, 20])))
    found = response_timing(made, ends=[10, 20], content_ends=[10, 20], tokens=5).rate
    assert found == (None if rate is None else pytest.approx(rate))


@pytest.mark.parametrize(("first_output", "moment"), [(0, 1.0), (10, 1.0), (11, 1.125), (20, 1.125), (21, None)])
def test_first_content_is_timed_by_the_chunk_in_which_it_ended(first_output, moment):
    timing = response_timing(of(10, 20), ends=[10, 20], content_ends=[10], first_output=first_output)
    assert timing.first_content == moment


def test_one_token_in_two_arrivals_has_a_rate():
    assert response_timing(of(10, 20), ends=[10, 20], content_ends=[10, 20], tokens=1).rate == pytest.approx(8.0)
