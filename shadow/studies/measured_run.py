"""`MeasuredRun`: the outcome of one run of a task, or of one row of a replay; an error is an outcome, never a score of 0."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OutcomeKind(StrEnum):
    """What an outcome counts as.

    `scored`: the provider did its part, well or badly. `failed`: it gave no answer that can be scored, which counts in the
    payoff of errors. `denied`: it refused the call for its key, billing or rate limit (401, 402, 403, 429), which counts for
    availability alone. `void`: the run ended for a reason that lies outside the provider; it counts for nothing.
    """

    SCORED = "scored"
    FAILED = "failed"
    DENIED = "denied"
    VOID = "void"


class RunOutcome(StrEnum):
    """How one run ended. Of a replayed row: `complete`, `refused`, `cut`, `empty`, or one without a score."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    ASKED_BACK = "asked_back"
    REFUSED = "refused"
    CUT = "cut"
    EMPTY = "empty"
    LOOPED = "looped"
    STEP_LIMIT = "step_limit"
    OUT_OF_TIME = "out_of_time"
    CONTEXT_OVERFLOW = "context_overflow"
    ERROR = "error"
    DENIED = "denied"
    WORLD_FAILED = "world_failed"
    LEFT_RECORDING = "left_recording"
    BUDGET = "budget"

    @property
    def kind(self) -> OutcomeKind:
        """What the outcome counts as."""
        return _KINDS.get(self, OutcomeKind.SCORED)


_KINDS = {
    RunOutcome.OUT_OF_TIME: OutcomeKind.FAILED,
    RunOutcome.CONTEXT_OVERFLOW: OutcomeKind.FAILED,
    RunOutcome.ERROR: OutcomeKind.FAILED,
    RunOutcome.DENIED: OutcomeKind.DENIED,
    RunOutcome.WORLD_FAILED: OutcomeKind.VOID,
    RunOutcome.LEFT_RECORDING: OutcomeKind.VOID,
    RunOutcome.BUDGET: OutcomeKind.VOID,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRun:
    """One run of `task` at `provider`, in the block of this number (one run of each provider that still takes part).

    `position` is its place in the order in which the runs of the study began, from 0. `score` is a share in 0..1, None exactly
    where the outcome is not a scored one; `points` of `of` are what a user's checks gave, where there are any. `cluster` names
    the prompt or conversation, so that repeats of one count as one; "" means the task itself.

    `tries` counts the requests until an answer came or patience ended, for its first step: 1 is available at the first try.
    `detail` holds the class of an error or a short reason. `steps` are requests to the provider, `calls` the tools in the order
    called, `touched` the groups of tools. Times are in seconds and leave tool time out, which is `tool_seconds`.

    `payoffs` is (signal, -1 | 0 | +1) against the reference's answer of the same block, as `shadow.drift.payoff` gives it; empty
    for the reference itself, and where answers are scored by checks. `stratum_labels` are labels of further answers of the
    reference to the same row, of which no payoff knows; a difficulty is read from them alone.
    """

    provider: str
    block: int
    task: str
    position: int
    outcome: RunOutcome
    score: float | None
    cluster: str = ""
    points: float | None = None
    of: float | None = None
    tries: int = 1
    detail: str = ""
    steps: int = 1
    calls: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    seconds: float | None = None
    first_token: float | None = None
    tool_seconds: float = 0.0
    payoffs: tuple[tuple[str, int], ...] = ()
    stratum_labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.score is not None) != (self.outcome.kind is OutcomeKind.SCORED):
            raise ValueError(f"outcome {self.outcome} and score {self.score!r}: only a scored outcome has a score")
        if self.score is not None and not 0 <= self.score <= 1:
            raise ValueError(f"a score is a share in 0..1, got {self.score!r}")

    @property
    def scored(self) -> bool:
        """Whether it has a score."""
        return self.score is not None

    @property
    def failed(self) -> bool:
        """Whether the provider failed, which is the payoff of errors."""
        return self.outcome.kind is OutcomeKind.FAILED
