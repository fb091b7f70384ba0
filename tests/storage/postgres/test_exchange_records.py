"""Exchanges with all that belongs to them, faulty answers and latencies, are those of SQLite."""

import pytest

from storage.rows import AnswerFilter, PairFilter
from tests.conformance import exchange_record
from tests.storage.postgres.same_records import BEGIN, each_period, id_at

pytestmark = pytest.mark.slow


def test_exchanges_with_bodies_calls_and_checks_are_those_of_sqlite(both):
    one, other = both
    pairs = one.pairs(PairFilter(limit=40))
    for id_ in [id_ for each in pairs for id_ in (each.pair.subject_id, each.pair.reference_id, each.pair.control_id)]:
        assert one.exchange(id_) == other.exchange(id_) is not None
        assert one.tool_calls(id_) == other.tool_calls(id_)
        assert one.findings(exchange_id=id_) == other.findings(exchange_id=id_)


@pytest.mark.parametrize(
    "wanted",
    [
        AnswerFilter(limit=1_000),
        AnswerFilter(signal="lost_space", limit=1_000),
        AnswerFilter(provider="far", model="large", limit=7),
        AnswerFilter(since=BEGIN + 9_000.0, until=BEGIN + 60_000.0, limit=1_000),
        AnswerFilter(before_id=id_at(BEGIN, "a", 0), limit=9),
        AnswerFilter(signal="absent", limit=9),
    ],
    ids=repr,
)
def test_faulty_answers_are_those_of_sqlite(both, wanted):
    one, other = (store.faulty_answers(wanted) for store in both)
    assert one == other


def test_latencies_are_those_of_sqlite(both):
    one, other = (list(each_period(lambda since, until, store=store: store.latencies(since, until, 300))) for store in both)
    assert one == other
    assert one[0]


def test_text_with_a_nul_is_stored_with_the_replacement_character(postgres_store):
    made = exchange_record("nul")
    postgres_store.add_exchange(made._replace(exchange=made.exchange._replace(model="a\0b", finish_reason="\0")))
    assert postgres_store.flush(20)
    found = postgres_store.exchange("nul")
    assert (found.model, found.finish_reason) == ("a\ufffdb", "\ufffd")
