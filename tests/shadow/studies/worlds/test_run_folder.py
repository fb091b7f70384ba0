"""The folder of one run: copied data, its own temporary folder, placeholders, and an environment without our keys."""

import sys

import pytest

from shadow.studies.worlds.run_folder import RunFolder
from shadow.studies.worlds.server_spec import ServerSpec


def folder_in(tmp_path):
    return RunFolder(path=tmp_path / "run", run="r1", here=tmp_path, port=4)


def test_the_data_are_copied_with_links_that_stay_inside(tmp_path):
    (tmp_path / "original" / "sub").mkdir(parents=True)
    (tmp_path / "original" / "sub" / "a").write_text("a")
    (tmp_path / "original" / "link").symlink_to("sub/a")
    folder = folder_in(tmp_path)
    folder.prepare(tmp_path / "original")
    (folder.data / "link").write_text("changed")
    assert (folder.data / "sub" / "a").read_text() == "changed"
    assert (tmp_path / "original" / "sub" / "a").read_text() == "a"
    assert (folder.path / "tmp").is_dir()


def test_a_file_of_several_names_is_another_file_in_the_copy(tmp_path):
    original = tmp_path / "original"
    original.mkdir()
    (original / "a").write_text("a")
    (original / "b").hardlink_to(original / "a")
    (tmp_path / "outside").hardlink_to(original / "a")
    folder = folder_in(tmp_path)
    folder.prepare(original)
    (folder.data / "a").write_text("changed")
    assert [path.read_text() for path in (original / "a", original / "b", tmp_path / "outside")] == ["a"] * 3


def test_an_absolute_link_to_the_original_is_refused_and_nothing_is_copied(tmp_path):
    original = tmp_path / "original"
    original.mkdir()
    (original / "a").write_text("a")
    (original / "link").symlink_to(original / "a")
    folder = folder_in(tmp_path)
    with pytest.raises(ValueError, match=r"the link link leads to .*, an absolute path"):
        folder.prepare(original)
    assert list(folder.data.iterdir()) == []


def test_of_several_links_that_no_copy_can_have_the_first_is_named(tmp_path):
    original = tmp_path / "original"
    original.mkdir()
    for name in ("b", "a", "c"):
        (original / name).symlink_to("../x")
    with pytest.raises(ValueError, match=r"^original: the link a leads out of the folder"):
        folder_in(tmp_path).prepare(original)


def test_a_folder_is_used_once(tmp_path):
    folder = folder_in(tmp_path)
    folder.prepare(None)
    with pytest.raises(FileExistsError):
        folder.prepare(None)


def test_each_placeholder_is_filled(tmp_path):
    folder = folder_in(tmp_path)
    text = "{python} {data} {folder} {run} {here} {port} {other}"
    run = tmp_path / "run"
    assert folder.filled(text) == f"{sys.executable} {run}/data {run} r1 {tmp_path} 4 {{other}}"


def test_the_environment_is_what_the_task_names_and_little_more(tmp_path):
    folder = folder_in(tmp_path)
    spec = ServerSpec(name="s", env={"STATE": "{folder}/x"}, pass_env=("TOKEN", "UNSET"))
    ours = {"PATH": "/bin", "HOME": "/h", "LANG": "C", "KEY": "k", "TOKEN": "t", "TMPDIR": "/t"}
    made = folder.environ(spec, ours)
    run = f"{tmp_path}/run"
    assert made == {"PATH": "/bin", "HOME": "/h", "LANG": "C", "TOKEN": "t", "TMPDIR": f"{run}/tmp", "STATE": f"{run}/x"}


def test_injected_texts_are_filled_and_other_values_stay(tmp_path):
    spec = ServerSpec(name="s", inject={"key": "{run}", "n": 3})
    assert folder_in(tmp_path).injected(spec) == {"key": "r1", "n": 3}
