"""json_schema(): the JSON schema (2020-12) of each document that a command prints, derived from the classes that make it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

from pydantic import TypeAdapter, create_model

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.dossier.dossier_bundle import SCHEMA as DOSSIER_SCHEMA
from shadow.dossier.dossier_records import DossierRecords
from shadow.report.alarm_lines import AlarmLine
from shadow.report.build_report import REPORT_MOMENTS, SCHEMA
from shadow.report.figures import Report
from shadow.report.verdict_text import STATUS_SCHEMA
from shadow.settings.config_errors import ConfigError, meant, quoted
from shadow.studies.outputs.study_json import SCHEMA as STUDY_SCHEMA
from shadow.studies.outputs.study_report import StudyReport
from shadow.terminal.alarm_list import ALARMS_SCHEMA, MOMENTS
from shadow.terminal.answers_text import ANSWER_SCHEMA, ANSWERS_SCHEMA
from shadow.terminal.pair_list import PAIRS_SCHEMA
from shadow.terminal.pair_tail import TAIL_SCHEMA
from shadow.terminal.pair_text import PAIR_SCHEMA
from shadow.tournament.tournament_json import CHOOSE_SCHEMA
from storage.rows import ExchangeRow, FindingRow, PairRow, ToolCallRow

JsonSchema = dict[str, object]
TIME: JsonSchema = {"type": "string", "format": "date-time"}
TEXT: JsonSchema = {"type": "string"}
NUMBER: JsonSchema = {"type": "integer", "minimum": 0}
TEXTS: JsonSchema = {"type": "array", "items": TEXT}
MAYBE_TEXT: JsonSchema = {"type": ["string", "null"]}
"""A text, null where it is not known or not kept."""
MAYBE_COUNT: JsonSchema = {"type": ["integer", "null"], "minimum": 0}
"""A number, null where nothing was counted."""
STATES = ("matches", "differs", "not_comparable", "not_measured")


def json_schema(name: str) -> JsonSchema:
    """The schema of the document of this name; ConfigError with the known names for any other."""
    if name not in _SCHEMAS:
        raise ConfigError([f"schema: no such document: {quoted(name)}{meant(name, _SCHEMAS)}"])
    made = _SCHEMAS[name]()
    made.pop("title", "")  # the class, where there is one
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"sameweights {name}", **made}


def _object(members: Mapping[str, object], *, schema: str = "") -> JsonSchema:
    """An object that has all of these members; others may be added in later versions."""
    named = {"schema": {"const": schema}, **members} if schema else dict(members)
    return {"type": "object", "properties": named, "required": sorted(named)}


def _listing(item: JsonSchema) -> JsonSchema:
    return {"type": "array", "items": item}


def _row(row: type, **changed: object) -> JsonSchema:
    """The columns of a stored row, with what is shown in another form than it is stored."""
    made = TypeAdapter(row).json_schema()
    properties = {**made["properties"], **changed}
    shown = {name: value for name, value in properties.items() if value is not None}
    return _object(shown)


def _pair_row() -> JsonSchema:
    changed = {"comparable": {"type": "boolean"}, "why": MAYBE_TEXT, "alterations": TEXTS, "shape": {"type": "object"}}
    return _row(PairRow, **changed, started_time=TIME)


def _exchange_row() -> JsonSchema:
    headers = _listing({"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2})
    changed = {"request_headers": headers, "response_headers": headers, "request_body": MAYBE_TEXT, "response_body": MAYBE_TEXT}
    # as an object, where the schema of a named tuple is that of an array
    defaults = ExchangeRow._field_defaults
    columns: dict[str, Any] = {name: (kind, defaults.get(name, ...)) for name, kind in get_type_hints(ExchangeRow).items()}
    return _row(create_model("ExchangeRow", **columns), **changed, marks=None, started_time=TIME)


def _finding_row() -> JsonSchema:
    score = {"type": ["number", "null"]}
    return _object({name: score if name == "score" else TEXT for name in FindingRow._fields})


def _report() -> JsonSchema:
    made = TypeAdapter(Report).json_schema()
    for definition in (made, *made["$defs"].values()):
        properties = definition.get("properties", {})
        for name in [name for name in properties if name in REPORT_MOMENTS]:
            properties[f"{name}_time"] = {"anyOf": [TIME, {"type": "null"}]}
    share = {"type": ["number", "null"]}
    made["$defs"]["CheckLine"]["properties"] |= {"rate": share, "reference_rate": share}
    extra = {"schema": {"const": SCHEMA}, "drift": {"type": "boolean"}, "measured": {"type": "boolean"}}
    return {**made, "properties": {**made["properties"], **extra}, "required": [*made["required"], *extra]}


def _status() -> JsonSchema:
    texts = dict.fromkeys(("provider", "model", "reference", "verdict", "state", "signal", "finding"), TEXT)
    row = _object({**texts, "since": {"anyOf": [TIME, {"type": "null"}]}, "pairs": NUMBER, "requests": NUMBER})
    return _object({"at": TIME, "providers": _listing(row)}, schema=STATUS_SCHEMA)


def _pairs() -> JsonSchema:
    row = _pair_row()
    members = {"evidence": TEXTS, "sentence": TEXT, "differing": TEXTS, **dict.fromkeys(STATES, NUMBER)}
    members |= dict.fromkeys(("found_in", "excerpt"), MAYBE_TEXT)
    properties = {**row["properties"], **members}  # type: ignore[dict-item]  # the members of an object made above
    searched = dict.fromkeys(("searched", "searched_without_text", "searched_in_part"), MAYBE_COUNT)
    return _object({**searched, "pairs": _listing(_object(properties))}, schema=PAIRS_SCHEMA)


def _tail() -> JsonSchema:
    """The schema of one line."""
    line = _pairs()["properties"]["pairs"]["items"]  # type: ignore[index]  # an object made above
    return _object(line["properties"], schema=TAIL_SCHEMA)


def _study() -> JsonSchema:
    made = TypeAdapter(StudyReport).json_schema()
    definitions = made["$defs"]
    result, facts = definitions["StudyResult"]["properties"], {"$ref": "#/$defs/StudyFacts"}
    rest = {name: value for name, value in made["properties"].items() if name not in {"facts", "result"}}
    verdicts = {name: result[name] for name in ("policy", "verdicts", "reference")}
    members = {"exit_code": NUMBER, "study": facts, **verdicts, **rest}
    return {**_object(members, schema=STUDY_SCHEMA), "$defs": definitions}


def _pair() -> JsonSchema:
    answer = _object({"title": TEXT, "exchange": _exchange_row(), "tool_calls": _listing(_row(ToolCallRow))})
    members = {"pair": _pair_row(), "sentence": TEXT, "findings": _listing(_finding_row()), "answers": _listing(answer)}
    return _object(members, schema=PAIR_SCHEMA)


def _answers() -> JsonSchema:
    texts = dict.fromkeys(("id", "route", "provider", "model", "pair_id"), TEXT)
    check = _object({"signal": TEXT, "reason": TEXT})
    times = {"started": {"type": "number"}, "started_time": TIME, "status": {"type": ["integer", "null"]}}
    return _object({"answers": _listing(_object({**texts, **times, "checks": _listing(check)}))}, schema=ANSWERS_SCHEMA)


def _answer() -> JsonSchema:
    members = {"exchange": _exchange_row(), "tool_calls": _listing(_row(ToolCallRow)), "checks": _listing(_finding_row())}
    return _object(members, schema=ANSWER_SCHEMA)


def _alarms() -> JsonSchema:
    made = TypeAdapter(AlarmLine).json_schema()
    maybe_time: JsonSchema = {"anyOf": [TIME, {"type": "null"}]}
    times = {f"{name}_time": maybe_time for name in MOMENTS}
    given = made["$defs"]["AlarmAcknowledgement"]["properties"]
    members = {**made["properties"], **times}
    members["acknowledged"] = {"anyOf": [_object({**given, "at_time": TIME}), {"type": "null"}]}
    return _object({"alarms": _listing(_object(members))}, schema=ALARMS_SCHEMA)


def _choose() -> JsonSchema:
    number: JsonSchema = {"type": ["number", "null"]}
    signal = _object(
        {
            "state": {"enum": [*ChoiceVerdict]},
            "requests": NUMBER,
            "tolerance": {"type": "number"},
            **dict.fromkeys(("excess", "low", "high", "needed"), number),
        }
    )
    price = _object({"per_thousand": {"type": "number"}, "requests": NUMBER, "cached_share": number})
    shown = {name: {"type": "number"} for name in ("excess", "low", "high")}
    counts = dict.fromkeys(("requests", "conversations"), NUMBER)
    segment = _object({**dict.fromkeys(("segment", "signal"), TEXT), **counts, **shown, "beyond": {"type": "boolean"}})
    candidate = _object(
        {
            **dict.fromkeys(("name", "model", "sentence"), TEXT),
            "verdict": {"enum": [*ChoiceVerdict]},
            "signals": {"type": "object", "additionalProperties": signal},
            "requests": NUMBER,
            "conversations": NUMBER,
            "needed": number,
            "price": {"anyOf": [price, {"type": "null"}]},
            "latency": _object({"first_token": number, "total": number}),
            "availability": number,
            "limits": _object({"quantization": MAYBE_TEXT, "context": number, "largest_prompt": number}),
            "identity": _object({"since": TIME, "changed": {"type": "boolean"}, "same_as": TEXTS}),
            "segments": _listing(segment),
        }
    )
    top = {"route": TEXT, "reference": TEXT, "begun": {"anyOf": [TIME, {"type": "null"}]}, "cheapest_proven": MAYBE_TEXT}
    plan: JsonSchema = {"type": ["object", "null"]}
    return _object({**top, "candidates": _listing(candidate), "tie": TEXTS, "plan": plan}, schema=CHOOSE_SCHEMA)


def _dossier() -> JsonSchema:
    """The schema of records.json; each line of pairs.jsonl is a `CountedPair` of its definitions."""
    made = TypeAdapter(DossierRecords).json_schema()
    pair = made["$defs"]["CountedPair"]
    pair["properties"]["started_time"] = TIME
    members = {name: value for name, value in made["properties"].items() if name != "pairs"}
    return {**_object(members, schema=DOSSIER_SCHEMA), "$defs": made["$defs"]}


_SCHEMAS: Mapping[str, Callable[[], JsonSchema]] = {
    "report": _report,
    "status": _status,
    "pairs": _pairs,
    "pair": _pair,
    "answers": _answers,
    "answer": _answer,
    "tail": _tail,
    "alarms": _alarms,
    "study": _study,
    "choose": _choose,
    "dossier": _dossier,
}
