import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.measures.ask_back import asks_back
from tests.labelled.measure import LANGUAGES, score


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_rule_holds_what_it_was_made_for(language):
    right, wrong, missed = score("ask_back", language, "tuned")
    assert right / (right + wrong) >= 0.9
    assert right / (right + missed) >= 0.9


def test_an_offer_of_more_is_one_only_where_an_answer_stands_before_it():
    assert not asks_back("It is 18 degrees. Would you like the forecast as well?")
    assert asks_back("Would you like the forecast as well?")


def test_marks_around_the_question_do_not_hide_it():
    assert asks_back("**Which file?**")
    assert asks_back('I can do that. "Which branch?"\n')
    assert not asks_back("")


@given(st.text())
def test_any_text_is_classified_as_question_back_or_not(text):
    assert asks_back(text) in {True, False}


@pytest.mark.parametrize(("length", "found"), [(400, True), (401, False)])
def test_a_request_for_what_is_missing_is_looked_for_in_the_last_400_characters(length, found):
    begging = "please provide "
    assert asks_back(begging + "x" * (length - len(begging))) is found


@pytest.mark.parametrize(("text", "found"), [("Please provide it. Thanks.", True), ("Please provide it. Thanks. Bye.", False)])
def test_a_request_for_what_is_missing_is_one_of_the_last_two_sentences(text, found):
    assert asks_back(text) is found
