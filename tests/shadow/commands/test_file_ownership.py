"""A command is read from a small file that only this user can have written; any other is refused, and a pipe does not block."""

import os

import pytest

from shadow.commands.file_ownership import read_owned


@pytest.fixture
def command(tmp_path):
    path = tmp_path / "command.json"
    path.write_bytes(b"{}")
    path.chmod(0o600)
    return path


def test_a_file_of_ones_own_is_read(command):
    assert read_owned(command) == b"{}"


@pytest.mark.parametrize("mode", [0o644, 0o755, 0o701, 0o640])
def test_a_file_that_others_may_read_or_execute_is_read(command, mode):
    command.chmod(mode)
    assert read_owned(command) == b"{}"


@pytest.mark.parametrize("kind", ["group may write", "all may write", "hard link", "too large", "pipe", "folder"])
def test_a_file_that_another_user_may_have_written_is_refused(command, tmp_path, kind):
    if kind.endswith("may write"):
        command.chmod(0o620 if kind == "group may write" else 0o602)
    elif kind == "hard link":
        os.link(command, tmp_path / "second")
    elif kind == "too large":
        command.write_bytes(b"x" * (65_536 + 1))
    else:
        command.unlink()
        os.mkfifo(command, 0o600) if kind == "pipe" else command.mkdir()
    with pytest.raises(PermissionError):
        read_owned(command)


def test_the_largest_that_is_read(command):
    command.write_bytes(b"x" * 65_536)
    assert len(read_owned(command)) == 65_536


def test_a_link_is_not_followed(command, tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to(command)
    with pytest.raises(OSError, match="symbolic links"):
        read_owned(link)


def test_a_file_of_another_user_is_refused(command, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: command.stat().st_uid + 1)
    with pytest.raises(PermissionError):
        read_owned(command)
