"""proxy.named_tuples: what is made by a maker is what its class makes."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.named_tuples import maker


class Place(NamedTuple):
    name: str
    number: int
    note: str = "none"


@given(st.fixed_dictionaries({"name": st.text(), "number": st.integers()}, optional={"note": st.text()}))
def test_a_maker_makes_what_the_class_makes(fields):
    made = maker(Place)(**fields)
    assert type(made) is Place
    assert made == Place(**fields)


def test_fields_are_taken_by_their_places_too():
    assert maker(Place)("here", 7) == Place("here", 7)


@pytest.mark.parametrize("fields", [{"name": "here"}, {"name": "here", "number": 7, "other": 1}])
def test_a_field_that_is_missing_or_unknown_is_an_error(fields):
    with pytest.raises(TypeError):
        maker(Place)(**fields)
