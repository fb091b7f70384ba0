"""verifier_summary(): the summary that K2-Vendor-Verifier gives of one provider's answers, and our own figures beside it.

The defects of verifiers are left out: an answer that failed is no "did not call"; a figure that cannot be given is None, never 0;
a tool without a usable schema is no fault of the provider; a finish_reason `tool_calls` without a call is no success; a missing
finish_reason is not "stop"; usage in a last chunk without choices counts; what had to be sent again is seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shadow.drift.bootstrap import Choose
from shadow.drift.verifier_figures import PairEnding, Triggering, triggering
from shadow.measures.schema_validation import INVALID_JSON, SCHEMA_MISMATCH, UNKNOWN_NAME, VALID
from shadow.studies.figures.answered_row import AnsweredRow, by_row

CLASSES = (VALID, INVALID_JSON, UNKNOWN_NAME, SCHEMA_MISMATCH)
NO_FINISH = "missing"
"""Under which an answer without a finish_reason stands in the detail of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierSummary:
    """One provider. K2-Vendor-Verifier's names and definitions: `success_count` to `schema_accuracy`, and `tool_call_f1` against
    the reference. Ours: `call_classes` of single calls, `errored_share` of answers with calls in which any is faulty (as
    OpenRouter counts), `unchecked` calls that nothing could be held to, `called` answers that hold a call; `by_finish` and
    `by_call` the trigger figures by finish_reason and by calls (None without a common row), each with the reference against
    itself; `by_label` those against the published labels of a data set, which stand for answers of the vendor's own model;
    `first_try` of `asked` rows answered at the first try; `empty` and `reasoning_only` answers; `cut` answers by length,
    which spoil a trigger figure by finish_reason. Shares are in 0..1, None where nothing can be said.
    """

    model: str
    provider: str
    success_count: int
    failure_count: int
    finish_stop: int
    finish_tool_calls: int
    finish_others: int
    finish_others_detail: Mapping[str, int]
    schema_validation_error_count: int
    successful_tool_call_count: int
    schema_accuracy: float | None
    tool_call_f1: float | None
    usage: Mapping[str, int]
    eval_started_at: float | None
    eval_finished_at: float | None
    called: int
    call_classes: Mapping[str, int]
    unchecked: int
    errored_share: float | None
    by_finish: Triggering | None
    by_call: Triggering | None
    by_label: Triggering | None
    failures: Mapping[str, int]
    asked: int
    first_try: int
    empty: int
    reasoning_only: int
    cut: int


def verifier_summary(
    rows: Sequence[AnsweredRow],
    *,
    provider: str,
    model: str,
    reference: Sequence[AnsweredRow] = (),
    control: Sequence[AnsweredRow] = (),
    labels: Sequence[AnsweredRow] = (),
    choose: Choose,
) -> VerifierSummary:
    """The summary of one provider's `rows`; `reference` are its reference's answers, `control` further answers of the reference
    that were drawn at random, `labels` the published labels of the rows that have one, by `labelled_row`.
    """
    answered = [row for row in rows if row.answered]
    triggered = [row for row in answered if row.triggered]
    successful = [row for row in triggered if row.valid]
    endings = Counter(row.finish_reason or NO_FINISH for row in answered)
    others = {ending: count for ending, count in sorted(endings.items()) if ending not in {"stop", "tool_calls"}}
    called = [row for row in answered if row.calls]
    by_finish = _triggering(rows, reference, control, choose, by_call=False)
    return VerifierSummary(
        model=model,
        provider=provider,
        success_count=len(answered),
        failure_count=len(rows) - len(answered),
        finish_stop=endings["stop"],
        finish_tool_calls=len(triggered),
        finish_others=sum(others.values()),
        finish_others_detail=others,
        schema_validation_error_count=len(triggered) - len(successful),
        successful_tool_call_count=len(successful),
        schema_accuracy=len(successful) / len(triggered) if triggered else None,
        tool_call_f1=by_finish.f1 if by_finish else None,
        usage=_usage(answered),
        eval_started_at=min((row.started for row in rows if row.started is not None), default=None),
        eval_finished_at=max((row.started + (row.seconds or 0) for row in rows if row.started is not None), default=None),
        called=len(called),
        call_classes={name: sum(row.classes.count(name) for row in called) for name in CLASSES},
        unchecked=sum(row.unchecked for row in called),
        errored_share=sum(not row.valid for row in called) / len(called) if called else None,
        by_finish=by_finish,
        by_call=_triggering(rows, reference, control, choose, by_call=True),
        by_label=_triggering(rows, labels, (), choose, by_call=False),
        failures=dict(sorted(Counter(row.failure for row in rows if not row.answered).items())),
        asked=len(rows),
        first_try=sum(row.answered and row.tries == 1 for row in rows),
        empty=sum(row.empty for row in answered),
        reasoning_only=sum(row.reasoning_only for row in answered),
        cut=endings["length"],
    )


def _usage(answered: Sequence[AnsweredRow]) -> dict[str, int]:
    prompt = sum(row.prompt_tokens or 0 for row in answered)
    completion = sum(row.completion_tokens or 0 for row in answered)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _triggering(
    rows: Sequence[AnsweredRow],
    reference: Sequence[AnsweredRow],
    control: Sequence[AnsweredRow],
    choose: Choose,
    *,
    by_call: bool,
) -> Triggering | None:
    own, theirs, again = by_row(rows), by_row(reference), by_row(control)

    def answer(row: AnsweredRow) -> bool:
        return row.calls if by_call else row.triggered

    endings = [
        PairEnding(
            conversation=own[name].cluster or name,
            provider=answer(own[name]),
            reference=answer(theirs[name]),
            control=answer(again[name]) if name in again else None,
        )
        for name in sorted(own.keys() & theirs.keys())
    ]
    return triggering(endings, choose) if endings else None
