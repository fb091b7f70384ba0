import pytest

from shadow.compare import refusals
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import call, choice, pair, parts

CALLS = choice(calls=(call(),))


def test_refusals_are_compared_by_the_refusal_field():
    assert refusals.refusal(pair("a", "b")).state is FindingState.MATCH
    assert refusals.refusal(pair(choice(refusal="I cannot."), "b")).reason == "only the provider refuses"


@pytest.mark.parametrize("refusing", [choice("I'm sorry, but I can't help with that."), choice(refusal="no")])
def test_refusal_in_words_differs_like_one_in_its_field(refusing):
    assert refusals.refusal_in_words(pair(refusing, "Here it is.")).reason.startswith("only the provider refuses")
    assert refusals.refusal_in_words(pair(refusing, refusing)).state is FindingState.MATCH
    assert refusals.refusal_in_words(pair(choice("I cannot do that.", calls=(call(),)), CALLS)).state is FindingState.MATCH


def test_refusals_are_stated_in_their_order_by_field_and_by_words():
    field, words = choice(refusal="no"), choice("I'm sorry, but I can't help with that.")
    assert parts(refusals.refusal(pair(field, "b"))) == (
        *("refusal", "differ", 0.0, "refuses", "does not refuse"),
        "only the provider refuses",
    )
    assert refusals.refusal(pair("a", field)).reason == "only the reference refuses"
    assert parts(refusals.refusal(pair(words, "b"))) == ("refusal", "match", 1.0, "does not refuse", "does not refuse", "")
    found = refusals.refusal_in_words(pair("a", words))
    assert parts(found) == (
        *("refusal_words", "differ", 0.0, "does not refuse", "refuses"),
        "only the reference refuses, by the rule on its words",
    )
    assert parts(refusals.refusal_in_words(pair(field, words))) == ("refusal_words", "match", 1.0, "refuses", "refuses", "")


def test_answer_that_calls_a_tool_does_not_refuse_whatever_its_fields_hold():
    assert not refusals.refuses(choice(refusal="no", calls=(call(),)))
    assert refusals.refuses(choice(refusal="no"))
    assert not refusals.refuses(choice(None))
