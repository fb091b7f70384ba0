"""Words for the tokens that are more: in proportion only where a factor holds for every kind of request, and nothing else."""

import random

import pytest

from shadow.identity.extra_tokens import ExtraShape, extra_completion_tokens, extra_prompt_tokens
from shadow.identity.prompt_sample import PromptSample
from tests.shadow.identity.prompts import Server, samples


def sample(size, more=0, *, tools=0, messages=1, **others):
    counts = dict.fromkeys(PromptSample.__slots__, 0)
    counts |= {"messages": messages, "tools": tools, "tool_characters": 900 * tools, "schema_characters": 500 * tools}
    counts |= {"text_characters": 4 * size, "provider_tokens": size + more, "reference_tokens": size}
    return PromptSample(**(counts | others))


def sizes(count, seed=1):
    draw = random.Random(seed)
    return [max(300, int(draw.lognormvariate(7.3, 0.9))) for _ in range(count)]


def mixed(more, *, count=160, seed=1):
    """Requests with tools in two of five, of one to six messages; `more` returns the tokens on top."""
    draw = random.Random(seed)
    made = [sample(size, 0, tools=draw.choice((0, 0, 0, 1, 3)), messages=draw.randint(1, 6)) for size in sizes(count)]
    return [PromptSample(**{**_fields(one), "provider_tokens": one.reference_tokens + int(more(draw, one))}) for one in made]


def _fields(one):
    return {name: getattr(one, name) for name in PromptSample.__slots__}


@pytest.mark.slow
@pytest.mark.parametrize(("factor", "words"), [(1.01, "1.0% more"), (1.02, "2.0% more"), (1.3, "30.0% more")])
def test_a_factor_on_every_prompt_is_in_proportion(factor, words):
    found = extra_prompt_tokens(samples(Server(factor=factor), count=120))
    assert found.shape is ExtraShape.PROPORTION
    assert found.phrase.startswith(f"{words} tokens than the reference counts for the same words (")
    assert found.phrase.endswith(f"{found.requests} requests, in proportion to length)")
    assert found.share == pytest.approx(factor - 1, abs=0.001)


def test_a_factor_beside_a_constant_is_in_proportion_where_it_is_the_larger_part():
    found = extra_prompt_tokens(mixed(lambda _, one: 5 + 0.02 * one.reference_tokens))
    assert found.shape is ExtraShape.PROPORTION


@pytest.mark.parametrize("tokens", [6, 7, 25])
def test_the_same_number_on_every_prompt_is_another_template(tokens):
    found = extra_prompt_tokens(mixed(lambda *_: tokens))
    assert found.shape in {ExtraShape.CONSTANT, ExtraShape.TEMPLATE}
    assert f"{tokens} tokens more" in found.phrase
    assert "template" in found.phrase or "hidden prompt" in found.phrase


def test_tools_rendered_longer_are_named_by_the_requests_that_have_them():
    found = extra_prompt_tokens(mixed(lambda _, one: 60 if one.tools else 0))
    assert found.shape in {ExtraShape.KIND, ExtraShape.TEMPLATE}
    assert "tools" in found.phrase


@pytest.mark.slow
@pytest.mark.parametrize(
    "provider",
    [
        Server(hidden="You are a helpful model of the year."),
        Server(frame="<|im_start|>{role}\n\n- {text}<|im_end|>\n"),
        Server(frame="<|im_start|>{role}\na b c d e f g h i j {text}<|im_end|>\n"),
        Server(tools="wordy"),
        Server(preamble="# Tools\n" + "you may call " * 20),
        Server(default="You are a helpful assistant of somebody."),
    ],
    ids=["hidden prompt", "frame of a message", "long frame of a message", "tools", "preamble of tools", "default prompt"],
)
def test_another_template_is_never_in_proportion(provider):
    found = extra_prompt_tokens(samples(provider, count=120))
    assert found.shape in {ExtraShape.TEMPLATE, ExtraShape.KIND, ExtraShape.UNEXPLAINED}
    assert "in proportion" not in found.phrase


def test_tokens_that_grow_with_the_messages_are_another_template():
    found = extra_prompt_tokens(mixed(lambda _, one: 30 * one.messages))
    assert found.shape is ExtraShape.TEMPLATE
    assert found.phrase.endswith("growing with the number of messages: another template")


def test_long_prompts_alone_are_named_by_their_length():
    found = extra_prompt_tokens(mixed(lambda _, one: 0.02 * one.reference_tokens if one.reference_tokens >= 4_000 else 0))
    assert found.shape is ExtraShape.KIND
    assert "in requests of 4,000 tokens and more" in found.phrase
    assert found.phrase.startswith("2.0% more")


@pytest.mark.parametrize("seed", range(6))
def test_more_in_a_tenth_of_requests_without_a_kind_is_stated_as_not_known(seed):
    made = mixed(lambda draw, one: 0.2 * one.reference_tokens if draw.random() < 0.1 else 0, count=300, seed=seed)
    found = extra_prompt_tokens(made)
    assert found.shape is ExtraShape.UNEXPLAINED
    assert found.phrase.startswith("20.0% more tokens")
    assert found.phrase.endswith("what these have in common is not known")


def test_requests_of_one_size_cannot_distinguish_a_factor_from_a_constant():
    found = extra_prompt_tokens([sample(1_000 + place % 100, 20) for place in range(60)])
    assert found.shape is ExtraShape.ALIKE
    assert found.phrase.startswith("about 20 tokens (1.9%) more a request")


@pytest.mark.parametrize(("pairs", "shape"), [(19, ExtraShape.TOO_FEW), (20, ExtraShape.PROPORTION)])
def test_twenty_requests_are_enough(pairs, shape):
    assert extra_prompt_tokens([sample(size, round(0.05 * size)) for size in sizes(pairs)]).shape is shape


def test_counts_within_the_tolerance_are_none_more():
    found = extra_prompt_tokens([sample(size, 3) for size in sizes(30)])
    assert (found.shape, found.phrase) == (
        ExtraShape.NONE,
        "none more than the reference counts for the same words (30 requests)",
    )


def test_small_prompts_do_not_count():
    assert extra_prompt_tokens([sample(299, 50) for _ in range(40)]).shape is ExtraShape.TOO_FEW


def test_completions_count_only_where_the_words_are_equal():
    equal = [sample(size, same_text=1, provider_completion=round(1.02 * size), reference_completion=size) for size in sizes(60)]
    others = [sample(size, provider_completion=2 * size, reference_completion=size) for size in sizes(60)]
    found = extra_completion_tokens([*equal, *others])
    assert (found.shape, found.requests) == (ExtraShape.PROPORTION, 60)
    assert extra_completion_tokens(others).shape is ExtraShape.TOO_FEW
