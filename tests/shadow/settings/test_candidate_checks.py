"""Candidates that cannot be compared are reported, each at its own place in the list."""

import pytest

from shadow.settings.candidate_checks import candidate_errors
from shadow.settings.config_errors import dotted

PROVIDERS = ("live", "maker", "north", "south")


def errors(*names: str, reference: str = "maker", places: int | None = 5) -> list[str]:
    found = candidate_errors(("c",), names, providers=PROVIDERS, live="live", reference=reference, places=places)
    return [f"{dotted(error.path)}: {error.sentence}" for error in found]


def test_no_candidate_and_good_ones_have_no_error():
    assert errors() == errors(reference="") == errors("north") == errors("north", "south") == []


@pytest.mark.parametrize(
    ("names", "error"),
    [
        (("north", "suth"), "c[1]: no such provider: 'suth'; did you mean 'south'?  (known: live, maker, north, south)"),
        (("live",), "c[0]: 'live' is the provider of this route: it is compared with the reference already; leave it out"),
        (("maker",), "c[0]: 'maker' is the reference of this route: it cannot be compared with itself; leave it out"),
        (("north", "north"), "c[1]: 'north' is named twice; leave one out"),
    ],
)
def test_candidate_that_cannot_be_compared_is_reported_at_its_own_place(names, error):
    assert errors(*names) == [error]


def test_candidates_without_a_reference_are_reported_once():
    words = "c: candidates are compared with a reference, and this route has none; set reference here or in [proxy]"
    assert errors("north", "south", reference="") == [words]


@pytest.mark.parametrize(("places", "fine"), [(2, True), (1, False), (None, True), (0, True)])
def test_more_candidates_than_places_are_reported_where_the_places_are_a_valid_number(places, fine):
    words = "c: 2 candidates, but tournament.places is 1; name fewer, or raise it before a tournament begins"
    assert errors("north", "south", places=places) == ([] if fine else [words])
