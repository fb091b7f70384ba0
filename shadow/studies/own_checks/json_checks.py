"""Checks of JSON: the final text or the arguments of calls held to a schema, on an engine of bounded work."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from shadow.findings.finding_builders import short
from shadow.findings.number_words import number_of
from shadow.measures.schema_validation import validate
from shadow.studies.own_checks.answer_facts import AnswerFacts
from shadow.studies.own_checks.check_spec import CheckSpec
from shadow.studies.own_checks.text_checks import wrong_count

FENCE = "```"
_OPENING, _CLOSING = re.compile(r"^```(?:json)?\n?"), re.compile(r"\n?```$")
_LABELLED = re.compile(r"^```json\n?")


class UnusableSchemaError(Exception):
    """The schema of a check can hold nothing; a sentence."""


def json_schema(spec: CheckSpec, facts: AnswerFacts) -> str:
    """Whether the text is JSON that fits the schema; inside a Markdown fence only where `fences` accepts it."""
    text = facts.text.strip()
    if not spec.fences and FENCE in text:
        return "the text has a Markdown fence"
    opening = _LABELLED if spec.fences == "json" else _OPENING
    return _held(spec.schema, _CLOSING.sub("", opening.sub("", text)).strip(), "the text")


def tool_arguments(spec: CheckSpec, facts: AnswerFacts) -> str:
    """Whether the tool is called, with arguments that fit the schema in one call, or in `every` call, so many times.

    With `absent` it must not be called so at all.
    """
    calls = [call for call in facts.calls if call.name == spec.tool]
    faults = [_held(spec.schema if spec.schema is not None else True, call.arguments, spec.tool) for call in calls]
    fitting = sum(not fault for fault in faults)
    if spec.absent:
        return f"{spec.tool} is called so {number_of(fitting, 'time')}" if fitting else ""
    if not calls:
        return f"{spec.tool} is not called"
    if fitting == 0 or (spec.every and fitting < len(calls)):
        return next(fault for fault in faults if fault)
    return wrong_count(spec, fitting, "fitting call", f" of {spec.tool}")


def _held(schema: object, text: str, what: str) -> str:
    try:
        value = json.loads(text or "{}" if what != "the text" else text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        return short(f"{what} is not JSON: {fault}", 200)
    could, why = validate(schema, value)
    if not could:
        raise UnusableSchemaError(why)
    return short(f"{what}{why}", 200) if why else ""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
