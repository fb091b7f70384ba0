"""Each description of additional tokens: its words and figures, the bound of its conditions, and the value beside it."""

import pytest

from shadow.identity.extra_tokens import ExtraShape, extra_completion_tokens, extra_prompt_tokens
from tests.shadow.identity.prompts import pair

SAME = "than the reference counts for the same words"
SIZES = [400 + 40 * place for place in range(100)]
"""100 sizes from 400 to 4,360 tokens; 2,380 in the middle."""
UNEVEN = (5, 20, 150)
"""Tokens on top that no size explains: 20 in the middle."""


def described(more, sizes=SIZES, **fields):
    """Requests with so many tokens on top of the prompt by their place; a field may be a function of the place too."""
    made = [
        pair(size, size + round(more(place, size)), **{name: _at(value, place) for name, value in fields.items()})
        for place, size in enumerate(sizes)
    ]
    return extra_prompt_tokens(made)


def _at(value, place):
    return value(place) if callable(value) else value


def every(step, of=1):
    """1 in every so many requests, else 0, in an order that has nothing to do with their size."""
    return lambda place: int(place * 7 % step < of)


def test_factor_is_described_with_its_share_and_the_tokens_of_the_middle_request():
    found = described(lambda _, size: 0.05 * size)
    assert (found.shape, found.requests) == (ExtraShape.PROPORTION, 100)
    assert (found.share, found.tokens) == (pytest.approx(0.05), pytest.approx(119))
    assert found.phrase == f"5.0% more tokens {SAME} (100 requests, in proportion to length)"


def test_newest_four_hundred_requests_are_described():
    made = [pair(size, 2 * size) for size in SIZES] + [pair(size, round(1.05 * size)) for size in SIZES * 4]
    found = extra_prompt_tokens(made)
    assert (found.requests, found.share) == (400, pytest.approx(0.05))


def test_too_few_requests_are_counted_and_none_at_all_have_no_share():
    assert described(lambda *_: 50, SIZES[:19]).phrase == "19 of 20 comparable requests"
    none = extra_prompt_tokens([])
    assert (none.shape, none.requests, none.share, none.tokens) == (ExtraShape.TOO_FEW, 0, 0.0, 0.0)


@pytest.mark.parametrize(("constant", "is_factor"), [(44, True), (52, False)])
def test_factor_must_be_more_than_the_constant_beside_it_in_the_middle_request(constant, is_factor):
    """Two per cent of the middle request are 48 tokens."""
    found = described(lambda _, size: constant + 0.02 * size)
    assert (found.shape is ExtraShape.PROPORTION) is is_factor


TEN_IN_EACH_HALF = {*range(0, 100, 5)}
ELEVEN_IN_EACH_HALF = {*TEN_IN_EACH_HALF, 1, 51}
TWELVE_IN_THE_LARGE_HALF = {*range(52, 100, 4)}


@pytest.mark.parametrize(
    ("without", "is_factor"), [(TEN_IN_EACH_HALF, True), (ELEVEN_IN_EACH_HALF, False), (TWELVE_IN_THE_LARGE_HALF, False)]
)
def test_factor_must_hold_for_four_of_five_requests_of_each_half(without, is_factor):
    found = described(lambda place, size: 0 if place in without else 0.05 * size)
    assert (found.shape is ExtraShape.PROPORTION) is is_factor


@pytest.mark.parametrize(("part", "is_factor"), [(0.3, True), (0.2, False)])
def test_request_keeps_to_a_factor_from_a_quarter_of_its_tokens(part, is_factor):
    low = every(3)
    found = described(lambda place, size: 0.08 * size * (part if low(place) else 1))
    assert (found.shape is ExtraShape.PROPORTION) is is_factor


def test_less_than_half_a_per_cent_beside_a_constant_is_no_factor():
    found = described(lambda place, size: 1 + 0.004 * size + 20 * (place % 25 == 0))
    assert found.shape is not ExtraShape.PROPORTION


@pytest.mark.parametrize(("largest", "shape"), [(1_250, ExtraShape.ALIKE), (1_260, ExtraShape.PROPORTION)])
def test_sizes_up_to_a_quarter_apart_are_alike(largest, shape):
    found = described(lambda _, size: 0.05 * size, [1_000, largest] * 30)
    assert found.shape is shape


