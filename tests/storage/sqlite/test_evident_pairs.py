"""Which pairs are marked as evidence when they are written, and how the mark is searched by."""

from dataclasses import replace

import pytest

from shadow.findings.finding import TIMES, Signal
from storage.evidence_rules import NEVER
from storage.prepared_records import RecordPreparer
from storage.rows import PairFilter
from storage.sqlite import pair_queries
from storage.sqlite.record_insertion import insert
from tests.conformance import START, exchange_record, finding, pair_record


def put(
    conn, name: str, *, cross: dict[str, str], own: dict[str, str], failed: tuple[str, ...] = (), theirs=(), passed=(), **more
) -> None:
    """A pair with these findings of both comparisons, and the checks that each answer failed, or the reference's passed."""
    live = exchange_record(name, checks=0, **more)
    live = live._replace(findings=tuple(finding(each, "differ", exchange_id=name, comparison="check") for each in failed))
    record = pair_record(name, cross)
    reference = record.exchanges[0]
    results = [*((each, "differ") for each in theirs), *((each, "match") for each in passed)]
    checks = tuple(finding(each, state, exchange_id=reference.exchange.id, comparison="check") for each, state in results)
    same = tuple(finding(each, state, exchange_id=name, pair_id=name, comparison="self") for each, state in own.items())
    record = replace(record, exchanges=(reference._replace(findings=checks),), findings=(*record.findings, *same))
    preparer = RecordPreparer()
    insert(conn, [preparer.prepare(live), preparer.prepare(record)])


def evident(conn, **wanted) -> list[str]:
    return [each.pair.id for each in pair_queries.pairs(conn, PairFilter(evidence=True, **wanted))]


def test_difference_is_evidence_where_the_reference_agrees_with_itself(conn):
    put(conn, "evident", cross={"tools": "differ"}, own={"tools": "match"})
    put(conn, "noise", cross={"tools": "differ"}, own={"tools": "differ"})
    put(conn, "alone", cross={"tools": "differ"}, own={})
    put(conn, "other", cross={"tools": "differ", "text": "match"}, own={"text": "match"})
    put(conn, "same", cross={"tools": "match"}, own={"tools": "match"})
    assert evident(conn) == ["evident"]


@pytest.mark.parametrize("signal", NEVER)
def test_times_are_never_evidence(conn, signal):
    put(conn, "late", cross={signal: "differ"}, own={signal: "match"})
    assert evident(conn) == []


def test_check_is_evidence_where_the_reference_passed_it(conn):
    put(conn, "alone", cross={"text": "match"}, own={}, failed=("lost_space",), theirs=("usage",), passed=("lost_space",))
    put(conn, "no answer", cross={"text": "match"}, own={}, failed=("lost_space",), passed=("usage",))
    put(conn, "both", cross={"text": "match"}, own={}, failed=("lost_space",), theirs=("lost_space",))
    put(conn, "theirs", cross={"text": "match"}, own={}, theirs=("lost_space",))
    assert evident(conn) == ["alone"]


def test_signal_of_the_filter_is_the_one_that_must_be_evidence(conn):
    put(conn, "one", cross={"tools": "differ", "text": "differ"}, own={"tools": "match", "text": "differ"})
    put(conn, "two", cross={"tools": "match"}, own={}, failed=("lost_space",), passed=("lost_space",))
    assert evident(conn, signal="tools") == ["one"]
    assert evident(conn, signal="text") == []
    assert evident(conn, signal="lost_space") == ["two"]


def test_evidence_is_listed_newest_first_from_its_own_index(conn):
    for n in range(3):
        put(conn, f"n{n}", cross={"tools": "differ"}, own={"tools": "match"})
    statements = []
    conn.set_trace_callback(statements.append)
    assert evident(conn) == ["n2", "n1", "n0"]
    conn.set_trace_callback(None)
    steps = " ".join(step for *_, step in conn.execute(f"EXPLAIN QUERY PLAN {statements[0]}"))
    assert "idx_pairs_evident" in steps
    assert "TEMP B-TREE" not in steps


def test_signals_that_are_never_evidence_are_those_of_the_signals_own_room():
    assert set(NEVER) == {str(signal) for signal in TIMES} | {Signal.FIRST_DIVERGENCE}


def test_pairs_are_found_by_tag_conversation_and_route(conn):
    put(conn, "one", cross={"text": "match"}, own={}, tag="nightly", conversation="talk-7", started=START)
    put(conn, "two", cross={"text": "match"}, own={}, tag="", conversation="talk-8")

    def found(**wanted):
        return [each.pair.id for each in pair_queries.pairs(conn, PairFilter(**wanted))]

    assert found(tag="nightly") == ["one"]
    assert found(tag="night") == []
    assert found(conversation="talk-8") == ["two"]
    assert found(route="default") == ["two", "one"]
    assert found(route="other") == []
