"""Which sums of whole numbers are named, and how: the sentence, the bound of each term, and the one beside it."""

from dataclasses import replace

import pytest

from shadow.identity.frame_terms import frame_explanations
from shadow.identity.prompt_sample import TokenCause
from tests.shadow.identity.prompts import pair

MADE = [
    pair(1_000, messages=1 + place % 4, system=place // 4 % 2, tools=place // 8 % 3, reasoning_turns=place // 24 % 2)
    for place in range(96)
]
"""Each mixture of one to four messages, a system message, up to two tools and a reasoning turn, twice."""


def found(difference, made=MADE, near=0.0):
    return [*frame_explanations([replace(one, provider_tokens=1_000 + difference(one)) for one in made], near)]


def best(difference, **more):
    return max(found(difference, **more), key=lambda one: one.explained)


@pytest.mark.parametrize(
    ("difference", "cause", "sentence"),
    [
        (lambda _: 0, TokenCause.NONE, "both count the same prompt tokens"),
        (
            lambda _: -1,
            TokenCause.SHORTER_FRAME,
            "1 tokens that the reference puts into every prompt are missing: a start, a default prompt",
        ),
        (
            lambda _: 1,
            TokenCause.STUB,
            "the provider counts the generation stub (+1), or the reference does not, which is no fault",
        ),
        (lambda _: 4, TokenCause.CONSTANT, "4 tokens more in every prompt: another constant of the template"),
        (lambda _: 9, TokenCause.SYSTEM_PROMPT, "puts about 9 tokens before the messages (a hidden prompt)"),
        (lambda one: 2 * one.messages, TokenCause.MESSAGE_FRAME, "another chat template (difference = +2 a message)"),
        (lambda one: -5 * one.tools, TokenCause.TOOLS_TEMPLATE, "another chat template (difference = -5 a tool)"),
        (
            lambda one: 3 - 2 * one.system,
            TokenCause.MESSAGE_FRAME,
            "another chat template (difference = +3 -2 with a system message)",
        ),
        (
            lambda one: 4 * one.reasoning_turns,
            TokenCause.REASONING_TEMPLATE,
            "another chat template (difference = +4 a reasoning turn)",
        ),
        (
            lambda one: 40 - 30 * one.system,
            TokenCause.SYSTEM_PROMPT,
            "puts about 40 tokens before the messages (a hidden prompt), 10 where the request has a system message",
        ),
        (
            lambda one: 20 * one.system - 20,
            TokenCause.SHORTER_FRAME,
            "20 tokens that the reference puts into prompts without a system message are missing: a default prompt",
        ),
    ],
)
def test_sum_that_explains_every_pair_is_stated_in_tokens(difference, cause, sentence):
    made = best(difference)
    assert (made.causes, made.explained, made.sentence) == ((cause,), 1.0, sentence)


@pytest.mark.parametrize(
    "difference",
    [
        lambda one: 9 * one.system,
        lambda one: 12 * one.system,
        lambda one: 12 * one.messages,
        lambda one: 24 * one.tools,
        lambda one: -24 * one.reasoning_turns,
    ],
)
def test_term_up_to_half_beyond_any_known_frame_is_unexplained_and_excludes_other_causes(difference):
    made = best(difference)
    assert (made.causes, made.explained, made.sentence) == ((TokenCause.UNEXPLAINED,), 1.0, "")


@pytest.mark.parametrize(
    "difference",
    [
        lambda one: 13 * one.messages,
        lambda one: 25 * one.tools,
        lambda one: 25 * one.reasoning_turns,
        lambda one: 13 * one.system,
        lambda one: 20 * one.system - 19,
        lambda one: 20 * one.system - 21 if one.system else -21 + one.messages,
    ],
)
def test_term_further_beyond_explains_nothing(difference):
    assert all(one.explained < 1.0 for one in found(difference))


def test_term_of_no_tokens_is_no_part_of_a_sum():
    sentences = [one.sentence for one in found(lambda one: 2 * one.messages - 4 * one.tools)]
    assert "another chat template (difference = +2 a message -4 a tool)" in sentences
    assert not any("+0" in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("without", "beside", "cause"),
    [
        (9, 0, TokenCause.SYSTEM_PROMPT),
        (9, 8, TokenCause.SYSTEM_PROMPT),
        (8, 1, TokenCause.MESSAGE_FRAME),
        (-9, 0, TokenCause.SHORTER_FRAME),
        (-9, -8, TokenCause.SHORTER_FRAME),
        (-8, -1, TokenCause.MESSAGE_FRAME),
    ],
)
def test_constant_beyond_a_frame_is_a_prompt_that_a_system_message_replaces_or_shortens(without, beside, cause):
    made = best(lambda one: beside if one.system else without)
    assert (made.causes, made.explained) == ((cause,), 1.0)


@pytest.mark.parametrize(("without", "beside"), [(9, 10), (9, -1), (-9, -10), (-9, 1)])
def test_prompt_that_a_system_message_makes_longer_or_reverses_has_no_cause(without, beside):
    assert all(one.explained < 1.0 for one in found(lambda one: beside if one.system else without))


@pytest.mark.parametrize(("near", "explained"), [(1.0, 1.0), (0.0, 0.75)])
def test_pair_is_explained_within_the_tokens_that_are_given(near, explained):
    made = best(lambda one: 5 + (one.messages == 4), near=near)
    assert (made.causes, made.explained) == ((TokenCause.CONSTANT,), explained)
