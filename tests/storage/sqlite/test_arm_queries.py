"""The pairs of one route, of its live provider and its candidates."""

from dataclasses import replace

import pytest

from proxy.exchange import Role
from storage.judgement_rows import ArmPairRow
from storage.sqlite import arm_queries
from tests.conformance import exchange_record, pair_record
from tests.records import NOW, add_pair, calling
from tests.shadow.tournament.stored_arms import store_arms
from tests.storage.sqlite.inserted import put


def test_pairs_of_a_route_have_their_role_payoffs_and_answers_oldest_first(store):
    live = add_pair(store, "p", calling("Oslo"), calling("Oslo"), route="agents", started=NOW)
    add_pair(
        store, "q", calling("Oslo"), calling("Quito"), calling("Quito"), route="agents", started=NOW - 5, role=Role.CANDIDATE
    )
    add_pair(store, "q", "Hello", "Hello", route="other")
    assert store.flush(20)
    candidate, own = store.judgements.arm_pairs("agents", 0.0, 0.0)
    assert (candidate.role, candidate.provider, candidate.payoffs["arguments"]) == ("candidate", "q", 1)
    assert (own.role, own.exchange_id, own.status, own.payoffs["arguments"]) == ("primary", live, 200, 0)
    assert (own.judgement, own.excluded) == (None, ())
    assert own.request != candidate.request
    assert own.tokens == candidate.tokens
    assert sum(own.tokens) > 0


def test_excluded_pairs_have_their_reasons(store):
    add_pair(store, "p", "Hello", "Hello", route="agents", status=429)
    assert store.flush(20)
    (one,) = store.judgements.arm_pairs("agents", 0.0, 0.0)
    assert (one.status, one.failure) == (429, "")


def test_period_includes_its_begin_and_not_its_end(store):
    add_pair(store, "p", "Hello", "Hello", route="agents", started=NOW)
    assert store.flush(20)
    assert len(store.judgements.arm_pairs("agents", NOW, NOW + 1)) == 1
    assert store.judgements.arm_pairs("agents", NOW - 1, NOW) == []


def test_pairs_have_the_segments_of_their_requests(store):
    add_pair(store, "p", "Hello", "Hello", route="agents")
    assert store.flush(20)
    (one,) = store.judgements.arm_pairs("agents", 0.0, 0.0)
    assert one.segments == ("greedy=no", "prompt=under 1k", "stream=no", "tools=yes", "turn=first")
    assert one.control is False


def test_the_sum_of_the_numbers_changes_with_each_pair(store):
    for place in range(3):
        add_pair(store, "p", "Hello", "Hello", route="agents", started=NOW + place)
    add_pair(store, "p", "Hello", "Hello", route="other", started=NOW)
    assert store.flush(20)
    rows = store.judgements.arm_pairs("agents", NOW, NOW + 2)
    numbers = sum(row.no for row in rows)
    assert store.judgements.arm_pairs_sums("agents", NOW, NOW + 2) == (2, numbers, 0, 0)
    assert store.judgements.arm_pairs_sums("nowhere", NOW, 0.0) == (0, 0, 0, 0)


@pytest.mark.slow
def test_the_sums_count_the_pairs_that_are_judged_and_the_length_of_their_judgements(store):
    store_arms(store, NOW, n=40, conversation="talk")
    rows = store.judgements.arm_pairs("agents", NOW, NOW + 40)
    letters = sum(len(row.judgement) for row in rows)
    assert store.judgements.arm_pairs_sums("agents", NOW, NOW + 40) == (80, sum(row.no for row in rows), 80, letters)
    assert letters > 0


def put_pair(conn, **more):
    labels = {"route": "agents", "model": "a model", "provider": "a provider", "reference": "a reference"}
    answer = {"status": 201, "failure": "late", "first_token": 0.75, "seconds": 2.5, **labels, **more}
    put(conn, exchange_record("live", role="candidate", **answer))
    made = pair_record(
        "one", subject_id="live", reference_id="a request", payoff=-1, started=7.5, conversation="a talk", **labels
    )
    put(conn, replace(made, pair=replace(made.pair, shape='{"segments": {"tools": "yes"}}', control_id="c"), excluded=("a", "b")))
    return labels


def test_pair_has_each_value_in_its_field(conn):
    labels = put_pair(conn, fresh_tokens=1, cached_tokens=2, cache_write_tokens=7, cache_write_1h_tokens=3, output_tokens=5)
    conn.execute("INSERT INTO rulings (pair_no, reason) SELECT no, 'repeated' FROM pairs")
    [(number,)] = conn.execute("SELECT no FROM pairs").fetchall()
    del labels["route"]
    assert arm_queries.arm_pairs(conn, "agents", 0.0, 8.0) == [
        ArmPairRow(
            no=number,
            request="a request",
            role="candidate",
            **labels,
            started=7.5,
            conversation="a talk",
            exchange_id="live",
            status=201,
            failure="late",
            first_token=0.75,
            seconds=2.5,
            judgement="repeated",
            excluded=("a", "b"),
            payoffs={"answer_kind": -1},
            tokens=(1, 2, 4, 3, 5, 1, 0),
            control=True,
            segments=("tools=yes",),
        )
    ]
    assert arm_queries.arm_pairs_sums(conn, "agents", 0.0, 0.0) == (1, number, 1, 8)


def test_pair_whose_classes_of_tokens_are_not_known_has_none(conn):
    put_pair(conn, fresh_tokens=None)
    [row] = arm_queries.arm_pairs(conn, "agents", 0.0, 0.0)
    assert (row.tokens, row.judgement) == (None, None)
