"""Studies in a server: stored whole or not at all, and counted by all who read them."""

from dataclasses import replace

import pytest

from storage.rows import CUT_REQUEST
from storage.spending import Spending
from storage.study_rows import RecordedCallRow, RecordedFilter, SetbackRow, StudyRequestRow
from tests.conformance import PATIENCE, START, exchange_record
from tests.storage.sqlite.test_study_tables import REQUEST, RUN, STUDY

pytestmark = pytest.mark.slow
CALL = RecordedCallRow(name="a name", arguments="{}", text="a text", is_error=True)
SETBACK = SetbackRow(key="a key", at=1.5, reason="a reason", waited=2.5)


def fill(studies) -> None:
    studies.begin(STUDY)
    studies.ask(STUDY.id, REQUEST)
    studies.set_back(STUDY.id, SETBACK)
    for run in (RUN, replace(RUN, task="another", steps=("three",), results=())):
        studies.add_run(STUDY.id, run)
    studies.add_recorded_calls(STUDY.id, [CALL, replace(CALL, is_error=False)])


def rows(studies, study: str):
    return (
        *(studies.requests(study), studies.setbacks(study), studies.runs(study), studies.recorded_calls(study)),
        *(studies.request_counts(study), studies.run_count(study), studies.deleted_pairs(study)),
    )


def test_rows_of_a_study_have_each_value_in_its_field_and_are_of_no_other_study(postgres_store):
    studies = postgres_store.studies
    fill(studies)
    runs = [RUN, replace(RUN, task="another", steps=("three",), results=())]
    assert rows(studies, STUDY.id) == ([REQUEST], [SETBACK], runs, [CALL, replace(CALL, is_error=False)], {"failed": 1}, 2, 0)
    studies.number_blocks("none", {"a key": 9})
    assert studies.forget("none").exchanges == 0
    assert rows(studies, STUDY.id)[0] == [REQUEST]
    assert rows(studies, "none") == ([], [], [], [], {}, 0, 0)
    studies.number_blocks(STUDY.id, {"a key": 9})
    assert rows(studies, STUDY.id)[0] == [replace(REQUEST, block=9)]
    studies.number_blocks(STUDY.id, {})
    assert rows(studies, STUDY.id)[0] == [replace(REQUEST, block=-1)]


def test_study_that_is_forgotten_goes_with_its_rows_and_exchanges(postgres_store):
    studies = postgres_store.studies
    fill(studies)
    for name in ("one", "three", "an exchange", "another"):
        postgres_store.add_exchange(exchange_record(name))
    assert postgres_store.flush(PATIENCE)
    result = studies.forget(STUDY.id)
    assert (result.exchanges, result.log_emptied, studies.studies()) == (3, False, [])
    assert rows(studies, STUDY.id) == ([], [], [], [], {}, 0, 0)
    assert [postgres_store.is_known(name) for name in ("one", "three", "an exchange", "another")] == [False, False, False, True]


def test_most_that_a_request_can_cost_is_spent_as_it_is_sent_and_corrected_by_what_it_cost(postgres_store):
    studies, hour = postgres_store.studies, int(START // 3_600)
    studies.begin(STUDY)
    studies.ask(STUDY.id, REQUEST, START, Spending(requests=1, tokens=100, money=2.0))
    assert postgres_store.spent(hour, hour + 1) == (1, 100, 2.0)
    studies.set_back(STUDY.id, replace(SETBACK, at=START), Spending(0, -10, -0.5))
    studies.answer(
        STUDY.id, replace(REQUEST, state="answered"), exchange_record("x", started=START + 3_600), Spending(0, -20, -0.25)
    )
    assert (postgres_store.spent(hour, hour + 1), postgres_store.spent(hour + 1, hour + 2)) == ((1, 90, 1.5), (0, -20, -0.25))
    assert postgres_store.exchange("x")
    assert studies.request_counts(STUDY.id) == {"answered": 1}


def test_run_is_stored_with_those_of_its_exchanges_that_are_not_stored_yet(postgres_store):
    postgres_store.studies.begin(STUDY)
    postgres_store.studies.add_run(STUDY.id, RUN, [exchange_record("one"), exchange_record("two")])
    assert [postgres_store.is_known(name) for name in ("one", "two", "three")] == [True, True, False]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RecordedFilter(), ["c", "b", "a"]),
        (RecordedFilter(limit=1), ["c"]),
        (RecordedFilter(since=START + 1), ["c", "b"]),
        (RecordedFilter(provider="p"), ["b"]),
        (RecordedFilter(unsampled=True), ["d", "c", "b", "a"]),
        (RecordedFilter(conversation="talk-9"), ["d"]),
    ],
)
def test_requests_that_were_held_whole_are_found_newest_first(postgres_store, wanted, found):
    labels = [{}, {"provider": "p"}, {}, {"drawn": False, "conversation": "talk-9"}, {"unread": CUT_REQUEST}, {"role": "shadow"}]
    for number, (name, more) in enumerate(zip("abcdef", labels, strict=True)):
        postgres_store.add_exchange(exchange_record(name, started=START + number, **more))
    assert postgres_store.flush(PATIENCE)
    assert postgres_store.studies.recorded_requests(wanted) == found
    assert postgres_store.studies.conversation("talk-1", "near", 2) == ["a", "c"]


def test_study_begun_again_keeps_its_requests_and_is_open(postgres_store):
    studies = postgres_store.studies
    studies.begin(STUDY)
    row = StudyRequestRow(key="k", row_id="r", target="t", repeat=0, block=0, state="asked", exchange_id="x")
    studies.ask(STUDY.id, row)
    studies.end(STUDY.id, 9.0, "done", plan="{1}")
    assert [(each.ended, each.outcome, each.plan) for each in studies.studies()] == [(9.0, "done", "{1}")]
    studies.begin(STUDY)
    assert [(each.ended, each.outcome, each.plan) for each in studies.studies()] == [(0.0, "", STUDY.plan)]
    assert studies.requests(STUDY.id) == [row]
    assert studies.request_counts(STUDY.id) == {"asked": 1}
    assert postgres_store.studies.run_count(STUDY.id) == 0
