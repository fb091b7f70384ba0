"""The facts of a stored replay: those of its plan, of its last run, and the tokens of all answers in its database."""

import json

import pytest

from shadow.studies.outputs.study_report import StudyFacts
from shadow.studies.replay.replay_report import policy_json, replay_report, stored_replay
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from storage.study_rows import ASKED, StudyRequestRow, StudyRow
from tests.conformance import exchange_record

PLAN = {"candidates": ["near"], "reference": "official", "blocks": 3}


def facts(store, *, ended: float = 0.0, **plan: object) -> StudyFacts:
    """The facts of a study with such members of its plan."""
    policy = policy_json(StudyPolicy(score=PolicyScore.SIGNALS))
    text = json.dumps({**PLAN, **plan})
    row = StudyRow(id="s", kind="replay", name="t", begun=5.0, plan=text, policy=policy, seed=7, version="9", ended=ended)
    store.studies.begin(row)
    return replay_report(store, stored_replay(store, row)).facts


def test_a_study_that_is_only_planned_has_sent_nothing_and_has_not_ended(sqlite_store):
    found = facts(sqlite_store)
    assert (found.name, found.kind, found.version, found.seed, found.planned) == ("t", "replay", "9", 7, 3)
    assert (found.began, found.ended, found.ended_by, found.requests, found.cost) == (5.0, None, "", 0, None)
    assert (found.skipped, found.skipped_rows, found.notes, found.command, found.models) == ((), 0, (), "", {})


def test_what_the_last_run_stored_is_shown(sqlite_store):
    found = facts(
        sqlite_store,
        ended=60.0,
        ended_by="decided",
        spent={"requests": 12, "tokens": 90, "money": 1.5},
        down={"near": "denied"},
        skipped=["f:1: is not JSON"],
        skipped_rows=4,
        command="sameweights replay f",
    )
    assert (found.ended, found.ended_by, found.requests, found.cost) == (60.0, "decided", 12, 1.5)
    assert found.notes == ("near was given up in the last run: denied",)
    assert (found.skipped, found.skipped_rows, found.command) == (("f:1: is not JSON",), 4, "sameweights replay f")


@pytest.mark.parametrize(("spent", "requests"), [({}, 3), ({"requests": 0, "money": 0.0}, 3), ({"requests": 8}, 8)])
def test_requests_are_counted_by_their_tries_where_no_run_has_ended(sqlite_store, spent, requests):
    facts(sqlite_store)
    for key, tries in (("a", 1), ("b", 2)):
        sent = StudyRequestRow(key=key, row_id="f:1", target="near", repeat=0, block=0, state=ASKED, exchange_id=key, tries=tries)
        sqlite_store.studies.ask("s", sent)
    assert facts(sqlite_store, spent=spent).requests == requests


def test_tokens_are_those_of_all_answers_and_a_model_is_the_one_that_the_answer_names(sqlite_store):
    for name, target, echoed in (("x1", "near", "kimi-0905"), ("x2", "official", ""), ("x3", "near", "other")):
        sqlite_store.add_exchange(
            exchange_record(
                name, provider=target, model="kimi", echoed_model=echoed, prompt_tokens=10, completion_tokens=3, calls=0, checks=0
            )
        )
    assert sqlite_store.flush(20)
    facts(sqlite_store)
    for name, target in (("x1", "near"), ("x3", "near"), ("x2", "official")):
        sent = StudyRequestRow(key=name, row_id="f:1", target=target, repeat=0, block=0, state=ASKED, exchange_id=name)
        sqlite_store.studies.ask("s", sent)
    found = facts(sqlite_store)
    assert (found.prompt_tokens, found.completion_tokens) == (30, 9)
    assert found.models == {"near": "kimi-0905", "official": "kimi"}
