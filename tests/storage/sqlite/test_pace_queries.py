from storage.judgement_rows import JudgementBatch, PaceRow, TimedRow
from storage.sqlite import pace_queries
from tests.conformance import START, exchange_record
from tests.storage.sqlite.inserted import put


def test_whole_live_answers_are_returned_in_the_order_they_were_finished(sqlite_store):
    store = sqlite_store
    for name, more in (
        ("b", {"started": START + 9}),
        ("a", {}),
        ("gone", {"failure": "client_gone"}),
        ("shadow", {"role": "shadow"}),
    ):
        store.add_exchange(exchange_record(name, calls=0, checks=0, **more))
    assert store.flush(20)
    one, two = store.judgements.timed_answers(0, 10)
    assert (one.exchange_id, one.ended, one.first_token, one.seconds) == ("b", START + 10.5, 0.5, 1.5)
    assert (two.exchange_id, two.completion_tokens) == ("a", 4)
    assert [row.exchange_id for row in store.judgements.timed_answers(one.no, 10)] == ["a"]
    assert [row.exchange_id for row in store.judgements.timed_answers(0, 1)] == ["b"]
    assert len(store.judgements.timed_answers(1_000_000, 10)) == 2, "numbers begin anew when all went"


def test_a_pace_takes_the_place_of_the_last(store):
    judgements = store.judgements
    assert judgements.claim("me", 0.0, 30.0)
    row = PaceRow(provider="p", model="m", measure="first_token", last_no=1, snapshot="one")
    other = PaceRow(provider="p", model="m", measure="token", last_no=2, snapshot="two")
    assert judgements.record("me", JudgementBatch(paces=[other, row]))
    assert judgements.paces() == [row, other]
    newer = PaceRow(provider="p", model="m", measure="token", last_no=5, snapshot="three")
    assert judgements.record("me", JudgementBatch(paces=[newer]))
    assert judgements.paces() == [row, newer]


def test_timed_answer_has_each_value_in_its_field(conn):
    put(conn, exchange_record("one", provider="p", model="m", started=100.0, seconds=2.5, first_token=0.75, completion_tokens=9))
    [(no, _)] = conn.execute("SELECT no, id FROM exchanges")
    timed = TimedRow(
        no=no,
        exchange_id="one",
        provider="p",
        model="m",
        ended=102.5,
        first_token=0.75,
        seconds=2.5,
        completion_tokens=9,
    )
    assert pace_queries.timed_answers(conn, 0, 9) == [timed]
    assert pace_queries.timed_answers(conn, no, 9) == []
    assert pace_queries.timed_answers(conn, no + 1, 9) == [timed], "numbers begin anew when all went"


def test_answer_with_a_status_of_400_is_not_timed_and_one_below_is(conn):
    for status in (399, 400):
        put(conn, exchange_record(f"{status}", status=status))
    assert [row.exchange_id for row in pace_queries.timed_answers(conn, 0, 9)] == ["399"]


def test_answers_are_timed_from_the_first_where_none_is_left(conn):
    assert pace_queries.timed_answers(conn, 0, 9) == []
