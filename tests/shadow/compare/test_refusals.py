import pytest

from shadow.compare import refusals
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import call, choice, pair

CALLS = choice(calls=(call(),))


def test_refusals_are_compared_by_the_refusal_field():
    assert refusals.refusal(pair("a", "b")).state is FindingState.MATCH
    assert refusals.refusal(pair(choice(refusal="I cannot."), "b")).reason == "only the provider refuses"


@pytest.mark.parametrize("refusing", [choice("I'm sorry, but I can't help with that."), choice(refusal="no")])
def test_refusal_in_words_differs_like_one_in_its_field(refusing):
    assert refusals.refusal_in_words(pair(refusing, "Here it is.")).reason.startswith("only the provider refuses")
    assert refusals.refusal_in_words(pair(refusing, refusing)).state is FindingState.MATCH
    assert refusals.refusal_in_words(pair(choice("I cannot do that.", calls=(call(),)), CALLS)).state is FindingState.MATCH
