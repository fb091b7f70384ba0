"""More tokens for the same words are a note of the verdict, and decide nothing."""

import pytest

from shadow.report.build_report import scorecards
from shadow.report.verdict_text import verdict_text
from tests.counted import count, shape, sizes
from tests.payoffs import GROUP


def card(store):
    [found] = [each for each in scorecards(store, 0.0, 1e9) if each.provider == GROUP.provider]
    return found


@pytest.mark.parametrize(("factor", "noted"), [(1.0, False), (1.02, True)])
def test_a_card_has_a_note_where_more_is_counted(store, factor, noted):
    count(store, [shape(size, round(factor * size)) for size in sizes(60)])
    found = card(store)
    notes = [note.phrase for note in found.verdict.notes if note.ground == "counts"]
    expected = ["its prompts count 2.0% more tokens lately than the reference counts for the same words"]
    assert notes == (expected if noted else [])
    assert not found.verdict.word.is_adverse
    text = " ".join(verdict_text([found], period="all", now=1e9, width=100, color=False).split())
    assert (f"note: {expected[0]}" in text) == noted
