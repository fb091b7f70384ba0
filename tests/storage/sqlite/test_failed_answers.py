"""Live answers that failed a check."""

import pytest

from storage.rows import AnswerFilter
from storage.sqlite.sqlite_store import SqliteStore
from storage.storage_config import StorageConfig
from tests.conformance import START, exchange_record, finding, pair_record


def answer(name: str, at: float, checks: dict[str, str], **more):
    record = exchange_record(name, started=START + at, **more)
    found = tuple(
        finding(check, state, exchange_id=name, comparison="check", reason=f"why {check}") for check, state in checks.items()
    )
    return record._replace(findings=found)


@pytest.fixture
def filled(sqlite_store):
    store = sqlite_store
    for name, at, checks, more in (
        ("fine", 1, {"stop": "match"}, {}),
        ("spaced", 2, {"lost_space": "differ", "stop": "match"}, {}),
        ("both", 3, {"lost_space": "differ", "stop": "differ"}, {}),
        ("elsewhere", 4, {"stop": "differ"}, {"provider": "other", "model": "m2"}),
        ("shadowed", 5, {"stop": "differ"}, {"role": "shadow"}),
    ):
        assert store.add_exchange(answer(name, at, checks, **more))
    assert store.flush(20)
    return store


def names(store, **wanted):
    return [each.id for each in store.faulty_answers(AnswerFilter(**wanted))]


def test_answers_with_a_failed_check_are_listed_newest_first(filled):
    assert names(filled) == ["elsewhere", "both", "spaced"]


def test_each_answer_has_all_its_failed_checks_with_reasons(filled):
    found = filled.faulty_answers(AnswerFilter(signal="lost_space"))
    assert [each.checks for each in found] == [
        (("lost_space", "why lost_space"), ("stop", "why stop")),
        (("lost_space", "why lost_space"),),
    ]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"signal": "stop"}, ["elsewhere", "both"]),
        ({"signal": "usage"}, []),
        ({"provider": "other"}, ["elsewhere"]),
        ({"model": "m2", "signal": "lost_space"}, []),
        ({"since": START + 3}, ["elsewhere", "both"]),
        ({"until": START + 3}, ["spaced"]),
        ({"limit": 1}, ["elsewhere"]),
        ({"before_id": "both"}, ["spaced"]),
    ],
)
def test_each_part_of_the_filter_narrows_the_list(filled, wanted, expected):
    assert names(filled, **wanted) == expected


def test_an_answer_without_a_pair_has_no_pair_id(filled):
    assert [each.pair_id for each in filled.faulty_answers(AnswerFilter())] == ["", "", ""]


def test_an_answer_that_was_sampled_leads_to_its_pair(tmp_path):
    with_pair = pair_record("one")
    store = SqliteStore(tmp_path / "pairs.db", StorageConfig())
    try:
        subject = with_pair.pair.subject_id
        store.add_exchange(answer(subject, 1, {"stop": "differ"}))
        store.add_pair(with_pair)
        assert store.flush(20)
        assert [(each.id, each.pair_id) for each in store.faulty_answers(AnswerFilter())] == [(subject, "one")]
    finally:
        store.close()


def test_fifty_answers_are_listed_from_the_first_moment_on_unless_more_are_wanted(sqlite_store):
    for number in range(51):
        sqlite_store.add_exchange(answer(f"{number}", 0.5 + number - START, {"stop": "differ"}))
    assert sqlite_store.flush(20)
    assert names(sqlite_store) == [f"{number}" for number in range(50, 0, -1)]
    assert names(sqlite_store, limit=51)[-1] == "0"
