"""Each value of a study comes back in its own field, and which recorded requests a study may send again."""

from dataclasses import replace

import pytest

from storage.rows import CUT_REQUEST, NOT_HELD
from storage.spending import Spending, spent
from storage.sqlite.study_tables import SqliteStudyStore
from storage.study_rows import (
    RecordedCallRow,
    RecordedFilter,
    RunResultRow,
    RunRow,
    SetbackRow,
    StudyRequestRow,
    StudyRow,
)
from tests.conformance import START, exchange_record
from tests.storage.sqlite.inserted import put

STUDY = StudyRow(
    id="an id", kind="a kind", name="a name", begun=1.5, plan="a plan", policy="a policy", seed=7, version="a version"
)
REQUEST = StudyRequestRow(
    key="a key", row_id="a row", target="a target", repeat=3, block=4, state="failed", exchange_id="an exchange", tries=5
)
RESULT = RunResultRow(place=1, position=2, source="live", is_error=True, alterations="[1]", seconds=0.25, text="a text")
RUN = RunRow(
    target="a target",
    task="a task",
    block=3,
    outcome="an outcome",
    detail="a detail",
    score=0.5,
    points=1.5,
    touched='["a"]',
    begun=2.5,
    seconds=3.5,
    tools_seconds=4.5,
    world="a world",
    steps=("one", "two"),
    results=(RESULT, replace(RESULT, position=3, is_error=False)),
)


@pytest.fixture
def studies(conn):
    made = SqliteStudyStore(lambda job: job(conn), lambda job: job(conn))
    made.begin(STUDY)
    return made


def test_study_has_each_value_in_its_field(studies):
    assert studies.studies() == [STUDY]
    studies.end(STUDY.id, 8.5, "an outcome")
    assert studies.studies() == [replace(STUDY, ended=8.5, outcome="an outcome")]
    studies.end(STUDY.id, 9.5, "another", "another plan")
    assert studies.studies() == [replace(STUDY, ended=9.5, outcome="another", plan="another plan")]


def test_request_has_each_value_in_its_field(studies):
    studies.ask(STUDY.id, REQUEST)
    assert studies.requests(STUDY.id) == [REQUEST]


def test_runs_have_each_value_in_their_fields_with_their_own_steps_and_results(studies):
    other = replace(RUN, task="another", steps=("three",), results=())
    for run in (RUN, other):
        studies.add_run(STUDY.id, run)
    assert studies.runs(STUDY.id) == [RUN, other]


def test_calls_and_setbacks_have_each_value_in_their_fields(studies):
    call = RecordedCallRow(name="a name", arguments="{}", text="a text", is_error=True)
    studies.add_recorded_calls(STUDY.id, [call, replace(call, is_error=False)])
    assert studies.recorded_calls(STUDY.id) == [call, replace(call, is_error=False)]
    studies.ask(STUDY.id, REQUEST)
    setback = SetbackRow(key="a key", at=1.5, reason="a reason", waited=2.5)
    studies.set_back(STUDY.id, setback)
    assert studies.setbacks(STUDY.id) == [setback]


def test_most_that_a_request_can_cost_is_spent_as_it_is_sent_and_corrected_by_what_it_cost(conn, studies):
    hour = int(START // 3_600)
    studies.ask(STUDY.id, REQUEST, START, Spending(requests=1, tokens=100, money=2.0))
    assert spent(conn, hour, hour + 1) == (1, 100, 2.0)
    studies.set_back(STUDY.id, SetbackRow(key="a key", at=START, reason="", waited=0.0), Spending(0, -10, -0.5))
    assert spent(conn, hour, hour + 1) == (1, 90, 1.5)
    studies.answer(STUDY.id, REQUEST, exchange_record("x", started=START + 3_600), Spending(0, -20, -0.25))
    assert (spent(conn, hour, hour + 1), spent(conn, hour + 1, hour + 2)) == ((1, 90, 1.5), (0, -20, -0.25))


def test_write_that_fails_leaves_no_transaction_open(conn, studies):
    with pytest.raises(Exception, match="NOT NULL"):
        studies.ask("no study", replace(REQUEST, key=None))
    assert not conn.in_transaction


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RecordedFilter(), "fedcba"),
        (RecordedFilter(limit=2), "fe"),
        (RecordedFilter(since=START + 4), "fe"),
        (RecordedFilter(provider="p"), "b"),
        (RecordedFilter(model="m", route="r"), "c"),
        (RecordedFilter(tag="t"), "d"),
        (RecordedFilter(unsampled=True), "gfedcba"),
        (RecordedFilter(conversation="talk-9"), "g"),
        (RecordedFilter(provider="nobody"), ""),
    ],
)
def test_requests_that_were_held_whole_are_found_newest_first(conn, studies, wanted, found):
    labels = [
        {},
        {"provider": "p"},
        {"model": "m", "route": "r"},
        {"tag": "t"},
        {},
        {},
        {"drawn": False, "conversation": "talk-9"},
    ]
    for number, (name, more) in enumerate(zip("abcdefg", labels, strict=True)):
        put(conn, exchange_record(name, started=START + number, **more))
    left_out = ({"role": "shadow"}, {"method": "GET"}, {"unread": CUT_REQUEST}, {"unread": NOT_HELD})
    put(conn, *(exchange_record(f"out-{number}", started=START + 9, **more) for number, more in enumerate(left_out)))
    assert studies.recorded_requests(wanted) == [*found]


def test_thousand_recorded_requests_are_found_unless_more_are_wanted(conn, studies):
    put(conn, *(exchange_record(f"{number}", calls=0, checks=0) for number in range(1_001)))
    assert len(studies.recorded_requests(RecordedFilter())) == 1_000


def test_study_that_is_not_there_has_nothing_of_another_one(studies):
    studies.ask(STUDY.id, REQUEST)
    studies.add_run(STUDY.id, RUN)
    studies.add_recorded_calls(STUDY.id, [RecordedCallRow(name="a name", arguments="{}", text="a text", is_error=False)])
    studies.set_back(STUDY.id, SetbackRow(key="a key", at=1.5, reason="a reason", waited=2.5))
    assert (studies.runs("none"), studies.requests("none"), studies.recorded_calls("none")) == ([], [], [])
    assert (studies.run_count("none"), studies.deleted_pairs("none"), studies.request_counts("none")) == (0, 0, {})
    assert studies.setbacks("none") == []


def test_study_that_is_not_there_is_forgotten_without_a_change_of_another_one(conn, studies):
    put(conn, exchange_record("an exchange", started=START))
    studies.ask(STUDY.id, REQUEST)
    studies.number_blocks("none", {"a key": 9})
    assert studies.forget("none").exchanges == 0
    assert studies.studies() == [STUDY]
    assert studies.requests(STUDY.id) == [REQUEST]
