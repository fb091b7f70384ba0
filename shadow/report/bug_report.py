"""bug_report(): one pair as a Markdown text for the provider: the request, each answer, what differs, how often, and versions.

It holds what was recorded, and keys never are; of the header fields only those by which a provider finds a request. Every
recorded text is fenced or escaped, so that none of it can act in a tracker.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from shadow.findings.number_words import number_of
from shadow.presentation.exchange_view import ExchangeView, exchange_view
from shadow.presentation.pair_evidence import PairEvidence, evidence_sentence, pair_evidence
from shadow.presentation.safe_text import markdown
from shadow.presentation.visible_text import plain
from shadow.privacy.privacy_policy import row_of
from shadow.reading.parsed_response import parse_response
from shadow.records import exchange
from shadow.report.evident_signals import EvidentSignals
from shadow.report.figures import Scorecard, SignalLine
from shadow.verdict.phrases import moment, named, percent
from storage.rows import ExchangeRow, PairRow
from storage.store import Reader

SHOWN = 20_000
"""Most characters of one body, text or list of calls."""
REQUEST_IDS = frozenset({"x-request-id", "request-id", "x-ms-request-id", "cf-ray", "x-trace-id"})
"""Header fields that name a request in the provider's own log."""
TITLES = {"provider": "Answer of {}", "reference": "Answer of {}, the reference", "control": "Second answer of {}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One answer of the pair."""

    title: str
    view: ExchangeView


def bug_report(reader: Reader, pair: PairRow, evident: EvidentSignals, *, version: str) -> str:
    """The text about one pair; `evident` is what is evidence by the verdicts of a period, `version` that of this product."""
    sides = tuple(_sides(reader, pair))
    checks = {side.title: side.view.checks for side in sides}
    found = pair_evidence(
        reader.findings(pair_id=pair.id), checks.get("provider", ()), checks.get("reference", ()), evident.of(pair)
    )
    card = evident.card(pair)
    parts = (
        _head(pair, found),
        _differences(pair, found),
        _frequency(card, found) if card else (),
        _request(sides),
        *(_answer(pair, side) for side in sides),
        _versions(pair, sides, found, version),
    )
    return "\n".join(chain.from_iterable(parts)) + "\n"


def _sides(reader: Reader, pair: PairRow) -> Iterator[_Side]:
    for title, name in (("provider", pair.subject_id), ("reference", pair.reference_id), ("control", pair.control_id)):
        row = row_of(reader, name) if name else None
        if row is not None:
            answer = parse_response(exchange(row))
            checks = reader.findings(exchange_id=row.id)
            yield _Side(title=title, view=exchange_view(title, row, answer, reader.tool_calls(row.id), checks))


def _head(pair: PairRow, found: PairEvidence) -> Iterator[str]:
    by = f" (by {markdown(pair.upstream)})" if pair.upstream else ""
    compared = "answers differently from" if found.found else "compared with"
    yield f"# {markdown(pair.provider)}{by} {compared} {markdown(pair.reference)}"
    yield ""
    yield (
        f"The same request for the model {markdown(pair.model) or 'that the request names none of'} was sent to both at "
        f"{moment(pair.started)} UTC."
    )


def _differences(pair: PairRow, found: PairEvidence) -> Iterator[str]:
    yield from ("", "## What differs", "", markdown(evidence_sentence(found, pair.comparable)), "")
    for check in found.alone:
        yield f"- {markdown(named(check.signal))}: {markdown(check.reason)}. The reference's answer passes this check."
    for line in found.evidence:
        if line.cross:
            values = f"{_value(line.cross.subject)} here, {_value(line.cross.reference)} there"
            yield f"- {markdown(named(line.signal))}: {values}. {markdown(line.cross.reason)}".rstrip()


def _value(text: str) -> str:
    return markdown(text[:200]) or "nothing"


def _frequency(card: Scorecard, found: PairEvidence) -> Iterator[str]:
    yield from ("", "## How often", "")
    yield f"{markdown(card.provider)} {markdown(card.verdict.sentence)}."
    yield (
        f"Of {number_of(card.requests, 'request')} {card.pairs:,} were also sent to the reference, and {card.compared:,} could "
        "be compared."
    )
    shown = {line.signal for line in found.evidence}
    lines = [line for line in card.signals if line.signal in shown and line.excess is not None]
    if lines:
        yield from ("", "| signal | differs | the reference from itself | excess, 95 % interval |", "|---|---|---|---|")
    yield from map(_row, lines)


def _row(line: SignalLine) -> str:
    counted = f" of {line.noise_of:,}" if line.noise_of else ", estimated"
    noise = f"{percent(line.noise)}{counted}" if line.noise is not None else "not known"
    ends = f" [{_points(line.low)} to {_points(line.high)}]" if line.low is not None and line.high is not None else ""
    share = f"{percent(line.mismatch)} of {line.differs_of:,}" if line.mismatch is not None else "not known"
    return f"| {markdown(named(line.signal))} | {share} | {noise} | {_points(line.excess or 0.0)} points{ends} |"


def _points(share: float) -> str:
    return f"{share * 100:+.1f}"


def _request(sides: Sequence[_Side]) -> Iterator[str]:
    yield from ("", "## Request", "")
    row = next((side.view.row for side in sides if side.title == "provider"), None)
    if row is None:
        yield "It is not stored any more."
        return
    yield f"{markdown(row.method)} {markdown(_path(row.target))}"
    if row.request_body is None:
        yield f"Its body of {number_of(row.request_size, 'byte')} was not kept."
        return
    yield from ("", *_fenced(_json(row.request_body), "json"))


def _path(target: str) -> str:
    """The path from its version on: what stands before is this proxy's own, and a query may hold a secret."""
    path = target.partition("?")[0]
    _, version, rest = path.partition("/v1/")
    return f"/v1/{rest}" if version else path


def _answer(pair: PairRow, side: _Side) -> Iterator[str]:
    view = side.view
    name = pair.provider if side.title == "provider" else pair.reference
    yield from ("", f"## {TITLES[side.title].format(markdown(name))}", "")
    yield "; ".join(_facts(view)) + "."
    for text in (view.trouble, view.refusal, view.text):
        if text:
            yield from ("", *_fenced(text, "text"))
    if view.calls:
        calls = [{"name": call.name, "arguments": call.arguments} for call in view.calls]
        yield from ("", "Tool calls, with their arguments as they were sent:", "")
        yield from _fenced(json.dumps(calls, indent=2, ensure_ascii=False), "json")
    if not (view.trouble or view.refusal or view.text or view.calls):
        yield from ("", "It holds neither text nor tool calls.")


def _facts(view: ExchangeView) -> Iterator[str]:
    row = view.row
    yield f"Status {markdown(view.outcome)}, {moment(row.started)} UTC, {row.seconds:.2f} s"
    for name, value in (
        ("finish reason", row.finish_reason),
        ("model as named in the answer", row.echoed_model),
        ("fingerprint", row.fingerprint),
        ("tokens", _tokens(row)),
        *_request_ids(row),
    ):
        if value:
            yield f"{name} {markdown(value)}"


def _tokens(row: ExchangeRow) -> str:
    if row.prompt_tokens is None or row.completion_tokens is None:
        return ""
    return f"{row.prompt_tokens:,} of the prompt and {row.completion_tokens:,} of the answer"


def _request_ids(row: ExchangeRow) -> Iterator[tuple[str, str]]:
    """The header fields of the answer that name the request; none where the fields were not kept."""
    for name, value in json.loads(row.response_headers or "[]"):
        if str(name).lower() in REQUEST_IDS:
            yield str(name).lower(), str(value)


def _versions(pair: PairRow, sides: Sequence[_Side], found: PairEvidence, version: str) -> Iterator[str]:
    yield from ("", "## What this cannot show", "")
    yield (
        f"That the answers differ is measured, why is not. {len(found.same):,} signals agree, {len(found.unmeasured):,} could "
        "not be measured. Sampled answers differ by chance: the reference's second answer shows by how much."
    )
    kept = [side for side in sides if side.view.row.response_body is not None]
    if len(kept) < len(sides):
        yield f"Of {len(sides) - len(kept)} of {len(sides)} answers no body was kept."
    yield ""
    yield f"Made by sameweights {version} from recorded traffic, pair `{pair.id}`."
    yield "No key is recorded; prompt and answers are: read this text before it is sent."


def _json(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _fenced(text: str, kind: str) -> Iterator[str]:
    """The text in a fence that no run of backquotes in it closes, cut at `SHOWN` characters."""
    shown = plain(text[:SHOWN])
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    yield from (f"{fence}{kind}", shown, fence)
    if len(text) > SHOWN:
        yield f"The first {SHOWN:,} of {len(text):,} characters."
