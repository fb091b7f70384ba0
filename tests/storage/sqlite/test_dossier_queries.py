"""The pairs of one provider as the statistics count them."""

from dataclasses import replace

from storage.judgement_rows import CountedPairRow
from storage.rows import PairGroup
from storage.sqlite import dossier_queries
from tests.conformance import exchange_record, finding, pair_record
from tests.records import NOW, add_pair, calling
from tests.storage.sqlite.inserted import put


def test_pairs_have_their_payoffs_and_states_oldest_first(store):
    first = add_pair(store, "p", calling("Oslo"), calling("Quito"), calling("Quito"), started=NOW - 5)
    second = add_pair(store, "p", "Hello", "Hello", started=NOW)
    add_pair(store, "q", "Hello", "Hello")
    assert store.flush(20)
    found = store.judgements.counted_pairs("p", 0.0, 0.0)
    assert [row.id for row in found] == [first, second]
    assert (found[0].payoffs["arguments"], found[0].cross["arguments"], found[0].own["arguments"]) == (1, "differ", "match")
    assert (found[0].control_reason, found[1].control_reason, found[1].own) == ("random", "", {})
    assert found[0].cluster.startswith("talk-")
    assert found[0].judgement == ""


def test_period_includes_its_begin_and_not_its_end(store):
    name = add_pair(store, "p", "Hello", "Hello", started=NOW)
    assert store.flush(20)
    assert [row.id for row in store.judgements.counted_pairs("p", NOW, NOW + 1)] == [name]
    assert store.judgements.counted_pairs("p", NOW - 1, NOW) == []


def test_pair_has_each_value_in_its_field(conn):
    labels = {"route": "a route", "model": "a model", "provider": "a provider", "reference": "a reference"}
    record = pair_record(
        "one",
        {"text": "differ"},
        payoff=-1,
        started=7.5,
        conversation="",
        request_fingerprint="a request",
        control_reason="random",
        comparable="a reason",
        **labels,
    )
    own = finding("text", "match", exchange_id="one", pair_id="one", comparison="self")
    put(conn, exchange_record("one"), replace(record, findings=(*record.findings, own)))
    conn.execute("INSERT INTO rulings (pair_no, reason) SELECT no, 'repeated' FROM pairs")
    assert dossier_queries.counted_pairs(conn, "a provider", 0.0, 0.0) == [
        CountedPairRow(
            group=PairGroup(**labels),
            id="one",
            started=7.5,
            control_reason="random",
            comparable="a reason",
            judgement="repeated",
            cluster="a request",
            payoffs={"answer_kind": -1},
            cross={"text": "differ"},
            own={"text": "match"},
        )
    ]
