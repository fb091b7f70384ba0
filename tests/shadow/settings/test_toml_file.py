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


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_toml(text, "x.toml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a = 1\n  b c = 2\n", "x.toml:2: not TOML: expected '=' after a key in a key/value pair, in 'b c = 2'"),
        ("a = 1\nb = 2\n\nc = = 3\nd = 4", "x.toml:4: not TOML: invalid value, in 'c = = 3'"),
        ('a = 1\nb = """x\ny', "x.toml:3: not TOML: unterminated string, in 'y'"),
        ("a = [", "x.toml:1: not TOML: invalid value, in 'a = ['"),
        ("a = 1\nb = [\n", "x.toml:3: not TOML: invalid value, in ''"),
        ("a = " + "[" * 100_000, "x.toml: not TOML: nested too deep"),
    ],
)
def test_text_that_is_no_toml_is_refused_with_its_line_and_what_stands_there(text, sentence):
    assert refused(text) == sentence


def test_file_that_is_no_utf_8_is_refused_with_its_first_wrong_byte(tmp_path):
    (tmp_path / "x.toml").write_bytes(b"a = 1\nb = \xff")
    with pytest.raises(ConfigError, match=r"x\.toml: is not UTF-8 text \(byte 10\); save it as UTF-8$"):
        read_text(tmp_path / "x.toml", missing="")


def test_value_that_json_does_not_have_is_read_as_its_text():
    class Dated(BaseModel):
        since: str

    assert validated(Dated, parse_toml("since = 2026-11-29", "x.toml")).since == "2026-11-29"
