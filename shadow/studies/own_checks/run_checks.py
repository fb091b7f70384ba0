"""run_checks(): an answer through a user's checks, in their order, to points; what cannot be checked gives no score at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from shadow.studies.own_checks.answer_facts import AnswerFacts, CheckResult, broken, passed_or_not
from shadow.studies.own_checks.check_spec import CheckKind, CheckSpec
from shadow.studies.own_checks.end_state import end_state
from shadow.studies.own_checks.json_checks import UnusableSchemaError, json_schema, tool_arguments
from shadow.studies.own_checks.text_checks import contains, lines, max_characters, regex, words

CommandRunner = Callable[[CheckSpec, AnswerFacts], Awaitable[CheckResult]]

_CHECKS: Mapping[CheckKind, Callable[[CheckSpec, AnswerFacts], str]] = {
    CheckKind.REGEX: regex,
    CheckKind.CONTAINS: contains,
    CheckKind.WORDS: words,
    CheckKind.MAX_CHARACTERS: max_characters,
    CheckKind.JSON_SCHEMA: json_schema,
    CheckKind.LINES: lines,
    CheckKind.TOOL_ARGUMENTS: tool_arguments,
    CheckKind.END_STATE: end_state,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedAnswer:
    """The results of all checks of one answer: `points` of `of`, and `score`, their share; None where a check was broken."""

    results: tuple[CheckResult, ...]

    @property
    def points(self) -> float:
        """The points given."""
        return sum(result.points for result in self.results)

    @property
    def of(self) -> float:
        """The points that could be had."""
        return sum(result.spec.points for result in self.results)

    @property
    def score(self) -> float | None:
        """The share of points, in 0..1; None without a check, and where one could not be made."""
        if not self.results or any(result.broken for result in self.results):
            return None
        return self.points / self.of

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why points are missing, one sentence for each check."""
        return tuple(f"{result.spec.name}: {result.why}" for result in self.results if result.why)


def check_answer(spec: CheckSpec, facts: AnswerFacts) -> CheckResult:
    """The result of one check that needs no command."""
    try:
        return passed_or_not(spec, _CHECKS[spec.kind](spec, facts))
    except UnusableSchemaError as fault:
        return broken(spec, str(fault))


async def run_checks(specs: Sequence[CheckSpec], facts: AnswerFacts, command: CommandRunner) -> CheckedAnswer:
    """The results of all checks; `command` makes those of the kind command."""
    return CheckedAnswer(
        results=tuple(
            [await command(spec, facts) if spec.kind is CheckKind.COMMAND else check_answer(spec, facts) for spec in specs]
        )
    )
