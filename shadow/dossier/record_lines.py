"""Records for other programs: exchanges as JSONL with the names of OpenTelemetry's GenAI conventions, and pairs as CSV.

The names are those of the semantic conventions for generative AI (`gen_ai.*`); what they have no name for is `sameweights.*`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence

from shadow.presentation.safe_text import csv_cell
from shadow.privacy.privacy_policy import row_of
from shadow.privacy.withheld_words import LEFT_OUT, without_quotes
from shadow.reading.apis import api_of
from shadow.reading.parsed_exchange import parse_exchange
from shadow.records import exchange
from shadow.terminal.pair_list import ListedPair
from shadow.terminal.pair_text import exchange_view_of
from shadow.verdict.phrases import named, rfc3339
from storage.rows import ExchangeRow, FindingRow
from storage.store import Reader

COLUMNS = (
    *("id", "started_time", "route", "model", "provider", "reference", "conversation", "comparable", "why"),
    *("evidence", "differing", "matches", "not_comparable", "not_measured", "provider_answer", "reference_answer"),
)
SHOWN = 2_000
"""Most characters of an answer in a cell."""
_OPERATIONS = {"embeddings": "embeddings", "completions": "text_completion"}


def jsonl_lines(reader: Reader, lines: Sequence[ListedPair], *, key: bytes, with_text: bool) -> Iterator[str]:
    """A line for each exchange of each pair, then one for each signal of it as an evaluation result; `key` as in `_name`."""
    for line in lines:
        pair = line.summary.pair
        sides = (("provider", pair.subject_id), ("reference", pair.reference_id), ("control", pair.control_id))
        for side, name in sides:
            row = row_of(reader, name) if name else None
            if row is not None:
                yield json.dumps(
                    {
                        **_exchange(row, _name(row.conversation, key) if with_text else ""),
                        "sameweights.side": side,
                        "sameweights.pair.id": pair.id,
                        **_text(row, with_text),
                    }
                )
        for finding in reader.findings(pair_id=pair.id):
            yield json.dumps({"sameweights.pair.id": pair.id, **_evaluation(finding, with_text=with_text)})


def _name(conversation: str, key: bytes) -> str:
    """A keyed hash of the id of a conversation, which is the application's own: equal within one export, whose `key` it is."""
    return (
        hashlib.blake2b(conversation.encode("utf-8", "surrogatepass"), key=key, digest_size=16).hexdigest()
        if conversation
        else ""
    )


def _exchange(row: ExchangeRow, conversation: str) -> dict[str, object]:
    members: dict[str, object] = {
        "gen_ai.operation.name": _OPERATIONS.get(api_of(row.target), "chat"),
        "gen_ai.provider.name": row.provider,
        "gen_ai.request.model": row.model,
        "gen_ai.response.model": row.echoed_model or None,
        "gen_ai.response.finish_reasons": [row.finish_reason] if row.finish_reason else None,
        "gen_ai.usage.input_tokens": row.prompt_tokens,
        "gen_ai.usage.output_tokens": row.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": row.cached_tokens,
        "sameweights.conversation": conversation or None,
        "openai.response.system_fingerprint": row.fingerprint or None,
        "http.response.status_code": row.status,
        "error.type": row.failure or (f"{row.status}" if row.status and row.status >= 400 else None),
        "sameweights.exchange.id": row.id,
        "sameweights.route": row.route,
        "sameweights.tag": row.tag or None,
        "sameweights.stream": row.stream,
        "time": rfc3339(row.started),
        "duration_seconds": row.seconds,
        "sameweights.time_to_first_token_seconds": row.first_token,
    }
    return {name: value for name, value in members.items() if value is not None}


def _text(row: ExchangeRow, with_text: bool) -> dict[str, object]:
    """The bodies as recorded; absent where they were not kept, or where no text is wanted."""
    bodies = {"sameweights.request.body": row.request_body, "sameweights.response.body": row.response_body}
    return {name: body.decode("utf-8", "replace") for name, body in bodies.items() if with_text and body is not None}


def _evaluation(finding: FindingRow, *, with_text: bool) -> dict[str, object]:
    """The result of one comparison; its explanation, which may quote an answer, only with text."""
    members = {
        "gen_ai.evaluation.name": finding.signal,
        "gen_ai.evaluation.score.label": finding.state,
        "gen_ai.evaluation.score.value": finding.score,
        "gen_ai.evaluation.explanation": finding.reason if with_text and finding.reason else None,
        "sameweights.comparison": finding.comparison,
    }
    return {name: value for name, value in members.items() if value is not None}


def csv_text(reader: Reader, lines: Sequence[ListedPair], *, key: bytes, with_text: bool) -> str:
    """A row for each pair, `key` as in `_name`; no cell begins as a formula does, and controls stand by name."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([csv_cell(value) for value in _row(reader, line, key=key, with_text=with_text)])
    return out.getvalue()


def _row(reader: Reader, line: ListedPair, *, key: bytes, with_text: bool) -> Iterator[str | int]:
    summary, pair = line.summary, line.summary.pair
    yield from (pair.id, rfc3339(pair.started) or "", pair.route, pair.model, pair.provider, pair.reference)
    yield _name(pair.conversation, key) if with_text else ""
    why = pair.comparable if with_text else without_quotes(pair.comparable, LEFT_OUT)
    yield from ("no" if pair.comparable else "yes", why)
    signals = [*(row.signal for row in line.evidence.alone), *(one.signal for one in line.evidence.evidence)]
    yield "; ".join(map(named, signals))
    yield "; ".join(map(named, summary.differing))
    yield from (summary.matches, summary.not_comparable, summary.not_measured)
    yield from (_answer(reader, name) if with_text else "" for name in (pair.subject_id, pair.reference_id))


def _answer(reader: Reader, name: str) -> str:
    """The text of an answer, else its tool calls; "" where its body was not kept."""
    row = row_of(reader, name) if name else None
    if row is None or row.response_body is None:
        return ""
    view = exchange_view_of(reader, "", row, parse_exchange(exchange(row)).answer)
    calls = "; ".join(f"{call.name}({call.arguments})" for call in view.calls)
    return (view.text or view.refusal or calls)[:SHOWN]
