"""How a run ended: errors apart from scores, asking back only where something is left to do, loops of up to three steps."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange import Failure, FailureKind
from shadow.reading.parsed_response import parse_response
from shadow.studies.measured_run import OutcomeKind, RunOutcome
from shadow.studies.probe.outcome_rules import ending_of_failure, ending_of_text, is_loop, touched_groups
from tests.answers import choice
from tests.exchanges import exchange, said


@pytest.mark.parametrize(
    ("text", "missing", "outcome"),
    [
        ("The battery keeps 96 %.", (), RunOutcome.COMPLETE),
        ("The battery keeps 96 %. Which vehicle should I look at next?", (), RunOutcome.COMPLETE),
        ("The battery keeps 96 %.", ("charges",), RunOutcome.PARTIAL),
        ("You have two vehicles. Which of these would you like me to analyze?", ("charges",), RunOutcome.ASKED_BACK),
        ("You have two vehicles. Which of these would you like me to analyze?", None, RunOutcome.ASKED_BACK),
        ("Tides rise.", None, RunOutcome.COMPLETE),
        ("I'm sorry, but I can't help with that.", ("charges",), RunOutcome.REFUSED),
        ("", ("charges",), RunOutcome.EMPTY),
        (" \n", (), RunOutcome.EMPTY),
        (None, (), RunOutcome.EMPTY),
    ],
)
def test_a_last_text_is_an_ending(text, missing, outcome):
    assert ending_of_text(choice(text), missing=missing).outcome is outcome


def test_what_is_missing_is_named():
    assert ending_of_text(choice("Done."), missing=("b", "a")).detail == "not touched: a, b"


def test_a_refusal_in_its_own_field_is_a_refusal():
    assert ending_of_text(choice("", refusal="no"), missing=()).outcome is RunOutcome.REFUSED


def test_answer_cut_at_a_limit_is_labelled_cut_whatever_its_content():
    assert ending_of_text(choice("I'm sorry, but I can't", finish="length"), missing=()).outcome is RunOutcome.CUT


def failed(status, message, code=""):
    body = json.dumps({"error": {"message": message, "code": code}}).encode()
    return ending_of_failure(parse_response(exchange(body, status)))


@pytest.mark.parametrize(
    ("status", "message", "outcome"),
    [
        (400, "This model's maximum context length is 34000 tokens", RunOutcome.CONTEXT_OVERFLOW),
        (413, "prompt is too long", RunOutcome.CONTEXT_OVERFLOW),
        (400, "unknown parameter: temprature", RunOutcome.ERROR),
        (500, "internal", RunOutcome.ERROR),
        (401, "invalid api key", RunOutcome.DENIED),
        (429, "rate limit reached", RunOutcome.DENIED),
    ],
)
def test_an_error_is_an_outcome_by_its_class_and_never_a_score(status, message, outcome):
    ending = failed(status, message)
    assert ending.outcome is outcome
    assert ending.outcome.kind is not OutcomeKind.SCORED
    assert message in ending.detail
    assert str(status) in ending.detail


def test_an_error_inside_an_answer_of_status_200_is_named_without_that_status():
    assert failed(200, "internal  fault").detail == "unknown: internal fault"
    assert failed(400, "").detail == "bad_parameter 400"


def test_a_response_that_never_came_is_an_error_with_its_reason():
    made = exchange(answered=False, failure=Failure(kind=FailureKind.CONNECT, detail="port 1", after_head=False))
    ending = ending_of_failure(parse_response(made))
    assert (ending.outcome, ending.detail) == (RunOutcome.ERROR, "no_response: connect: port 1")


def test_an_answer_that_can_be_read_is_no_failure():
    assert ending_of_failure(parse_response(exchange(said("hello")))) is None


@pytest.mark.parametrize(
    ("steps", "loops"),
    [
        ("", False),
        ("aa", False),
        ("aaa", True),
        ("baaa", True),
        ("aaab", False),
        ("ababab", True),
        ("babab", False),
        ("abcabcabc", True),
        ("abcabcab", False),
        ("abcdabcdabcd", False),
    ],
)
def test_three_times_the_same_steps_are_a_loop_up_to_a_cycle_of_three(steps, loops):
    assert is_loop(list(steps)) is loops


@given(st.lists(st.sampled_from("ab"), max_size=8), st.text(alphabet="ab", min_size=1, max_size=3))
def test_any_cycle_is_found_once_it_has_come_three_times(before, cycle):
    assert is_loop([*before, *cycle * 3])


def test_a_group_is_touched_by_any_of_its_tools():
    groups = {"a": ("x", "y"), "b": ("z",), "c": ("x",)}
    assert touched_groups(["y"], groups) == ("a",)
    assert touched_groups(["x", "q"], groups) == ("a", "c")
    assert touched_groups([], groups) == ()


def test_an_answer_that_asks_back_names_what_is_missing():
    asks = "You have two vehicles. Which of these would you like me to analyze?"
    assert [ending_of_text(choice(asks), missing=missing).detail for missing in (("b", "a"), None)] == ["not touched: a, b", ""]
