"""Rows of the Berkeley Function Calling Leaderboard as chat requests: single-turn questions, their functions as tools.

Its schemas are written in the words of Python, and its names hold dots, which the API does not allow in a tool's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shadow.studies.chat_request import ChatRequest
from shadow.studies.rows.chat_rows import cluster_of, dumped
from shadow.studies.rows.row import Row, RowError

TYPES = {
    "dict": "object",
    "hashmap": "object",
    "float": "number",
    "double": "number",
    "long": "integer",
    "short": "integer",
    "byte": "integer",
    "tuple": "array",
    "list": "array",
    "arraylist": "array",
    "array": "array",
    "bool": "boolean",
    "int": "integer",
    "str": "string",
    "char": "string",
    "none": "null",
    **{name: name for name in ("object", "number", "integer", "boolean", "string", "null")},
}
"""Types of Python, Java and JavaScript by their names in JSON schema, and those of JSON schema themselves. Any other (`any`, an
empty one) is left out, which allows everything: a provider may refuse a request for a type that it does not know.
"""
_NAME = re.compile(r"[^A-Za-z0-9_-]")
LONGEST_NAME = 64


def is_bfcl(value: Mapping[str, Any]) -> bool:
    """Whether the line is a question of the leaderboard, of any of its kinds."""
    return "question" in value


def bfcl_row(value: Mapping[str, Any], place: str) -> Row:
    """A single-turn question; RowError for one of several turns, without functions, or of another form."""
    messages = _messages(value["question"])
    if "function" not in value:
        raise RowError("a bfcl question without functions: its tools are simulated by the leaderboard's own runner alone")
    functions = value["function"] if isinstance(value["function"], list) else [value["function"]]
    tools = [_tool(function) for function in functions]
    names = [tool["function"]["name"] for tool in tools]
    if len(set(names)) < len(names):
        raise RowError("two functions have one name, once dots are written as _")
    body: dict[str, Any] = {"messages": messages, **({"tools": tools} if tools else {})}
    request = ChatRequest(body=dumped(body), cluster=cluster_of(messages))
    renamed = [name for name, given in zip(names, functions, strict=True) if given.get("name") != name]
    changes = (f"names written without dots: {', '.join(renamed)}",) if renamed else ()
    return Row(id=place, shape="bfcl", request=request, name=str(value.get("id", ""))[:200], alterations=changes)


def _messages(question: Any) -> list[Any]:
    if not isinstance(question, list) or not question:
        raise RowError("question is no list of turns, or an empty one")
    if isinstance(question[0], dict):
        question = [question]
    if len(question) > 1:
        raise RowError(f"a question of {len(question)} turns, of which each needs the answers before it; only one is replayed")
    messages = question[0]
    if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
        raise RowError("the question's turn is no list of messages")
    return messages


def _tool(function: Any) -> dict[str, Any]:
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise RowError("a function is no object with a name")
    name = _NAME.sub("_", function["name"])[:LONGEST_NAME]
    made: dict[str, Any] = {"name": name, "description": str(function.get("description", ""))}
    if "parameters" in function:
        made["parameters"] = _schema(function["parameters"])
    return {"type": "function", "function": made}


def _schema(value: Any, *, named: bool = False) -> Any:
    """The schema with the types of JSON schema; `named`: the members of `value` are names of properties, not keywords."""
    if isinstance(value, list):
        return [_schema(each) for each in value]
    if not isinstance(value, dict):
        return value
    if named:
        return {key: _schema(member) for key, member in value.items()}
    made = {key: _schema(member, named=key == "properties") for key, member in value.items()}
    kind = made.get("type")
    if isinstance(kind, str):
        del made["type"]
        if known := TYPES.get(kind.lower()):
            made["type"] = known
    return made
