"""A store with records of several providers."""

import pytest

from tests.records import fill


@pytest.fixture
def recorded(store):
    fill(store)
    return store
