"""A user's TOML file: read, parsed and validated, each fault a sentence; more of them with the configuration that is read so."""

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from shadow.settings.config_errors import ConfigError
from shadow.settings.toml_file import parse_toml, read_text, validated


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid")
    numbers: tuple[int, ...] = ()
    share: float = 0.0


def test_a_missing_file_names_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match=r"x\.toml: no such file; name a task file$"):
        read_text(tmp_path / "x.toml", missing="name a task file")


def test_a_folder_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_text(tmp_path, missing="")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbfa = 1")
    assert parse_toml(read_text(tmp_path / "x.toml", missing=""), "x.toml") == {"a": 1}


def test_a_list_is_a_tuple_and_true_is_no_number():
    assert validated(Table, {"numbers": [1, 2], "share": 1}).numbers == (1, 2)
    with pytest.raises(ValidationError):
        validated(Table, {"share": True})
