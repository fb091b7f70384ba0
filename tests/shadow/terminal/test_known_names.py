"""Names that no record has."""

import pytest

from proxy.exchange import Role
from shadow.settings.config_errors import ConfigError
from shadow.terminal.known_names import check_known, known_names
from tests.records import add_pair


@pytest.fixture
def recorded(store):
    add_pair(store, "garbler", "Hello", "Hello", model="m")
    assert store.flush(20)
    return store


def test_every_unknown_name_is_reported_with_the_known_ones(recorded):
    with pytest.raises(ConfigError) as caught:
        check_known(recorded, provider="garblr", model="n")
    assert caught.value.errors == (
        "--provider: no record has this provider: 'garblr'; did you mean 'garbler'?  (known: garbler)",
        "--model: no record has this model: 'n'  (known: m)",
    )


def test_known_names_pass_and_so_does_a_list_with_a_row(recorded, store):
    check_known(recorded, provider="garbler", model="m")
    check_known(recorded, provider="anything", found=True)


def test_nothing_is_unknown_in_an_empty_database(store):
    check_known(store, provider="p", model="m", route="r")


def test_candidate_is_a_known_provider_and_a_reference_is_none(store):
    add_pair(store, "north", "Hello", "Hello", role=Role.CANDIDATE)
    assert store.flush(20)
    assert known_names(store, "provider") == ["north"]
