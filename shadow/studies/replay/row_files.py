"""rows_of(): the rows of the files that a user named, and every broken line; changed() and sampled(): as the flags order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from shadow.settings.config_errors import ConfigError, quoted
from shadow.studies.interleaving import shuffled
from shadow.studies.rows.read_rows import read_rows, strict_json
from shadow.studies.rows.row import BrokenRow, Row, RowError


def rows_of(files: Sequence[Path]) -> tuple[list[Row], list[BrokenRow]]:
    """The rows of all files in their order, and the broken lines; ConfigError for a file that cannot be read."""
    rows: list[Row] = []
    broken: list[BrokenRow] = []
    for file, name in zip(files, _names(files), strict=True):
        for row in _lines(file, name):
            if isinstance(row, Row):
                rows.append(row)
            else:
                broken.append(row)
    return rows, broken


def sampled(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """`count` rows drawn by the seed, in their own order; all of them where `count` is 0."""
    if not count or count >= len(rows):
        return list(rows)
    chosen = set(shuffled([row.id for row in rows], f"{seed}:sample")[:count])
    return [row for row in rows if row.id in chosen]


def set_members(words: Sequence[str]) -> Mapping[str, object]:
    """The members that `--set NAME=VALUE` puts into every row: the value as JSON, else as text; ConfigError for other words."""
    faults = [f"--set {quoted(word)}: write NAME=VALUE, for example temperature=0" for word in words if word.find("=") < 1]
    if faults:
        raise ConfigError(faults)
    return {name: _json_or_text(value) for name, _, value in (word.partition("=") for word in words)}


def changed(row: Row, members: Mapping[str, object], max_tokens: int) -> Row:
    """The row with these members, and with `max_tokens` where it sets no limit of its own and that is not 0."""
    more = dict(members)
    if max_tokens and not row.request.parsed.max_tokens and not {"max_tokens", "max_completion_tokens"} & more.keys():
        more["max_tokens"] = max_tokens
    if not more:
        return row
    body = json.dumps({**json.loads(row.request.body), **more}, separators=(",", ":")).encode()
    changes = tuple(f"{name} set to {json.dumps(value)[:80]}" for name, value in more.items())
    return replace(row, request=replace(row.request, body=body), alterations=(*row.alterations, *changes))


def _lines(file: Path, name: str) -> Iterator[Row | BrokenRow]:
    try:
        with file.open("rb") as lines:
            yield from read_rows(name, lines)
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}"]) from None


def _names(files: Sequence[Path]) -> list[str]:
    """The files by their names; by their paths where two have one name, so that no two rows have one id."""
    names = [file.name for file in files]
    return names if len(set(names)) == len(names) else [str(file) for file in files]


def _json_or_text(text: str) -> object:
    try:
        return strict_json(text)
    except (ValueError, RowError):
        return text
