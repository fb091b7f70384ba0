"""A change of identity that two processes saw is stored once, in both engines."""

from contextlib import closing

import pytest

from storage.opening import open_store
from storage.rows import IdentityRow
from storage.storage_config import StorageConfig
from tests.conformance import exchange_record

START = 1_790_000_000.0


def learned(exchange_id, identity, *, previous="", at=0.0, provider="near"):
    return IdentityRow(
        exchange_id=exchange_id,
        started=START + at,
        provider=provider,
        model="qwen",
        identity=identity,
        previous=previous,
        changes='["server: b is new"]' if previous else "[]",
        facts='{"server": ["a"]}',
    )


def store_rows(store, *rows):
    for row in rows:
        made = exchange_record(row.exchange_id, started=row.started, calls=0, checks=0)
        store.add_exchange(made._replace(identities=(row,)))
    assert store.flush(20)


def stored(store):
    return [(row.identity, row.exchange_id) for row in reversed(store.identity_queries.identities(0, 0, 100))]


def test_change_that_two_processes_saw_is_stored_as_the_first_one_saw_it(store):
    store_rows(store, learned("a1", "one"), learned("b1", "one", at=1))
    store_rows(store, learned("a2", "two", previous="one", at=20), learned("b2", "two", previous="one", at=21))
    store_rows(store, learned("b3", "two", previous="one", at=90))
    assert stored(store) == [("one", "a1"), ("two", "a2")]


def test_server_that_changes_back_is_a_change_each_time(store):
    store_rows(store, learned("a", "one"), learned("b", "two", previous="one", at=1), learned("c", "one", previous="two", at=2))
    store_rows(store, learned("d", "two", previous="one", at=3))
    assert [identity for identity, _ in stored(store)] == ["one", "two", "one", "two"]


def test_same_identity_of_another_provider_is_its_own(store):
    store_rows(store, learned("a", "one"), learned("b", "one", provider="far"))
    assert [name for _, name in stored(store)] == ["a", "b"]


@pytest.mark.parametrize(("at", "count"), [(3_599.9, 1), (3_600.0, 2), (-3_599.9, 1), (-3_600.0, 2)])
def test_first_identity_that_another_process_learns_within_the_hour_is_no_change(store, at, count):
    store_rows(store, learned("a", "one"))
    store_rows(store, learned("b", "other", at=at))
    assert len(stored(store)) == count


@pytest.mark.slow
def test_exchange_that_is_stored_without_its_repeated_identity_is_whole(store):
    store_rows(store, learned("a", "one"), learned("b", "one"))
    assert {name for name in ("a", "b") if store.exchange(name)} == {"a", "b"}


@pytest.mark.slow
def test_processes_that_store_the_same_change_at_once_store_it_once(postgres_url):
    config = StorageConfig(url=postgres_url, batch_seconds=0.01)
    with closing(open_store(config)) as one, closing(open_store(config)) as other:
        for number in range(10):
            for name, writer in (("a", one), ("b", other)):
                row = learned(f"{name}{number}", f"{number}", previous=f"{number - 1}", at=number)
                made = exchange_record(row.exchange_id, started=row.started, calls=0, checks=0)
                writer.add_exchange(made._replace(identities=(row,)))
            assert one.flush(20)
            assert other.flush(20)
        assert [identity for identity, _ in stored(one)] == [str(number) for number in range(10)]
