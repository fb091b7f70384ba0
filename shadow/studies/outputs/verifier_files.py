"""rows.jsonl and summary.json in the names of K2-Vendor-Verifier, so that what reads its files reads ours.

`hash` is the key of our own replay, which counts `extra_body` and the address in, so that its tool takes none of our rows for one
of another provider.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isfinite

from shadow.reading.completion import Completion
from shadow.reading.parsed_response import ParsedResponse
from shadow.studies.figures.answered_row import AnsweredRow
from shadow.studies.figures.verifier_summary import VerifierSummary

SUCCESS, FAILED = "success", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierRow:
    """One row of a replay: its number in the data set (from 1), its figures, the body that was sent, what came, and its key."""

    data_index: int
    row: AnsweredRow
    request: bytes
    response: ParsedResponse
    key: str


def rows_jsonl(rows: Iterable[VerifierRow]) -> Iterable[str]:
    """One line of JSON for each row, without the line feed."""
    return (json.dumps(result_row(row), allow_nan=False) for row in rows)


def result_row(found: VerifierRow) -> dict[str, object]:
    """One row with K2-Vendor-Verifier's keys, and `tries`. `tool_calls_valid` is None where the answer did not end in calls."""
    row = found.row
    ended = None if row.started is None else row.started + (row.seconds or 0.0)
    return {
        "data_index": found.data_index,
        "request": _json(found.request),
        "response": response_object(found.response) if row.answered else {"error": row.failure},
        "status": SUCCESS if row.answered else FAILED,
        "finish_reason": row.finish_reason,
        "tool_calls_valid": row.valid if row.triggered else None,
        "last_run_at": None if ended is None else _moment(ended),
        "duration_ms": None if row.seconds is None else round(row.seconds * 1000),
        "hash": found.key,
        "tries": row.tries,
    }


def response_object(response: ParsedResponse) -> dict[str, object] | None:
    """The answer as a whole chat completion, also where it was streamed; None where there is none to read."""
    said = response.completion
    if not isinstance(said, Completion):
        return None
    usage = said.usage
    return {
        "id": said.id,
        "object": "chat.completion",
        "model": said.model,
        "choices": [
            {
                "index": choice.index,
                "message": {
                    "role": "assistant",
                    "content": choice.text,
                    **({"reasoning_content": choice.reasoning} if choice.reasoning is not None else {}),
                    "tool_calls": [
                        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                        for call in choice.tool_calls
                    ]
                    or None,
                },
                "finish_reason": choice.finish_reason,
            }
            for choice in said.choices
        ],
        "usage": None
        if usage is None
        else {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
        },
    }


def summary_json(summary: VerifierSummary) -> str:
    """summary.json of one provider: K2-Vendor-Verifier's keys, tool_call_f1, and under `sameweights` our own figures."""
    found = asdict(summary)
    began, ended = found.pop("eval_started_at"), found.pop("eval_finished_at")
    theirs = {
        name: found.pop(name)
        for name in (
            "model",
            "success_count",
            "failure_count",
            "finish_stop",
            "finish_tool_calls",
            "finish_others",
            "finish_others_detail",
            "schema_validation_error_count",
            "successful_tool_call_count",
            "usage",
        )
    }
    document: Mapping[str, object] = {
        **theirs,
        "eval_started_at": None if began is None else _moment(began),
        "eval_finished_at": None if ended is None else _moment(ended),
        "eval_duration_ms": None if began is None or ended is None else round((ended - began) * 1000),
        "schema_accuracy": found.pop("schema_accuracy"),
        "tool_call_f1": found.pop("tool_call_f1"),
        "sameweights": found,
    }
    return json.dumps(document, indent=4, allow_nan=False)


def _json(body: bytes) -> object:
    """A body as JSON, with null for what is no number of JSON, or more than a double can hold; None for one that is not JSON."""
    try:
        value: object = json.loads(body, parse_constant=lambda _name: None, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return value


def _finite(text: str) -> float | None:
    return value if isfinite(value := float(text)) else None


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
