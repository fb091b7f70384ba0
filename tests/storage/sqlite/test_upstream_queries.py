"""The queries about servers behind routers read from indexes, and no more than they are allowed to."""

from storage.judgement_rows import RoutedPairRow, UpstreamShare, UpstreamTurns
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


def test_pair_of_a_router_has_each_value_in_its_field(conn):
    labels = {"model": "a model", "provider": "a provider", "reference": "a reference", "upstream": "a server"}
    put(conn, 0, "other")
    made = pair_record("one", payoff=-1, started=7.5, conversation="a talk", **labels)
    insert(conn, [RecordPreparer().prepare(exchange_record("one")), RecordPreparer().prepare(made)])
    conn.execute("INSERT INTO rulings (pair_no, reason) SELECT no, 'repeated' FROM pairs WHERE id = 'one'")
    assert upstream_queries.routed_pairs(conn, 0, 8.0, 9) == [
        RoutedPairRow(**labels, started=7.5, conversation="a talk", judgement="repeated", payoffs={"answer_kind": -1})
    ]


def test_turns_of_a_router_have_each_sum_in_its_field(conn):
    turns = (("a", 100, 10), ("b", 200, 20), ("b", 400, 40), ("b", None, 7))
    for number, (upstream, prompt, cached) in enumerate(turns):
        more = {"started": START + number, "upstream": upstream, "provider": "a provider", "model": "a model"}
        answer = exchange_record(f"n{number}", prompt_tokens=prompt, cached_tokens=cached, conversation="one", **more)
        alone = exchange_record(f"m{number}", conversation="two", **{**more, "upstream": "a"})
        insert(conn, [RecordPreparer().prepare(answer), RecordPreparer().prepare(alone)])
    assert upstream_queries.upstream_turns(conn, 0, 0, 99) == [
        UpstreamTurns(
            provider="a provider",
            model="a model",
            conversations=2,
            changed=1,
            after_change=(200, 20),
            without_change=(400 + 3 * 10, 40 + 3 * 6),
        )
    ]
    assert upstream_queries.upstream_shares(conn, START, START + 2, 99) == [
        UpstreamShare(provider="a provider", model="a model", upstream="a", answers=3),
        UpstreamShare(provider="a provider", model="a model", upstream="b", answers=1),
    ]
