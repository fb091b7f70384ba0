"""What a sweep deletes at the bounds of its days, in both engines."""

from storage.page_rows import OperatorActionRow
from tests.conformance import DAY, PATIENCE, START, exchange_record

NOW = START + 30 * DAY


def put(store, *records) -> None:
    for record in records:
        store.add_exchange(record)
    assert store.flush(PATIENCE)


def test_exchanges_older_than_thirty_days_go_and_one_of_exactly_thirty_days_stays(store):
    put(store, *(exchange_record(f"{age}", started=START - age) for age in (0, 0.5, 1)))
    assert store.sweep(NOW) == 2
    assert [store.exchange(f"{age}") is None for age in (0, 0.5, 1)] == [False, True, True]


def test_exchanges_of_a_tenant_with_fewer_days_go_earlier_and_those_of_others_stay(store):
    named = [("a", 2, "short"), ("b", 2.5, "short"), ("c", 5, "other"), ("d", 31, "other"), ("e", 5, "")]
    put(store, *(exchange_record(name, started=NOW - days * DAY, tenant=tenant) for name, days, tenant in named))
    assert store.sweep(NOW, {"short": 2.0, "unknown": 0.0}) == 2
    assert [name for name, *_ in named if store.exchange(name)] == ["a", "c", "e"]


def test_actions_of_operators_that_are_older_go_too(store):
    for at in (START - 1, START):
        store.note_action(
            OperatorActionRow(at=at, action="ack", by="me", why="", provider="near", model="", until=0.0, result="")
        )
    store.sweep(NOW)
    assert [row.at for row in store.page_queries.actions("near", 9)] == [START]


def test_exchange_without_a_row_is_known_for_a_day_after_it_began(store):
    name = f"{int(START * 1_000):012x}aaaa"
    put(store, exchange_record(name)._replace(kept=False))
    known = []
    for now in (START + DAY, START + DAY + 1):
        store.sweep(now)
        known.append(store.is_known(name))
    assert known == [True, False]


def test_sweep_while_the_clock_is_in_doubt_deletes_nothing(store):
    put(store, exchange_record("one", started=5.0))
    assert store.sweep(0.0) == 0
    assert store.exchange("one")
