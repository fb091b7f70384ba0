"""The queue of records that the store of each engine has."""

import pytest

from storage.opening import record_preparer
from storage.store import Outcome
from tests.conformance import exchange_record, pair_record
from tests.records import add_live


def test_a_record_is_queued_until_it_is_stored(store):
    add_live(store, "near")
    assert store.flush(20)
    assert (store.queued, store.lag, store.stored, store.dropped, store.failed, store.last_error) == (0, 0, 1, 0, 0, "")


def test_a_closed_store_takes_nothing_and_counts_it(store):
    store.close()
    add_live(store, "near")
    assert (store.stored, store.dropped) == (0, 1)


def test_a_record_of_another_kind_is_not_taken_for_a_prepared_one(store):
    with pytest.raises(TypeError, match="prepared for this store"):
        store.add_prepared(object())


def test_record_is_settled_as_stored_however_it_was_added(sqlite_store):
    found = []
    assert sqlite_store.add_exchange(exchange_record("one"), found.append)
    assert sqlite_store.add_pair(pair_record("one"), found.append)
    assert sqlite_store.add_prepared(record_preparer().prepare(exchange_record("two")), found.append)
    assert sqlite_store.flush(20)
    assert found == [Outcome.STORED] * 3
    assert all(sqlite_store.exchange(name) for name in ("one", "two"))


def test_a_store_counts_its_batches(store):
    assert store.batch_totals == (0, 0.0)
    add_live(store, "near")
    assert store.flush(20)
    assert store.batch_totals.batches == 1
    assert store.batch_totals.seconds > 0
