import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.measures.refusal_in_words import refuses_in_words
from shadow.measures.refusal_phrases import REFUSAL_PHRASES
from tests.labelled.measure import LANGUAGES, PAGE, score, sentences, table


def test_the_labelled_set_is_large_and_holds_every_language_and_label():
    rows = sentences()
    assert len(rows) >= 300
    assert {(language, label) for language, _, label, _ in rows} == {
        (language, label) for language in LANGUAGES for label in ("refusal", "ask_back", "other")
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_rule_holds_what_it_was_made_for(language):
    right, wrong, missed = score("refusal", language, "tuned")
    assert right / (right + wrong) >= 0.9
    assert right / (right + missed) >= 0.7


def test_refusals_in_usual_words_that_the_rule_was_not_made_on_are_found_without_a_false_one():
    right, wrong, missed = score("refusal", "", "held_out")
    assert wrong == 0
    assert right / (right + missed) >= 0.85


def whole(text):
    opening = text[:300].lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return any(wording.pattern.search(opening) for wording in REFUSAL_PHRASES)


def test_what_is_looked_for_first_changes_no_answer():
    assert [text for *_, text in sentences() if refuses_in_words(text) != whole(text)] == []


def test_the_published_figures_are_the_measured_ones():
    assert table() in PAGE.read_text(encoding="utf-8")


def test_a_refusal_after_an_answer_is_none():
    assert not refuses_in_words("Here is the list. " * 30 + "I cannot help with the rest.")


@given(st.text())
def test_any_text_either_refuses_or_does_not(text):
    assert refuses_in_words(text) in {True, False}


@given(
    st.lists(
        st.sampled_from([part for wording in REFUSAL_PHRASES for part in wording.holds] + ["i ", " \u2014 ", "I\u2019m ", "x"])
    )
)
def test_openings_in_ascii_and_beyond_are_judged_by_the_same_patterns(parts):
    assert refuses_in_words("".join(parts)) == whole("".join(parts))


@pytest.mark.parametrize(("length", "found"), [(300, True), (301, False)])
def test_a_refusal_is_looked_for_in_the_first_300_characters(length, found):
    refusal = "i cannot"
    assert refuses_in_words("-" * (length - len(refusal)) + refusal) is found
