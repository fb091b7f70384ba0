import pytest

from shadow.compare import text_and_length
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import call, choice, pair, parts

LONG = "The quick brown fox jumps over the lazy dog and runs away. " * 10


def test_equal_texts_match_and_different_ones_have_their_likeness():
    assert text_and_length.text(pair(LONG, LONG)).state is FindingState.MATCH
    found = text_and_length.text(pair(LONG, "Nothing of this kind was ever said by anyone here."))
    assert found.state is FindingState.DIFFER
    assert "similarity 0." in found.reason


def test_an_answer_that_writes_nothing_differs_from_one_that_does():
    found = text_and_length.text(pair(choice(""), LONG))
    assert (found.state, found.score) == (FindingState.DIFFER, 0)
    assert text_and_length.length(pair(choice(None), LONG)).state is FindingState.DIFFER


def test_a_call_or_a_refusal_instead_of_text_is_reported_elsewhere():
    found = text_and_length.text(pair(choice(calls=(call(),)), LONG))
    assert (found.state, found.reason) == (FindingState.NOT_COMPARABLE, "only the reference writes text")
    assert text_and_length.length(pair(LONG, choice(refusal="no"))).reason == "only the provider writes text"


def test_two_answers_without_text_leave_nothing_to_measure():
    assert text_and_length.text(pair(choice(calls=(call(),)), choice(None))).state is FindingState.NOT_MEASURED


def test_lengths_differ_beyond_twice_and_a_hundred_characters():
    assert text_and_length.length(pair("yes", "certainly not")).state is FindingState.MATCH
    assert text_and_length.length(pair("x" * 400, "x" * 700)).state is FindingState.MATCH
    found = text_and_length.length(pair("x" * 100, "x" * 300))
    assert (found.state, round(found.score, 2)) == (FindingState.DIFFER, 0.33)
    assert text_and_length.length(pair(choice("x" * 100, finish="length"), "x" * 300)).state is FindingState.NOT_COMPARABLE


def test_no_text_of_an_answer_is_kept_in_a_finding():
    found = text_and_length.text(pair("a secret word", "something else entirely"))
    assert "secret" not in f"{found}"


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [
        (100, 200, "match"),
        (100, 201, "differ"),
        (99, 199, "match"),
        (400, 800, "match"),
        (400, 801, "differ"),
        (801, 400, "differ"),
    ],
)
def test_lengths_match_at_twice_or_a_hundred_characters_and_differ_beside_it(one, other, state):
    assert text_and_length.length(pair("x" * one, "x" * other)).state == state


@pytest.mark.parametrize(("shared", "state"), [(8, "match"), (7, "differ")])
def test_texts_match_from_eight_tenths_of_their_words_on(shared, state):
    same = [f"w{number}" for number in range(shared)]
    one, other = (" ".join(same + [f"{side}{number}" for number in range(10 - shared)]) for side in "ab")
    assert text_and_length.text(pair(one, other)).state == state


def test_texts_and_lengths_are_stated_in_their_order_with_their_likeness():
    found = text_and_length.text(pair("one two three four", "five six"))
    assert parts(found)[:2] + parts(found)[3:] == (
        *("text", "differ", "18 characters", "8 characters"),
        f"similarity {found.score:.2f} is under 0.8",
    )
    same = text_and_length.text(pair("a b", "a b"))
    assert parts(same) == ("text", "match", 1.0, "3 characters", "3 characters", "")
    longer = text_and_length.length(pair("x" * 500, "x" * 200))
    reason = "500 characters against 200: beyond 2x and 100 characters"
    assert parts(longer) == ("length", "differ", 0.4, "500", "200", reason)
    near = text_and_length.length(pair("x" * 10, "x" * 40))
    assert parts(near) == ("length", "match", 0.25, "10", "40", "")


def test_length_of_a_cut_answer_is_shown_and_not_compared():
    found = text_and_length.length(pair("x" * 300, choice("x" * 100, finish="length")))
    reason = "the reference ended by a limit on length"
    assert parts(found) == ("length", "not_comparable", None, "300", "100", reason)


@pytest.mark.parametrize("blank", ["", " \n", None])
def test_blank_text_is_none_on_either_side(blank):
    for comparator in (text_and_length.text, text_and_length.length):
        assert comparator(pair(choice(blank), choice(blank))).reason == "neither answer writes any text"
        assert comparator(pair(LONG, choice(blank))).state is FindingState.DIFFER
        for other in (choice(blank, calls=(call(),)), choice(blank, refusal="no")):
            assert comparator(pair(LONG, other)).reason == "only the provider writes text"
            assert comparator(pair(other, LONG)).reason == "only the reference writes text"
    spoken = choice(LONG, calls=(call(),))
    assert text_and_length.text(pair(spoken, LONG)).state is FindingState.MATCH
