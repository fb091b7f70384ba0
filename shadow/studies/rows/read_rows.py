"""read_rows(): the rows of a JSONL file, each in the shape that its own content has; a broken line is a value to be skipped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from math import isfinite
from typing import Any, NoReturn

from shadow.studies.own_checks.check_spec import CheckSpec, CheckSpecError
from shadow.studies.own_checks.row_checks import read_row_check
from shadow.studies.rows.bfcl_rows import bfcl_row, is_bfcl
from shadow.studies.rows.chat_rows import batch_row, chat_row, is_batch, is_chat, is_result, result_row
from shadow.studies.rows.row import BrokenRow, Row, RowError

LONGEST_LINE = 32 * 1024 * 1024
"""Bytes of a line; a longer one is broken."""
SHAPES = "a chat body (messages), a result row (request), a batch line (custom_id, body) or a bfcl question (question)"

_READERS: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any], bytes, str], Row]], ...] = (
    (is_batch, lambda value, _, place: batch_row(value, place)),
    (is_result, lambda value, _, place: result_row(value, place)),
    (is_bfcl, lambda value, _, place: bfcl_row(value, place)),
    (is_chat, chat_row),
)


def read_rows(name: str, lines: Iterable[bytes]) -> Iterator[Row | BrokenRow]:
    """The rows of the file called `name`, by their lines from 1 on; empty lines are none."""
    for number, line in enumerate(lines, 1):
        text = line.strip().removeprefix(b"\xef\xbb\xbf")
        if text:
            yield _row(text, f"{name}:{number}")


def _row(line: bytes, place: str) -> Row | BrokenRow:
    try:
        value = _value(line)
        return replace(_reader_of(value)(value, line, place), checks=_checks(value.get("checks", [])))
    except RowError as error:
        return BrokenRow(place=place, sentence=str(error))


def _checks(tables: object) -> tuple[CheckSpec, ...]:
    """The checks that a line brings with it."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise RowError("checks is a list of objects, each with a kind")
    try:
        return tuple(map(read_row_check, tables))
    except CheckSpecError as error:
        raise RowError(f"checks: {error}") from None


def _reader_of(value: Mapping[str, Any]) -> Callable[[Mapping[str, Any], bytes, str], Row]:
    reader = next((read for fits, read in _READERS if fits(value)), None)
    if reader is None:
        raise RowError(f"is none of the shapes that are read: {SHAPES}")
    return reader


def _value(line: bytes) -> Mapping[str, Any]:
    if len(line) > LONGEST_LINE:
        raise RowError(f"has {len(line):,} bytes; at most {LONGEST_LINE:,} are read")
    try:
        value = strict_json(line)
    except UnicodeDecodeError as error:
        raise RowError(f"is not UTF-8 text (byte {error.start})") from None
    except ValueError as error:
        raise RowError(f"is not JSON: {str(error)[:100]}") from None
    if not isinstance(value, dict):
        raise RowError(f"is a JSON {type(value).__name__}, not an object")
    return value


def strict_json(text: str | bytes) -> object:
    """The value of a text that can be written as JSON again; ValueError for what is no JSON, RowError for what is nested too deep
    and for a number that no double can hold.
    """
    try:
        value: object = json.loads(text, parse_constant=_no_number, parse_float=_number)
    except RecursionError:
        raise RowError("is nested too deep") from None
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _number(text: str) -> float:
    if isfinite(value := float(text)):
        return value
    raise RowError(f"holds the number {text[:40]}, which is more than a double can hold")
