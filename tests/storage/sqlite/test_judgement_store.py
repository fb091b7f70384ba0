"""Each value of a judgement's row comes back in its own field: rows whose values all differ."""

from dataclasses import replace

import pytest

from storage.judgement_rows import (
    AcknowledgementRow,
    AlarmRow,
    EvidenceRow,
    GroupStateRow,
    JudgedPairRow,
    JudgementBatch,
    JudgementRow,
    JudgingState,
)
from storage.rows import PairGroup
from storage.sqlite.judgement_store import SqliteJudgementStore
from tests.conformance import exchange_record, pair_record
from tests.payoffs import add
from tests.storage.sqlite.inserted import put

GROUP = PairGroup(route="a route", model="a model", provider="a provider", reference="a reference", upstream="an upstream")
PLAIN = replace(GROUP, upstream="")


@pytest.fixture
def judgements(conn):
    store = SqliteJudgementStore(lambda job: job(conn), lambda job: job(conn))
    assert store.claim("me", 0.0, 30.0)
    return store


def test_pair_to_be_judged_has_each_value_in_its_field(sqlite_store):
    for name in ("first", "second"):
        add(
            sqlite_store,
            name,
            group=GROUP,
            payoffs=(("text", 1), ("usage", -1)),
            started=7.5,
            fingerprint="a fingerprint",
            conversation="a conversation",
            kind="a kind",
            excluded=("one", "two"),
            shape='{"messages": 3}',
            upstream="an upstream",
        )
    found = sqlite_store.judgements.unjudged(0, 9)
    assert found == [
        JudgedPairRow(
            no=found[place].no,
            pair_id=name,
            group=PLAIN,
            started=7.5,
            conversation="a conversation",
            fingerprint="a fingerprint",
            kind="a kind",
            excluded=("one", "two"),
            payoffs=(("text", 1), ("usage", -1)),
            shape='{"messages": 3}',
            upstream="an upstream",
        )
        for place, name in enumerate(("first", "second"))
    ]
    assert found[1].no == found[0].no + 1


def test_pairs_to_be_judged_have_their_own_payoffs_also_where_ids_and_names_of_servers_are_digits(sqlite_store):
    for number in range(3):
        add(sqlite_store, f"{number}", payoffs=(("text", number - 1),), upstream="0")
    found = sqlite_store.judgements.unjudged(0, 9)
    assert [(row.pair_id, row.payoffs) for row in found] == [("0", (("text", -1),)), ("1", (("text", 0),)), ("2", (("text", 1),))]


def test_evidence_has_each_value_in_its_field(sqlite_store):
    judgements = sqlite_store.judgements
    assert judgements.claim("me", 0.0, 30.0)
    add(sqlite_store, "one", group=GROUP, payoffs=(("text", -1),), started=7.5, conversation="a talk", kind="a kind")
    [row] = judgements.unjudged(0, 9)
    assert judgements.record("me", JudgementBatch(judgements=[JudgementRow(no=row.no, reason="")]))
    assert judgements.evidence(PLAIN, "text", agreement=True, limit=9) == [
        EvidenceRow(pair_id="one", started=7.5, conversation="a talk", kind="a kind", payoff=-1)
    ]


def test_alarm_has_each_value_in_its_field_wherever_it_is_read(judgements):
    alarm = AlarmRow(at=7.5, pair_id="a pair", group=GROUP, old="ok", new="drift", name="text", details="{}")
    later = replace(alarm, at=8.5, pair_id="another")
    assert judgements.record("me", JudgementBatch(alarms=[alarm, later]))
    assert judgements.alarms(0.0, 0.0) == [later, alarm]
    [(first, one), (second, other)] = judgements.pending_events(9)
    assert (one, other, second - first) == (alarm, later, 1)


def test_state_of_a_group_has_each_value_in_its_field(judgements):
    state = GroupStateRow(group=GROUP, last_no=17, snapshot="a snapshot")
    assert judgements.record("me", JudgementBatch(group_states=[state]))
    assert judgements.group_states() == [state]


def test_acknowledgement_has_each_value_in_its_field(judgements):
    given = [
        AcknowledgementRow(after_no=17, at=7.5, answer="fixed", group=GROUP),
        AcknowledgementRow(after_no=18, at=8.5, answer="expected", group=PLAIN),
    ]
    assert judgements.record("me", JudgementBatch(given=given))
    judgements.rebuild()
    found = judgements.pending_acknowledgements()
    assert found == [replace(row, no=found[0].no + place) for place, row in enumerate(given)]


def test_at_most_a_thousand_alarms_of_a_period_are_read_the_newest(judgements):
    alarms = [
        AlarmRow(at=float(number), pair_id=f"{number}", group=GROUP, old="ok", new="drift", name="text", details="{}")
        for number in range(1_001)
    ]
    assert judgements.record("me", JudgementBatch(alarms=alarms))
    found = judgements.alarms(0.0, 0.0)
    assert (len(found), found[0].at, found[-1].at) == (1_000, 1_000.0, 1.0)
    assert [row.at for row in judgements.alarms(2.0, 4.0)] == [3.0, 2.0]


def test_last_judged_pair_is_the_one_of_the_highest_number_and_none_is_zero(sqlite_store):
    judgements = sqlite_store.judgements
    assert judgements.claim("me", 0.0, 30.0)
    assert judgements.last_judged() == 0
    for name in ("one", "two"):
        add(sqlite_store, name)
    nos = [row.no for row in judgements.unjudged(0, 9)]
    assert judgements.record("me", JudgementBatch(judgements=[JudgementRow(no=no, reason="") for no in nos]))
    assert judgements.last_judged() == nos[1]


def test_numbers_up_to_the_last_pair_count_as_judged_and_numbers_beyond_it_do_not(sqlite_store):
    add(sqlite_store, "one")
    [row] = sqlite_store.judgements.unjudged(0, 9)
    assert sqlite_store.judgements.unjudged(row.no, 9) == []
    assert sqlite_store.judgements.unjudged(row.no + 1, 9) == [row]


def test_lease_that_another_holds_writes_nothing_and_leaves_no_transaction_open(conn, judgements):
    state = GroupStateRow(group=GROUP, last_no=1, snapshot="")
    assert not judgements.record("other", JudgementBatch(group_states=[state]))
    assert not conn.in_transaction
    assert judgements.group_states() == []


def test_judging_shows_the_seconds_left_of_the_lease_and_how_long_the_oldest_pair_has_waited(conn, judgements):
    assert judgements.judging(29.0) == JudgingState(holder="me", seconds_left=1.0)
    assert judgements.judging(30.0) == JudgingState()
    answer = exchange_record("answer", started=101.0, seconds=4.0)
    record = replace(pair_record("live", started=100.0, reference_id="answer"), exchanges=(answer,))
    put(conn, exchange_record("live", started=100.0, seconds=2.5), record)
    assert judgements.judging(110.0) == JudgingState(waiting=1, waited=5.0)
    assert judgements.judging(104.0) == JudgingState(waiting=1, waited=0.0)
