"""The cause of other prompt tokens: each found from prompts that a template writes, and none named where it is not the one."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.identity.chat_template import template_difference
from shadow.identity.prompt_sample import PromptSample, TokenCause
from tests.shadow.identity.prompts import Server, Traffic, samples

pytestmark = pytest.mark.slow


HIDDEN = "You are a helpful assistant of this company: be short, be polite, and never speak of prices or of another company."
FRAME = "<|im_start|>{role}: {text}<|im_end|>\n\n"
CHANGES = {
    "nothing": (Server(), {TokenCause.NONE}),
    "a stub that is not counted": (Server(start="", stub=""), {TokenCause.SHORTER_FRAME}),
    "a stub that is counted": (Server(stub="<|im_start|>assistant:"), {TokenCause.STUB}),
    "a longer start": (Server(start="<s><b>"), {TokenCause.STUB}),
    "a start of five tokens": (Server(start="<s><b><x"), {TokenCause.CONSTANT}),
    "a hidden prompt": (Server(hidden=HIDDEN), {TokenCause.SYSTEM_PROMPT}),
    "a default prompt": (Server(default=HIDDEN), {TokenCause.SYSTEM_PROMPT}),
    "another frame": (Server(frame=FRAME), {TokenCause.MESSAGE_FRAME}),
    "other words about a tool": (Server(tools="wordy"), {TokenCause.TOOLS_TEMPLATE}),
    "another preamble to tools": (Server(preamble="# Tools\n"), {TokenCause.TOOLS_TEMPLATE}),
    "tools left out": (Server(tools="none"), {TokenCause.TOOLS_DROPPED}),
    "schemas left out": (Server(tools="no schemas"), {TokenCause.SCHEMAS_SHORTENED}),
    "schemas shortened": (Server(tools="short schemas"), {TokenCause.SCHEMAS_SHORTENED}),
    "reasoning left out": (Server(reasoning=False), {TokenCause.REASONING_DROPPED}),
    "an inflated bill": (Server(factor=1.13), {TokenCause.BILL}),
    "another tokenizer": (Server(piece=7), {TokenCause.TOKENIZER}),
}
FOUND_SELDOM = ("schemas left out", "schemas shortened", "another tokenizer")
"""Causes that need more than some mixtures of requests show; where they do not, nothing is named."""


@pytest.mark.parametrize("name", CHANGES)
def test_each_cause_is_found_in_two_hundred_and_forty_mixed_requests(name):
    server, expected = CHANGES[name]
    found = set(template_difference(samples(server)).causes)
    assert found == expected or (name in FOUND_SELDOM and found == {TokenCause.UNEXPLAINED})


@pytest.mark.parametrize("name", FOUND_SELDOM)
def test_a_cause_that_is_hard_to_see_is_found_in_most_mixtures(name):
    server, expected = CHANGES[name]
    found = [set(template_difference(samples(server, seed=seed)).causes) == expected for seed in range(3)]
    assert sum(found) >= 2


TRAFFIC = {
    "the same tools in every request": Traffic(tools=1.0, sets=1),
    "no tools": Traffic(tools=0.0),
    "single questions": Traffic(system=0.0, turns=(1,), reasoning=0.0),
    "answers that are never equal": Traffic(equal=0.0),
}


@pytest.mark.parametrize("traffic", TRAFFIC)
@pytest.mark.parametrize("name", CHANGES)
def test_any_traffic_of_an_application_names_no_wrong_cause(name, traffic):
    server, expected = CHANGES[name]
    found = template_difference(samples(server, count=60, traffic=TRAFFIC[traffic]))
    assert set(found.causes) <= {*expected, TokenCause.NONE, TokenCause.UNEXPLAINED}


def test_tools_that_are_always_the_same_give_no_cause():
    always = TRAFFIC["the same tools in every request"]
    found = template_difference(samples(Server(tools="none"), traffic=always))
    assert found.causes == (TokenCause.UNEXPLAINED,)
    assert found.sentence == "unexplained: -192 tokens in the middle, in 240 of 240 pairs"
    assert template_difference(samples(Server(hidden=HIDDEN), traffic=always)).causes == (TokenCause.UNEXPLAINED,)


PARTS = {
    "hidden": (HIDDEN, TokenCause.SYSTEM_PROMPT),
    "frame": (FRAME, TokenCause.MESSAGE_FRAME),
    "tools": ("none", TokenCause.TOOLS_DROPPED),
    "reasoning": (False, TokenCause.REASONING_DROPPED),
    "factor": (1.3, TokenCause.BILL),
    "piece": (7, TokenCause.TOKENIZER),
    "preamble": ("# Tools\n", TokenCause.TOOLS_TEMPLATE),
}
traffics = st.builds(
    Traffic,
    tools=st.sampled_from([0.3, 0.5, 0.9]),
    sets=st.integers(1, 5),
    system=st.sampled_from([0.0, 0.4, 1.0]),
    reasoning=st.sampled_from([0.3, 0.6]),
    equal=st.sampled_from([0.0, 0.4]),
)


@settings(max_examples=5, deadline=None)
@given(st.sets(st.sampled_from(sorted(PARTS)), min_size=2, max_size=4), traffics, st.integers(0, 10**6))
def test_a_mixture_of_causes_is_unexplained(parts, traffic, seed):
    if {"tools", "preamble"} <= parts:
        parts = parts - {"preamble"}  # without tools there is none
    server = replace(Server(), **{part: PARTS[part][0] for part in parts})
    found = template_difference(samples(server, seed=seed, count=120, traffic=traffic))
    # a small frame beside another tokenizer is within its roughness
    rough = {TokenCause.TOKENIZER} if "piece" in parts else set()
    alone = {PARTS[part][1] for part in parts} if len(parts) == 1 else set()
    assert set(found.causes) <= {TokenCause.UNEXPLAINED, *rough, *alone}


@settings(max_examples=4, deadline=None)
@given(st.sampled_from(sorted(CHANGES)), st.sampled_from(sorted(CHANGES)), st.integers(0, 10**6))
def test_two_replicas_with_two_causes_are_unexplained(one, other, seed):
    halves = [samples(CHANGES[name][0], seed=seed, count=120) for name in (one, other)]
    mixed = [pair[place % 2] for place, pair in enumerate(zip(*halves, strict=True))]
    same = CHANGES[one][1] & CHANGES[other][1]
    assert set(template_difference(mixed).causes) <= {TokenCause.UNEXPLAINED, TokenCause.STUB, *same}


@pytest.mark.parametrize("name", ["nothing", "a hidden prompt", "reasoning left out", "tools left out", "another frame"])
def test_a_few_wild_counts_change_nothing(name):
    server, expected = CHANGES[name]
    assert set(template_difference(samples(server, seed=3, wild=0.02)).causes) == expected


def test_more_than_five_in_a_hundred_wild_counts_leave_nothing_named():
    assert template_difference(samples(Server(hidden=HIDDEN), wild=0.12)).causes == (TokenCause.UNEXPLAINED,)


def test_sentences_have_the_size_and_the_number_of_pairs():
    assert template_difference(samples(Server(hidden=HIDDEN))).sentence == (
        "puts about 46 tokens before the messages (a hidden prompt); 100% of 240 pairs"
    )
    assert template_difference(samples(Server(default=HIDDEN))).sentence == (
        "puts about 46 tokens before the messages (a hidden prompt), 0 where the request has a system message; 100% of 240 pairs"
    )
    bill = template_difference(samples(Server(factor=1.13))).sentence
    assert bill == "both counts are larger by the factor 1.13 while 71 answers are equal: the bill; 100% of 240 pairs"


def test_a_bill_is_recognised_by_equal_answers_alone():
    assert template_difference(samples(Server(factor=1.13), traffic=Traffic(equal=0.0))).causes == (TokenCause.UNEXPLAINED,)


def test_too_few_pairs_name_nothing():
    assert template_difference(samples(Server(hidden=HIDDEN), count=19)).causes == (TokenCause.TOO_FEW,)
    assert template_difference(samples(Server(hidden=HIDDEN), count=20)).causes == (TokenCause.SYSTEM_PROMPT,)


@settings(max_examples=5, deadline=None)
@given(
    st.lists(
        st.builds(PromptSample, **{name: st.integers(0, 10**6) for name in PromptSample.__slots__}), min_size=20, max_size=40
    )
)
def test_any_counts_have_a_cause(made):
    assert template_difference(made).causes
