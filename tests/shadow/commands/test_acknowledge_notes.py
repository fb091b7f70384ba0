"""What is noted of an acknowledgement, and which process is asked for it; the judge and the log are pretended."""

from dataclasses import replace
from types import SimpleNamespace

import orjson
import pytest

from shadow.commands import acknowledge as acknowledging
from shadow.commands.acknowledge import SharedAlarms, acknowledge_ordered, send_acknowledgement
from shadow.drift.state_transitions import AckAction, Acknowledgement, AckOutcome, AckResult
from shadow.judging.judge import LeaseLostError
from storage.page_rows import OperatorActionRow
from storage.store import StoreError

GIVEN = Acknowledgement(answer=AckAction.FIXED, provider="p", model="m", by="Ada", why="rolled back")
DONE = AckResult(sentence="p, m: fixed", outcome=AckOutcome.DONE)
REFUSED = AckResult(sentence="p, n: 500 are needed", outcome=AckOutcome.REFUSED)


class Log:
    """A log of actions that may be full."""

    def __init__(self, full=""):
        self.rows, self.full = [], full

    def note_action(self, row):
        if self.full:
            raise StoreError(self.full)
        self.rows.append(row)


class Judge:
    """A judge that gives these results, or has lost its lease."""

    def __init__(self, *results, lost=False):
        self.results, self.lost, self.given = results, lost, []

    def __repr__(self):
        return "<Judge>"

    def acknowledge(self, given, now):
        if self.lost:
            raise LeaseLostError("lost")
        self.given.append((given, now))
        return self.results


def test_who_gave_an_acknowledgement_is_noted_at_its_moment_with_what_was_done():
    judge, log = Judge(DONE, REFUSED), Log()
    alarms = SharedAlarms(judge, log, None)
    assert list(alarms.acknowledge(GIVEN, 5.0)) == [DONE, REFUSED]
    assert judge.given == [(GIVEN, 5.0)]
    [row] = log.rows
    assert replace(row, result="") == OperatorActionRow(
        at=5.0, action="fixed", by="Ada", why="rolled back", provider="p", model="m", until=0.0, result=""
    )
    assert "p, m: fixed" in row.result
    assert "500 are needed" not in row.result
    assert repr(alarms) == "<SharedAlarms <Judge>>"


@pytest.mark.parametrize(
    ("given", "results"), [(replace(GIVEN, by=""), [DONE]), (GIVEN, [REFUSED]), (GIVEN, [])], ids=["by nobody", "refused", "none"]
)
def test_acknowledgement_of_nobody_or_that_did_nothing_is_not_noted(given, results):
    log = Log()
    assert list(SharedAlarms(Judge(*results), log, None).acknowledge(given, 5.0)) == results
    assert log.rows == []


def test_what_could_not_be_noted_is_a_further_result():
    found = SharedAlarms(Judge(DONE), Log(full="disk full"), None).acknowledge(GIVEN, 5.0)
    assert found[0] == DONE
    assert found[1] == AckResult(
        sentence="done, but who did it and why could not be stored: disk full", outcome=AckOutcome.NOT_NOTED
    )
    assert len(found) == 2


@pytest.fixture
def sent(monkeypatch):
    """What another process is asked, and for how long it is waited for; it answers `sent.result`."""
    made = SimpleNamespace(calls=[], result=[{"sentence": "p, m: fixed", "outcome": DONE.outcome.value}])

    def mailbox(**where):
        return SimpleNamespace(send=lambda given, *, patience: made.calls.append((where, given, patience)) or made.result)

    monkeypatch.setattr(acknowledging, "TableMailbox", mailbox)
    monkeypatch.setattr(acknowledging, "Mailbox", mailbox)
    return made


def test_process_that_judges_is_asked_for_ten_seconds_by_a_page(sent):
    log = Log()
    assert SharedAlarms(Judge(lost=True), log, "the orders").acknowledge(GIVEN, 5.0) == [DONE]
    assert sent.calls == [({"orders": "the orders", "kind": "ack"}, GIVEN, 10.0)]
    assert log.rows == []


def test_without_a_way_to_another_process_the_lost_lease_is_stated(sent):
    with pytest.raises(LeaseLostError):
        SharedAlarms(Judge(lost=True), Log(), None).acknowledge(GIVEN, 5.0)
    assert sent.calls == []


def test_process_that_holds_a_file_is_asked_for_a_minute(sent, tmp_path):
    assert send_acknowledgement(tmp_path / "a.db", GIVEN) == [DONE]
    assert sent.calls == [({"database": tmp_path / "a.db", "kind": "ack"}, GIVEN, 60.0)]


@pytest.mark.parametrize("result", [None, {}, [{"sentence": 1}], "done"])
def test_answer_of_another_version_is_stated(sent, tmp_path, result):
    sent.result = result
    with pytest.raises(StoreError, match="is of another version: restart it"):
        send_acknowledgement(tmp_path / "a.db", GIVEN)


def test_acknowledgements_that_wait_are_executed_each_at_a_moment_of_its_own():
    judge, log, moments = Judge(DONE), Log(), iter([5.0, 6.0])
    waiting = SimpleNamespace(answer=lambda handle: [handle(orjson.dumps(given)) for given in (GIVEN, replace(GIVEN, by=""))])
    assert acknowledge_ordered(waiting, judge, log, lambda: next(moments)) == 2
    assert judge.given == [(GIVEN, 5.0), (replace(GIVEN, by=""), 6.0)]
    assert [row.at for row in log.rows] == [5.0]
