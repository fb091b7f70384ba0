from dataclasses import replace

import pytest

from shadow.checks.tool_call_ids import call_id, call_id_form
from shadow.findings.finding import FindingState
from shadow.reading.response_notes import FUNCTION_CALL
from tests.shadow.compare.made import ask, call, choice, completion, parts


def named(*ids):
    return completion(choice(calls=tuple(replace(call(), id=name) for name in ids)))


def earlier(name):
    return ask(messages=({"role": "assistant", "tool_calls": [{"id": name}, 5]}, {"role": "tool", "tool_calls": "x"}))


@pytest.mark.parametrize(
    ("asked", "said", "state", "reason"),
    [
        (ask(), named(), FindingState.NOT_MEASURED, "calls no tool"),
        (ask(), named("a", "b"), FindingState.MATCH, ""),
        (ask(), named("a", ""), FindingState.DIFFER, "1 of 2 calls have no id"),
        (ask(), named("a", "a"), FindingState.DIFFER, "two calls have the id a"),
        (earlier("a"), named("a"), FindingState.DIFFER, "given to a call earlier"),
        (earlier("b"), named("a"), FindingState.MATCH, ""),
        (ask(), named("")._replace(notes=(FUNCTION_CALL,)), FindingState.NOT_MEASURED, "older function_call"),
    ],
)
def test_call_without_an_id_of_its_own_differs(asked, said, state, reason):
    found = call_id(asked, said)
    assert found.state is state
    assert reason in found.reason


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("call_abc", "call_…"),
        ("functions.get_weather:0", "functions.NAME:N"),
        ("chatcmpl-tool-0f", "other"),
        ("6f1a8a14-9a51-4d0e-8f4e-0123456789ab", "uuid"),
        ("call_6f1a8a14-9a51-4d0e-8f4e-0123456789ab", "uuid"),
        ("123", "digits"),
        ("aB3dE6gH9", "nine letters"),
        ("", "empty"),
    ],
)
def test_call_id_form_is_one_of_a_closed_set(name, form):
    assert call_id_form(name) == form


def test_forms_of_ids_are_stated_each_once_in_their_order():
    found = call_id(ask(), named("1", "call_a", "2"))
    assert parts(found) == ("call_id", "match", 1.0, "digits, call_…", "", "")
    missing = call_id(ask(), named("", "", "1"))
    assert parts(missing) == ("call_id", "differ", 0.0, "empty, digits", "", "2 of 3 calls have no id")
    assert call_id(ask(), named()).reason == "the answer calls no tool"
    older = call_id(ask(), named("")._replace(notes=(FUNCTION_CALL,)))
    assert older.reason == "the older function_call has no id"


@pytest.mark.parametrize(("length", "shown"), [(60, "i" * 60), (61, "i" * 59 + "…")])
def test_id_that_came_twice_is_stated_by_sixty_characters(length, shown):
    name = "i" * length
    assert call_id(ask(), named("b", name, name)).reason == f"two calls have the id {shown}"
    used = f"the id {shown} was given to a call earlier in this conversation"
    assert call_id(earlier(name), named("b", name)).reason == used


@pytest.mark.parametrize(
    ("name", "form"),
    [("aB3dE6gH", "other"), ("aB3dE6gH90", "other"), ("123456789", "digits"), ("call_", "other"), ("a_b3dE6gH", "other")],
)
def test_id_beside_the_known_forms_is_another(name, form):
    assert call_id_form(name) == form
