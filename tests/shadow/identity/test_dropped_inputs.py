"""Tools and reasoning that do not reach the model are found by the reference's counts for them."""

from dataclasses import replace

import pytest

from shadow.identity.dropped_inputs import changed_tools, dropped_reasoning
from shadow.identity.prompt_sample import TokenCause
from tests.shadow.identity.prompts import Server, Traffic, samples

MADE = samples(Server(tools="none"), seed=2)


def causes(found):
    return [cause for one in found if one.explained >= 0.95 for cause in one.causes]


def partly(share):
    """A part of what the tools cost is missing."""
    return [replace(one, provider_tokens=one.reference_tokens + round(share * one.difference)) for one in MADE]


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (1.0, [TokenCause.TOOLS_DROPPED]),
        (0.75, [TokenCause.SCHEMAS_SHORTENED]),
        (0.4, [TokenCause.SCHEMAS_SHORTENED]),
        (0.89, []),
        (0.0, []),
        (-0.2, [TokenCause.TOOLS_TEMPLATE]),
    ],
)
def test_missing_share_of_the_cost_distinguishes_the_whole_from_a_part(share, expected):
    assert causes(changed_tools(partly(share))) == expected


def test_the_same_for_every_list_of_tools_is_no_part_of_them():
    flat = [replace(one, provider_tokens=one.reference_tokens - 150 * (one.tools > 0)) for one in MADE]
    assert causes(changed_tools(flat)) == []


def test_a_difference_without_tools_is_not_the_tools():
    assert causes(changed_tools([replace(one, provider_tokens=one.provider_tokens + 9) for one in MADE])) == []


@pytest.mark.slow
def test_without_requests_of_both_kinds_nothing_is_reported():
    assert causes(changed_tools(samples(Server(tools="none"), traffic=Traffic(tools=0.0)))) == []
    assert causes(changed_tools(samples(Server(tools="none"), traffic=Traffic(tools=1.0)))) == [TokenCause.UNEXPLAINED]
    assert causes(dropped_reasoning(samples(Server(reasoning=False), traffic=Traffic(reasoning=0.0)))) == []


def test_reasoning_is_missed_turn_by_turn():
    made = samples(Server(reasoning=False))
    assert causes(dropped_reasoning(made)) == [TokenCause.REASONING_DROPPED]
    assert causes(dropped_reasoning([replace(one, provider_tokens=one.provider_tokens + 9) for one in made])) == []
    half = [replace(one, provider_tokens=one.reference_tokens + one.difference // 4) for one in made]
    assert causes(dropped_reasoning(half)) == []
