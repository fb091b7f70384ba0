"""From how many pairs on a cause is named, what may contradict it, and what is stated where none is."""

import pytest

from shadow.identity.chat_template import template_difference
from shadow.identity.prompt_sample import TokenCause
from tests.shadow.identity.prompts import pair


def found(differences, **fields):
    """The cause for pairs with these differences; a field may be a function of the pair's place."""
    sizes = [1_000 + 97 * place % 3_001 for place in range(len(differences))]
    made = [
        pair(size, size + difference, **{name: value(place) for name, value in fields.items()})
        for place, (size, difference) in enumerate(zip(sizes, differences, strict=True))
    ]
    return template_difference(made)


def cause(differences, **fields):
    return found(differences, **fields).causes


@pytest.mark.parametrize(("pairs", "expected"), [(19, TokenCause.TOO_FEW), (20, TokenCause.SYSTEM_PROMPT)])
def test_twenty_pairs_are_enough(pairs, expected):
    assert cause([40] * pairs) == (expected,)


def test_too_few_pairs_are_counted_and_explain_nothing():
    few = found([40] * 19)
    assert (few.samples, few.explained, few.sentence) == (19, 0.0, "fewer than 20 pairs with both counts")


def test_newest_four_hundred_pairs_are_looked_at():
    newest = found([0] * 100 + [40] * 400)
    assert (newest.samples, newest.causes, newest.explained) == (400, (TokenCause.SYSTEM_PROMPT,), 1.0)


@pytest.mark.parametrize(("equal", "expected"), [(95, TokenCause.NONE), (94, TokenCause.UNEXPLAINED)])
def test_no_difference_in_95_of_100_pairs_is_none(equal, expected):
    same = found([0] * equal + [40] * (100 - equal))
    assert same.causes == (expected,)
    if expected is TokenCause.NONE:
        assert (same.explained, same.sentence) == (0.95, "both count the same prompt tokens")


@pytest.mark.parametrize(("kept", "expected"), [(95, TokenCause.SYSTEM_PROMPT), (94, TokenCause.UNEXPLAINED)])
def test_cause_must_explain_95_of_100_pairs(kept, expected):
    assert cause([40] * kept + [700] * (100 - kept)) == (expected,)


def test_cause_is_stated_with_its_share_of_the_pairs():
    named = found([40] * 97 + [700] * 3)
    assert (named.explained, named.samples) == (0.97, 100)
    assert named.sentence == "puts about 40 tokens before the messages (a hidden prompt); 97% of 100 pairs"


@pytest.mark.parametrize(("missed", "expected"), [(2, TokenCause.SYSTEM_PROMPT), (3, TokenCause.UNEXPLAINED)])
def test_cause_must_explain_eight_of_ten_pairs_of_each_kind(missed, expected):
    """Ten of 100 requests have reasoning; two or three of these are not explained."""
    assert cause([40] * (100 - missed) + [700] * missed, reasoning_turns=lambda place: int(place >= 90)) == (expected,)


@pytest.mark.parametrize(("single", "expected"), [(60, TokenCause.MESSAGE_FRAME), (61, TokenCause.UNEXPLAINED)])
def test_another_cause_of_more_than_six_in_ten_pairs_contradicts(single, expected):
    """Two tokens a message are two tokens a prompt where a request has one message."""
    messages = [1] * single + [2 + place % 3 for place in range(100 - single)]
    assert cause([2 * count for count in messages], messages=messages.__getitem__) == (expected,)


def test_difference_that_a_term_beyond_every_frame_explains_is_unexplained():
    assert cause([12 * (1 + place % 3) for place in range(60)], messages=lambda place: 1 + place % 3) == (TokenCause.UNEXPLAINED,)


def test_cause_may_be_missed_by_a_token_where_none_is_exact():
    near = found([40 + (-1, 0, 1, 0)[place % 4] for place in range(60)])
    assert (near.causes, near.explained) == ((TokenCause.SYSTEM_PROMPT,), 1.0)


@pytest.mark.parametrize(
    ("stub", "odd", "expected"),
    [
        (3, [], TokenCause.STUB),
        (3, [-1] * 5, TokenCause.STUB),
        (3, [-1] * 6, TokenCause.UNEXPLAINED),
        (3, [40] * 5, TokenCause.STUB),
        (3, [40] * 6, TokenCause.UNEXPLAINED),
        (4, [], TokenCause.UNEXPLAINED),
    ],
)
def test_stub_of_up_to_three_tokens_that_some_answers_count_is_no_fault(stub, odd, expected):
    differences = [stub * (place % 2) for place in range(100 - len(odd))] + odd
    stated = found(differences)
    assert stated.causes == (expected,)
    if expected is TokenCause.STUB:
        share = f"{1 - len(odd) / 100:.0%}"
        words = "the generation stub is counted by some of the provider's answers and not by others, which is no fault"
        assert (stated.sentence, stated.explained) == (f"{words}; {share} of 100 pairs", 1 - len(odd) / 100)


def test_unexplained_difference_is_stated_by_its_middle_and_how_many_pairs_have_one():
    unexplained = found([0] * 40 + [-500, -7, 300] * 20)
    assert (unexplained.causes, unexplained.explained) == ((TokenCause.UNEXPLAINED,), 0.0)
    assert unexplained.sentence == "unexplained: -7 tokens in the middle, in 60 of 100 pairs"
