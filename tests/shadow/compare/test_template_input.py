import pytest

from shadow.compare import template_input
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import WEATHER, answer, ask, choice, completion, pair

TOOLS = [{"type": "function", "function": {"name": WEATHER.name, "description": "x" * 300, "parameters": WEATHER.schema}}]
OFFERED = ask(body={"tools": TOOLS})


def counted(prompt, other):
    return [answer(completion(choice("a"), tokens=(count, 1))) for count in (prompt, other)]


def test_tools_without_prompt_tokens_differ():
    found = template_input.template_input(pair(*counted(20, 150), OFFERED))
    assert found.state is FindingState.DIFFER
    assert found.reason.startswith("the provider counts 130 prompt tokens fewer: the tools (about ")
    assert template_input.template_input(pair(*counted(148, 150), OFFERED)).state is FindingState.MATCH
    assert template_input.template_input(pair(*counted(150, 20), OFFERED)).reason.startswith("the reference counts")


def test_earlier_reasoning_without_prompt_tokens_differs():
    history = (
        {"role": "user", "content": "a" * 400},
        {"role": "assistant", "content": "b", "reasoning_content": "c" * 400},
    )
    asked = ask(messages=history, tools=())
    assert "the earlier reasoning (about" in template_input.template_input(pair(*counted(120, 210), asked)).reason
    assert template_input.template_input(pair(*counted(210, 210), asked)).state is FindingState.MATCH


def test_template_input_is_not_measured_where_nothing_can_be_dropped_or_counted():
    assert template_input.template_input(pair("a", "b", ask(tools=()))).state is FindingState.NOT_MEASURED
    assert template_input.template_input(pair(*counted(None, 5), OFFERED)).reason == "the provider reports no prompt_tokens"


@pytest.mark.parametrize(("fewer", "subject"), [(7, True), (8, False)])
def test_a_difference_of_fewer_than_eight_prompt_tokens_is_no_missing_input(fewer, subject):
    small = [{"type": "function", "function": {"name": "f", "description": "x" * 20}}]
    asked = ask(messages=({"role": "user", "content": "a" * 4_000},), body={"tools": small})
    found = template_input.template_input(pair(*counted(400 - fewer, 400), asked))
    assert (found.state is FindingState.MATCH) == subject


@pytest.mark.parametrize(("fewer", "state"), [(36, FindingState.MATCH), (37, FindingState.DIFFER)])
def test_an_input_is_missing_from_half_of_the_tokens_that_it_must_cost(fewer, state):
    """400 of the request's 1,092 characters are reasoning, and the reference counts 200 tokens: about 73 of them."""
    history = (
        {"role": "user", "content": "a" * 400},
        {"role": "assistant", "content": "b" * 200, "reasoning_content": "c" * 400},
    )
    found = template_input.template_input(pair(*counted(200 - fewer, 200), ask(messages=history, tools=())))
    assert found.state is state
    assert found.reason in {
        "",
        "the provider counts 37 prompt tokens fewer: the earlier reasoning (about 73 tokens) may not reach its model",
    }
