"""What other floors may know of the store is what the SQLite store has."""

import inspect

import pytest

from storage.sqlite.sqlite_reader import SqliteReader
from storage.sqlite.sqlite_store import SqliteStore
from storage.store import BatchTotals, Outcome, Reader, Store, StoreError, Writer


@pytest.mark.parametrize(("promise", "kept"), [(Reader, SqliteReader), (Writer, SqliteStore), (Store, SqliteStore)])
def test_the_sqlite_store_has_all_that_is_promised_with_the_same_parameters(promise, kept):
    names = [name for name in vars(promise) if not name.startswith("_")]
    assert names
    for name in names:
        promised, given = inspect.getattr_static(promise, name), inspect.getattr_static(kept, name)
        if callable(promised):
            assert inspect.signature(promised) == inspect.signature(given)
        else:
            assert isinstance(given, property)


def test_a_store_error_is_an_ordinary_exception_with_a_sentence():
    assert str(StoreError("a sentence")) == "a sentence"


def test_no_batch_was_written_and_no_time_taken_unless_stated():
    assert BatchTotals() == (0, 0.0)


def test_record_is_on_disk_where_it_was_stored_now_or_before_and_not_where_it_was_refused():
    assert [outcome.name for outcome in Outcome if outcome.on_disk] == ["STORED", "KNOWN"]
