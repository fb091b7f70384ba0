"""What an inserter returns and logs of records that a server did not take; no server is there."""

import psycopg
import pytest
from psycopg import errors

from storage.postgres import copy_inserter
from storage.postgres.copy_inserter import CopyInserter
from storage.store import Outcome, StoreError
from tests.conformance import exchange_record


class Refusing:
    """A way to connect that raises an error each time, and counts them."""

    def __init__(self, error: Exception) -> None:
        self.error, self.tried = error, 0

    def __call__(self):
        self.tried += 1
        raise self.error


def test_inserter_that_was_given_nothing_has_written_nothing():
    refusing = Refusing(psycopg.OperationalError("away"))
    inserter = CopyInserter(refusing)
    assert (inserter.write([]), inserter.written, inserter.last_error, refusing.tried) == ([], 0, "", 0)


def test_record_that_no_row_can_hold_is_bad_and_needs_no_server():
    inserter = CopyInserter(Refusing(psycopg.OperationalError("away")))
    assert inserter.write([exchange_record("bad", response_body=3)]) == [Outcome.BAD]
    assert inserter.last_error == ""


@pytest.mark.parametrize("error", [psycopg.OperationalError("away"), StoreError("the password is wrong")])
def test_server_that_is_not_reached_is_tried_once_for_a_batch_and_its_records_are_away(error):
    refusing = Refusing(error)
    inserter = CopyInserter(refusing, explain=lambda why: f"why: {why}")
    records = [exchange_record("one"), exchange_record("bad", response_body=3), exchange_record("two")]
    assert inserter.write(records) == [Outcome.AWAY, Outcome.BAD, Outcome.AWAY]
    assert (refusing.tried, inserter.written) == (1, 0)
    assert inserter.last_error == f"why: {error}"
    assert repr(inserter) == f"<CopyInserter not connected, 0 written, last error 'why: {error}'>"


def test_fault_of_ours_halves_the_batch_until_each_record_is_alone_and_bad_which_is_logged(logged):
    lines = logged("storage.postgres.copy_inserter")
    refusing = Refusing(ZeroDivisionError("a fault"))
    records = [exchange_record(f"{number}") for number in range(5)]
    assert CopyInserter(refusing).write(records) == [Outcome.BAD] * 5
    assert refusing.tried == 1 + 2 + 2 + 2 + 2
    assert [call.kwargs for call in lines] == [{"event": "record_not_stored", "error": "a fault", "kind": "ZeroDivisionError"}]


def test_batch_whose_records_another_worker_stores_at_once_is_tried_four_times_more(monkeypatch):
    refusing = Refusing(errors.SerializationFailure("again"))
    inserter = CopyInserter(refusing)
    monkeypatch.setattr(inserter._stalled, "end_after", lambda *_: None)
    assert inserter.write([exchange_record("one")]) == [Outcome.AWAY]
    assert refusing.tried == 5


def test_error_of_a_job_passes_and_is_the_last_one():
    inserter = CopyInserter(Refusing(psycopg.OperationalError("away")))
    with pytest.raises(psycopg.OperationalError, match="away"):
        inserter.run(lambda _: None)
    assert inserter.last_error == "away"


def test_losses_are_logged_once_a_minute(monkeypatch, logged):
    lines, now = logged("storage.postgres.copy_inserter"), [1_000.0]
    monkeypatch.setattr(copy_inserter.time, "monotonic", lambda: now[0])
    inserter = CopyInserter(Refusing(psycopg.OperationalError("away")))
    counts = []
    for moment in (1_000.0, 1_059.5, 1_060.0, 1_119.5, 1_120.0):
        now[0] = moment
        inserter.write([exchange_record("one"), exchange_record("bad", response_body=3)])
        counts.append(len(lines))
    assert counts == [1, 1, 2, 2, 3]
    assert (lines[0].kwargs["event"], lines[0].kwargs["kind"]) == ("record_not_stored", "TypeError")
    now[0] = 2_000.0
    inserter.write([exchange_record("one")])
    shown = [lines[-1].kwargs[name] for name in ("event", "error", "kind")]
    assert shown == ["batch_not_stored", "away", "OperationalError"]
