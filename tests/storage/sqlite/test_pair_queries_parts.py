"""A pair is found by a part of its id where that is long enough and of one pair; lists and counts in their order."""

from dataclasses import replace

import pytest

from storage.rows import PairFilter, PairGroup, PayoffPoint, SignalCount
from storage.sqlite import pair_queries
from tests.conformance import START, exchange_record, finding, pair_record
from tests.storage.sqlite.inserted import put

NAMES = ("01234567aaaa", "01234567bbbb", "99999999bbbb", "88888888cccc")


@pytest.fixture
def conn(conn):
    for number, name in enumerate(NAMES):
        put(conn, exchange_record(name, checks=0), pair_record(name, started=START + number))
    return conn


def ids(found):
    return [row.id for row in found]


@pytest.mark.parametrize(
    ("part", "limit", "found"),
    [
        ("01234567aaaa", 9, NAMES[:1]),
        ("01234567a", 9, NAMES[:1]),
        ("01234567", 9, (NAMES[1], NAMES[0])),
        ("01234567", 1, NAMES[1:2]),
        ("0123456", 9, ()),
        ("bbbb", 9, (NAMES[2], NAMES[1])),
        ("bbbb", 1, NAMES[2:3]),
        ("bbb", 9, ()),
        ("aaa", 9, ()),
        ("7bbbb", 9, NAMES[1:2]),
        ("", 9, ()),
    ],
)
def test_pairs_are_found_by_eight_characters_of_their_begin_or_four_of_their_end_newest_first(conn, part, limit, found):
    assert ids(pair_queries.candidates(conn, part, limit)) == [*found]


def test_pairs_that_begin_so_come_before_those_that_end_so_and_each_once(conn):
    part = "abcdefgh"
    for number, name in enumerate((f"{part}-1", f"1-{part}", f"2-{part}", f"{part}{part}")):
        put(conn, exchange_record(name, checks=0), pair_record(name, started=START + 10 + number))
    everything = [f"{part}{part}", f"{part}-1", f"2-{part}", f"1-{part}"]
    for limit in (9, 4, 3, 2, 1):
        assert ids(pair_queries.candidates(conn, part, limit)) == everything[:limit]


def test_part_of_two_ids_is_of_no_pair_and_part_of_one_is_its(conn):
    found = [pair_queries.pair(conn, part) for part in ("bbbb", "cccc", "01234567", "01234567b")]
    assert [row and row.id for row in found] == [None, NAMES[3], None, NAMES[1]]


def test_fifty_pairs_are_listed_unless_more_are_wanted(conn):
    for number in range(50):
        put(conn, exchange_record(f"{number}", calls=0, checks=0), pair_record(f"{number}", started=START + 10 + number))
    assert len(pair_queries.pairs(conn, PairFilter())) == 50
    assert len(pair_queries.pairs(conn, PairFilter(limit=54))) == 54


def test_pair_of_the_first_moment_is_listed_where_no_period_is_wanted(conn):
    put(conn, exchange_record("first", checks=0), pair_record("first", started=0.5))
    assert pair_queries.pairs(conn, PairFilter())[-1].pair.id == "first"


def test_findings_are_counted_before_checks_each_in_order_with_each_value_in_its_field(conn):
    labels = {"route": "a route", "model": "a model", "provider": "a provider", "reference": "a reference"}
    check = finding("a check", "match", exchange_id="new", comparison="check")
    own = finding("text", "differ", exchange_id="new", pair_id="new", comparison="self")
    record = pair_record("new", {"text": "match"}, started=START + 99, control_reason="random", **labels)
    put(conn, exchange_record("new", checks=0, started=START + 99, **labels)._replace(findings=(check,)))
    put(conn, replace(record, findings=(*record.findings, own), exchanges=()))
    group = PairGroup(**labels)
    assert pair_queries.signal_counts(conn, START + 99, 0.0) == [
        SignalCount(group=group, comparison="cross", signal="text", state="match", control_reason="random", count=1),
        SignalCount(group=group, comparison="self", signal="text", state="differ", control_reason="random", count=1),
        SignalCount(group=group, comparison="check", signal="a check", state="match", control_reason="", count=1),
    ]
    assert pair_queries.payoffs(conn, START + 99, 0.0) == [
        PayoffPoint(group=group, signal="answer_kind", conversation="talk-1", payoff=1)
    ]


def test_reasons_of_pairs_that_are_not_comparable_are_counted_in_order(conn):
    for number, (provider, reason) in enumerate((("q", "seed"), ("p", "seed"), ("p", "denied"), ("p", "seed"), ("p", ""))):
        name = f"new-{number}"
        put(
            conn, exchange_record(name, checks=0), pair_record(name, comparable=reason, provider=provider, started=START + number)
        )
    assert pair_queries.reasons(conn, START, START + 4) == [
        ("p", "qwen", "official", "denied", 1),
        ("p", "qwen", "official", "seed", 2),
        ("q", "qwen", "official", "seed", 1),
    ]
    assert pair_queries.reasons(conn, START + 2, START + 3) == [("p", "qwen", "official", "denied", 1)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (PairFilter(signal="text"), ["d", "c"]),
        (PairFilter(signal="text", state="differ"), ["d"]),
        (PairFilter(state="match"), ["c"]),
        (PairFilter(signal="stop"), ["d", "c"]),
        (PairFilter(signal="stop", state="match"), ["d"]),
        (PairFilter(signal="stop", state="differ"), ["c"]),
        (PairFilter(signal="usage"), []),
    ],
)
def test_pairs_are_found_by_a_finding_or_by_a_check_of_the_provider_s_answer(conn, wanted, found):
    failed = finding("stop", "differ", exchange_id="c", comparison="check")
    made = {"c": exchange_record("c", checks=0)._replace(findings=(failed,)), "d": exchange_record("d", checks=0)}
    made["d"] = made["d"]._replace(passed=("stop",))
    for number, (name, state) in enumerate((("c", "match"), ("d", "differ"))):
        put(conn, made[name], pair_record(name, {"text": state}, started=START + 50 + number))
    assert [row.pair.id for row in pair_queries.pairs(conn, replace(wanted, since=START + 50))] == found
