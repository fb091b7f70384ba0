"""Queries of a report beside the counts."""

import sqlite3
from contextlib import closing

from storage.judgement_rows import JudgementBatch, JudgementRow, PairFinishReasons, PairTimes
from storage.rows import PairGroup, PairRecord
from storage.sqlite import report_queries
from storage.sqlite.report_queries import UNREAD_REQUESTS
from tests.conformance import START, exchange_record, pair_row
from tests.payoffs import GROUP, add
from tests.storage.sqlite.inserted import put

NEAR = PairGroup(route="default", model="qwen", provider="near", reference="official")


def pair(store, name, *, y="stop", r="stop", c=None, tools=1, reason="random", started=START, **times):
    """A live answer, the reference's and the control's, by how each ended and what it took."""
    responses = [(f"{name}-r", "shadow", r), *([(f"{name}-c", "control", c)] if c is not None else [])]
    store.add_exchange(exchange_record(name, calls=0, checks=0, finish_reason=y, started=started, **times))
    records = [exchange_record(id_, calls=0, checks=0, finish_reason=end, role=role) for id_, role, end in responses]
    row = pair_row(
        name,
        reference_id=f"{name}-r",
        control_id=f"{name}-c" if c is not None else "",
        control_reason=reason if c is not None else "",
        shape=f'{{"tools": {tools}}}',
        conversation="",
        started=started,
    )
    store.add_pair(PairRecord(pair=row, exchanges=tuple(records), findings=(), payoffs=()))


def test_how_answers_ended_is_reported_where_tools_were_offered(store):
    pair(store, "a", y="tool_calls", r="stop", c="tool_calls")
    pair(store, "b", y="stop", r="stop", started=START + 1)
    pair(store, "no-tools", tools=0)
    pair(store, "broken", r="")
    assert store.flush(20)
    newest, oldest = store.judgements.finish_reasons(0.0, 0.0, 9)
    assert (newest.provider, newest.reference, newest.control, newest.control_reason) == ("stop", "stop", "", "")
    assert (oldest.provider, oldest.reference, oldest.control, oldest.control_reason) == (
        "tool_calls",
        "stop",
        "tool_calls",
        "random",
    )
    assert (oldest.group, oldest.conversation) == (NEAR, "a")
    assert len(store.judgements.finish_reasons(0.0, 0.0, 1)) == 1
    assert store.judgements.finish_reasons(START + 2, 0.0, 9) == []


def test_times_are_of_pairs_that_are_whole_and_alike(store):
    pair(store, "a", seconds=3.0)
    pair(store, "failed", failure="reset")
    pair(store, "error", status=500)
    pair(store, "unlike", stream=False)
    assert store.flush(20)
    [times] = store.judgements.pair_times(0.0, 0.0, 9)
    assert (times.seconds, times.first_chunk, times.first_token, times.group) == ((3.0, 1.5), (0.25, 0.25), (0.5, 0.5), NEAR)


def test_clients_that_left_are_counted_of_the_last_day_of_traffic(store):
    day = 86_400.0
    for number in range(4):
        failure = "client_gone" if number == 0 else ""
        store.add_exchange(exchange_record(f"x{number}", calls=0, checks=0, failure=failure))
    store.add_exchange(exchange_record("old", calls=0, checks=0, started=START - 2 * day, failure="client_gone"))
    store.add_exchange(exchange_record("alone", calls=0, checks=0, reference="", failure="client_gone"))
    store.add_exchange(exchange_record("shadow", calls=0, checks=0, role="shadow"))
    assert store.flush(20)
    assert store.judgements.client_aborts(day) == {NEAR: (1, 4)}


def test_clients_that_left_are_counted_of_the_last_day_of_a_clock_that_was_corrected(store):
    day = 86_400.0
    for number, started in enumerate((START + 400 * day, START - 2 * day, START)):
        store.add_exchange(exchange_record(f"x{number}", calls=0, checks=0, started=started, failure="client_gone"))
        assert store.flush(20)
    assert store.judgements.client_aborts(day) == {NEAR: (2, 2)}


def test_an_empty_store_has_no_line(store):
    judgements = store.judgements
    assert judgements.client_aborts(1.0) == {}
    assert judgements.payoff_sums(0, 0) == []
    assert judgements.finish_reasons(0, 0, 9) == []
    assert judgements.pair_times(0, 0, 9) == []


