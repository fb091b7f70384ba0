import math

import pytest
from hypothesis import strategies as st

from shadow.compare import tokens_per_character
from shadow.findings.finding import FindingState
from shadow.reading.completion import Logprob, Usage
from tests.shadow.compare.made import WEATHER, answer, ask, call, choice, completion, pair, parts

TOOLS = [{"type": "function", "function": {"name": WEATHER.name, "description": "x" * 300, "parameters": WEATHER.schema}}]
OFFERED = ask(body={"tools": TOOLS})


def billed(text, count, reasoning_tokens=None, reasoning=None):
    said = completion(choice(text, reasoning=reasoning))
    usage = Usage(
        prompt_tokens=9, completion_tokens=count, total_tokens=None, reasoning_tokens=reasoning_tokens, cached_tokens=None
    )
    return answer(said._replace(usage=usage))


def likely(*pairs):
    return answer(choice("ab")._replace(logprobs=tuple(Logprob(token=token, logprob=value) for token, value in pairs)))


def counted(prompt, other):
    return [answer(completion(choice("a"), tokens=(count, 1))) for count in (prompt, other)]


def test_density_counts_everything_that_was_sent_and_takes_hidden_reasoning_off():
    assert tokens_per_character.density(billed("x" * 400, 100)) == 0.25
    assert tokens_per_character.density(billed("x" * 400, 600, reasoning_tokens=500)) == 0.25
    assert tokens_per_character.density(billed("x" * 200, 100, reasoning_tokens=50, reasoning="y" * 200)) == 0.25
    assert tokens_per_character.density(billed("short", 2)) is None
    calls = choice(calls=(call("f", '{"a": "' + "x" * 300 + '"}'),))
    assert tokens_per_character.density(answer(completion(calls, tokens=(1, 80)))) == pytest.approx(80 / 310)


def test_tokens_per_character_differ_below_a_ratio_of_three_quarters():
    found = tokens_per_character.tokens_per_character(pair(billed("x" * 400, 160), billed("y" * 400, 100)))
    assert (found.state, found.subject, found.reference) == (FindingState.DIFFER, "0.400", "0.250")
    assert (
        tokens_per_character.tokens_per_character(pair(billed("x" * 400, 110), billed("y" * 400, 100))).state
        is FindingState.MATCH
    )
    assert (
        "the reference sent under 200"
        in tokens_per_character.tokens_per_character(pair(billed("x" * 400, 1), billed("y", 1))).reason
    )


ODD = st.sampled_from(["\ud83d", 1e-7, 1e16, math.nan, math.inf, None, 2**70, 'a"\\\n\x01\x7f', "\u00e9\U0001f600"])
VALUES = st.recursive(
    st.text(max_size=5) | ODD | st.floats() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(("characters", "measured"), [(200, True), (199, False)])
def test_tokens_per_character_are_measured_from_200_characters_on(characters, measured):
    assert (tokens_per_character.density(billed("x" * characters, 50)) is not None) == measured


@pytest.mark.parametrize(("tokens", "state"), [(100, "match"), (101, "differ")])
def test_tokens_per_character_match_at_three_quarters(tokens, state):
    found = tokens_per_character.tokens_per_character(pair(billed("x" * 400, 75), billed("y" * 400, tokens)))
    assert found.state == state


def test_density_is_stated_in_its_order_with_the_ratio():
    found = tokens_per_character.tokens_per_character(pair(billed("x" * 400, 100), billed("y" * 400, 200)))
    reason = "0.250 tokens per character against 0.500: another tokenizer, or tokens billed that were not sent"
    assert parts(found) == ("tokens_per_character", "differ", 0.5, "0.250", "0.500", reason)


def test_sides_without_a_density_are_named():
    whole, short = billed("x" * 400, 100), billed("x", 1)
    for one, other, who in (
        (short, whole, "the provider"),
        (whole, short, "the reference"),
        (short, short, "the provider and the reference"),
    ):
        found = tokens_per_character.tokens_per_character(pair(one, other))
        assert found.reason == f"{who} sent under 200 characters, or no count of their tokens"


@pytest.mark.parametrize(
    ("made", "density"),
    [
        (billed("x" * 400, None), None),
        (answer(completion(choice("x" * 400), tokens=None)), None),
        (billed("x" * 400, 0), None),
        (billed("x" * 400, 50, reasoning_tokens=50), None),
        (billed("x" * 400, 51, reasoning_tokens=50), 1 / 400),
        (billed("x" * 400, 40, reasoning_tokens=50), None),
        (billed(None, 100, reasoning="y" * 400), 0.25),
        (answer(completion(choice("x" * 400))._replace(choices=(choice("x" * 400),) * 2)), None),
    ],
)
def test_density_needs_one_choice_and_more_tokens_than_the_hidden_reasoning(made, density):
    assert tokens_per_character.density(made) == density
