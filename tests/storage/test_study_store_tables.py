"""Studies in both engines: requests resume by their keys, an answer is stored with its request, forgetting leaves nothing."""

from dataclasses import replace

import pytest

from storage.store import StoreError
from storage.study_rows import (
    ANSWERED,
    ASKED,
    FAILED,
    RecordedCallRow,
    RunResultRow,
    RunRow,
    SetbackRow,
    StudyRequestRow,
    StudyRow,
)
from tests.conformance import PATIENCE, START, exchange_record, offered, pair_record

STUDY = StudyRow(id="s1", kind="replay", name="samples", begun=START, plan="{}", policy="{}", seed=7, version="0.2.0")
REQUEST = StudyRequestRow(key="k1", row_id="a:1", target="near", repeat=0, block=0, state=ASKED, exchange_id="x1")
RUN = RunRow(
    target="near",
    task="battery",
    block=0,
    outcome="complete",
    detail="",
    score=1.0,
    points=None,
    touched='["charges"]',
    begun=START,
    seconds=2.5,
    tools_seconds=0.5,
    world="{}",
    steps=("x1", "x2"),
    results=(
        RunResultRow(place=0, position=0, source="live", is_error=False, alterations="[]", seconds=0.1, text="ok"),
        RunResultRow(place=1, position=0, source="recorded", is_error=True, alterations="[]", seconds=0.2, text="Error: no"),
    ),
)


def test_resumed_study_keeps_its_start_and_tasks_and_is_open(store):
    store.studies.begin(STUDY)
    store.studies.ask("s1", REQUEST)
    store.studies.end("s1", START + 9, "pass")
    assert [(row.ended, row.outcome) for row in store.studies.studies()] == [(START + 9, "pass")]
    store.studies.begin(replace(STUDY, begun=START + 20, plan='{"rows": 2}'))
    assert store.studies.studies() == [replace(STUDY, plan='{"rows": 2}')]
    assert store.studies.requests("s1") == [REQUEST]


def test_answer_is_stored_with_its_task_and_found_by_its_key(store):
    store.studies.begin(STUDY)
    store.studies.ask("s1", REQUEST)
    store.studies.answer("s1", replace(REQUEST, state=ANSWERED, tries=3), exchange_record("x1"))
    assert store.studies.requests("s1") == [replace(REQUEST, state=ANSWERED, tries=3)]
    assert store.exchange("x1").finish_reason == "stop"
    assert len(store.tool_calls("x1")) == 2


def test_answer_that_cannot_be_stored_leaves_its_task_as_sent(store):
    store.studies.begin(STUDY)
    store.studies.ask("s1", REQUEST)
    bad = exchange_record("x1")._replace(exchange=exchange_record("x1").exchange._replace(seconds="soon"))
    with pytest.raises(StoreError, match="refused a row"):
        store.studies.answer("s1", replace(REQUEST, state=ANSWERED), bad)
    assert store.studies.requests("s1") == [REQUEST]
    assert store.exchange("x1") is None


def test_task_marked_as_sent_counts_as_answered_where_its_answer_is_stored(store):
    store.studies.begin(STUDY)
    store.studies.ask("s1", REQUEST)
    offered(store.add_exchange, exchange_record("x1")).result(PATIENCE)
    assert [request.state for request in store.studies.requests("s1")] == [ANSWERED]


def test_repeated_task_is_one_task_with_its_last_exchange(store):
    store.studies.begin(STUDY)
    for name, state in (("x1", FAILED), ("x2", ASKED)):
        store.studies.ask("s1", replace(REQUEST, exchange_id=name, state=state))
    assert store.studies.requests("s1") == [replace(REQUEST, exchange_id="x2")]


def test_setbacks_are_kept_in_their_order_by_key(store):
    store.studies.begin(STUDY)
    for key in ("k1", "k2"):
        store.studies.ask("s1", replace(REQUEST, key=key))
    rows = [SetbackRow(key=key, at=START + n, reason="rate_limit", waited=1.0) for n, key in enumerate(("k2", "k1", "k2"))]
    for row in rows:
        store.studies.set_back("s1", row)
    assert store.studies.setbacks("s1") == rows


def test_tasks_of_two_studies_with_one_key_stay_apart(store):
    for name in ("s1", "s2"):
        store.studies.begin(replace(STUDY, id=name))
        store.studies.ask(name, replace(REQUEST, exchange_id=name))
    assert [request.exchange_id for request in store.studies.requests("s2")] == ["s2"]


