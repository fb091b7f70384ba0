"""Courses, conversations, evidence and judgements on pages are those of SQLite."""

from dataclasses import replace

import pytest

from storage.page_rows import CoursePoint, OperatorActionRow
from storage.rows import PairGroup
from tests.conformance import PATIENCE, START, exchange_record, finding, pair_record
from tests.storage.postgres.same_records import each_period

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("points", [1, 7, 60])
def test_course_of_any_period_is_that_of_sqlite(both, points):
    one, other = (
        [
            sorted(rows, key=repr)
            for rows in each_period(
                lambda since, until, store=store: store.page_queries.course(since, until, ["text", "arguments"], points)
            )
        ]
        for store in both
    )
    assert one == other
    assert one[0]


def test_turns_of_every_conversation_are_those_of_sqlite(both):
    one, other = both
    for conversation in (f"talk-{number}" for number in range(10)):
        assert one.page_queries.turns(conversation, 40) == other.page_queries.turns(conversation, 40)
    assert one.page_queries.turns("talk-1", 40)


@pytest.mark.parametrize("standing", [None, (), (("near", "small", "official", "text"),)])
def test_newest_evidence_is_that_of_sqlite(both, standing):
    one, other = (len(store.page_queries.newest_evidence(1_000, standing)) for store in both)
    assert one == other
    assert one or standing is not None


def test_judged_pairs_of_any_period_are_those_of_sqlite(both):
    one, other = (list(each_period(store.page_queries.judged)) for store in both)
    assert one == other
    assert one[0]["not_judged"]


def test_actions_of_a_provider_come_newest_first(postgres_store):
    rows = [
        OperatorActionRow(at=at, action="mute", by="me", why="w", provider=provider, model="", until=9.0, result="")
        for at, provider in ((1.0, "near"), (2.0, "far"), (3.0, "near"))
    ]
    for row in rows:
        postgres_store.note_action(row)
    assert postgres_store.page_queries.actions("near", 5) == [rows[2], rows[0]]
    assert postgres_store.page_queries.actions("near", 1) == [rows[2]]


@pytest.mark.parametrize("kind", ["upstream", "tag", "tenant", "conversation"])
def test_names_of_each_kind_are_those_of_sqlite(both, kind):
    one, other = (store.page_queries.recorded_names(kind, 50) for store in both)
    assert one == other
    for store in both:
        assert store.page_queries.recorded_names(kind, 1, "no such name") == []
        assert [store.page_queries.recorded_names(kind, 1, name) for name in one[:3]] == [[name] for name in one[:3]]
    assert one or kind == "tenant"


def add(store, name: str, started: float, state: str, **more) -> None:
    assert store.add_exchange(exchange_record(name, started=started))
    record = pair_record(name, {"text": state}, started=started, control_reason="random", **more)
    own = finding("text", "match", exchange_id=name, pair_id=name, comparison="self")
    assert store.add_pair(replace(record, findings=(*record.findings, own)))
    assert store.flush(PATIENCE)


@pytest.mark.parametrize(
    ("apart", "points", "seconds", "begins"),
    [
        (60.0, 10, 6.0001, (0.0, 54.0009)),
        (14_399.0, 10, 1_439.9001, (0.0, 12_959.1009)),
        (14_400.0, 10, 1_800.0, (-200.0, 14_200.0)),
        (14_400.0, 8, 2_400.0, (-200.0, 14_200.0)),
        (14_400.0, 100, 600.0, (-200.0, 13_600.0 + 600.0)),
    ],
)
def test_steps_of_a_course_divide_it_and_are_whole_ten_minutes_from_four_hours_on(postgres_store, apart, points, seconds, begins):
    """The first pair starts 200 seconds after a stretch of ten minutes has begun."""
    add(postgres_store, "one", START, "match")
    add(postgres_store, "two", START + apart, "differ")
    found = postgres_store.page_queries.course(0.0, 0.0, ["text"], points)
    assert [point.seconds for point in found] == pytest.approx([seconds] * 2, abs=1e-4)
    assert [point.began - START for point in found] == pytest.approx(begins, abs=1e-3)


def test_point_of_a_course_has_each_value_in_its_field(postgres_store):
    labels = {"route": "a route", "model": "a model", "provider": "a provider", "reference": "a reference"}
    for name, state in (("a", "differ"), ("b", "differ"), ("c", "match")):
        add(postgres_store, name, START, state, **labels)
    (point,) = postgres_store.page_queries.course(0.0, 0.0, ["text"], 1)
    counts = {"differs": 2, "compared": 3, "own_differs": 0, "own_compared": 3}
    assert point == CoursePoint(group=PairGroup(**labels), signal="text", began=START, seconds=point.seconds, **counts)
