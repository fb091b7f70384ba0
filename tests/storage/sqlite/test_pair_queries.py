"""The questions are answered from indexes; what they answer is tried in the conformance routine."""

from dataclasses import replace

import pytest

from storage import rollup_keys
from storage.prepared_records import RecordPreparer
from storage.rows import PairFilter
from storage.sqlite import exchange_queries, finding_rollups, pair_queries, token_rollups, traffic_rollups
from storage.sqlite.record_insertion import KNOWN_EXCHANGES, KNOWN_PAIRS, insert
from storage.sqlite.retention import DELETE_EXCHANGES, DELETE_PAIRS, OLDEST
from storage.sqlite.retention import PAIRS as PAIRS_OF
from tests.conformance import START, exchange_record, finding, pair_record

OWN = ("SCAN going", "SCAN ranked", "SCAN counted", "SCAN (subquery")
"""What a statement made itself, of rows that it searched."""
ASKED = {
    "states": (pair_queries.STATES, 1),
    "pair": (pair_queries.PAIR_BY_ID, 1),
    "prefix": (pair_queries.PAIR_BY_PREFIX, 3),
    "exchange": (exchange_queries.EXCHANGE_BY_ID, 1),
    "tool calls": (exchange_queries.TOOL_CALLS, 1),
    "findings": (pair_queries.FINDINGS, 1),
    "checks": (exchange_queries.CHECKS, 1),
    "signal counts": (pair_queries.SIGNAL_COUNTS, 2),
    "check counts": (pair_queries.CHECK_COUNTS, 2),
    "payoffs": (pair_queries.PAYOFFS, 2),
    "passages that come": (traffic_rollups.ADD, 1),
    "passages that go": (traffic_rollups.GOING, 1),
    "token sums that come": (token_rollups.ADD, 1),
    "token sums that go": (token_rollups.GOING, 1),
    "latencies": (exchange_queries.LATENCIES, 3),
    "known exchanges": (KNOWN_EXCHANGES, 1),
    "known pairs": (KNOWN_PAIRS, 1),
    "sums of tallies": (finding_rollups.SUMS, 2),
    "tallies of pairs": (finding_rollups.OF_PAIRS, 1),
    "tallies of exchanges": (finding_rollups.OF_EXCHANGES, 1),
    "oldest": (OLDEST, 2),
    "pairs of exchanges": (PAIRS_OF, 1),
    "delete exchanges": (DELETE_EXCHANGES, 1),
    "delete pairs": (DELETE_PAIRS, 1),
}


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        (traffic_rollups.TRAFFIC, ("passages", "unkept_passages")),
        (traffic_rollups.LIMITS, ("passages", "unkept_passages")),
        (token_rollups.PERIOD, ("token_sums", "unkept_tokens")),
    ],
    ids=["traffic", "limits", "tokens"],
)
def test_no_long_period_is_read_row_by_row(conn, statement, tables):
    steps = [step for *_, step in conn.execute(f"EXPLAIN QUERY PLAN {statement}", rollup_keys.period(1.0, 5_000.0))]
    assert not [step for step in steps if step.startswith("SCAN") and not step.startswith(OWN)], steps
    read = [step.split(" USING PRIMARY KEY")[0] for step in steps if " USING PRIMARY KEY" in step]
    assert read == [f"SEARCH {table}" for table in tables], steps


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKED)
def test_no_question_reads_a_whole_table(conn, name):
    statement, values = ASKED[name]
    steps = [step for *_, step in conn.execute(f"EXPLAIN QUERY PLAN {statement}", ("[]",) * values)]
    scans = [step for step in steps if step.startswith("SCAN") and "VIRTUAL TABLE" not in step and not step.startswith(OWN)]
    assert not scans, steps


def test_findings_are_counted_from_the_index_alone(conn):
    steps = " ".join(step for *_, step in conn.execute(f"EXPLAIN QUERY PLAN {pair_queries.SIGNAL_COUNTS}", (0, 1)))
    assert steps.count("USING COVERING INDEX") == 1, steps


@pytest.mark.parametrize("wanted", [PairFilter(), PairFilter(provider="p"), PairFilter(model="m"), PairFilter(state="differ")])
def test_a_list_of_pairs_comes_from_an_index_in_its_order_without_sorting(conn, wanted):
    statements = []
    conn.set_trace_callback(statements.append)
    pair_queries.pairs(conn, wanted)
    conn.set_trace_callback(None)
    steps = " ".join(step for *_, step in conn.execute(f"EXPLAIN QUERY PLAN {statements[0]}"))
    assert "USING INDEX idx_pairs_" in steps
    assert "TEMP B-TREE" not in steps


