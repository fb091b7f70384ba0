"""`StoppingWatch`: which candidates are decided while a study runs, by the rule of the final verdict and in the order of blocks.

A candidate that is decided needs no more runs; the reference goes on for the others. Runs may come in any order: a pair counts
when all earlier blocks are settled, so that quick tasks do not count first. One whose first runs failed alike, as where the tools
do not fit its context, is given up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from shadow.studies.measured_run import MeasuredRun
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.verdicts.candidate_evidence import CandidateEvidence
from shadow.studies.verdicts.study_rule import decided

GIVEN_UP = 3
"""Equal failures of a task from the first run on after which a provider gets no more runs."""


@dataclass(slots=True)
class _Course:
    """One candidate's blocks: `next_block` is the first that is not settled."""

    evidence: CandidateEvidence
    next_block: int = 0
    runs: dict[int, MeasuredRun] = field(default_factory=dict)
    decided: bool = False


class StoppingWatch:
    """Holds the runs of a study as they come in; blocks are numbered from 0 without gaps, as `interleaved` plans them."""

    __slots__ = ("_anchors", "_courses", "_first", "_patience", "_reference", "_skipped")

    def __init__(self, *, reference: str, candidates: Sequence[str], policy: StudyPolicy, patience: int = GIVEN_UP) -> None:
        """`patience` is the number of first runs that have to fail alike for a provider to be given up."""
        self._patience = patience
        self._reference = reference
        self._anchors: dict[int, MeasuredRun] = {}
        self._first: dict[str, dict[int, MeasuredRun]] = defaultdict(dict)
        self._skipped: set[int] = set()
        self._courses = {name: _Course(CandidateEvidence(policy=policy, candidates=len(candidates))) for name in candidates}

    def __repr__(self) -> str:
        blocks = {name: course.next_block for name, course in self._courses.items()}
        return f"StoppingWatch(blocks={blocks}, decided={sorted(self.decided)})"

    def add(self, run: MeasuredRun) -> None:
        """Take one run; those of a provider that is neither reference nor candidate are ignored."""
        if run.provider == self._reference:
            self._anchors[run.block] = run
        elif course := self._courses.get(run.provider):
            course.runs[run.block] = run
        self._take_first(run)
        for course in self._courses.values():
            self._go_on(course)

    def skip(self, block: int) -> None:
        """Settle a block of which no further run will come."""
        self._skipped.add(block)
        for course in self._courses.values():
            self._go_on(course)

    def _take_first(self, run: MeasuredRun) -> None:
        """Keep the runs of a provider's first blocks, by which it is given up."""
        first = self._first[run.provider]
        first[run.block] = run
        if len(first) > self._patience:
            del first[max(first)]

    def _go_on(self, course: _Course) -> None:
        while not course.decided:
            own, anchor = course.runs.get(course.next_block), self._anchors.get(course.next_block)
            if own is not None and anchor is not None:
                course.evidence.add(own, anchor)
                course.decided = decided(course.evidence)
            elif course.next_block not in self._skipped:
                return
            course.next_block += 1

    @property
    def given_up(self) -> frozenset[str]:
        """The providers, the reference too, whose first runs failed alike."""
        return frozenset(name for name, first in self._first.items() if self._fail_alike(first.values()))

    @property
    def decided(self) -> frozenset[str]:
        """The candidates of which no further run is needed, those that are given up included."""
        given_up = self.given_up
        return frozenset(name for name, course in self._courses.items() if course.decided or name in given_up)

    @property
    def all_decided(self) -> bool:
        """Whether the study may end."""
        return len(self.decided) == len(self._courses)

    def _fail_alike(self, first: Collection[MeasuredRun]) -> bool:
        causes = {(run.failed, run.outcome, run.detail) for run in first}
        return len(first) == self._patience and len(causes) == 1 and all(run.failed for run in first)
