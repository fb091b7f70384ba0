import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.identity.template import Cause, Sample, template


def mixed(seed, difference, count=200, wild=0.0):
    """Requests of every kind as an application mixes them; the reference counts by one template, the provider differs."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        messages = rng.choice([1, 1, 2, 3, 4, 5, 7, 9, 12])
        tools = rng.choice([0, 0, 1, 2, 3, 5])
        turns = rng.randint(0, (messages - 1) // 2) if rng.random() < 0.6 else 0
        shape = {
            "messages": messages,
            "tools": tools,
            "tool_characters": sum(rng.randint(120, 900) for _ in range(tools)),
            "reasoning_turns": turns,
            "reasoning_characters": sum(rng.randint(50, 3_000) for _ in range(turns)),
        }
        tool_tokens = 12 * tools + round(shape["tool_characters"] / 3.6)
        thought = 2 * turns + round(shape["reasoning_characters"] / rng.uniform(3.8, 4.4))
        words = sum(rng.randint(3, 400) for _ in range(messages))
        reference = 3 + 4 * messages + words + tool_tokens + thought
        costs = {"tool_tokens": tool_tokens, "thought": thought, "all": reference}
        delta = round(difference(rng, shape, costs)) + (rng.randint(-200, 200) if rng.random() < wild else 0)
        made.append(Sample(**shape, reference_tokens=reference, provider_tokens=max(reference + delta, 0)))
    return made


CAUSES = {
    "nothing": (lambda *_: 0, {Cause.NONE}),
    "a stub of one token": (lambda *_: 1, {Cause.STUB}),
    "a stub of three tokens": (lambda *_: 3, {Cause.STUB}),
    "a stub that some replicas count": (lambda rng, *_: rng.randint(0, 3), {Cause.STUB}),
    "a hidden system prompt": (lambda *_: 27, {Cause.SYSTEM_PROMPT}),
    "a default prompt left out": (lambda *_: -9, {Cause.SHORTER_FRAME}),
    "a token that begins the prompt": (lambda *_: -1, {Cause.SHORTER_FRAME}),
    "another frame of messages": (lambda _, shape, __: 2 * shape["messages"], {Cause.MESSAGE_FRAME}),
    "another frame of tools": (lambda _, shape, __: 7 * shape["tools"], {Cause.TOOLS_TEMPLATE}),
    "indented tools": (lambda _, shape, __: 0.11 * shape["tool_characters"], {Cause.TOOLS_TEMPLATE}),
    "dropped tools": (lambda _, __, costs: -costs["tool_tokens"], {Cause.TOOLS_DROPPED}),
    "dropped reasoning": (lambda _, __, costs: -costs["thought"], {Cause.REASONING_DROPPED}),
    "another frame of reasoning": (lambda _, shape, __: 4 * shape["reasoning_turns"], {Cause.REASONING_TEMPLATE}),
    "another tokenizer": (lambda rng, _, costs: 0.15 * costs["all"] * rng.uniform(0.97, 1.03), {Cause.TOKENIZER}),
    "a system prompt and dropped reasoning": (
        lambda _, __, costs: 31 - costs["thought"],
        {Cause.SYSTEM_PROMPT, Cause.REASONING_DROPPED},
    ),
    "another template in all": (
        lambda _, shape, __: 31 + 2 * shape["messages"] + 5 * shape["tools"],
        {Cause.SYSTEM_PROMPT, Cause.MESSAGE_FRAME, Cause.TOOLS_TEMPLATE},
    ),
    "no rule at all": (lambda rng, *_: rng.randint(-400, 400), {Cause.UNEXPLAINED}),
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", CAUSES)
def test_each_cause_is_recovered_from_two_hundred_mixed_requests(name, seed):
    difference, expected = CAUSES[name]
    assert set(template(mixed(seed, difference)).causes) == expected


@pytest.mark.parametrize("name", ["nothing", "a stub of three tokens", "a hidden system prompt", "dropped reasoning"])
def test_a_few_wild_counts_change_nothing(name):
    difference, expected = CAUSES[name]
    assert set(template(mixed(3, difference, wild=0.04)).causes) == expected


def test_a_stub_is_silent_and_the_rest_are_faults():
    assert not Cause.STUB.is_fault
    assert not Cause.NONE.is_fault
    assert not Cause.TOO_FEW.is_fault
    assert Cause.SHORTER_FRAME.is_fault


def test_the_sentence_names_the_sum():
    found = template(mixed(4, lambda _, shape, __: 27 + 2 * shape["messages"]))
    assert found.exact
    assert (found.constant, found.terms, found.explained) == (27, (("messages", 2.0),), 1.0)
    assert found.sentence.endswith("(difference = +27 +2 a message; 100% of 200 pairs)")


def test_too_few_pairs_name_nothing():
    assert template(mixed(5, lambda *_: 500, count=19)).causes == (Cause.TOO_FEW,)


def test_tools_in_one_request_of_twenty_still_show():
    rare = [sample if place % 20 == 0 else Sample(
        messages=sample.messages, tools=0, tool_characters=0, reasoning_turns=0, reasoning_characters=0,
        provider_tokens=sample.reference_tokens, reference_tokens=sample.reference_tokens,
    ) for place, sample in enumerate(mixed(6, lambda _, shape, __: 7 * shape["tools"], count=400))]  # fmt: skip
    assert sum(bool(sample.tools) for sample in rare) >= 10
    assert template(rare).causes == (Cause.TOOLS_TEMPLATE,)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.builds(Sample, **{name: st.integers(0, 10**6) for name in Sample.__slots__}), min_size=20, max_size=40))
def test_any_counts_have_a_cause(samples):
    assert template(samples).causes
