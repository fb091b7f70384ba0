"""`sameweights forget` deletes what its flags choose, itself or through the process that writes, and reports what it deleted."""

import threading
from contextlib import closing
from dataclasses import replace

import pytest

from shadow.commands.begin_tournament import begin
from shadow.commands.forget import chosen, forget, forget_ordered, send_forget, would_forget
from shadow.commands.mailbox import Mailbox
from shadow.settings.config_errors import ConfigError
from storage.erasure_choice import ErasureChoice
from storage.opening import open_store
from storage.storage_config import StorageConfig
from storage.store import StoreError
from tests.conformance import START, exchange_record, offered, pair_record
from tests.running import PATIENCE
from tests.shadow.tournament.arm_rows import RECORD


@pytest.fixture
def config(tmp_path):
    return StorageConfig(url=f"sqlite:///{tmp_path}/rows.db")


@pytest.mark.slow
def test_forget_deletes_records_itself_where_no_serve_runs(config):
    store = open_store(config)
    offered(store.add_exchange, exchange_record("a")).result(PATIENCE)
    store.close()
    sentence = forget(config, chosen("", "", "now", 1e12))
    assert sentence == "1 exchange deleted, with the pairs they belonged to; no byte of them is left in the database"


@pytest.mark.slow
def test_dry_run_counts_what_forget_then_deletes(config):
    store = open_store(config)
    for name in ("one", "two"):
        offered(store.add_exchange, exchange_record(name, conversation=name)).result(PATIENCE)
        offered(store.add_pair, pair_record(name, conversation=name)).result(PATIENCE)
    store.close()
    choice = chosen("one", "", "", 1e9)
    sentence = would_forget(config, choice)
    assert would_forget(config, choice) == sentence
    number = int(sentence.split()[0])
    assert sentence == f"{number} exchanges and 1 pair would be deleted; nothing was deleted now"
    assert forget(config, choice).startswith(f"{number} exchanges deleted")
    assert would_forget(config, choice) == "0 exchanges and 0 pairs would be deleted; nothing was deleted now"


def test_dry_run_names_the_tournaments_that_run_and_lose_pairs(store):
    for name, route in (("one", "agents"), ("two", "other")):
        offered(store.add_exchange, exchange_record(name, conversation=name)).result(PATIENCE)
        offered(store.add_pair, pair_record(name, conversation=name, route=route)).result(PATIENCE)
        begin(store, replace(RECORD, id=name, route=route, begun=START - 1))
    store.studies.end("two", START + 1, "a test")
    begin(store, replace(RECORD, id="late", route="other", begun=START + 60))
    assert store.erasure_extent(ErasureChoice(before=START + 1_000)).tournaments == ("agents",)
    assert store.erasure_extent(ErasureChoice(conversation="two")).tournaments == ()


@pytest.mark.slow
def test_dry_run_states_what_a_tournament_would_lose(config):
    with closing(open_store(config)) as store:
        offered(store.add_exchange, exchange_record("one", conversation="one")).result(PATIENCE)
        offered(store.add_pair, pair_record("one", conversation="one", route="agents")).result(PATIENCE)
        begin(store, replace(RECORD, begun=START - 1))
    assert would_forget(config, chosen("one", "", "", 1e9)).endswith(
        "nothing was deleted now; pairs of the tournament of the route 'agents' are among them: nothing would be claimed in it "
        "any more, and another one would have to begin"
    )


def test_a_database_that_is_not_there_is_not_made(config, tmp_path):
    with pytest.raises(StoreError, match="does not exist"):
        forget(config, chosen("x", "", "", 1e12))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("before", "error"), [("", "choose records"), ("yesterweek", "no such time"), ("all", "choose records")])
def test_forget_without_a_selection_is_an_error(before, error):
    with pytest.raises(ConfigError) as raised:
        chosen("", "", before, 1e9)
    assert error in "".join(raised.value.errors)


def test_beside_a_running_serve_the_records_go_and_no_file_is_left(sqlite_store, tmp_path):
    store = sqlite_store
    offered(store.add_exchange, exchange_record("a")).result(PATIENCE)
    database, results = tmp_path / "store.db", []
    sending = threading.Thread(target=lambda: results.append(send_forget(database, ErasureChoice(before=1e12))))
    sending.start()
    deleted = 0
    while sending.is_alive():
        deleted += forget_ordered(Mailbox(database=database, kind="forget"), store)
        sending.join(0.02)
    assert deleted == 1
    assert [(result.exchanges, result.log_emptied) for result in results] == [(1, True)]
    assert list(tmp_path.glob("*-forget-*")) == []


def test_why_a_deletion_failed_reaches_its_sender(store, tmp_path):
    store.close()
    database, errors = tmp_path / "store.db", []

    def send():
        try:
            send_forget(database, ErasureChoice(tag="x"))
        except StoreError as error:
            errors.append(str(error))

    sending = threading.Thread(target=send)
    sending.start()
    while sending.is_alive():
        forget_ordered(Mailbox(database=database, kind="forget"), store)
        sending.join(0.02)
    assert "closed" in errors[0]


@pytest.mark.parametrize("command", ["no json", "[]", "{}", '{"path": "x"}', '{"tag": 1, "conversation": [], "before": "x"}'])
def test_unknown_command_is_answered_and_deletes_nothing(tmp_path, store, command):
    offered(store.add_exchange, exchange_record("a")).result(PATIENCE)
    (tmp_path / "store.db-forget-1.json").write_text(command)
    assert forget_ordered(Mailbox(database=tmp_path / "store.db", kind="forget"), store) == 0
    assert store.exchange("a") is not None
    assert (tmp_path / "store.db-forget-1.done").exists()
