"""More tokens for the same words are a note of the verdict, and decide nothing."""

import pytest

from shadow.drift.count_detector import CountSide, CountStanding
from shadow.report.build_report import scorecards
from shadow.report.count_notes import with_counts
from shadow.report.verdict_text import verdict_text
from tests.counted import count, shape, sizes
from tests.payoffs import GROUP
from tests.shadow.report.made_report import FAITHFUL, GARBLER


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


def standing(side=CountSide.PROMPT, found=9.0, ratio=1.02):
    return CountStanding(side=side, pairs=40, of=60, found=found, sizes=(), recent_ratio=ratio)


@pytest.mark.parametrize(
    ("ratio", "amount"),
    [(1.02, "2.0% more tokens lately"), (1.0, "more tokens"), (0.9, "more tokens"), (2.5, "150.0% more tokens lately")],
)
def test_a_note_states_how_many_more_tokens_are_counted_lately(ratio, amount):
    key = ("garbler", "m", "official")
    found = with_counts(GARBLER, {key: [standing(CountSide.COMPLETION, ratio=ratio), standing(found=0.0)]}).verdict
    assert [note.phrase for note in found.notes] == [
        "its identity changed",
        f"its completions count {amount} than the reference counts for the same words",
    ]
    last = found.notes[-1]
    assert (last.subject, last.since, last.word.value) == ("completion_tokens", 9.0, "no_difference_seen")


def test_a_card_of_another_provider_or_without_more_tokens_stays_as_it_is():
    assert with_counts(FAITHFUL, {("garbler", "m", "official"): [standing()]}) is FAITHFUL
    assert with_counts(FAITHFUL, {("faithful", "m", "official"): [standing(found=0.0)]}) is FAITHFUL
