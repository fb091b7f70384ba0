"""An acknowledgement reaches the process that judges, is executed once, answered, and leaves no file."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import orjson
import pytest

from shadow.commands.acknowledge import SharedAlarms, _noted, acknowledge, acknowledge_ordered
from shadow.commands.mailbox import Mailbox
from shadow.commands.table_mailbox import TableMailbox
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.state_transitions import AckAction, Acknowledgement, AckOutcome, AckResult, DriftState
from shadow.judging.judge import Judge
from shadow.pages.operator_actions import OperatorActions
from shadow.report.alarm_lines import alarm_lines
from shadow.settings.top_level_config import Config
from storage.opening import open_store
from storage.storage_config import StorageConfig
from storage.store import StoreError
from tests.payoffs import add
from tests.running import PATIENCE
from tests.shadow.drift.leaning import payoffs

pytestmark = pytest.mark.usefixtures("long_lease")
KEY = GroupKey("default", "m", "p", "r")
FIXED, ACCEPT = Acknowledgement(answer=AckAction.FIXED), Acknowledgement(answer=AckAction.ACCEPT)


def judged(store, values, prefix="a"):
    for number, value in enumerate(values):
        add(store, f"{prefix}{number}", payoffs=(("arguments", value),), started=float(number), flush=False)
    assert store.flush(30)
    judge = Judge.configured(Config(), store.judgements, holder="j", publish=lambda *_: None)
    while judge.step(0.0):
        pass
    return judge


def drifted(store):
    draw = random.Random(8)
    return judged(store, payoffs(draw, 300) + payoffs(draw, 150, excess=0.5))


@pytest.fixture
def config(tmp_path):
    return Config(storage=StorageConfig(url=f"sqlite:///{tmp_path}/store.db", batch_seconds=0.01))


def test_fixed_starts_again_and_is_stored(store):
    judge = drifted(store)
    assert [each.sentence for each in judge.acknowledge(FIXED, 5.0)] == ["p, m, route default: fixed, the state is ok now"]
    assert judge.groups[KEY].state is DriftState.OK
    newest, *_ = store.judgements.alarms(0, 0)
    assert (newest.old, newest.new, newest.at) == ("drift", "ok", 5.0)
    again = Judge.configured(Config(), store.judgements, holder="j", publish=lambda *_: None)
    again.step(0.0)
    assert again.groups[KEY].state is DriftState.OK


@pytest.mark.slow
def test_accept_needs_five_hundred_pairs_and_then_alarms_above_them_only(store):
    judge = drifted(store)
    assert "500 are needed" in judge.acknowledge(ACCEPT, 5.0)[0].sentence
    assert judge.groups[KEY].state is DriftState.DRIFT
    draw = random.Random(9)
    judge = judged(store, payoffs(draw, 600, excess=0.5), prefix="b")
    assert [each.sentence for each in judge.acknowledge(ACCEPT, 6.0)] == ["p, m, route default: accept, the state is ok now"]
    assert judge.groups[KEY].alarm.group_tests.tests["arguments", 1].baseline > 0.45
    judge = judged(store, payoffs(draw, 300, excess=0.5), prefix="c")
    assert judge.groups[KEY].state is not DriftState.DRIFT


@pytest.mark.parametrize(
    "acknowledgement",
    [
        Acknowledgement(answer=AckAction.FIXED, provider="other"),
        Acknowledgement(answer=AckAction.FIXED, model="x", route="default"),
    ],
)
def test_an_answer_is_for_the_groups_it_names(store, acknowledgement):
    judge = drifted(store)
    assert [each.sentence for each in judge.acknowledge(acknowledgement, 5.0)] == ["no matching group has an alarm"]
    assert judge.groups[KEY].state is DriftState.DRIFT


def test_an_answer_is_refused_by_a_process_that_does_not_hold_the_lease(store):
    drifted(store)
    other = Judge.configured(Config(), store.judgements, holder="other", publish=lambda *_: None)
    with pytest.raises(StoreError, match="another process"):
        other.acknowledge(FIXED, 1.0)


@pytest.mark.slow
def test_page_of_a_process_that_does_not_judge_has_the_one_that_does_acknowledge_and_note_who_gave_it(postgres_store):
    store = postgres_store
    judge = drifted(store)
    other = Judge.configured(Config(), store.judgements, holder="other", publish=lambda *_: None)
    mailbox, alarms = TableMailbox(orders=store.orders, kind="ack"), SharedAlarms(other, store, store.orders, patience=PATIENCE)
    operator = OperatorActions(store, alarms.acknowledge, providers=tuple, now=lambda: 5.0)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(operator.take, "p", {"action": "fixed", "model": "m", "by": "Ada", "why": "rolled back"})
        while not done.done():
            acknowledge_ordered(mailbox, judge, store, lambda: 1.0)
    assert done.result() == "p, m, route default: fixed, the state is ok now"
    assert judge.groups[KEY].state is DriftState.OK
    [line] = alarm_lines(store, 9.0)
    assert (line.acknowledged.action, line.acknowledged.by, line.acknowledged.why) == ("fixed", "Ada", "rolled back")


@pytest.mark.slow
def test_page_of_the_process_that_judges_acknowledges_at_once(postgres_store):
    alarms = SharedAlarms(drifted(postgres_store), postgres_store, postgres_store.orders, patience=0.0)
    assert [each.sentence for each in alarms.acknowledge(FIXED, 5.0)] == ["p, m, route default: fixed, the state is ok now"]


@pytest.mark.slow
@pytest.mark.parametrize("has_orders", [True, False])
def test_acknowledgement_that_no_process_takes_is_stated_and_taken_back(postgres_store, has_orders):
    drifted(postgres_store)
    other = Judge.configured(Config(), postgres_store.judgements, holder="other", publish=lambda *_: None)
    orders = postgres_store.orders if has_orders else None
    words = "no sameweights that judges this database answered" if has_orders else "another process judges this store"
    with pytest.raises(StoreError, match=words):
        SharedAlarms(other, postgres_store, orders, patience=0.0).acknowledge(FIXED, 5.0)
    assert postgres_store.orders.waiting_orders("ack") == []


def test_without_a_running_serve_it_is_done_at_once(tmp_path, config):
    store = open_store(config.storage)
    drifted(store).close()
    store.close()
    assert [each.sentence for each in acknowledge(config, [FIXED])] == ["p, m, route default: fixed, the state is ok now"]
    assert list(tmp_path.glob("*-ack-*")) == []


@pytest.mark.slow
def test_beside_a_running_serve_it_is_handed_over_and_leaves_no_file(sqlite_store, tmp_path, config):
    store = sqlite_store
    judge, printed = drifted(store), []
    asking = threading.Thread(target=lambda: printed.extend(acknowledge(config, [FIXED], patience=20.0)))
    asking.start()
    while asking.is_alive():
        acknowledge_ordered(Mailbox(database=tmp_path / "store.db", kind="ack"), judge, store, lambda: 1.0)
        asking.join(0.02)
    assert [each.sentence for each in printed] == ["p, m, route default: fixed, the state is ok now"]
    assert list(tmp_path.glob("*-ack-*")) == []


@pytest.mark.slow
def test_serve_that_takes_an_acknowledgement_notes_who_gave_it_at_its_own_moment(store, tmp_path):
    mailbox, judge = Mailbox(database=tmp_path / "store.db", kind="ack"), drifted(store)
    given = replace(FIXED, provider="p", by="Ada", why="rolled back")
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(mailbox.send, given)
        while not sent.done():
            acknowledge_ordered(mailbox, judge, store, lambda: 1.0)
    [result] = sent.result()
    assert result == {"sentence": "p, m, route default: fixed, the state is ok now", "outcome": "done"}
    [row] = store.page_queries.actions("p", 9)
    assert (row.at, row.action, row.by, row.why, row.result) == (1.0, "fixed", "Ada", "rolled back", result["sentence"])


def test_acknowledgements_that_wait_together_have_each_a_moment_of_its_own(store, tmp_path):
    class Acknowledging:
        def acknowledge(self, _, now):
            return [AckResult(sentence=f"fixed at {now}", outcome=AckOutcome.DONE)]

    for by in ("Ada", "Eve"):
        (tmp_path / f"store.db-ack-{by}.json").write_bytes(orjson.dumps(replace(FIXED, provider="p", by=by)))
    mailbox = Mailbox(database=tmp_path / "store.db", kind="ack")
    assert acknowledge_ordered(mailbox, Acknowledging(), store, iter((1.0, 1.5)).__next__) == 2
    found = [(row.by, row.at, row.result) for row in store.page_queries.actions("p", 9)]
    assert found == [("Eve", 1.5, "fixed at 1.5"), ("Ada", 1.0, "fixed at 1.0")]


def test_acknowledgement_is_done_where_who_gave_it_cannot_be_stored(store):
    class Full:
        def note_action(self, _):
            raise StoreError("the disk is full")

    results = _noted(drifted(store), Full(), replace(FIXED, by="Ada"), 1.0)
    assert results[1].sentence == "done, but who did it and why could not be stored: the disk is full"


@pytest.mark.parametrize("given", [replace(ACCEPT, by="Ada"), replace(FIXED, by="Ada", model="other")])
def test_acknowledgement_that_changed_nothing_is_not_noted(store, given):
    [result] = _noted(drifted(store), store, given, 1.0)
    assert (result.done, store.page_queries.actions("", 9), store.page_queries.actions("p", 9)) == (False, [], [])


def test_results_before_a_failure_are_returned(config):
    store = open_store(config.storage)
    drifted(store).close()
    store.close()

    def given():
        yield FIXED
        raise StoreError("the disk is full")

    results = acknowledge(config, given())
    assert next(results).done
    with pytest.raises(StoreError, match="the disk is full"):
        next(results)


def test_acknowledgement_of_a_pace_is_for_no_group(store):
    judge = drifted(store)
    [result] = judge.acknowledge(replace(FIXED, measure="token"), 5.0)
    assert [result.sentence] == ["no matching group has an alarm"]


def test_acknowledgement_without_an_answer_is_taken_back(sqlite_store, tmp_path, config):
    with pytest.raises(StoreError, match="did not answer"):
        list(acknowledge(config, [FIXED], patience=0.1))
    assert list(tmp_path.glob("*-ack-*")) == []


def test_unreadable_acknowledgement_is_answered_with_an_error(store, tmp_path):
    (tmp_path / "store.db-ack-1.json").write_text('{"answer": "maybe"}', encoding="utf-8")
    assert acknowledge_ordered(Mailbox(database=tmp_path / "store.db", kind="ack"), drifted(store), store, lambda: 1.0) == 1
    assert "error" in (tmp_path / "store.db-ack-1.done").read_text(encoding="utf-8")


def test_an_absent_database_is_not_made(tmp_path, config):
    with pytest.raises(StoreError, match="does not exist"):
        list(acknowledge(config, [FIXED]))