def test_values_of_a_filter_are_values_and_no_sql(conn):
    put(conn, exchange_record("one"), pair_record("one"))
    for value in ("' OR 1=1 --", '"; DROP TABLE pairs; --', ":model"):
        wanted = PairFilter(provider=value, model=value, signal=value, state=value, before_id=value)
        assert pair_queries.pairs(conn, wanted) == []
        assert pair_queries.pair(conn, value) is None
    assert len(pair_queries.pairs(conn, PairFilter())) == 1


def test_pairs_are_found_by_the_segment_of_their_request(conn):
    put(conn, exchange_record("one"), pair_record("one", shape='{"segments": {"tools": "yes", "prompt": "1k to 4k"}}'))
    for segment, times in (("tools=yes", 1), ("prompt=1k to 4k", 1), ("tools=no", 0), ("tools", 0)):
        assert len(pair_queries.pairs(conn, PairFilter(segment=segment))) == times


def test_pairs_are_found_by_the_server_behind_a_router(conn):
    for name, upstream in (("one", "deepx"), ("two", "near"), ("three", "new"), ("four", "unnamed"), ("five", "")):
        put(conn, exchange_record(name, upstream=upstream), pair_record(name, upstream=upstream))
    for upstream in ("", "deepx", "near", "unnamed", "other"):
        conn.execute("INSERT INTO cases VALUES ('default', 'qwen', 'near', 'official', 1, '{}', ?)", (upstream,))

    def found(upstream: str) -> list[str]:
        return [each.pair.id for each in pair_queries.pairs(conn, PairFilter(upstream=upstream))]

    assert found("deepx") == ["one"]
    assert found("unnamed") == ["four"]
    assert found("other") == ["three"], "the names without a group of their own"
    assert found("nobody") == []
    assert len(found("")) == 5


def test_only_cross_findings_count_in_a_summary(conn):
    record = pair_record("one", {"text": "differ", "answer_kind": "differ", "length": "not_comparable", "refusal": "match"})
    own = (found._replace(comparison="self") for found in record.findings)
    put(conn, exchange_record("one"), replace(record, findings=(record.findings[0], *own, *record.findings[1:])))
    (summary,) = pair_queries.pairs(conn, PairFilter())
    assert (summary.matches, summary.differs, summary.not_comparable, summary.not_measured) == (1, 2, 1, 0)
    assert summary.differing == ("text", "answer_kind"), "in the order of the findings"
    only_self = finding("rate", "differ", exchange_id="two", pair_id="two", comparison="self")
    put(conn, exchange_record("two"), replace(pair_record("two"), findings=(only_self,)))
    assert pair_queries.pairs(conn, PairFilter(signal="rate")) == []
    comparisons = [count.comparison for count in pair_queries.signal_counts(conn, 0, 0) if count.signal == "text"]
    assert sorted(comparisons) == ["cross", "self"]


def test_payoffs_come_oldest_first_whatever_the_order_they_were_stored_in(conn):
    for n in (2, 0, 1):
        started = START + n
        put(conn, exchange_record(f"n{n}", started=started), pair_record(f"n{n}", started=started, conversation=f"talk-{n}"))
    assert [point.conversation for point in pair_queries.payoffs(conn, 0, 0)] == ["talk-0", "talk-1", "talk-2"]
    assert [point.conversation for point in pair_queries.payoffs(conn, START + 1, START + 2)] == ["talk-1"]


def test_signals_are_counted_by_the_reason_of_their_control(conn):
    for name, reason in (("one", "random"), ("two", "tiebreak"), ("three", "random"), ("four", "")):
        put(conn, exchange_record(name, checks=0), pair_record(name, control_reason=reason))
    counted = {
        count.control_reason: count.count for count in pair_queries.signal_counts(conn, 0, 0) if count.comparison == "cross"
    }
    assert counted == {"random": 2, "tiebreak": 1, "": 1}


def test_checks_count_under_the_group_of_their_own_exchange(conn):
    put(conn, exchange_record("one", checks=1), pair_record("one"))
    counted = [
        count for count in pair_queries.signal_counts(conn, 0, 0) if count.comparison == "check" and count.signal == "check_0"
    ]
    assert {(count.group.provider, count.group.reference, count.control_reason) for count in counted} == {
        ("near", "official", ""),
        ("official", "", ""),
    }


def put(conn, *records) -> None:
    insert(conn, [RecordPreparer().prepare(record) for record in records])
