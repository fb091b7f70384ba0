import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.compare import token_density
from shadow.findings.finding import FindingState
from shadow.reading.completion import Logprob, Usage
from tests.shadow.compare.made import WEATHER, answer, ask, call, choice, completion, pair

TOOLS = [{"type": "function", "function": {"name": WEATHER.name, "description": "x" * 300, "parameters": WEATHER.schema}}]
OFFERED = ask(body={"tools": TOOLS})


def billed(text, count, reasoning_tokens=None, reasoning=None):
    said = completion(choice(text, reasoning=reasoning))
    usage = Usage(
        prompt_tokens=9, completion_tokens=count, total_tokens=None, reasoning_tokens=reasoning_tokens, cached_tokens=None
    )
    return answer(replace(said, usage=usage))


def likely(*pairs):
    return answer(replace(choice("ab"), logprobs=tuple(Logprob(token=token, logprob=value) for token, value in pairs)))


def counted(prompt, other):
    return [answer(completion(choice("a"), tokens=(count, 1))) for count in (prompt, other)]


def test_density_counts_everything_that_was_sent_and_takes_hidden_reasoning_off():
    assert token_density.density(billed("x" * 400, 100)) == 0.25
    assert token_density.density(billed("x" * 400, 600, reasoning_tokens=500)) == 0.25
    assert token_density.density(billed("x" * 200, 100, reasoning_tokens=50, reasoning="y" * 200)) == 0.25
    assert token_density.density(billed("short", 2)) is None
    calls = choice(calls=(call("f", '{"a": "' + "x" * 300 + '"}'),))
    assert token_density.density(answer(completion(calls, tokens=(1, 80)))) == pytest.approx(80 / 310)


def test_tokens_per_character_differ_below_a_ratio_of_three_quarters():
    found = token_density.tokens_per_character(pair(billed("x" * 400, 160), billed("y" * 400, 100)))
    assert (found.state, found.subject, found.reference) == (FindingState.DIFFER, "0.400", "0.250")
    assert token_density.tokens_per_character(pair(billed("x" * 400, 110), billed("y" * 400, 100))).state is FindingState.MATCH
    assert "the reference sent under 200" in token_density.tokens_per_character(pair(billed("x" * 400, 1), billed("y", 1))).reason


def test_log_probabilities_are_held_together_while_the_tokens_are_the_same():
    one, other = likely(("a", -0.1), ("b", -1.0), ("c", -9.0)), likely(("a", -0.12), ("b", -1.04), ("d", -1.0))
    assert token_density.logprob(pair(one, other)).state is FindingState.MATCH
    found = token_density.logprob(pair(one, likely(("a", -0.5), ("b", -1.0))))
    assert (found.state, found.reason) == (
        FindingState.DIFFER,
        "0.200 nats apart over the 2 tokens that both begin with: beyond 0.1",
    )
    assert token_density.logprob(pair(one, likely(("x", -1.0)))).state is FindingState.NOT_MEASURED
    assert token_density.logprob(pair("a", "b")).state is FindingState.NOT_MEASURED


def test_tools_that_cost_nothing_did_not_reach_the_model():
    found = token_density.template_input(pair(*counted(20, 150), OFFERED))
    assert found.state is FindingState.DIFFER
    assert found.reason.startswith("the provider counts 130 prompt tokens fewer: the tools (about ")
    assert token_density.template_input(pair(*counted(148, 150), OFFERED)).state is FindingState.MATCH
    assert token_density.template_input(pair(*counted(150, 20), OFFERED)).reason.startswith("the reference counts")


def test_reasoning_that_costs_nothing_did_not_reach_the_model_either():
    history = (
        {"role": "user", "content": "a" * 400},
        {"role": "assistant", "content": "b", "reasoning_content": "c" * 400},
    )
    asked = ask(messages=history, tools=())
    assert "the earlier reasoning (about" in token_density.template_input(pair(*counted(120, 210), asked)).reason
    assert token_density.template_input(pair(*counted(210, 210), asked)).state is FindingState.MATCH


def test_template_input_is_not_measured_where_nothing_can_be_dropped_or_counted():
    assert token_density.template_input(pair("a", "b", ask(tools=()))).state is FindingState.NOT_MEASURED
    assert token_density.template_input(pair(*counted(None, 5), OFFERED)).reason == "the provider reports no prompt_tokens"


ODD = st.sampled_from(["\ud83d", 1e-7, 1e16, math.nan, math.inf, None, 2**70, 'a"\\\n\x01\x7f', "\u00e9\U0001f600"])
VALUES = st.recursive(
    st.text(max_size=5) | ODD | st.floats() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=6) | VALUES, max_size=3), max_size=4),
    st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), min_size=1, max_size=3),
)
def test_characters_are_those_of_the_library_whichever_way_they_are_counted(messages, tools):
    asked = ask(messages=tuple(messages), body={"tools": tools})
    expected = len(json.dumps(tools, ensure_ascii=False))
    assert token_density.tool_characters(asked) == expected
    assert token_density.tool_characters(asked) == expected, "from what is kept"
    sizes = [len(json.dumps(message, ensure_ascii=False)) for message in messages]
    assert token_density.message_characters(asked) == sum(sizes)
    assert token_density.characters(asked) == expected + sum(sizes)


def test_input_nested_too_deep_to_be_written_counts_no_characters():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    asked = ask(messages=({"content": deep}, {"content": "x"}), body={"tools": [deep]})
    assert token_density.tool_characters(asked) == 0
    assert token_density.message_characters(asked) == len('{"content": "x"}')
    while deep:
        deep = deep.pop()
