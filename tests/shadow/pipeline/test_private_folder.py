"""The folder of the audit's socket is made once, and refused where others may change it."""

import stat

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
