"""Changes of state as both engines store them, and those that a mute keeps from being sent."""

import pytest

from storage.judgement_rows import AlarmRow, JudgementBatch
from storage.page_rows import OperatorActionRow
from storage.rows import PairGroup


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


@pytest.mark.parametrize(("at", "sent"), [(0.0, False), (100.0, False), (199.0, False), (200.0, True), (201.0, True)])
def test_mute_holds_for_what_is_stored_after_it_up_to_its_end(store, at, sent):
    store.note_action(action())
    assert pending(store, alarm(at)) == [at] * sent


def test_change_that_was_stored_before_a_mute_stays_pending(store):
    assert pending(store, alarm(150.0)) == [150.0]
    store.note_action(action())
    assert pending(store, alarm(151.0)) == [150.0]


def test_change_that_is_stored_again_stays_as_it_is(store):
    store.note_action(action())
    assert pending(store, alarm(150.0)) == []
    store.note_action(action(action="unmute", until=0.0))
    assert pending(store, alarm(150.0), alarm(151.0)) == [151.0]


@pytest.mark.parametrize(
    ("muted", "sent"),
    [({"provider": "far"}, True), ({"model": "other"}, True), ({"model": "m"}, False), ({"action": "accept"}, True)],
)
def test_mute_is_of_its_provider_and_model(store, muted, sent):
    store.note_action(action(**muted))
    assert (pending(store, alarm(150.0)) == [150.0]) == sent


@pytest.mark.parametrize(
    ("ended", "sent"), [({}, True), ({"model": "m"}, True), ({"model": "other"}, False), ({"provider": "far"}, False)]
)
@pytest.mark.parametrize("at", [99.0, 120.0, 151.0])
def test_mute_ends_where_an_operator_ends_it_at_any_time_of_the_clock(store, ended, sent, at):
    store.note_action(action(model="m"))
    assert pending(store, alarm(110.0)) == []
    store.note_action(action(**{"action": "unmute", "at": at, "until": 0.0, **ended}))
    assert pending(store, alarm(150.0)) == [150.0] * sent


def test_mute_after_the_end_of_another_holds(store):
    store.note_action(action())
    store.note_action(action(at=120.0, action="unmute"))
    assert pending(store, alarm(125.0)) == [125.0]
    store.note_action(action(at=90.0))
    assert pending(store, alarm(150.0)) == [125.0]
