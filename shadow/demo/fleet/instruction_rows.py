"""The experiment's three instructions as rows of a data set, each with its checks: fifteen points together.

Twelve words (5, all or nothing), a JSON object (1 for each member, 2 without a fence), five animals in order (1 each).
Source: "Same Weights, Different Results".
"""

from __future__ import annotations

import json

from shadow.demo.loose_json import Object

FILE = "instructions.jsonl"
_ANIMALS = ("ant", "bear", "cat", "dog", "eagle")


def instruction_lines() -> str:
    """The rows, a line each."""
    rows = (
        _row("twelve-words", "Write one sentence of exactly twelve words about the ocean.", [_twelve_words()]),
        _row("json", "Answer with one JSON object alone: name Ada, age 36, city London.", _json_checks()),
        _row("animals", f"Write these animals in alphabetical order, one a line: {_shuffled()}.", _animal_checks()),
    )
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def _row(name: str, prompt: str, checks: list[Object]) -> Object:
    return {"id": name, "messages": [{"role": "user", "content": prompt}], "temperature": 0, "checks": list(checks)}


def _twelve_words() -> Object:
    return {"kind": "words", "equals": 12, "points": 5}


def _json_checks() -> list[Object]:
    members = {"name": "string", "age": "integer", "city": "string"}
    each: list[Object] = [
        {"kind": "json_schema", "name": name, "schema": {"properties": {name: {"type": kind}}, "required": [name]}}
        for name, kind in members.items()
    ]
    bare: Object = {"kind": "json_schema", "name": "no fence", "schema": {"type": "object"}, "fences": False, "points": 2}
    return [*each, bare]


def _shuffled() -> str:
    return ", ".join((_ANIMALS[3], _ANIMALS[2], _ANIMALS[1], _ANIMALS[0], _ANIMALS[4]))


def _animal_checks() -> list[Object]:
    """Each animal in the line where the order has it."""
    return [
        {
            "kind": "regex",
            "name": f"{animal} in line {place}",
            "pattern": rf"(?i)\A(?:[^\n]*\n){{{place - 1}}}\s*{animal}\s*(?:\n|\z)",
        }
        for place, animal in enumerate(_ANIMALS, 1)
    ]
