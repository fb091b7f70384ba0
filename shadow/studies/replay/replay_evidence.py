"""ReplayEvidence: the answers of a replay, block by block in the planned order, as the runs that a verdict is made of. Pure.

A candidate that is decided gets no further run, whatever was in flight: a replay that was resumed, or is read again from its
database, comes to the same verdict.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from proxy.exchange import Role
from shadow.findings.comparability import completion_of
from shadow.measures.answer_action import action_label
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.studies.figures.answered_row import AnsweredRow, answered_row
from shadow.studies.measured_run import MeasuredRun
from shadow.studies.own_checks.row_checks import RowChecks
from shadow.studies.own_checks.run_checks import CheckedAnswer, check_answer
from shadow.studies.replay.measured_rows import RowPlace, answer_facts, measured_row
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.targets import Targets
from shadow.studies.verdicts.difficulty import labels_of_other_passes
from shadow.studies.verdicts.stopping_watch import StoppingWatch

GIVEN_UP = 10
"""Rows from the first on that a provider refuses alike, after which it gets no more: rows differ, so that the first three may all
be too long for it.
"""
REFERENCE, CONTROL = f"\0{Role.SHADOW}", f"\0{Role.CONTROL}"
"""Stand for the reference's two answers among the names of the candidates; no provider is called so."""


def answer_name(target: str, role: Role) -> str:
    """Under which an answer stands in its block."""
    return target if role is Role.PRIMARY else f"\0{role}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockAnswer:
    """One answer with its place; `payoffs` are a candidate's against the reference's two."""

    parsed: ParsedExchange
    place: RowPlace
    key: str
    payoffs: tuple[tuple[str, int], ...] = ()


class ReplayEvidence:
    """Takes the blocks of one replay in their order, each once."""

    def __init__(self, targets: Targets, policy: StudyPolicy, checks: RowChecks) -> None:
        self._targets = targets
        self._checks = checks
        self._labels: list[tuple[str, int, str]] = []
        self._watch = StoppingWatch(reference=targets.reference, candidates=targets.candidates, policy=policy, patience=GIVEN_UP)
        self._runs: list[MeasuredRun] = []
        self.answered: dict[str, list[AnsweredRow]] = defaultdict(list)
        """The answers that count, for the figures of verifiers: of each candidate, and the reference's two."""
        self.keys: dict[str, list[str]] = defaultdict(list)
        """The keys of the same answers."""

    def __repr__(self) -> str:
        return f"<ReplayEvidence runs={len(self._runs)} decided={sorted(self.decided)}>"

    @property
    def runs(self) -> tuple[MeasuredRun, ...]:
        """The runs that count; rows that were run several times carry the labels of the reference's other answers to them."""
        labels = labels_of_other_passes(self._labels)
        return tuple(replace(run, stratum_labels=labels.get((run.task, run.block), ())) for run in self._runs)

    @property
    def decided(self) -> frozenset[str]:
        """The candidates that need no further answers."""
        return self._watch.decided

    @property
    def given_up(self) -> frozenset[str]:
        """The providers, the reference too, whose first answers failed alike."""
        return self._watch.given_up

    @property
    def all_decided(self) -> bool:
        """Whether the study may end."""
        return self._watch.all_decided

    def wanted(self, found: Mapping[str, object]) -> list[str]:
        """The candidates of a block whose answers count, in their order."""
        return [name for name in self._targets.candidates if name in found and name not in self.decided]

    def take(self, block: int, found: Mapping[str, BlockAnswer]) -> None:
        """One block, which may lack answers; after the last decision nothing counts any more."""
        if self.all_decided:
            return
        wanted = self.wanted(found)
        runs = []
        for name in (REFERENCE, CONTROL, *wanted):
            if answer := found.get(name):
                run = measured_row(answer.parsed, answer.place, answer.payoffs, self._checked(answer))
                if name in {REFERENCE, CONTROL} and run.scored:
                    self._labels.append((run.task, run.block, action_label(completion_of(answer.parsed.answer).first)))
                runs += [] if name == CONTROL else [run]
                self._answered(name, answer, run)
        for run in runs:
            self._runs.append(run)
            self._watch.add(run)
        self._watch.skip(block)

    def _checked(self, answer: BlockAnswer) -> CheckedAnswer | None:
        checks = self._checks.of(answer.place.task)
        facts = answer_facts(answer.parsed.answer) if checks else None
        if facts is None:
            return None
        return CheckedAnswer(results=tuple(check_answer(spec, facts) for spec in checks))

    def _answered(self, name: str, answer: BlockAnswer, run: MeasuredRun) -> None:
        parsed, place = answer.parsed, answer.place
        failure = "" if run.scored else run.detail or run.outcome.value
        row = f"{place.task} {place.block}"
        self.answered[name].append(
            answered_row(row, parsed.request, parsed.answer, cluster=parsed.conversation, failure=failure, tries=place.tries)
        )
        self.keys[name].append(answer.key)
