"""Whole numbers a message, a tool, a turn and a prompt: which sums are found, and which are no template's."""

from dataclasses import replace

import pytest

from shadow.identity.frame_terms import frames
from shadow.identity.prompt_sample import Cause
from tests.shadow.identity.prompts import Server, samples

MADE = samples(Server(), seed=9, count=120)


def best(difference):
    made = [replace(one, provider_tokens=one.reference_tokens + difference(one)) for one in MADE]
    return max(frames(made, 0.0), key=lambda one: one.explained, default=None)


@pytest.mark.parametrize(
    ("size", "cause"),
    [
        (-1, Cause.SHORTER_FRAME),
        (3, Cause.STUB),
        (4, Cause.CONSTANT),
        (8, Cause.CONSTANT),
        (9, Cause.SYSTEM_PROMPT),
        (400, Cause.SYSTEM_PROMPT),
    ],
)
def test_a_constant_is_named_by_its_size(size, cause):
    found = best(lambda _: size)
    assert (found.causes, found.explained) == ((cause,), 1.0)


@pytest.mark.parametrize(
    ("difference", "causes"),
    [
        (lambda one: 8 * one.messages, (Cause.MESSAGE_FRAME,)),
        (lambda one: -3 * one.messages + 2, (Cause.MESSAGE_FRAME,)),
        (lambda one: 16 * one.tools, (Cause.TOOLS_TEMPLATE,)),
        (lambda one: 2 * one.messages - 4 * one.tools, (Cause.MESSAGE_FRAME, Cause.TOOLS_TEMPLATE)),
        (lambda one: 5 * one.reasoning_turns, (Cause.REASONING_TEMPLATE,)),
        (lambda one: 16 * one.reasoning_turns, (Cause.REASONING_TEMPLATE,)),
        (lambda one: 8 * one.system, (Cause.MESSAGE_FRAME,)),
        (lambda one: 6 * one.system, (Cause.MESSAGE_FRAME,)),
        (lambda one: 40 - 40 * one.system, (Cause.SYSTEM_PROMPT,)),
        (lambda one: 40 - 4 * one.system, (Cause.SYSTEM_PROMPT,)),
        (lambda one: 20 * one.system - 20, (Cause.SHORTER_FRAME,)),
    ],
)
def test_small_sums_are_a_template_and_a_prompt_may_give_way_to_a_system_message(difference, causes):
    found = best(difference)
    assert (found.causes, found.explained) == (causes, 1.0)


@pytest.mark.parametrize(
    "difference",
    [
        lambda one: 9 * one.messages,
        lambda one: 17 * one.tools,
        lambda one: 17 * one.reasoning_turns,
        lambda one: 40 + 2 * one.messages,
        lambda one: 40 + 4 * one.system,
        lambda one: 30 * one.system,
    ],
)
def test_what_no_template_and_no_prompt_writes_is_none(difference):
    found = best(difference)
    assert found is None or found.explained < 0.95 or found.causes == (Cause.UNEXPLAINED,)
