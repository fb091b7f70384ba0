"""What operators did, newest first, until it is older than what is kept."""

from storage.storage_config import StorageConfig
from tests.storage.test_alarm_insertion import action, alarm, pending


def test_actions_are_listed_newest_first_by_provider(store):
    for number in range(3):
        store.note_action(action(why=f"why {number}"))
    store.note_action(action(provider="far"))
    assert [row.why for row in store.page_queries.actions("near", 2)] == ["why 2", "why 1"]
    assert store.page_queries.actions("far", 5) == [action(provider="far")]


def test_actions_are_deleted_after_the_days_that_are_kept_and_a_mute_after_its_end(store):
    days = 86_400.0 * StorageConfig().keep_days
    store.note_action(action(at=99.0, until=0.0, why="old"))
    store.note_action(action(at=99.0, until=100.0, why="a mute"))
    store.note_action(action(at=100.0, until=0.0, why="new"))
    store.sweep(100.0 + days)
    assert [row.why for row in store.page_queries.actions("near", 5)] == ["new", "a mute"]


def test_the_end_of_a_mute_is_kept_as_long_as_the_mute(store):
    store.note_action(action(model="m", until=900.0))
    store.note_action(action(action="unmute", at=120.0, until=0.0))
    days = 86_400.0 * StorageConfig().keep_days
    store.sweep(500.0 + days)
    assert pending(store, alarm(600.0)) == [600.0]
    store.sweep(901.0 + days)
    assert store.page_queries.actions("near", 5) == []
