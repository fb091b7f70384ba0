from dataclasses import replace

import pytest

from shadow.checks.tool_call_ids import call_id, call_id_form
from shadow.findings.finding import FindingState
from shadow.reading.response_notes import FUNCTION_CALL
from tests.shadow.compare.made import ask, call, choice, completion


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
