"""`AnsweredRow`: what the figures of verifiers need of one answer to one row; an answer that failed is a row without figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shadow.measures.schema_validation import VALID, call_validities
from shadow.reading.completion import Completion, Unread
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse

TRIGGERED = "tool_calls"
"""The finish_reason that K2-Vendor-Verifier takes for a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRow:
    """One answer to the row of this id; `cluster` is its conversation ("" where it stands alone).

    `answered` is false for an error, whose class is `failure`; all else is then empty. `classes` has one of valid, invalid_json,
    unknown_name, schema_mismatch for each call; `unchecked` counts valid calls that no schema could be held to. `finish_reason`
    is as sent, None where the answer had none. `tries` as in `MeasuredRun`.
    """

    row: str
    answered: bool
    cluster: str = ""
    finish_reason: str | None = None
    classes: tuple[str, ...] = ()
    unchecked: int = 0
    failure: str = ""
    tries: int = 1
    empty: bool = False
    reasoning_only: bool = False
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    started: float | None = None
    seconds: float | None = None

    @property
    def triggered(self) -> bool:
        """Whether it calls a tool by its finish_reason, as verifiers count it."""
        return self.finish_reason == TRIGGERED

    @property
    def calls(self) -> bool:
        """Whether it holds a call, whatever its finish_reason."""
        return bool(self.classes)

    @property
    def valid(self) -> bool:
        """Whether it holds calls and none of them is faulty."""
        return self.calls and all(kind == VALID for kind in self.classes)


def answered_row(
    row: str, request: ParsedRequest, response: ParsedResponse, *, cluster: str = "", failure: str = "", tries: int = 1
) -> AnsweredRow:
    """The row of one answer; `failure` is the class of its error, "" for an answer that was read."""
    completion = response.completion
    started, seconds = response.exchange.started, response.exchange.seconds
    if failure or not isinstance(completion, Completion):
        why = completion.why.value if isinstance(completion, Unread) else ""
        return AnsweredRow(
            row=row, answered=False, cluster=cluster, failure=failure or why, tries=tries, started=started, seconds=seconds
        )
    first, usage = completion.first, completion.usage
    found = call_validities(request, first)
    nothing = not (first.text or "").strip() and not first.tool_calls and not first.refusal and not first.other
    return AnsweredRow(
        row=row,
        answered=True,
        cluster=cluster,
        finish_reason=first.finish_reason,
        classes=tuple(kind for kind, _ in found),
        unchecked=sum(kind == VALID and bool(why) for kind, why in found),
        tries=tries,
        empty=nothing,
        reasoning_only=nothing and bool((first.reasoning or "").strip()),
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
        started=started,
        seconds=seconds,
    )


def labelled_row(row: str, *, calls: bool) -> AnsweredRow:
    """A published label, such as `should_call_tool`, in the place of an answer of the reference."""
    return AnsweredRow(row=row, answered=True, finish_reason=TRIGGERED if calls else "stop", classes=(VALID,) if calls else ())


def by_row(rows: Sequence[AnsweredRow]) -> dict[str, AnsweredRow]:
    """The answered rows by their id; answers are paired by row, never by their place in a file."""
    return {row.row: row for row in rows if row.answered}
