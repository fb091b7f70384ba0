import re

from hypothesis import given
from hypothesis import strategies as st

from shadow.measures.refusal_phrases import REFUSAL_PHRASES
from tests.labelled.measure import sentences

TEXTS = [text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'") for *_, text in sentences()]
PIECES = sorted({part for text in TEXTS for part in re.findall(r"\w+'?\w*|[^\w\s]|我.{0,6}", text)})
HELD = sorted({part for wording in REFUSAL_PHRASES for part in wording.holds})


def missed(text):
    return [
        wording.holds for wording in REFUSAL_PHRASES if wording.pattern.search(text) and not any(p in text for p in wording.holds)
    ]


def test_every_wording_is_met_by_a_labelled_sentence():
    assert [wording.holds for wording in REFUSAL_PHRASES if not any(wording.pattern.search(text) for text in TEXTS)] == []


def test_no_wording_matches_a_labelled_sentence_without_the_letters_that_are_looked_for_first():
    assert [found for text in TEXTS if (found := missed(text))] == []


@given(
    st.lists(st.sampled_from(TEXTS) | st.sampled_from(PIECES) | st.sampled_from(HELD), max_size=12),
    st.sampled_from(["", " ", ", "]),
)
def test_the_quick_search_misses_no_phrase_in_a_text_made_of_their_words(parts, between):
    assert missed(between.join(parts)) == []


@given(st.data())
def test_the_quick_search_misses_no_phrase_in_a_sentence_that_was_cut_or_changed(data):
    text = data.draw(st.sampled_from(TEXTS))
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    assert missed(text[:start] + data.draw(st.sampled_from(["", " ", *PIECES])) + text[end:]) == []
    assert missed(text[start:end]) == []
