"""Evidence of a replay: blocks in their order, runs of candidates that are not decided, and nothing after the last decision."""

from dataclasses import replace

import pytest

from proxy.exchange import Role
from shadow.studies.chat_request import ChatRequest, parsed_answer
from shadow.studies.own_checks.row_checks import NO_CHECKS
from shadow.studies.replay.measured_rows import RowPlace
from shadow.studies.replay.replay_evidence import CONTROL, REFERENCE, BlockAnswer, ReplayEvidence, answer_name
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.targets import Targets
from tests.exchanges import asked, exchange, said

POLICY = StudyPolicy(score=PolicyScore.SIGNALS, allowed_drop=0.1)
NAMES = {REFERENCE: "official", CONTROL: "official"}


def evidence(*candidates: str) -> ReplayEvidence:
    return ReplayEvidence(Targets(candidates=candidates, reference="official"), POLICY, NO_CHECKS)


def block(number: int, *names: str, payoff: int = 0) -> dict[str, BlockAnswer]:
    request = ChatRequest(body=asked("Hi")).parsed
    return {
        name: BlockAnswer(
            parsed=parsed_answer(exchange(said("Hello"), provider=NAMES.get(name, name)), request),
            place=RowPlace(block=number, task=f"f:{number}", position=number, tries=1),
            key=f"{name}-{number}",
            payoffs=() if name in NAMES else (("answer_kind", payoff), ("calls_tool_rate", payoff)),
        )
        for name in names
    }


def test_names_of_the_reference_s_answers_are_those_of_no_provider():
    assert answer_name("near", Role.PRIMARY) == "near"
    assert {answer_name("official", Role.SHADOW), answer_name("official", Role.CONTROL)} == {REFERENCE, CONTROL}
    assert "\0" in REFERENCE


def test_a_block_makes_a_run_for_the_reference_and_each_candidate_and_rows_for_both_of_its_answers():
    made = evidence("near", "far")
    made.take(0, block(0, REFERENCE, CONTROL, "near", "far"))
    assert [run.provider for run in made.runs] == ["official", "near", "far"]
    assert dict(made.keys) == {name: [f"{name}-0"] for name in (REFERENCE, CONTROL, "near", "far")}
    assert made.answered["near"][0].row == "f:0 0"


def test_a_block_without_an_answer_of_the_reference_decides_nothing_and_the_next_one_counts():
    made = evidence("near")
    made.take(0, block(0, "near"))
    made.take(1, block(1, REFERENCE, CONTROL, "near"))
    assert [(run.provider, run.block) for run in made.runs] == [("near", 0), ("official", 1), ("near", 1)]


def test_a_decided_candidate_gets_no_further_run_and_after_the_last_decision_nothing_counts():
    made = evidence("near", "far")
    number = 0
    while "far" not in made.decided:
        made.take(number, block(number, REFERENCE, CONTROL, "near") | block(number, "far", payoff=1))
        number += 1
    assert number < 30
    made.take(number, block(number, REFERENCE, CONTROL, "near", "far"))
    assert [run.provider for run in made.runs][-2:] == ["official", "near"]
    alone = evidence("far")
    for at in range(40):
        alone.take(at, block(at, REFERENCE, CONTROL) | block(at, "far", payoff=1))
    assert alone.all_decided
    assert alone.runs[-1].block < 30


def test_a_block_without_an_answer_of_the_reference_does_not_hold_the_decision_up():
    made = evidence("far")
    made.take(0, block(0, "far", payoff=1))
    for number in range(1, 40):
        made.take(number, block(number, REFERENCE, CONTROL) | block(number, "far", payoff=1))
    assert made.all_decided


def failing(number: int) -> dict[str, BlockAnswer]:
    """A block whose candidate answers with the status 500."""
    found = block(number, REFERENCE, CONTROL, "near")
    failed = parsed_answer(exchange(b"{}", 500, provider="near"), ChatRequest(body=asked("Hi")).parsed)
    return {**found, "near": replace(found["near"], parsed=failed, payoffs=())}


@pytest.mark.parametrize(("blocks", "given_up"), [(9, set()), (10, {"near"})])
def test_a_candidate_whose_first_ten_rows_fail_alike_is_given_up(blocks: int, given_up: set[str]):
    made = evidence("near")
    for number in range(blocks):
        made.take(number, failing(number))
    assert made.given_up == given_up
    assert made.decided == given_up


def test_a_failed_answer_is_named_by_its_class_and_a_whole_one_by_none():
    made = evidence("near")
    made.take(0, failing(0))
    assert [row.failure for row in (made.answered["near"][0], made.answered[REFERENCE][0])] == ["server 500", ""]
    assert not made.answered["near"][0].answered


def test_rows_that_were_run_several_times_carry_the_labels_of_the_reference_s_other_answers():
    made = evidence("near")
    for number in range(2):
        answers = block(number, REFERENCE, CONTROL, "near")
        made.take(number, {name: replace(one, place=replace(one.place, task="f:1")) for name, one in answers.items()})
    assert {run.stratum_labels for run in made.runs} == {("text", "text")}
    once = evidence("near")
    once.take(0, block(0, REFERENCE, CONTROL, "near"))
    assert {run.stratum_labels for run in once.runs} == {()}
