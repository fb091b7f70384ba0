"""The folder of the audit's socket is made once, and refused where others may change it."""

import os
import stat
from contextlib import nullcontext

import pytest

from shadow.pipeline.private_folder import private_folder


def test_a_private_folder_is_made_and_found_again(tmp_path):
    private_folder(tmp_path / "own")
    private_folder(tmp_path / "own")
    assert stat.S_IMODE((tmp_path / "own").stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", ["open to others", "a link", "a file"])
def test_what_stands_in_its_place_and_others_may_change_is_refused(tmp_path, kind):
    place = tmp_path / "own"
    if kind == "a link":
        (tmp_path / "real").mkdir(mode=0o700)
        place.symlink_to(tmp_path / "real")
    elif kind == "a file":
        place.touch()
    else:
        place.mkdir()
        place.chmod(0o770)
    with pytest.raises(PermissionError, match="own folder"):
        private_folder(place)


@pytest.mark.parametrize(("mode", "refused"), [(0o700, False), (0o755, False), (0o711, False), (0o720, True), (0o702, True)])
def test_a_folder_is_refused_where_its_group_or_others_may_write(tmp_path, mode, refused):
    place = tmp_path / "own"
    place.mkdir()
    place.chmod(mode)
    with pytest.raises(PermissionError, match="remove it") if refused else nullcontext():
        private_folder(place)


def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    private_folder(tmp_path / "own")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(PermissionError, match="is not this user's own folder: remove it"):
        private_folder(tmp_path / "own")
