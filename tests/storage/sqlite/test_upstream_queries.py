"""The queries about servers behind routers read from indexes, and no more than they are allowed to."""

from storage.prepared_records import RecordPreparer
from storage.sqlite import upstream_queries
from storage.sqlite.record_insertion import insert
from tests.conformance import START, exchange_record, pair_record


def put(conn, number: int, upstream: str) -> None:
    name, started = f"n{number}", START + number
    more = {"started": started, "upstream": upstream}
    prepare = RecordPreparer().prepare
    insert(conn, [prepare(exchange_record(name, **more)), prepare(pair_record(name, **more))])


def test_newest_pairs_of_routers_come_oldest_first_with_their_payoffs(conn):
    for number, upstream in enumerate(("a", "", "b", "c")):
        put(conn, number, upstream)
    found = upstream_queries.routed_pairs(conn, 0, 0, 2)
    assert [(row.upstream, row.started, len(row.payoffs)) for row in found] == [("b", START + 2, 1), ("c", START + 3, 1)]


def test_store_without_a_router_is_not_searched(conn):
    put(conn, 0, "")
    assert upstream_queries.routed_pairs(conn, 0, 0, 10) == ()


def test_shares_and_turns_count_the_newest_answers_alone(conn):
    for number, upstream in enumerate("aab"):
        put(conn, number, upstream)
    assert [(row.upstream, row.answers) for row in upstream_queries.upstream_shares(conn, 0, 0, 2)] == [("a", 1), ("b", 1)]
    [turns] = upstream_queries.upstream_turns(conn, 0, 0, 2)
    assert (turns.conversations, turns.changed, turns.after_change) == (1, 1, (10, 6))


def test_check_for_routers_reads_their_index_alone(conn):
    steps = [step for *_, step in conn.execute(f"EXPLAIN QUERY PLAN {upstream_queries.ANY}")]
    assert any("idx_pairs_upstream" in step for step in steps), steps