def test_sizes_that_are_alike_state_tokens_and_share_of_the_request():
    found = described(lambda *_: 50, [1_000] * 60)
    assert found.phrase == (
        f"about 50 tokens (5.0%) more a request {SAME} "
        "(60 requests of nearly one size, so that a factor and a constant cannot be distinguished)"
    )
    assert (found.tokens, found.share) == (50, 0.05)


def test_largest_and_smallest_tenth_of_the_sizes_do_not_count_for_whether_they_are_alike():
    assert described(lambda *_: 50, [300] * 5 + [1_000] * 90 + [9_000] * 5).shape is ExtraShape.ALIKE
    assert described(lambda *_: 50, [300] * 12 + [1_000] * 76 + [9_000] * 12).shape is not ExtraShape.ALIKE


def test_difference_that_a_template_explains_is_described_by_its_cause():
    found = described(lambda place, _: 40 * every(2)(place), system=lambda place: 1 - every(2)(place))
    assert found.shape is ExtraShape.TEMPLATE
    assert found.phrase == (
        f"20 tokens more in the mean request {SAME}: puts about 40 tokens before the messages (a hidden prompt), "
        "0 where the request has a system message; 100% of 100 pairs"
    )


@pytest.mark.parametrize(("miss", "shape"), [(2, ExtraShape.CONSTANT), (3, ExtraShape.UNEXPLAINED)])
def test_constant_may_be_missed_by_a_tenth(miss, shape):
    found = described(lambda place, _: 25 + miss * (place * 7 % 3 - 1))
    assert found.shape is shape
    if shape is ExtraShape.CONSTANT:
        assert found.phrase == f"25 tokens more a request {SAME} (100 requests): another template"


@pytest.mark.parametrize(
    ("without", "is_constant"), [(TEN_IN_EACH_HALF, True), (ELEVEN_IN_EACH_HALF, False), (TWELVE_IN_THE_LARGE_HALF, False)]
)
def test_constant_must_stand_in_four_of_five_requests_of_each_half(without, is_constant):
    found = described(lambda place, _: 0 if place in without else 7)
    assert (found.shape is ExtraShape.CONSTANT) is is_constant


def test_fewer_tokens_in_most_requests_are_no_constant_of_more():
    assert described(lambda place, _: 60 if place * 7 % 20 == 0 else -12 + place % 3).shape is ExtraShape.UNEXPLAINED


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("messages", "the number of messages"),
        ("tools", "the number of tools"),
        ("tool_characters", "the size of the tools"),
        ("reasoning_turns", "the number of earlier reasoning turns"),
    ],
)
def test_tokens_that_grow_with_another_size_are_another_template_named_by_it(field, words):
    amounts = {field: lambda place: place * 7 % 5}
    found = described(lambda place, _: 50 * (place * 7 % 5) + 4 * (place % 3 - 1), **amounts)
    assert found.shape is ExtraShape.TEMPLATE
    assert found.phrase == f"100 tokens more in the mean request {SAME} (100 requests), growing with {words}: another template"


def test_tokens_that_stand_beside_a_system_message_grow_with_it():
    found = described(lambda place, _: (30 + place % 9) * every(2)(place), system=every(2))
    assert found.phrase.endswith("growing with a system message: another template")


def test_tokens_that_become_fewer_with_another_size_do_not_grow_with_it():
    found = described(lambda place, _: 300 - 50 * (place * 7 % 5), messages=lambda place: place * 7 % 5)
    assert found.shape is not ExtraShape.TEMPLATE


def uneven(inside):
    """Tokens on top in some requests alone, in amounts that no size explains."""
    return lambda place, size: UNEVEN[place % 3] if inside(place, size) else 0


KINDS = {
    "with tools": (lambda place, _: every(4)(place), {"tools": every(4)}),
    "without tools": (lambda place, _: not every(4, 3)(place), {"tools": every(4, 3)}),
    "with a system message": (lambda place, _: every(4)(place), {"system": every(4)}),
    "without a system message": (lambda place, _: not every(4, 3)(place), {"system": every(4, 3)}),
    "with earlier reasoning": (lambda place, _: every(4)(place), {"reasoning_turns": every(4)}),
    "of three messages and more": (lambda place, _: every(4)(place), {"messages": lambda place: 2 + every(4)(place)}),
    "under 1,000 tokens": (lambda _, size: size < 1_000, {}),
    "of 1,000 tokens and more": (lambda _, size: size >= 1_000, {}),
    "of 4,000 tokens and more": (lambda _, size: size >= 4_000, {}),
}


