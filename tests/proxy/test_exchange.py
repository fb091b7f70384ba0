"""The value that leaves the data plane is frozen, comparable, and honest about what was cut."""

from dataclasses import FrozenInstanceError, replace

import pytest

from proxy.exchange import Failure, FailureKind
from tests.exchanges import exchange, said


def test_a_body_that_is_whole_is_not_truncated():
    whole = exchange(said(), request=b"{}")
    assert not whole.request.truncated
    assert not whole.response.truncated


def test_a_body_larger_than_what_was_kept_is_truncated():
    whole = exchange(said(), request=b"{}")
    assert replace(whole.request, size=3).truncated
    assert replace(whole.response, size=10_000_000).truncated


def test_an_exchange_cannot_be_changed_after_it_was_made():
    with pytest.raises(FrozenInstanceError):
        exchange().model = "another"


def test_equal_exchanges_are_equal():
    assert exchange(said()) == exchange(said())
    failure = Failure(kind=FailureKind.RESET, detail="", after_head=True)
    assert exchange(said()) != exchange(said(), failure=failure)
