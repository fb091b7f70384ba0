"""The check of an end state: the files of a run's world, compared by meaning where they are JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from shadow.measures.json_values import first_difference
from shadow.studies.own_checks.answer_facts import AnswerFacts
from shadow.studies.own_checks.check_spec import CheckSpec


def end_state(spec: CheckSpec, facts: AnswerFacts) -> str:
    """Whether the world ends as `expected`, or `unchanged`: the files that are named, or all files as they were."""
    expected: Mapping[str, object] = facts.files_before if spec.unchanged else spec.expected
    if spec.unchanged and (extra := sorted(set(facts.files_after) - set(facts.files_before))):
        return f"{extra[0]} is new"
    for path, value in sorted(expected.items()):
        if path not in facts.files_after:
            return f"{path} is missing"
        if why := _differs(path, value, facts.files_after[path], spec.without):
            return why
    return ""


def _differs(path: str, expected: object, found: bytes, without: Sequence[str]) -> str:
    """Where one file differs, "" where it does not; bytes that are JSON on both sides are compared as JSON."""
    one, other = _value(expected), _value(found)
    if isinstance(one, bytes) or isinstance(other, bytes):
        return "" if _bytes(expected) == found else f"{path} has another content"
    return first_difference(_left(other, without), _left(one, without), path)


def _value(content: object) -> object:
    """The JSON value of a file's text, its bytes where it is none; any other value is itself."""
    text = _bytes(content)
    if text is None:
        return content
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def _bytes(content: object) -> bytes | None:
    if isinstance(content, bytes):
        return content
    return content.encode("utf-8", "surrogatepass") if isinstance(content, str) else None


def _left(value: object, without: Sequence[str]) -> object:
    """A value without the members of these names, at any depth."""
    if isinstance(value, dict):
        return {name: _left(item, without) for name, item in value.items() if name not in without}
    if isinstance(value, list):
        return [_left(item, without) for item in value]
    return value
