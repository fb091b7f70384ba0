"""Whichever process is killed, every ended exchange is stored or counted as lost, once, as soon as the sender reaches the next
audit.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.process.shared_counters import PAIRS, SharedCounters
from shadow.pipeline.exchange_ledger import ExchangeLedger
from storage.store import Outcome


def test_what_is_missing_from_the_numbers_is_counted_once():
    board = SharedCounters()
    ledger = ExchangeLedger(board, {})
    ledger.connected(0)
    for _ in range(3):
        ledger.arrived(0)
    assert [ledger.sent(0, 3), ledger.sent(0, 5), ledger.sent(0, 5)] == [0, 2, 0]
    assert board.row(0)["process_killed"] == 2


def test_nothing_is_missing_while_an_older_connection_of_the_worker_is_read():
    ledger = ExchangeLedger(SharedCounters(), {})
    ledger.connected(0)
    ledger.connected(0)
    assert ledger.sent(0, 1) == 0
    ledger.arrived(0)
    ledger.disconnected(0)
    assert ledger.sent(0, 1) == 0
    assert ledger.sent(0, 2) == 1


def test_records_stored_by_a_killed_audit_are_counted_without_its_report():
    board = SharedCounters()
    board.row(0).add("stored", 2)
    ledger = ExchangeLedger(board, {0: 5})
    ledger.connected(0)
    assert ledger.sent(0, 6) == 1
    assert (board.row(0)["stored"], board.row(0)["process_killed"]) == (5, 1)


@pytest.mark.parametrize("worker", [0, 1, 63, 64])
@pytest.mark.parametrize(("outcome", "field"), [(Outcome.STORED, "stored"), (Outcome.AWAY, "store_failed")])
def test_the_fate_of_a_record_is_counted_for_its_worker(worker, outcome, field):
    def add(_, settled):
        settled(outcome)
        return True

    board = SharedCounters()
    ExchangeLedger(board, {}).offer(worker, add, "record")
    assert (board.row(worker)[field], board.row(worker)["store_full"]) == (1, 0)
    assert [number for number in range(65) if board.row(number)[field]] == [worker]


@pytest.mark.parametrize("worker", [0, 64])
def test_a_record_that_the_store_has_no_room_for_is_lost_for_its_worker(worker):
    board = SharedCounters()
    ExchangeLedger(board, {}).offer(worker, lambda *_: False, "record")
    assert (board.row(worker)["store_full"], board.row(worker)["stored"], board.row(1)["store_full"]) == (1, 0, 0)


def offered(board, outcomes):
    """A pair for each outcome; None: the store had not answered when its process was killed."""
    ledger = ExchangeLedger(board, {})
    for outcome in outcomes:
        ledger.offer(PAIRS, lambda _, settled, outcome=outcome: outcome is None or settled(outcome) is None, "pair")
    return ledger


def test_shadows_of_a_killed_audit_are_those_under_way_and_pairs_that_the_store_had_not_answered_for():
    board = SharedCounters()
    ledger = offered(board, [Outcome.STORED, None, Outcome.BAD, None, Outcome.KNOWN])
    ledger.offer(PAIRS, lambda *_: False, "one that the store has no room for")
    ledger.lost(PAIRS, "error")
    ledger.shadows(4)
    assert ExchangeLedger(board, {}).killed_shadows() == 2 + 4
    assert ExchangeLedger(board, {}).killed_shadows() == 0, "counted once"
    offered(board, [None])
    assert ExchangeLedger(board, {}).killed_shadows() == 1
    assert board.totals()["process_killed"] == board.totals()["ended"] == 0, "no exchange is among them"


def test_an_audit_that_ended_in_order_has_lost_no_shadow():
    board = SharedCounters()
    ledger = offered(board, [Outcome.STORED, Outcome.BAD])
    for under_way in (1, 2, 1, 0):
        ledger.shadows(under_way)
    assert ExchangeLedger(board, {}).killed_shadows() == 0


STEPS = st.lists(st.sampled_from(["end", "send", "arrive", "store", "fail", "lose", "kill plane", "kill audit"]), max_size=60)


@given(STEPS)
def test_ended_is_stored_and_counted_at_any_kill(steps):
    """A sender, a wire, an audit and a database, as they are: only the board and the database outlive a kill."""
    board, stored, row = SharedCounters(), 0, None
    waiting, wire, hands = 0, 0, 0
    row = board.row(0)
    ledger = ExchangeLedger(board, {})
    ledger.connected(0)
    for step in [*steps, "kill audit", "kill plane"]:
        if step == "end":
            row.add("ended")
            waiting += 1
        elif step == "send" and waiting:
            waiting, wire = waiting - 1, wire + 1
        elif step == "arrive" and wire:
            wire, hands = wire - 1, hands + 1
            ledger.arrived(0)
        elif step == "store" and hands:
            hands, stored = hands - 1, stored + 1  # committed; whether it could say so is open
            if stored % 2:
                ledger.settled(0, Outcome.STORED)
        elif step == "fail" and hands:
            hands -= 1
            ledger.settled(0, Outcome.AWAY)
        elif step == "lose" and hands:
            hands -= 1
            ledger.lost(0, "error")
        elif step == "kill plane":
            for _ in range(wire):  # what is in the socket is still read
                ledger.arrived(0)
            hands, wire, waiting = hands + wire, 0, 0
            ledger.disconnected(0)
            ledger.connected(0)
            ledger.sent(0, row.sent - waiting)
        elif step == "kill audit":
            hands, wire = 0, 0
            ledger = ExchangeLedger(board, {0: stored})
            ledger.connected(0)
            ledger.sent(0, row.sent - waiting)
    row.raise_to("stored", stored)
    assert row["ended"] == row.settled + hands
    assert row["stored"] == stored


def test_record_is_passed_on_once_it_is_stored_and_not_when_it_was_known_or_could_not_be():
    passed, waiting = [], []
    board = SharedCounters()
    ledger = ExchangeLedger(board, {}, passed.append)

    def add(_, settled):
        waiting.append(settled)
        return True

    for record in ("a", "b", "c"):
        ledger.offer(0, add, record)
    assert passed == []
    waiting[0](Outcome.STORED)
    waiting[1](Outcome.AWAY)
    waiting[2](Outcome.KNOWN)
    assert passed == ["a"]
    assert (board.row(0)["stored"], board.row(0)["store_failed"]) == (2, 1)


def test_ledger_shows_what_arrived_and_over_how_many_connections():
    assert repr(ExchangeLedger(SharedCounters(), {0: 5, 64: 2})) == "<ExchangeLedger arrived=7 connections=0>"
    ledger = ExchangeLedger(SharedCounters(), {})
    for worker in (0, 0, 1):
        ledger.connected(worker)
        ledger.arrived(worker)
    ledger.disconnected(0)
    assert repr(ledger) == "<ExchangeLedger arrived=3 connections=2>"


def test_nothing_is_missing_where_more_arrived_than_a_sender_states():
    board = SharedCounters()
    ledger = ExchangeLedger(board, {})
    ledger.connected(0)
    for _ in range(3):
        ledger.arrived(0)
    assert [ledger.sent(0, 2), ledger.sent(0, 3), ledger.sent(0, 4)] == [0, 0, 1]
    assert board.row(0)["process_killed"] == 1


def test_published_exchange_is_counted_for_its_worker():
    board = SharedCounters()
    ExchangeLedger(board, {}).published(3)
    assert [board.row(worker)["published"] for worker in (2, 3, 4)] == [0, 1, 0]


def test_more_stored_pairs_than_ended_ones_are_no_killed_shadow():
    board = SharedCounters()
    board.row(PAIRS).add("stored", 2)
    board.note_shadows(4)
    ledger = ExchangeLedger(board, {})
    assert [ledger.killed_shadows(), ledger.killed_shadows()] == [4, 0]
    assert board.row(PAIRS)["process_killed"] == 0