def test_payoff_sums_carry_their_judgement_and_cluster(store):
    add(store, "a", conversation="talk", fingerprint="f")
    add(store, "b", fingerprint="f", payoffs=(("answer_kind", 1),))
    add(store, "c")
    judgements = store.judgements
    assert judgements.claim("me", 0.0, 30.0)
    one, two, _ = (row.no for row in judgements.unjudged(0, 10))
    ruled = [JudgementRow(no=one, reason=""), JudgementRow(no=two, reason="caching_reference")]
    assert judgements.record("me", JudgementBatch(judgements=ruled))
    add(store, "d", conversation="talk", payoffs=(("answer_kind", -1), ("text", 1)))
    found = judgements.payoff_sums(0.0, 0.0)
    assert {(one.model, one.provider, one.reference) for one in found} == {(GROUP.model, GROUP.provider, GROUP.reference)}
    assert len({one.cluster for one in found}) == 3
    assert sorted((one.signal, one.judgement, one.pairs, one.plus, one.minus) for one in found) == [
        ("answer_kind", "", 1, 0, 0),
        ("answer_kind", "", 2, 0, 1),
        ("answer_kind", "caching_reference", 1, 1, 0),
        ("text", "", 1, 1, 0),
    ]
    (talk,) = {one.cluster for one in found if one.pairs == 2}
    assert {one.signal for one in found if one.cluster == talk} == {"answer_kind", "text"}


def test_how_live_requests_ended_is_counted_over_the_newest(store):
    for number, status in enumerate((500, 401, 401, 200)):
        store.add_exchange(exchange_record(f"e{number}", calls=0, checks=0, started=START + number, status=status))
    store.add_exchange(exchange_record("shadow", calls=0, checks=0, started=START + 9, status=401, role="shadow"))
    assert store.flush(20)
    party = (NEAR.provider, NEAR.model, NEAR.reference)
    assert store.judgements.response_statuses(0.0, 0.0, 9) == [(*party, 200, 1), (*party, 401, 2), (*party, 500, 1)]
    assert store.judgements.response_statuses(0.0, 0.0, 3) == [(*party, 200, 1), (*party, 401, 2)]
    assert store.judgements.response_statuses(START + 2, START + 3, 9) == [(*party, 401, 1)]


def test_unread_requests_are_read_from_their_index(sqlite_store, tmp_path):
    with closing(sqlite3.connect(tmp_path / "store.db")) as conn:
        plan = " ".join(str(row) for row in conn.execute(f"EXPLAIN QUERY PLAN {UNREAD_REQUESTS}", (0.0, 9e9)))
    assert "idx_exchanges_unread" in plan


def test_each_value_of_a_pair_stands_in_its_field(conn):
    labels = {"route": "a route", "model": "a model", "provider": "a provider", "reference": "a reference"}
    group = PairGroup(**labels)
    times = [{"first_chunk": n + 0.25, "first_token": n + 0.5, "seconds": n + 0.75} for n in (1, 2, 3)]
    ends = ("stop", "length", "tool_calls")
    for place, name in enumerate(("y", "r", "c")):
        put(conn, exchange_record(name, finish_reason=ends[place], **times[place], **labels))
    row = pair_row("y", reference_id="r", control_id="c", control_reason="random", shape='{"tools": 1}', started=7.5, **labels)
    put(conn, PairRecord(pair=row, exchanges=(), findings=(), payoffs=()))
    assert report_queries.finish_reasons(conn, 0.0, 0.0, 9) == [
        PairFinishReasons(
            group=group,
            conversation="talk-1",
            control_reason="random",
            provider="stop",
            reference="length",
            control="tool_calls",
        )
    ]
    assert report_queries.pair_times(conn, 0.0, 0.0, 9) == [
        PairTimes(group=group, started=7.5, first_chunk=(1.25, 2.25), first_token=(1.5, 2.5), seconds=(1.75, 2.75))
    ]
    for query in (report_queries.finish_reasons, report_queries.pair_times):
        assert [len(query(conn, *period, 9)) for period in ((7.5, 8.0), (7.0, 7.5))] == [1, 0]


def test_requests_that_were_not_held_are_counted_with_the_size_of_the_largest(conn):
    for number, (unread, size) in enumerate((("not_held", 10), ("not_held", 30), ("request_truncated", 20), ("", 99))):
        put(conn, exchange_record(f"{number}", unread=unread, request_size=size, response_size=5, started=START + number))
    assert report_queries.unread_requests(conn, START, START + 3) == [
        ("near", "qwen", "not_held", 2, 30),
        ("near", "qwen", "request_truncated", 1, 20),
    ]
    assert report_queries.unread_requests(conn, START, START + 1) == [("near", "qwen", "not_held", 1, 10)]


def test_clients_that_left_are_counted_of_their_own_group(conn):
    labels = {"route": "a route", "model": "a model", "provider": "a provider", "reference": "a reference"}
    for number, failure in enumerate(("client_gone", "", "client_gone", "reset")):
        put(conn, exchange_record(f"{number}", failure=failure, started=START + 10 * number, **labels))
    assert report_queries.client_aborts(conn, 20.0) == {PairGroup(**labels): (1, 3)}
    assert report_queries.client_aborts(conn, 30.0) == {PairGroup(**labels): (2, 4)}
