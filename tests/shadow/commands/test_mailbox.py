"""shadow.commands.mailbox: an order reaches the process that writes, is carried out once, answered, and leaves no file."""

import stat
import threading

import pytest

from shadow.commands import mailbox
from storage.store import ErasureChoice, StoreError
from tests.conformance import exchange_record


def carried_out(database, store, *, until):
    while not until.is_set():
        mailbox.carry_out(database, store)
        until.wait(0.02)


@pytest.fixture
def served(store, tmp_path):
    done = threading.Event()
    thread = threading.Thread(target=carried_out, args=(tmp_path / "store.db", store), kwargs={"until": done})
    thread.start()
    yield store
    done.set()
    thread.join()


def test_an_order_is_carried_out_and_answered(served, tmp_path):
    served.add_exchange(exchange_record("a")).result(5)
    told = mailbox.give(tmp_path / "store.db", ErasureChoice(before=1e12))
    assert (told.exchanges, told.log_emptied) == (1, True)
    assert list(tmp_path.glob("*-forget-*")) == []


def test_an_order_is_readable_by_its_owner_alone(tmp_path):
    mailbox._write(tmp_path / "order.json", "{}")
    assert stat.S_IMODE((tmp_path / "order.json").stat().st_mode) == 0o600


def test_an_order_that_is_not_carried_out_is_taken_back(tmp_path):
    with pytest.raises(StoreError, match="did not answer"):
        mailbox.give(tmp_path / "store.db", ErasureChoice(tag="x"), patience=0.2)
    assert list(tmp_path.iterdir()) == []


def test_why_an_order_failed_reaches_its_giver(tmp_path, store):
    store.close()
    done = threading.Event()
    thread = threading.Thread(target=carried_out, args=(tmp_path / "store.db", store), kwargs={"until": done})
    thread.start()
    try:
        with pytest.raises(StoreError, match="closed"):
            mailbox.give(tmp_path / "store.db", ErasureChoice(tag="x"))
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("order", ["no json", "[]", "{}", '{"path": "x"}', '{"tag": 1, "conversation": [], "before": "x"}'])
def test_a_strange_order_is_answered_and_does_nothing(tmp_path, store, order):
    store.add_exchange(exchange_record("a")).result(5)
    (tmp_path / "store.db-forget-1.json").write_text(order)
    assert mailbox.carry_out(tmp_path / "store.db", store) == 0
    assert store.exchange("a") is not None
    assert (tmp_path / "store.db-forget-1.done").exists()


def test_an_order_that_another_may_have_written_is_not_obeyed_and_logged_once(store, tmp_path, logged):
    store.add_exchange(exchange_record("a")).result(5)
    database = tmp_path / "store.db"
    forged = tmp_path / "store.db-forget-0123456789abcdef.json"
    forged.write_text('{"before": 1e12}')
    forged.chmod(0o666)
    linked = tmp_path / "store.db-forget-fedcba9876543210.json"
    linked.symlink_to(forged)
    told = logged("shadow.commands.file_ownership")
    for _ in range(3):
        assert mailbox.carry_out(database, store) == 0
    assert store.exchange("a")
    assert sorted(call.kwargs["file"] for call in told) == sorted(map(str, (forged, linked)))
    assert all("is not carried out" in call.kwargs["event"] for call in told)
    forged.chmod(0o600)
    assert mailbox.carry_out(database, store) == 1
