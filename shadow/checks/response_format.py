"""response_format: a text requested as JSON is JSON, bare, and obeys the schema that the request declared."""

from __future__ import annotations

import json
from collections.abc import Mapping

from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.measures.answer_action import fills_refusal
from shadow.measures.schema_validation import SCHEMA_MISMATCH, VALID, validate
from shadow.reading.completion import Choice, Completion
from shadow.reading.lenient_json import integer
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.response_notes import COMMENTARY
from shadow.reading.responses_items import MESSAGE_SEPARATOR

_RESPONSE_FORMAT = Signal.RESPONSE_FORMAT
NO_FORMAT = "the request does not require JSON"
READ = 500_000
"""Characters of a text beyond which it is not parsed."""


def response_format(request: ParsedRequest, completion: Completion) -> Finding:
    """`json_object` brings a JSON object, `json_schema` a value that the schema finds valid."""
    form = request.body.get("response_format")
    kind = form.get("type") if isinstance(form, dict) else None
    if not isinstance(form, dict) or kind not in {"json_object", "json_schema"}:
        return not_measured(_RESPONSE_FORMAT, NO_FORMAT)
    if reason := (COMMENTARY if COMMENTARY in completion.notes else _unfit(completion.first)):
        return not_measured(_RESPONSE_FORMAT, reason)
    text = completion.first.text or ""
    found, reason = _parsed(text)
    if reason and request.api == "responses":
        found, reason = _each(text, reason)
    if reason:
        fenced = text.lstrip().startswith("```")
        reason = f"{kind} was requested, and the text is {'fenced as Markdown' if fenced else f'not JSON: {reason}'}"
        return match_or_differ(_RESPONSE_FORMAT, False, "fenced" if fenced else "not JSON", str(kind), reason)
    if kind == "json_object":
        what = type(found).__name__
        return match_or_differ(_RESPONSE_FORMAT, what == "dict", what, kind, f"json_object was requested, and a JSON {what} came")
    return _obeying(form, found)


def _unfit(first: Choice) -> str:
    """Why this answer need not be JSON; "" when it must be."""
    if first.tool_calls:
        return "the answer calls a tool"
    if fills_refusal(first):
        return "the answer refuses"
    if first.ended in {"length", "content_filter"}:
        return f"the answer was ended by {first.finish_reason}"
    if not (first.text or "").strip():
        return "the answer has no text"
    return "" if len(first.text or "") <= READ else f"the text is longer than the {READ:,} characters that are parsed"


def _parsed(text: str) -> tuple[object, str]:
    try:
        try:
            return json.loads(text), ""
        except ValueError:
            return json.loads(text, parse_int=integer), ""  # Python refuses integers that JSON allows
    except RecursionError:
        return None, "nested too deep"
    except ValueError as fault:
        return None, str(fault)


def _each(text: str, reason: str) -> tuple[object, str]:
    """The first of the texts of several messages, where each is JSON: clients parse them one by one."""
    parts = [_parsed(part) for part in text.split(MESSAGE_SEPARATOR)]
    return parts[0] if len(parts) > 1 and not any(fault for _, fault in parts) else (None, reason)


def _obeying(form: Mapping[str, object], found: object) -> Finding:
    wrapper = form.get("json_schema")
    schema = wrapper.get("schema") if isinstance(wrapper, dict) else None
    if schema is None:
        return not_measured(_RESPONSE_FORMAT, "the request declares no schema; the text is JSON")
    known, fault = validate(schema, found)
    if not known:
        return not_measured(_RESPONSE_FORMAT, f"the text is JSON; {fault}")
    return match_or_differ(_RESPONSE_FORMAT, not fault, SCHEMA_MISMATCH if fault else VALID, "json_schema", f"the text{fault}")
