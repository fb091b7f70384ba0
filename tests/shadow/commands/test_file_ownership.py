"""An order is read from a small file of this user's alone; whatever else lies there is refused and not waited for."""

import os

import pytest

from shadow.commands.file_ownership import MOST_BYTES, owned


@pytest.fixture
def order(tmp_path):
    path = tmp_path / "order.json"
    path.write_bytes(b"{}")
    path.chmod(0o600)
    return path


def test_a_file_of_ones_own_is_read(order):
    assert owned(order) == b"{}"


@pytest.mark.parametrize("kind", ["group may write", "all may write", "hard link", "too large", "pipe", "folder"])
def test_a_file_that_another_user_may_have_written_is_refused(order, tmp_path, kind):
    if kind.endswith("may write"):
        order.chmod(0o620 if kind == "group may write" else 0o602)
    elif kind == "hard link":
        os.link(order, tmp_path / "second")
    elif kind == "too large":
        order.write_bytes(b"x" * (MOST_BYTES + 1))
    else:
        order.unlink()
        os.mkfifo(order, 0o600) if kind == "pipe" else order.mkdir()
    with pytest.raises(PermissionError):
        owned(order)


def test_the_largest_that_is_read(order):
    order.write_bytes(b"x" * MOST_BYTES)
    assert len(owned(order)) == MOST_BYTES


def test_a_link_is_not_followed(order, tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to(order)
    with pytest.raises(OSError, match="symbolic links"):
        owned(link)


def test_a_file_of_another_user_is_refused(order, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: order.stat().st_uid + 1)
    with pytest.raises(PermissionError):
        owned(order)
