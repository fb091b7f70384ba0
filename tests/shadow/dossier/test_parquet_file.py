"""The Parquet table of an export: the members of its JSONL lines, with one type each."""

import builtins
import json
import os
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from pyarrow import parquet

from shadow.dossier.parquet_file import AT_ONCE, columns, write_parquet
from shadow.dossier.record_lines import record_members
from shadow.settings.config_errors import ConfigError
from shadow.terminal.pair_list import pair_lines
from shadow.verdict.phrases import rfc3339
from storage.rows import PairFilter
from tests.exchanges import asked
from tests.records import add_pair, calling

KEY = b"0123456789abcdef"
EVERY_SETTING = {
    "temperature": 0.5,
    "top_p": 0.9,
    "frequency_penalty": 1,
    "presence_penalty": 1,
    "top_k": 3,
    "seed": 7,
    "n": 2,
    "max_tokens": 100,
    "reasoning_effort": "low",
    "response_format": {"type": "json_object"},
    "previous_response_id": "r",
}


def rows_of(path):
    """The rows as the members that they have, the moment in RFC 3339 as in JSONL."""
    for row in parquet.read_table(path).to_pylist():
        members = {name: value for name, value in row.items() if value is not None}
        yield members | ({"time": rfc3339(members["time"].timestamp())} if "time" in members else {})


def exported(store, *, with_text):
    return list(record_members(store, pair_lines(store, PairFilter(limit=100)), key=KEY, with_text=with_text))


@pytest.mark.parametrize("with_text", [True, False])
def test_rows_are_the_lines_of_the_jsonl(store, tmp_path, with_text):
    add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"), request=asked("Weather?", **EVERY_SETTING))
    add_pair(store, "garbler", "Hello", b'{"error": {"message": "no"}}', status=200)
    assert store.flush(20)
    lines = exported(store, with_text=with_text)
    write_parquet(tmp_path / "a.parquet", lines, version="1.2.3")
    assert list(rows_of(tmp_path / "a.parquet")) == [json.loads(json.dumps(line)) for line in lines]
    assert any("sameweights.request.body" in line for line in lines) == with_text


def test_columns_and_types_are_the_same_without_any_row(tmp_path):
    write_parquet(tmp_path / "none.parquet", (), version="1.2.3")
    schema = parquet.read_schema(tmp_path / "none.parquet")
    assert tuple(schema.names) == columns()
    assert schema.field("time").type == pa.timestamp("us", tz="UTC")
    assert schema.field("gen_ai.usage.input_tokens").type == pa.int64()
    assert schema.metadata[b"sameweights"] == b"1.2.3"


@pytest.mark.parametrize(("lines", "groups"), [(AT_ONCE, 1), (AT_ONCE + 1, 2)])
def test_group_of_rows_holds_5000_lines(tmp_path, lines, groups):
    write_parquet(tmp_path / "a.parquet", ({"sameweights.pair.id": str(number)} for number in range(lines)), version="1")
    assert AT_ONCE == 5_000
    assert parquet.ParquetFile(tmp_path / "a.parquet").num_row_groups == groups


def test_text_that_utf8_does_not_have_is_written_by_its_number(tmp_path):
    line = {
        "gen_ai.evaluation.explanation": "a\ud800b",
        "gen_ai.response.finish_reasons": ("\udfff", "stop"),
        "time": "2026-01-31T00:00:00+00:00",
    }
    write_parquet(tmp_path / "a.parquet", [line], version="1")
    (row,) = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert row["gen_ai.evaluation.explanation"] == "a\\ud800b"
    assert row["gen_ai.response.finish_reasons"] == ["\\udfff", "stop"]
    assert row["time"] == datetime(2026, 1, 31, tzinfo=UTC)


def test_path_that_cannot_be_written_is_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        write_parquet(tmp_path / "no" / "a.parquet", (), version="1")


def interrupted():
    for number in range(AT_ONCE):
        yield {"sameweights.pair.id": str(number)}
    raise KeyboardInterrupt


def test_export_that_fails_leaves_the_file_of_before_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.parquet"
    write_parquet(path, [{"sameweights.pair.id": "old"}], version="1")
    with pytest.raises(KeyboardInterrupt):
        write_parquet(path, interrupted(), version="1")
    assert list(rows_of(path)) == [{"sameweights.pair.id": "old"}]
    assert list(tmp_path.iterdir()) == [path]


def test_export_that_fails_makes_no_file(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write_parquet(tmp_path / "a.parquet", interrupted(), version="1")
    assert list(tmp_path.iterdir()) == []


def test_replaced_file_keeps_its_permissions_and_the_link_to_it(tmp_path):
    path, link = tmp_path / "a.parquet", tmp_path / "link"
    path.touch(0o600)
    link.symlink_to(path)
    write_parquet(link, [{"sameweights.pair.id": "new"}], version="1")
    assert (list(rows_of(path)), path.stat().st_mode & 0o777, link.is_symlink()) == (
        [{"sameweights.pair.id": "new"}],
        0o600,
        True,
    )


def test_pipe_is_refused_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(ConfigError, match="pipe: cannot be written"):
        write_parquet(pipe, [{"sameweights.pair.id": "new"}], version="1")
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gen_ai.request.seed", 2**63),
        ("gen_ai.request.seed", 2**80),
        ("gen_ai.request.seed", "many"),
        ("gen_ai.request.stream", 2.5),
        ("gen_ai.response.finish_reasons", 7),
    ],
)
def test_value_that_its_column_does_not_hold_is_a_sentence(tmp_path, name, value):
    with pytest.raises(ConfigError, match=r"a\.parquet: a line does not fit its columns: .*; --jsonl has no such bounds"):
        write_parquet(tmp_path / "a.parquet", [{name: value}], version="1")
    assert list(tmp_path.iterdir()) == []


def test_package_that_is_not_installed_is_named(tmp_path, monkeypatch):
    real = builtins.__import__

    def absent(name, *more, **others):
        if name == "pyarrow":
            raise ImportError(name)
        return real(name, *more, **others)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ConfigError, match=r"pip install 'sameweights\[parquet\]'"):
        write_parquet(tmp_path / "a.parquet", (), version="1")
