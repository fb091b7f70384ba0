"""Whole numbers a message, a tool, a turn and a prompt: which sums are found, and which are no template's."""

from dataclasses import replace

import pytest

from shadow.identity.frame_terms import frame_explanations
from shadow.identity.prompt_sample import TokenCause
from tests.shadow.identity.prompts import Server, samples

MADE = samples(Server(), seed=9, count=120)


def best(difference):
    made = [replace(one, provider_tokens=one.reference_tokens + difference(one)) for one in MADE]
    return max(frame_explanations(made, 0.0), key=lambda one: one.explained, default=None)


@pytest.mark.parametrize(
    ("size", "cause"),
    [
        (-1, TokenCause.SHORTER_FRAME),
        (3, TokenCause.STUB),
        (4, TokenCause.CONSTANT),
        (8, TokenCause.CONSTANT),
        (9, TokenCause.SYSTEM_PROMPT),
        (400, TokenCause.SYSTEM_PROMPT),
    ],
)
def test_a_constant_is_named_by_its_size(size, cause):
    found = best(lambda _: size)
    assert (found.causes, found.explained) == ((cause,), 1.0)


@pytest.mark.parametrize(
    ("difference", "causes"),
    [
        (lambda one: 8 * one.messages, (TokenCause.MESSAGE_FRAME,)),
        (lambda one: -3 * one.messages + 2, (TokenCause.MESSAGE_FRAME,)),
        (lambda one: 16 * one.tools, (TokenCause.TOOLS_TEMPLATE,)),
        (lambda one: 2 * one.messages - 4 * one.tools, (TokenCause.MESSAGE_FRAME, TokenCause.TOOLS_TEMPLATE)),
        (lambda one: 5 * one.reasoning_turns, (TokenCause.REASONING_TEMPLATE,)),
        (lambda one: 16 * one.reasoning_turns, (TokenCause.REASONING_TEMPLATE,)),
        (lambda one: 8 * one.system, (TokenCause.MESSAGE_FRAME,)),
        (lambda one: 6 * one.system, (TokenCause.MESSAGE_FRAME,)),
        (lambda one: 40 - 40 * one.system, (TokenCause.SYSTEM_PROMPT,)),
        (lambda one: 40 - 4 * one.system, (TokenCause.SYSTEM_PROMPT,)),
        (lambda one: 20 * one.system - 20, (TokenCause.SHORTER_FRAME,)),
    ],
)
def test_small_sums_are_a_template_and_a_prompt_may_give_way_to_a_system_message(difference, causes):
    found = best(difference)
    assert (found.causes, found.explained) == (causes, 1.0)


@pytest.mark.slow
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
    assert found is None or found.explained < 0.95 or found.causes == (TokenCause.UNEXPLAINED,)