def test_requests_are_counted_by_state_and_runs_of_one_study_alone(store):
    for name in ("s1", "s2"):
        store.studies.begin(replace(STUDY, id=name))
        store.studies.add_run(name, RUN)
    for number, state in enumerate((ASKED, ASKED, FAILED)):
        store.studies.ask("s1", replace(REQUEST, key=f"k{number}", exchange_id=f"x{number}", state=state))
    offered(store.add_exchange, exchange_record("x1")).result(PATIENCE)
    assert store.studies.request_counts("s1") == {ANSWERED: 1, ASKED: 1, FAILED: 1}
    assert store.studies.request_counts("s2") == {}
    assert (store.studies.run_count("s1"), store.studies.run_count("none")) == (1, 0)


def test_blocks_are_numbered_as_the_last_plan_numbers_them(store):
    store.studies.begin(STUDY)
    for key in ("k1", "k2"):
        store.studies.ask("s1", replace(REQUEST, key=key))
    store.studies.number_blocks("s1", {"k2": 5, "unsent": 1})
    assert {request.key: request.block for request in store.studies.requests("s1")} == {"k1": -1, "k2": 5}


def test_a_run_is_stored_with_its_steps_results_and_exchanges(store):
    store.studies.begin(STUDY)
    store.studies.add_run("s1", RUN, [exchange_record("x1"), exchange_record("x2")])
    store.studies.add_run("s1", replace(RUN, block=1, steps=(), results=()))
    assert store.studies.runs("s1") == [RUN, replace(RUN, block=1, steps=(), results=())]
    assert store.exchange("x2") is not None


def test_a_run_of_one_target_task_and_block_is_stored_once(store):
    store.studies.begin(STUDY)
    store.studies.add_run("s1", RUN)
    with pytest.raises(StoreError, match="refused a row"):
        store.studies.add_run("s1", RUN, [exchange_record("x9")])
    assert store.exchange("x9") is None


def test_recorded_calls_come_back_in_their_order(store):
    store.studies.begin(STUDY)
    calls = [RecordedCallRow(name="a", arguments="{}", text=f"{n}", is_error=bool(n)) for n in range(2)]
    store.studies.add_recorded_calls("s1", calls)
    assert store.studies.recorded_calls("s1") == calls


def test_forgetting_a_study_deletes_its_exchanges_and_pairs_and_leaves_the_other_study(store):
    for name in ("s1", "s2"):
        store.studies.begin(replace(STUDY, id=name))
        store.studies.ask(name, replace(REQUEST, exchange_id=f"{name}-x"))
        store.studies.answer(name, replace(REQUEST, exchange_id=f"{name}-x", state=ANSWERED), exchange_record(f"{name}-x"))
        offered(store.add_pair, pair_record(f"{name}-x", conversation="")).result(PATIENCE)
        store.studies.add_run(name, replace(RUN, steps=(f"{name}-y",)), [exchange_record(f"{name}-y")])
    result = store.studies.forget("s1")
    assert result.exchanges == 3, "the answer, the reference's answer of its pair, and the step"
    assert [row.id for row in store.studies.studies()] == ["s2"]
    assert store.studies.requests("s1") == []
    assert store.exchange("s1-x") is None
    assert store.pair("s1-x") is None
    assert store.pair("s2-x") is not None
    assert [sum(row.requests for row in store.traffic(0, 0))] == [3]


def test_a_store_that_is_closed_refuses(store):
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.studies.studies()


def test_a_conversation_is_found_by_its_key_and_provider_in_the_order_of_its_requests(store):
    def stored(name, started, **labels):
        made = exchange_record(name)
        offered(store.add_exchange, made._replace(exchange=made.exchange._replace(started=started, **labels))).result(PATIENCE)

    stored("later", 9.0, conversation="c", provider="p")
    stored("first", 3.0, conversation="c", provider="p")
    stored("other", 4.0, conversation="c", provider="q")
    stored("none", 5.0, conversation="", provider="p")
    assert store.studies.conversation("c", "p", 10) == ["first", "later"]
    assert store.studies.conversation("c", "p", 1) == ["first"]
    assert store.studies.conversation("", "p", 10) == []
