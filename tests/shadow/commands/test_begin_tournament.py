import threading
from contextlib import closing
from dataclasses import replace

from shadow.commands.begin_tournament import begin, begin_ordered, begin_tournament
from shadow.commands.mailbox import Mailbox
from shadow.tournament.tournament_record import running, tournaments
from storage.opening import open_reader, open_store
from storage.storage_config import StorageConfig
from tests.shadow.tournament.arm_rows import RECORD


def test_a_tournament_is_stored_once_and_ends_the_one_before(store):
    begin(store, RECORD)
    begin(store, RECORD)
    later = replace(RECORD, id="next", begun=RECORD.begun + 60)
    begin(store, later)
    rows = store.studies.studies()
    assert running(rows, "agents") == later
    assert [(each.id, each.ended) for each in tournaments(rows, "agents")] == [("t", later.begun), ("next", 0.0)]


def test_tournaments_of_other_routes_go_on(store):
    begin(store, RECORD)
    begin(store, replace(RECORD, id="chat", route="chat"))
    assert running(store.studies.studies(), "agents") == RECORD


def test_without_a_serve_the_start_is_stored_by_the_command(tmp_path):
    config = StorageConfig(url=f"sqlite:///{tmp_path}/new.db")
    begin_tournament(config, RECORD)
    with closing(open_reader(config)) as reader:
        assert running(reader.studies.studies(), "agents") == RECORD


def test_a_running_serve_stores_the_start_itself(tmp_path):
    config = StorageConfig(url=f"sqlite:///{tmp_path}/held.db")
    with closing(open_store(config)) as store:
        sender = threading.Thread(target=begin_tournament, args=(config, RECORD))
        sender.start()
        while sender.is_alive():
            begin_ordered(Mailbox(database=tmp_path / "held.db", kind="tournament"), store)
        assert running(store.studies.studies(), "agents") == RECORD
