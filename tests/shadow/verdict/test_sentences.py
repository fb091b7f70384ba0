"""Sentences of verdicts that no other test reads."""

from dataclasses import replace

from shadow.drift.scorecard import Outcome
from shadow.verdict.evidence import Shortfall, Side
from shadow.verdict.rule import decide
from shadow.verdict.sentences import MOST
from tests.verdicts import FULL, evidence, signal

NO_KEY = Shortfall(
    cause="401", side=Side.REFERENCE, pairs=6, sentence="the reference refused with 401 (key) in 6", remedy="check its key"
)


def test_what_could_not_be_compared_is_told_with_its_largest_cause_and_what_to_do():
    coverage = replace(FULL, asked=6, compared=0, shortfalls=(NO_KEY,))
    assert decide(replace(evidence(), signals=(), coverage=coverage)).sentence == (
        "not measured: of 6 pairs none could be compared; the reference refused with 401 (key) in 6; check its key"
    )


def test_reasons_beyond_the_third_are_counted():
    rows = [
        signal(name, Outcome.DRIFTS, excess=size)
        for name, size in (("args", 0.4), ("error", 0.3), ("schema", 0.2), ("text", 0.1))
    ]
    sentence = decide(evidence(*rows)).sentence
    assert sentence.count("points") == MOST
    assert sentence.endswith(" and 1 more")
