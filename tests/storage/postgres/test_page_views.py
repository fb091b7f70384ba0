"""Courses, conversations, evidence and judgements on pages are those of SQLite."""

import pytest

from storage.page_rows import OperatorActionRow
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
