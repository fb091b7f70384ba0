"""A set of names has one number in every process."""

from hypothesis import given
from hypothesis import strategies as st

from storage.check_sets import set_number

NAMES = st.lists(st.text(max_size=8), max_size=6).map(tuple)


@given(NAMES, NAMES)
def test_number_is_the_same_exactly_where_the_names_are(one, other):
    numbers = set_number(one), set_number(other)
    assert (numbers[0] == numbers[1]) == (one == other)
    assert all(0 <= number < 2**63 for number in numbers)


def test_number_is_that_of_every_release():
    assert [set_number(names) for names in ((), ("usage",), ("usage", "stop"))] == [
        0,
        3_270_293_131_481_296_478,
        6_877_836_008_070_780_821,
    ]
