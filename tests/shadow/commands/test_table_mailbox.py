"""A command reaches the process that judges through the database that several processes write."""

import secrets
import threading
from contextlib import closing

import pytest

from shadow.commands.acknowledge import acknowledge, acknowledge_ordered
from shadow.commands.mailbox import Mailbox
from shadow.commands.table_mailbox import TableMailbox, mailbox_of
from shadow.drift.state_transitions import AckAction, Acknowledgement
from shadow.judging.judge import Judge
from shadow.settings.top_level_config import Config
from storage.opening import open_store
from storage.storage_config import StorageConfig
from storage.store import StoreError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("long_lease")]


def judge_of(store) -> Judge:
    return Judge.configured(Config(), store.judgements, holder=secrets.token_hex(4), publish=lambda *_: None)


def test_acknowledgement_beside_a_running_serve_is_answered_by_the_process_that_judges(postgres_store, postgres_url):
    config = Config(storage=StorageConfig(url=postgres_url, batch_seconds=0.01))
    with closing(open_store(config.storage)) as second:
        holder, other = judge_of(postgres_store), judge_of(second)
        assert holder.step(0.0) is False
        printed = []
        wanted = Acknowledgement(answer=AckAction.FIXED)
        asking = threading.Thread(target=lambda: printed.extend(acknowledge(config, [wanted], patience=20.0)))
        asking.start()
        while asking.is_alive():
            assert acknowledge_ordered(mailbox_of(config.storage, second, "ack"), other, second, lambda: 1.0) == 0, (
                "it does not judge"
            )
            acknowledge_ordered(mailbox_of(config.storage, postgres_store, "ack"), holder, postgres_store, lambda: 1.0)
            asking.join(0.02)
    assert [each.sentence for each in printed] == ["no matching group has an alarm"]
    assert postgres_store.orders.waiting_orders("ack") == []


def test_command_that_fails_returns_its_reason_and_one_without_an_answer_is_withdrawn(postgres_store):
    mailbox = TableMailbox(orders=postgres_store.orders, kind="ack")

    def refuse(_: bytes) -> None:
        raise ValueError("not this")

    errors = []

    def send() -> None:
        try:
            mailbox.send({"a": 1}, patience=20.0)
        except StoreError as error:
            errors.append(str(error))

    sending = threading.Thread(target=send)
    sending.start()
    while sending.is_alive():
        mailbox.answer(refuse)
        sending.join(0.02)
    assert errors == ["not this"]
    with pytest.raises(StoreError, match=r"answered within 0\.1 s"):
        mailbox.send({"a": 1}, patience=0.1)
    assert postgres_store.orders.waiting_orders("ack") == []


def test_commands_of_a_file_wait_beside_it(sqlite_store, tmp_path):
    found = mailbox_of(StorageConfig(url=f"{tmp_path}/store.db"), sqlite_store, "ack")
    assert found == Mailbox(database=tmp_path / "store.db", kind="ack")
