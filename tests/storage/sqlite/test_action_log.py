"""What operators did, and changes of state that a mute keeps from being sent."""

import pytest

from storage.judgement_rows import AlarmRow, JudgementBatch
from storage.page_rows import OperatorActionRow
from storage.rows import PairGroup
from storage.storage_config import StorageConfig


def action(**more) -> OperatorActionRow:
    values = {"at": 100.0, "action": "mute", "by": "Ada", "why": "known", "provider": "near", "model": "", "until": 200.0}
    return OperatorActionRow(**{**values, "result": "", **more})


def alarm(at: float, provider: str = "near", model: str = "m") -> AlarmRow:
    group = PairGroup(route="default", model=model, provider=provider, reference="official")
    return AlarmRow(at=at, pair_id=f"pair-{at}", group=group, old="ok", new="drift", name="text", details="{}")


def pending(store, *alarms: AlarmRow) -> list[float]:
    assert store.judgements.claim("test", 0.0, 30.0)
    assert store.judgements.record("test", JudgementBatch(alarms=alarms))
    return [row.at for _, row in store.judgements.pending_events(10)]


def test_actions_are_listed_newest_first_by_provider(store):
    for number in range(3):
        store.note_action(action(why=f"why {number}"))
    store.note_action(action(provider="far"))
    assert [row.why for row in store.page_queries.actions("near", 2)] == ["why 2", "why 1"]
    assert store.page_queries.actions("far", 5) == [action(provider="far")]


def test_mute_holds_from_its_begin_to_just_before_its_end(store):
    store.note_action(action())
    assert pending(store, *(alarm(at) for at in (99.0, 100.0, 199.0, 200.0))) == [99.0, 200.0]


@pytest.mark.parametrize(
    ("muted", "sent"),
    [({"provider": "far"}, True), ({"model": "other"}, True), ({"model": "m"}, False), ({"action": "accept"}, True)],
)
def test_mute_is_of_its_provider_and_model(store, muted, sent):
    store.note_action(action(**muted))
    assert (pending(store, alarm(150.0)) == [150.0]) == sent


@pytest.mark.parametrize(
    ("ended", "sent"),
    [({}, [150.0]), ({"model": "m"}, [150.0]), ({"model": "other"}, []), ({"provider": "far"}, []), ({"at": 151.0}, [])],
)
def test_mute_ends_where_an_operator_ends_it(store, ended, sent):
    store.note_action(action(model="m"))
    store.note_action(action(**{"action": "unmute", "at": 120.0, "until": 0.0, **ended}))
    assert pending(store, alarm(110.0), alarm(150.0)) == sent


def test_mute_after_the_end_of_another_holds(store):
    for at, word in ((100.0, "mute"), (120.0, "unmute"), (130.0, "mute")):
        store.note_action(action(at=at, action=word))
    assert pending(store, alarm(125.0), alarm(150.0)) == [125.0]


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
