"""A file that the user named."""

import pytest

from shadow.commands.written_file import check_writable, make_folder, write_text
from shadow.settings.config_errors import ConfigError


def test_the_whole_text_takes_the_place_of_an_older_one(tmp_path):
    path = tmp_path / "a.txt"
    for text in ("a longer text", "new \ud800"):
        write_text(path, text)
    assert path.read_bytes() == b"new \\ud800"


def test_a_path_that_cannot_be_written_is_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match=r"none/a\.txt: cannot be written: No such file"):
        write_text(tmp_path / "none" / "a.txt", "x")


def test_paths_that_cannot_be_written_are_found_before_anything_is(tmp_path):
    file = tmp_path / "file"
    file.touch()
    check_writable(tmp_path / "a.txt", None, file)
    with pytest.raises(ConfigError) as caught:
        check_writable(tmp_path, tmp_path / "none" / "a.txt", file / "a.txt", tmp_path / "a.txt")
    assert str(caught.value).split("\n") == [
        f"{tmp_path}: cannot be written: Is a directory",
        f"{tmp_path / 'none' / 'a.txt'}: cannot be written: No such file or directory",
        f"{file / 'a.txt'}: cannot be written: No such file or directory",
    ]
    assert not (tmp_path / "a.txt").exists()


def test_a_folder_that_cannot_be_created_is_a_sentence(tmp_path):
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file/b: cannot be created: Not a directory"):
        make_folder(tmp_path / "file" / "b")
