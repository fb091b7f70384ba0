"""Records for other programs: exchanges as JSONL with the names of OpenTelemetry's GenAI conventions, and pairs as CSV.

The attributes are those of the spans that `shadow.telemetry` sends; what the conventions have no name for is `sameweights.*`.
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
from shadow.reading.parsed_exchange import parse_exchange
from shadow.records import exchange
from shadow.telemetry.evaluation_results import result_attributes
from shadow.telemetry.genai_spans import genai_attributes
from shadow.terminal.pair_list import ListedPair
from shadow.terminal.pair_text import exchange_view_of
from shadow.verdict.phrases import named, rfc3339
from storage.rows import ExchangeRow
from storage.store import Reader

COLUMNS = (
    *("id", "started_time", "route", "model", "provider", "reference", "conversation", "comparable", "why"),
    *("evidence", "differing", "matches", "not_comparable", "not_measured", "provider_answer", "reference_answer"),
)
SHOWN = 2_000
"""Most characters of an answer in a cell."""
NAMES_CONVERSATION = "gen_ai.request.previous_response.id"


def jsonl_lines(reader: Reader, lines: Sequence[ListedPair], *, key: bytes, with_text: bool) -> Iterator[str]:
    """Each of `record_members` as a line of JSON."""
    for members in record_members(reader, lines, key=key, with_text=with_text):
        yield json.dumps(members)


def record_members(reader: Reader, lines: Sequence[ListedPair], *, key: bytes, with_text: bool) -> Iterator[dict[str, object]]:
    """The members of each exchange of each pair, then those of each signal of it as an evaluation result; `key` as in `_name`."""
    for line in lines:
        pair = line.summary.pair
        sides = (("provider", pair.subject_id), ("reference", pair.reference_id), ("control", pair.control_id))
        for side, name in sides:
            row = row_of(reader, name) if name else None
            if row is not None:
                members = _exchange(row, _name(row.conversation, key), with_text=with_text)
                yield {**members, "sameweights.side": side, "sameweights.pair.id": pair.id}
        for finding in reader.findings(pair_id=pair.id):
            yield dict(result_attributes(finding, content=with_text))


def _name(conversation: str, key: bytes) -> str:
    """A keyed hash of the id of a conversation, which is the application's own: equal within one export, whose `key` it is."""
    return (
        hashlib.blake2b(conversation.encode("utf-8", "surrogatepass"), key=key, digest_size=16).hexdigest()
        if conversation
        else ""
    )


def _exchange(row: ExchangeRow, conversation: str, *, with_text: bool) -> dict[str, object]:
    """The members of an exchange that have a value; its conversation, tag and bodies only with text."""
    conventions = genai_attributes(row, parse_exchange(exchange(row)))
    members: dict[str, object] = {
        **{name: value for name, value in conventions.items() if name != NAMES_CONVERSATION},
        "gen_ai.provider.name": row.provider,
        "openai.response.system_fingerprint": row.fingerprint or None,
        "sameweights.exchange.id": row.id,
        "sameweights.route": row.route,
        "sameweights.upstream": row.upstream or None,
        "sameweights.stream": row.stream,
        "sameweights.time_to_first_token_seconds": row.first_token,
        "time": rfc3339(row.started),
        "duration_seconds": row.seconds,
    }
    if with_text:
        members |= {"sameweights.conversation": conversation or None, "sameweights.tag": row.tag or None}
        members |= {"sameweights.request.body": _text(row.request_body), "sameweights.response.body": _text(row.response_body)}
    return {name: value for name, value in members.items() if value is not None}


def _text(body: bytes | None) -> str | None:
    """A body as recorded; None where it was not kept."""
    return None if body is None else body.decode("utf-8", "replace")


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
