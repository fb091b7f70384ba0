"""write_parquet(): the members of the JSONL export as a Parquet table of the same names, for tools that analyse tables.

The only module that loads the extra `sameweights[parquet]`. What a line does not have is null; the columns and their types are
the same in every file, so that files of several exports are one table.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path

from shadow.settings.config_errors import ConfigError

MISSING = "--parquet: tables are written by a package that is not installed: pip install 'sameweights[parquet]'"
AT_ONCE = 5_000
"""Lines of one row group, which bounds the memory."""
TIME = "time"
LISTS = frozenset({"gen_ai.response.finish_reasons"})
BOOLEANS = frozenset({"gen_ai.request.stream", "sameweights.stream"})
NUMBERS = (
    *(f"gen_ai.request.{name}" for name in ("temperature", "top_p", "frequency_penalty", "presence_penalty")),
    *("gen_ai.response.time_to_first_chunk", "gen_ai.evaluation.score.value"),
    *("sameweights.time_to_first_token_seconds", "duration_seconds"),
)
COUNTS = (
    *(f"gen_ai.request.{name}" for name in ("max_tokens", "choice.count", "top_k", "seed")),
    *(f"gen_ai.usage.{name}" for name in ("input_tokens", "output_tokens", "reasoning.output_tokens")),
    *("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_write.input_tokens", "http.response.status_code"),
)
TEXTS = (
    *("sameweights.pair.id", "sameweights.exchange.id", "sameweights.side", "sameweights.route", "sameweights.upstream"),
    *("sameweights.conversation", "sameweights.tag", "sameweights.comparison"),
    *(f"gen_ai.{name}" for name in ("operation.name", "provider.name", "request.model", "response.model", "response.id")),
    *("gen_ai.request.reasoning.level", "gen_ai.output.type", "openai.response.system_fingerprint", "error.type"),
    *(f"gen_ai.evaluation.{name}" for name in ("name", "score.label", "explanation")),
    *("sameweights.request.body", "sameweights.response.body"),
)


def columns() -> tuple[str, ...]:
    """The names of all columns, in their order."""
    return (TIME, *TEXTS, *sorted(LISTS), *sorted(BOOLEANS), *COUNTS, *NUMBERS)


def write_parquet(path: Path, lines: Iterable[Mapping[str, object]], *, version: str) -> None:
    """Write the lines, replacing an existing file once all are written; ConfigError where a line or the file cannot be written,
    or the package is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra that most installations do without
        from pyarrow import parquet  # noqa: PLC0415 - as above
    except ImportError:
        raise ConfigError([MISSING]) from None
    types = {TIME: pa.timestamp("us", tz="UTC"), **dict.fromkeys(TEXTS, pa.string())}
    types |= dict.fromkeys(LISTS, pa.list_(pa.string())) | dict.fromkeys(BOOLEANS, pa.bool_())
    types |= dict.fromkeys(COUNTS, pa.int64()) | dict.fromkeys(NUMBERS, pa.float64())
    schema = pa.schema([(name, types[name]) for name in columns()], metadata={"sameweights": version})
    try:
        with _replaced(path) as part, parquet.ParquetWriter(part, schema, compression="zstd") as writer:
            for rows in _batches(lines):
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    except OSError as error:
        raise ConfigError([f"{path}: cannot be written: {error.strerror or error}"]) from None
    except (pa.ArrowException, OverflowError, UnicodeError) as error:
        raise ConfigError([f"{path}: a line does not fit its columns: {error}; --jsonl has no such bounds"]) from None


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """A file beside that of `path`, which takes its place and permissions where nothing fails, else is removed."""
    target = path.resolve()  # of a link, what it leads to
    if target.exists() and not target.is_file():  # a device or a pipe stays what it is
        yield target
        return
    part = target.with_name(f".{target.name[:200]}.{os.getpid()}")
    try:
        part.touch(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666)
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _batches(lines: Iterable[Mapping[str, object]]) -> Iterator[list[dict[str, object]]]:
    rest = iter(lines)
    while rows := [_row(line) for line in islice(rest, AT_ONCE)]:
        yield rows


def _row(line: Mapping[str, object]) -> dict[str, object]:
    """The line with its moment as one, and texts without lone surrogates, which UTF-8 does not have."""
    return {name: _value(name, value) for name, value in line.items()}


def _value(name: str, value: object) -> object:
    if name == TIME:
        return datetime.fromisoformat(str(value))
    if isinstance(value, (list, tuple)):
        return [_value("", each) for each in value]
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