@pytest.mark.parametrize("name", KINDS)
def test_kind_of_request_that_has_all_additional_tokens_is_named_with_how_many_there_are(name):
    inside, fields = KINDS[name]
    found = described(uneven(inside), **fields)
    count = sum(bool(inside(place, size)) for place, size in enumerate(SIZES))
    assert found.shape is ExtraShape.KIND
    assert found.phrase == f"about 20 tokens more a request {SAME}, in requests {name} ({count} of 100)"


def test_prompts_of_16_000_tokens_and_more_are_a_kind_by_themselves():
    sizes = [2_000 + 200 * place for place in range(100)]
    found = described(uneven(lambda _, size: size >= 16_000), sizes)
    assert found.phrase.endswith("in requests of 16,000 tokens and more (30 of 100)")


@pytest.mark.parametrize(("count", "shape"), [(10, ExtraShape.KIND), (9, ExtraShape.UNEXPLAINED)])
def test_kind_of_ten_requests_is_large_enough(count, shape):
    chosen = {place * 7 % 100 for place in range(count)}
    found = described(uneven(lambda place, _: place in chosen), tools=lambda place: int(place in chosen))
    assert found.shape is shape


@pytest.mark.parametrize(("elsewhere", "shape"), [(15, ExtraShape.KIND), (16, ExtraShape.UNEXPLAINED)])
def test_kind_must_have_nine_tenths_of_the_additional_tokens(elsewhere, shape):
    """The 25 requests with tools have 1,405 of them, so that 156 may stand in others, of which there are ten here."""
    amounts = {place: UNEVEN[number % 3] for number, place in enumerate(range(0, 100, 4))}
    amounts |= dict.fromkeys(range(1, 100, 10), elsewhere)
    assert described(lambda place, _: amounts.get(place, 0), tools=every(4)).shape is shape


def test_kind_in_which_few_requests_have_more_is_no_cause():
    found = described(lambda place, _: 150 if every(8)(place) else 0, tools=every(4, 3))
    assert found.shape is ExtraShape.UNEXPLAINED
    assert found.phrase == (
        f"6.5% more tokens {SAME} in {sum(map(every(8), range(100)))} of 100 requests; what these have in common is not known"
    )


@pytest.mark.parametrize(("tokens", "requests"), [(100, 40), (99, 0)])
def test_equal_answers_count_from_a_hundred_tokens(tokens, requests):
    answers = [pair(9, same_text=1, provider_completion=2 * tokens, reference_completion=tokens) for _ in range(40)]
    assert extra_completion_tokens(answers).requests == requests


def test_answer_without_a_count_of_the_provider_is_not_compared():
    answers = [pair(9, same_text=1, provider_completion=0, reference_completion=500) for _ in range(40)]
    assert extra_completion_tokens(answers).requests == 0


def test_newest_four_hundred_equal_answers_are_described():
    answers = [pair(9, same_text=1, provider_completion=size, reference_completion=size) for size in SIZES * 5]
    assert extra_completion_tokens(answers).requests == 400


def test_small_constant_may_be_missed_by_a_token():
    assert described(lambda place, _: 5 + (place * 7 % 3 - 1)).shape is ExtraShape.CONSTANT


def test_smallest_of_several_kinds_that_have_all_additional_tokens_is_named():
    inside = {*range(0, 100, 5)}
    found = described(
        uneven(lambda place, _: place in inside),
        messages=lambda place: 3 if place in inside else 1,
        tools=lambda place: int(place in inside or place % 20 == 1),
    )
    assert found.phrase.endswith("in requests of three messages and more (20 of 100)")


def test_factor_that_another_size_explains_as_well_is_none():
    found = described(lambda _, size: 0.05 * size, messages=lambda place: 10 + place)
    assert found.shape is not ExtraShape.PROPORTION
