"""Reading beside a writer: what a reader opens, and what it refuses."""

from contextlib import closing

import pytest

from storage.rows import PairFilter
from storage.spending import Spending
from storage.sqlite.sqlite_reader import open_sqlite_reader
from storage.sqlite.sqlite_store import SqliteStore
from storage.storage_config import StorageConfig
from storage.store import StoreError
from tests.conformance import exchange_record, pair_record


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records.db"


def test_reader_sees_what_the_writer_has_stored(path):
    with closing(SqliteStore(path, StorageConfig())) as store, closing(open_sqlite_reader(path)) as reader:
        store.add_exchange(exchange_record("one"))
        store.add_pair(pair_record("one"))
        store.spend(3_600.0, Spending(requests=1, tokens=2, money=3.0))
        assert store.flush(20)
        assert [each.pair.id for each in reader.pairs(PairFilter())] == ["one"]
        assert reader.spent(1, 2) == Spending(requests=1, tokens=2, money=3.0)
        assert reader.page_queries.judged(0.0, 0.0) == {"not_judged": 1}


def test_file_that_is_not_there_is_refused_with_what_to_do(path):
    with pytest.raises(StoreError, match="does not exist: start sameweights serve"):
        open_sqlite_reader(path)


def test_folder_is_refused_as_one(tmp_path):
    with pytest.raises(StoreError, match="is a folder: name the file in it"):
        open_sqlite_reader(tmp_path)


def test_closed_reader_answers_no_query(path):
    SqliteStore(path, StorageConfig()).close()
    reader = open_sqlite_reader(path)
    reader.close()
    with pytest.raises(StoreError, match="the store is closed"):
        reader.pairs(PairFilter())
