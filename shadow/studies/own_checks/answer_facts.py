"""`AnswerFacts`: what a check may look at, whatever API the answer came through; and `CheckResult`, what it gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shadow.studies.own_checks.check_spec import CheckSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledTool:
    """One call by its name, with its arguments as the provider sent them."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFacts:
    """The final `text` of an answer or run, all of its `calls` in order, and the files of its world before and after, by path;
    empty where there is no world.
    """

    text: str
    calls: Sequence[CalledTool] = ()
    files_before: Mapping[str, bytes] = field(default_factory=dict)
    files_after: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of one check: `points` of `spec.points`, and `why` where it gave none. `broken`: it could not be made, which is
    no fault of the provider; a run with such a check has no score.
    """

    spec: CheckSpec
    points: float
    why: str = ""
    broken: bool = False


def passed_or_not(spec: CheckSpec, why: str) -> CheckResult:
    """All points where `why` is empty, else none."""
    return CheckResult(spec=spec, points=0.0 if why else spec.points, why=why)


def broken(spec: CheckSpec, why: str) -> CheckResult:
    """A check that could not be made."""
    return CheckResult(spec=spec, points=0.0, why=why, broken=True)
