"""The times that servers state, in seconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.server_times import ServerTime, time_to_head, times_in_body, times_in_headers, total_time


def times(found):
    return [(time.name, pytest.approx(time.seconds), time.of_head) for time in found]


def test_header_fields_of_milliseconds_are_times_until_the_head():
    found = times_in_headers((("OpenAI-Processing-MS", "412"), ("x-envoy-upstream-service-time", "430"), ("date", "now")))
    assert times(found) == [("processing", 0.412, True), ("upstream service", 0.43, True)]
    assert time_to_head(found) == pytest.approx(0.43)
    assert time_to_head(()) is None


def test_server_timing_has_an_entry_for_each_duration():
    value = 'edge;desc="a, b;dur=9";dur=12.5, miss, origin; dur="300" ; desc=x, bad;dur=much, far;dur=1e12'
    found = times_in_headers((("Server-Timing", value),))
    assert times(found) == [("server-timing edge", 0.0125, False), ("server-timing origin", 0.3, False)]


def test_groqs_total_is_without_its_queue_and_cerebras_with_it():
    groq = times_in_body({"queue_time": 0.5, "prompt_time": 0.1, "completion_time": 0.2, "total_time": 0.3}, {})
    assert total_time(groq) == pytest.approx(0.8)
    cerebras = times_in_body(
        {}, {"time_info": {"queue_time": 0.5, "prompt_time": 0.1, "completion_time": 0.2, "total_time": 0.9}}
    )
    assert total_time(cerebras) == pytest.approx(0.9)
    assert total_time(times_in_body(None, {"timings": {"prompt_ms": 250, "predicted_ms": 750.0}})) == pytest.approx(1.0)
    assert total_time((ServerTime(name="queue", seconds=1.0),)) is None


@pytest.mark.parametrize("value", [True, -0.001, 86_400.5, "soon", None, [1], float("inf")])
def test_a_server_time_that_is_no_number_is_left_out(value):
    assert times_in_body({"total_time": value}, {"timings": value}) == ()


def test_a_day_is_the_longest_time():
    assert times(times_in_body({"total_time": 86_400}, {})) == [("total", 86_400, False)]
    assert times_in_body({"total_time": 86_401}, {}) == ()


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_header_gives_few_times_of_at_most_a_day(one, other):
    found = times_in_headers((("server-timing", one), ("server-timing", other), ("openai-processing-ms", one)))
    assert len(found) <= 8
    assert all(0 <= time.seconds <= 86_400 for time in found)


def test_of_many_entries_the_first_eight_are_kept():
    found = times_in_headers((("server-timing", ", ".join(f"part{number};dur=1" for number in range(9))),))
    assert [time.name for time in found] == [f"server-timing part{number}" for number in range(8)]


@pytest.mark.parametrize(("length", "kept"), [(39, 39), (40, 40), (41, 40), (80, 40)])
def test_of_a_name_of_server_timing_forty_characters_are_kept(length, kept):
    [found] = times_in_headers((("server-timing", f"{'a' * length};dur=1"),))
    assert found.name == "server-timing " + "a" * kept


@pytest.mark.parametrize(
    ("stated", "total"),
    [
        ({"queue_time": 0.5, "prompt_time": 0.25}, 0.75),
        ({"queue_time": 0.5, "total_time": 0.3}, 0.3),
        ({"total_time": 0.3}, 0.3),
        ({"prompt_time": 0.25}, None),
        ({"queue_time": 0, "prompt_time": 0, "total_time": 0}, 0),
        ({}, None),
    ],
)
def test_total_is_the_stated_one_or_the_sum_of_two_parts_where_that_is_longer(stated, total):
    assert total_time(times_in_body(stated, {})) == total


def test_no_time_is_a_time_and_text_may_state_it():
    assert times(times_in_body({"total_time": 0}, {})) == [("total", 0, False)]
    assert times(times_in_headers((("openai-processing-ms", "0"),))) == [("processing", 0, True)]
    assert times_in_headers((("openai-processing-ms", "-1"),)) == ()


def test_time_that_stands_beside_the_usage_too_is_the_later_one():
    assert times(times_in_body({"prompt_time": 1}, {"time_info": {"prompt_time": 2}, "timings": {"prompt_ms": 3_000}})) == [
        ("prompt", 3, False)
    ]
    assert times_in_body([], {"usage": {"prompt_time": 1}}) == ()


@pytest.mark.parametrize(("before", "seconds"), [(3_991, 0.012), (3_992, 0.001)])
def test_of_server_timing_four_thousand_characters_are_read(before, seconds):
    assert times(times_in_headers((("server-timing", " " * before + "ab;dur=12"),))) == [("server-timing ab", seconds, False)]


def test_entry_of_server_timing_that_comes_again_has_its_last_duration():
    assert times(times_in_headers((("server-timing", "a;dur=1, b;dur=2, a;dur=3"),))) == [
        ("server-timing a", 0.003, False),
        ("server-timing b", 0.002, False),
    ]
