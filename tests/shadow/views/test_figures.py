"""The figures of a report."""

from dataclasses import replace

import pytest

from shadow.drift.scorecard import Outcome
from shadow.verdict.rule import decide
from shadow.verdict.value import Word
from shadow.views.figures import Card, Report
from tests.verdicts import QUIET, evidence, signal

WHO = {"provider": "p", "reference": "r", "model": "m"}
CARD = Card(**WHO, pairs=9, compared=9, requests=9, verdict=QUIET, signals=(), checks=(), gaps=(), reasons=())
FAR = replace(CARD, verdict=decide(evidence(signal("args", Outcome.DRIFTS, excess=0.3))))


def report(*cards):
    return Report(since=0, until=1, cards=cards, latency=(), traffic=())


@pytest.mark.parametrize("word", Word)
def test_a_report_has_drifted_by_the_words_of_its_verdicts_alone(word):
    card = replace(CARD, verdict=replace(QUIET, word=word))
    assert report(card).drifted is (word in {Word.DIFFERS, Word.FAULTY})


def test_an_empty_report_has_no_drift():
    assert not report().drifted


def test_the_counts_are_those_of_the_cards_the_worst_first():
    assert list(report(CARD, FAR, CARD).counts.items()) == [(Word.DIFFERS, 1), (Word.NONE_SEEN, 2)]


UNSEEN = replace(CARD, verdict=replace(QUIET, word=Word.NOT_MEASURED))
WAITING = replace(CARD, verdict=replace(QUIET, word=Word.WAITING))
ALONE = replace(UNSEEN, reference="")


@pytest.mark.parametrize(
    ("cards", "measured"),
    [
        ((), False),
        ((UNSEEN,), False),
        ((WAITING, UNSEEN), False),
        ((WAITING, UNSEEN, CARD), True),
        ((UNSEEN, ALONE), False),
        ((ALONE,), True),
    ],
)
def test_nothing_was_measured_where_no_provider_with_a_reference_was_compared(cards, measured):
    assert report(*cards).measured is measured
