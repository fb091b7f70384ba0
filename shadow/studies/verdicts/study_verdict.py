"""`StudyVerdict`: the word about one candidate of a study, with its evidence; every output prints this value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shadow.studies.study_policy import OnUndecided, StudyPolicy
from shadow.studies.verdicts.difficulty import DifficultyFigures
from shadow.studies.verdicts.provider_figures import ProviderFigures


class StudyWord(StrEnum):
    """PASS: worse by less than allowed. FAIL: worse by more. UNDECIDED: the runs show neither. NOT MEASURED: there is nothing to
    judge by. COMPARED: no drop is allowed by a policy, so that only the figures are given.
    """

    FAIL = "FAIL"
    NOT_MEASURED = "NOT MEASURED"
    UNDECIDED = "UNDECIDED"
    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    COMPARED = "COMPARED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalDrop:
    """The drop in one signal (or the score): `mean` of `pairs`, with bounds that each hold for 95 % of studies, however stopped.

    `direction` is -1 where the drop is counted the other way, as more calls instead of fewer.
    """

    name: str
    direction: int
    pairs: int
    mean: float
    low: float
    high: float
    worse: bool
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyVerdict:
    """About one candidate. `drop` is how much lower its mean score is than the reference's over the `pairs` (a share), above
    `low` and below `high`, each with the policy's confidence however the study was stopped; None without a pair.

    `worse`: the two are not the same, whatever the size; `errors_worse`: the candidate fails more often. `more_pairs` is about
    how many more it takes to decide if they go on like this, None where no end is in sight or it is decided. `smallest` is the
    least drop that so many pairs would have shown as worse in four of five studies (of signals: in half), None where none would.
    """

    candidate: str
    reference: str
    word: StudyWord
    sentence: str
    pairs: int
    drop: float | None
    low: float | None
    high: float | None
    worse: bool
    errors_worse: bool
    more_pairs: int | None
    smallest: float | None
    figures: ProviderFigures
    signals: tuple[SignalDrop, ...]
    strata: tuple[DifficultyFigures, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """All verdicts of a study, worst first, and the reference's own figures."""

    reference: ProviderFigures
    verdicts: tuple[StudyVerdict, ...]
    policy: StudyPolicy


EXITS: Mapping[StudyWord, int] = {
    StudyWord.FAIL: 3,
    StudyWord.NOT_MEASURED: 4,
    StudyWord.UNDECIDED: 4,
    StudyWord.PASS: 0,
    StudyWord.COMPARED: 0,
}


def exit_code(result: StudyResult) -> int:
    """3 where any candidate fails; else 4 where any is undecided (unless the policy accepts that) or not measured; else 0."""
    words = {verdict.word for verdict in result.verdicts}
    if result.policy.on_undecided is OnUndecided.ACCEPT:
        words.discard(StudyWord.UNDECIDED)
    codes = {EXITS[word] for word in words}
    return 3 if 3 in codes else max(codes, default=0)
