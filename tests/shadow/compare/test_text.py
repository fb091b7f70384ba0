from shadow.compare import text
from shadow.compare.finding import State
from tests.shadow.compare.made import call, choice, pair

LONG = "The quick brown fox jumps over the lazy dog and runs away. " * 10


def test_equal_texts_match_and_unlike_ones_say_how_unlike():
    assert text.text(pair(LONG, LONG)).state is State.MATCH
    found = text.text(pair(LONG, "Nothing of this kind was ever said by anyone here."))
    assert found.state is State.DIFFER
    assert "likeness 0." in found.reason


def test_an_answer_that_writes_nothing_differs_from_one_that_does():
    found = text.text(pair(choice(""), LONG))
    assert (found.state, found.score) == (State.DIFFER, 0)
    assert text.length(pair(choice(None), LONG)).state is State.DIFFER


def test_a_call_or_a_refusal_instead_of_text_is_told_elsewhere():
    found = text.text(pair(choice(calls=(call(),)), LONG))
    assert (found.state, found.reason) == (State.NOT_COMPARABLE, "only the reference writes text")
    assert text.length(pair(LONG, choice(refusal="no"))).reason == "only the provider writes text"


def test_two_answers_without_text_leave_nothing_to_measure():
    assert text.text(pair(choice(calls=(call(),)), choice(None))).state is State.NOT_MEASURED


def test_lengths_differ_beyond_twice_and_a_hundred_characters():
    assert text.length(pair("yes", "certainly not")).state is State.MATCH
    assert text.length(pair("x" * 400, "x" * 700)).state is State.MATCH
    found = text.length(pair("x" * 100, "x" * 300))
    assert (found.state, round(found.score, 2)) == (State.DIFFER, 0.33)
    assert text.length(pair(choice("x" * 100, finish="length"), "x" * 300)).state is State.NOT_COMPARABLE


def test_refusals_are_compared_by_the_refusal_field():
    assert text.refusal(pair("a", "b")).state is State.MATCH
    assert text.refusal(pair(choice(refusal="I cannot."), "b")).reason == "only the provider refuses"


def test_no_text_of_an_answer_is_kept_in_a_finding():
    found = text.text(pair("a secret word", "something else entirely"))
    assert "secret" not in f"{found}"
