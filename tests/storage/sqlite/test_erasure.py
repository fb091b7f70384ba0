"""storage.sqlite.erasure: what was chosen is gone from the rows and from the bytes of every file; the rest stays."""

import os
import sqlite3
from contextlib import closing

import pytest

from storage.erasure_choice import ErasureChoice
from storage.opening import open_reader, open_store
from storage.prepared_records import RecordPreparer
from storage.rows import ErasureExtent, PairFilter
from storage.sqlite import erasure
from storage.sqlite.record_insertion import insert
from storage.storage_config import StorageConfig
from storage.store import StoreError
from tests.conformance import START, exchange_record, offered, pair_record
from tests.running import PATIENCE


def marked(name: str, *, tag="", conversation="", started=START):
    """A record whose body is random, so that it lies on the disk as it is, and its marker."""
    noise = os.urandom(3_000)
    record = exchange_record(name, started=started)
    row = record.exchange._replace(tag=tag, conversation=conversation, response_body=noise, model=f"model-of-{name}")
    return record._replace(exchange=row), noise


def bytes_on_disk(folder) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("store.db*"))


@pytest.fixture
def opened(sqlite_store):
    return sqlite_store


@pytest.mark.promise("privacy.forget")
@pytest.mark.parametrize(
    ("chosen", "gone"),
    [
        (ErasureChoice(conversation="chat-1"), {"a"}),
        (ErasureChoice(tag="team"), {"a", "b"}),
        (ErasureChoice(before=START + 5), {"a", "c"}),
        (ErasureChoice(tag="team", before=START + 5), {"a"}),
        (ErasureChoice(tag="nobody"), set()),
    ],
)
def test_erased_records_leave_no_byte_behind_in_any_file(opened, tmp_path, chosen, gone):
    kept = {
        "a": marked("a", tag="team", conversation="chat-1"),
        "b": marked("b", tag="team", conversation="chat-2", started=START + 10),
        "c": marked("c", conversation="chat-3"),
    }
    for record, _ in kept.values():
        opened.add_exchange(record)
    assert opened.flush(PATIENCE)
    assert all(noise[:1_000] in bytes_on_disk(tmp_path) for _, noise in kept.values())
    forgotten = opened.forget(chosen)
    assert (forgotten.exchanges, forgotten.log_emptied) == (len(gone), True)
    disk = bytes_on_disk(tmp_path)
    for name, (_, noise) in kept.items():
        assert (noise[:1_000] in disk) is (name not in gone)
        assert (noise[-500:] in disk) is (name not in gone)
        assert (f"model-of-{name}".encode() in disk) is (name not in gone)


def test_a_pair_goes_with_its_conversation(opened):
    live = exchange_record("a")
    opened.add_exchange(live._replace(exchange=live.exchange._replace(conversation="chat-1")))
    opened.add_pair(pair_record("a"))
    assert opened.flush(PATIENCE)
    assert opened.forget(ErasureChoice(conversation="chat-1")).exchanges >= 2
    assert list(opened.pairs(PairFilter())) == []


def test_the_extent_counts_every_exchange_that_would_go_and_those_of_their_pairs(conn):
    records = [exchange_record(f"{number}", calls=0, checks=0, tag="team", started=START) for number in range(3)]
    insert(conn, [RecordPreparer().prepare(record) for record in (*records, pair_record("0"))])
    assert erasure.extent(conn, ErasureChoice(tag="team")) == ErasureExtent(exchanges=4, pairs=1)
    assert erasure.extent(conn, ErasureChoice(tag="nobody")) == ErasureExtent(exchanges=0, pairs=0)


@pytest.mark.promise("privacy.forget")
def test_retention_leaves_no_byte_behind_either(tmp_path):
    config = StorageConfig(url=f"sqlite:///{tmp_path}/store.db", batch_seconds=0.01, keep_days=1)
    store = open_store(config)
    record, noise = marked("old")
    offered(store.add_exchange, record).result(PATIENCE)
    assert store.sweep(START + 3 * 86_400) == 1
    assert noise[:1_000] not in bytes_on_disk(tmp_path)
    store.close()


def test_a_reader_that_holds_old_pages_is_reported(opened, tmp_path):
    record, _ = marked("a", tag="team")
    offered(opened.add_exchange, record).result(PATIENCE)
    reader = open_reader(StorageConfig(url=f"sqlite:///{tmp_path}/store.db"))
    with reader._reading() as conn:
        conn.execute("BEGIN")
        conn.execute("SELECT count(*) FROM exchanges").fetchone()
        assert opened.forget(ErasureChoice(tag="team")).log_emptied is False
        conn.execute("ROLLBACK")
    reader.close()
    assert opened.forget(ErasureChoice(tag="team")).log_emptied is True


def test_an_erasure_without_a_selection_is_refused():
    with pytest.raises(ValueError, match="everything would be deleted"):
        ErasureChoice()


def test_a_closed_store_forgets_nothing(opened):
    opened.close()
    with pytest.raises(StoreError, match="closed"):
        opened.forget(ErasureChoice(tag="team"))


@pytest.mark.parametrize(
    ("more", "left"), [({}, 0), ({"tag": "team"}, 1), ({"conversation": "chat-1"}, 1), ({"before": START}, 1)]
)
def test_sums_of_exchanges_without_a_row_go_where_a_time_alone_is_chosen_that_their_stretch_has_ended_before(
    opened, tmp_path, more, left
):
    opened.add_exchange(exchange_record("unkept", started=START)._replace(kept=False))
    assert opened.flush(PATIENCE)
    opened.forget(ErasureChoice(**{"before": START + 600, **more}))
    with closing(sqlite3.connect(tmp_path / "store.db")) as conn:
        assert conn.execute("SELECT count(*) FROM unkept_passages").fetchone() == (left,)
