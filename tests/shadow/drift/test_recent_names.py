import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.drift.recent_names import RecentNames

times = st.floats(min_value=-1e6, max_value=1e6)


def test_name_is_found_less_than_so_many_seconds_before_and_after_it_was_added():
    names = RecentNames(most=8, seconds=100.0)
    names.add(b"a", 1_000.0)
    assert [names.near(b"a", at) for at in (900.0, 900.5, 1_000.0, 1_099.5, 1_100.0)] == [0, 1, 1, 1, 0]
    assert names.near(b"b", 1_000.0) == 0


def test_name_that_was_added_several_times_is_counted_as_often():
    names = RecentNames(most=80, seconds=100.0)
    for at in (0.0, 50.0, 99.0):
        names.add(b"a", at)
    assert [names.near(b"a", at) for at in (0.0, 100.0, 150.0)] == [3, 2, 1]


@pytest.mark.parametrize(("most", "added", "left"), [(80, 80, 80), (80, 81, 71), (80, 1_000, 80), (8, 9, 8), (1, 3, 1)])
def test_beyond_the_most_the_eighth_that_was_added_first_goes(most, added, left):
    names = RecentNames(most=most, seconds=1e9)
    for number in range(added):
        names.add(f"{number}".encode(), float(number))
    kept = [number for number in range(added) if names.near(f"{number}".encode(), 0.0)]
    assert kept == list(range(added - left, added))
    assert len(names) == left


def test_what_is_older_goes_with_its_part_so_that_few_names_do_not_fill_it():
    names = RecentNames(most=800, seconds=100.0)
    for number in range(5_000):
        names.add(f"{number}".encode(), float(number * 10))
    assert len(names) <= 200


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), times), max_size=40), times)
def test_as_long_as_there_is_room_and_nothing_is_older_each_name_is_counted_as_in_a_list(added, at):
    names = RecentNames(most=1_000, seconds=86_400.0)
    for name, time in added:
        names.add(name, time)
    for name in (b"a", b"b", b"c"):
        assert names.near(name, at) == sum(each == name and abs(time - at) < 86_400.0 for each, time in added)


@pytest.mark.parametrize(("at", "held"), [(99.9, 2), (100.0, 1)])
def test_a_part_goes_once_its_latest_name_can_be_near_no_newer_one(at, held):
    names = RecentNames(most=8, seconds=100.0)
    names.add(b"a", 0.0)
    names.add(b"b", at)
    assert len(names) == held
    assert repr(names) == f"<RecentNames {held} entries in {held} parts>"


def test_a_part_stays_as_long_as_the_latest_of_its_names_can_be_near_a_newer_one():
    names = RecentNames(most=80, seconds=100.0)
    for number in range(10):
        names.add(f"{number}".encode(), 0.0 if number == 0 else 150.0)
    names.add(b"new", 200.0)
    assert [names.near(f"{number}".encode(), 200.0) for number in range(10)] == [0] + [1] * 9
    names.add(b"late", 160.0)
    assert len(names) == 12
