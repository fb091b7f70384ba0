"""sentence_of(): a verdict in one sentence, with its size, its interval, and what it would take to know more.

The words state how two servers differ, never why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shadow.drift.effect_phrases import effect, points
from shadow.drift.repeated_runs import fewest_to_separate, runs_to_separate
from shadow.findings.number_words import number_of, verb_of
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.verdicts.provider_figures import ProviderFigures
from shadow.studies.verdicts.study_verdict import StudyWord
from shadow.verdict.phrases import named, percent

GOOD, HALF_AS_GOOD = 0.9, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceFacts:
    """What a sentence is made of, under the names of `StudyVerdict`; `signal` and `direction` are those of the drop, `means` the
    mean scores of candidate and reference over the pairs, `within`: the drop is less than allowed. The drop
    is that of `counted` pairs, to which its signal applies.
    """

    word: StudyWord
    reference: ProviderFigures
    figures: ProviderFigures
    policy: StudyPolicy
    pairs: int
    counted: int
    signal: str
    direction: int
    means: tuple[float, float] | None
    drop: float | None
    low: float | None
    high: float | None
    worse: bool
    errors_worse: bool
    within: bool
    too_many_unscored: bool
    more_pairs: int | None
    smallest: float | None
    barred: str


def sentence_of(facts: SentenceFacts) -> str:
    """The sentence of a verdict."""
    return _SENTENCES[facts.word](facts) + _availability(facts)


def one_run_sentence(alpha: float) -> str:
    """Why one run of each decides nothing."""
    return (
        f"n = 1: no verdict; total opposites need {fewest_to_separate(alpha)} runs each,"
        f" {percent(GOOD)} against {percent(HALF_AS_GOOD)} {runs_to_separate(GOOD, HALF_AS_GOOD, alpha=alpha)}"
    )


def _pass(facts: SentenceFacts) -> str:
    allowed = points(facts.policy.allowed_drop or 0.0)
    return f"less than the {allowed} allowed below {facts.reference.provider}: {_size(facts)}"


def _fail(facts: SentenceFacts) -> str:
    allowed = points(facts.policy.allowed_drop or 0.0)
    return f"more than the {allowed} allowed below {facts.reference.provider}: {_size(facts)}"


def _undecided(facts: SentenceFacts) -> str:
    if facts.pairs == 1:
        return one_run_sentence(facts.policy.alpha)
    if facts.pairs < facts.policy.fewest_runs:
        return f"{facts.pairs} pairs: no verdict with fewer than {facts.policy.fewest_runs}; {_size(facts)}"
    if facts.too_many_unscored and (facts.within or not facts.worse):
        unscored = facts.figures.runs - facts.figures.scored
        head = f"{unscored} of {facts.figures.runs} runs gave nothing to score, so it cannot pass"
        return f"{head}; of the others: {_size(facts)}"
    if facts.within:
        allowed = points(facts.policy.allowed_drop or 0.0)
        head = f"less than the {allowed} allowed below {facts.reference.provider} where both answered, but it cannot pass"
        return f"{head}: {_size(facts)}"
    head = "worse, size undecided" if facts.worse else "neither worse nor within the allowed drop has been shown"
    return f"{head}: {_size(facts)}{_more(facts)}{_seen(facts)}"


def _compared(facts: SentenceFacts) -> str:
    head = "worse" if facts.worse else "no difference shown"
    return f"{head}: {_size(facts)}{_seen(facts)}; name an allowed drop to have it judged"


def _not_measured(facts: SentenceFacts) -> str:
    if facts.barred:
        return f"not measured: {facts.barred}"
    for side in (facts.reference, facts.figures):
        if not side.scored:
            return f"not measured: {side.provider} {_why_unscored(side)}"
    return f"not measured: no block has a run of both {facts.figures.provider} and {facts.reference.provider}"


def _why_unscored(side: ProviderFigures) -> str:
    if not side.runs:
        return "has no run"
    causes = ", ".join(f"{cause} {count}" for cause, count in sorted(side.errors.items(), key=lambda one: -one[1])[:3])
    return f"gave nothing to score in {side.runs} of {side.runs} runs ({causes})"


def _size(facts: SentenceFacts) -> str:
    """The drop with its bounds, in points of score or as what happens in more requests."""
    if facts.drop is None or facts.low is None or facts.high is None:
        return "nothing compared"
    part = "" if facts.counted == facts.pairs else f"{facts.counted} of "
    of = f"over {part}{number_of(facts.pairs, 'pair')}"
    bounds = f"[{facts.low * 100:.0f} to {facts.high * 100:.0f}]"
    if facts.policy.score is PolicyScore.SIGNALS and not facts.drop:
        return f"no excess in {named(facts.signal)} {bounds} {of}"
    if facts.policy.score is PolicyScore.SIGNALS:
        return f"{effect(facts.signal, facts.direction * facts.drop)} {bounds} {of}"
    mean, other = map(percent, facts.means or (None, None))
    size = "no drop" if not facts.drop else f"a {'drop' if facts.drop > 0 else 'rise'} of {points(abs(facts.drop))}"
    return f"{_SCORES[facts.policy.score]} {mean} against {other}, {size} (drop {bounds}) {of}"


def _more(facts: SentenceFacts) -> str:
    if facts.more_pairs is None:
        return "; no end in sight if they go on like this: the drop is near the allowed one"
    return f"; about {number_of(facts.more_pairs, 'more run')} of each would decide if they go on like this"


def _seen(facts: SentenceFacts) -> str:
    share = "half of" if facts.policy.score is PolicyScore.SIGNALS else "four of five"
    if facts.worse:
        return ""
    if facts.smallest is None:
        return f"; {number_of(facts.pairs, 'pair')} {verb_of(facts.pairs, 'is', 'are')} too few to show any drop"
    return f"; a drop of {points(facts.smallest)} would have been seen in {share} such studies"


def _availability(facts: SentenceFacts) -> str:
    """What stands beside every score: failures, where the candidate has more."""
    if not facts.errors_worse or facts.word is StudyWord.NOT_MEASURED:
        return ""
    one, other = facts.figures, facts.reference
    return (
        f"; it fails more often than {other.provider}: {one.failed} of {one.runs - one.void} runs"
        f" against {other.failed} of {other.runs - other.void}"
    )


_SENTENCES: Mapping[StudyWord, Callable[[SentenceFacts], str]] = {
    StudyWord.PASS: _pass,
    StudyWord.FAIL: _fail,
    StudyWord.UNDECIDED: _undecided,
    StudyWord.COMPARED: _compared,
    StudyWord.NOT_MEASURED: _not_measured,
}
_SCORES = {
    PolicyScore.COVERAGE: "coverage",
    PolicyScore.CHECKS: "checks",
    PolicyScore.COMPLETE: "complete runs",
}
