"""What a note quotes is bounded, and can be encoded."""

import pytest

from shadow.reading.completion import Unread, UnreadReason
from shadow.reading.response_notes import kept_notes, unread, word


@pytest.mark.parametrize(("noticed", "kept"), [(0, 0), (19, 19), (20, 20), (21, 20)])
def test_of_many_notes_the_first_twenty_are_kept(noticed, kept):
    notes = [f"note {number}" for number in range(noticed)]
    assert kept_notes(dict.fromkeys(notes)) == tuple(notes[:kept])


@pytest.mark.parametrize(("given", "quoted"), [("a" * 80, "a" * 80), ("a" * 81, "a" * 80), ("\ud83d", "\ufffd"), ("", "")])
def test_a_word_is_quoted_up_to_80_characters(given, quoted):
    assert word(given) == quoted


@pytest.mark.parametrize(("given", "quoted"), [(3, "3"), (None, "None"), (["a" * 90], "['" + "a" * 78)])
def test_what_is_no_text_is_quoted_by_its_repr(given, quoted):
    assert word(given) == quoted


@pytest.mark.parametrize(("length", "kept"), [(300, 300), (301, 300)])
def test_the_detail_of_what_could_not_be_read_has_300_characters_at_most(length, kept):
    assert unread(UnreadReason.NOT_JSON, "x" * length) == Unread(why=UnreadReason.NOT_JSON, detail="x" * kept)
