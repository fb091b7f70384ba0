"""The files of a world, by paths that are the same in every run."""

import os
import subprocess
import sys
import threading

import pytest

from shadow.studies.worlds import world_files as module
from shadow.studies.worlds.world_files import WorldTooLargeError, world_files


def made(folder, *paths):
    for path in paths:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.encode())


def test_the_files_of_one_server_are_named_from_its_folder(tmp_path):
    made(tmp_path, "s/data/a.txt", "s/data/tmp/b", "s/state/x.json", "s/tmp/scratch", "s/stderr")
    assert world_files(tmp_path) == {
        "data/a.txt": b"s/data/a.txt",
        "data/tmp/b": b"s/data/tmp/b",
        "state/x.json": b"s/state/x.json",
    }


def test_the_files_of_several_servers_are_named_with_them(tmp_path):
    made(tmp_path, "one/data/a", "two/data/a")
    assert set(world_files(tmp_path)) == {"one/data/a", "two/data/a"}


def test_a_link_is_named_and_never_followed(tmp_path):
    made(tmp_path, "outside/secret")
    made(tmp_path / "world", "s/data/a")
    (tmp_path / "world/s/data/file").symlink_to(tmp_path / "outside/secret")
    (tmp_path / "world/s/data/folder").symlink_to(tmp_path / "outside")
    assert world_files(tmp_path / "world") == {"data/a": b"s/data/a", "data/file": b"", "data/folder": b""}


def test_a_world_at_the_bound_is_read_and_a_larger_one_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 4)
    made(tmp_path, "s/a", "s/b")
    (tmp_path / "s/a").write_bytes(b"12")
    (tmp_path / "s/b").write_bytes(b"34")
    assert sum(map(len, world_files(tmp_path).values())) == 4
    (tmp_path / "s/b").write_bytes(b"345")
    with pytest.raises(WorldTooLargeError):
        world_files(tmp_path)


@pytest.mark.slow
def test_files_and_folders_that_vanish_during_the_scan_are_left_out(tmp_path):
    made(tmp_path, "s/data/stays")
    over = threading.Event()

    def churn():
        """A server that writes and deletes files, as one that keeps a journal does."""
        while not over.is_set():
            (tmp_path / "s/data/journal").mkdir(exist_ok=True)
            for number in range(20):
                (tmp_path / f"s/data/journal/{number}").write_bytes(b"x")
            for number in range(20):
                (tmp_path / f"s/data/journal/{number}").unlink()
            (tmp_path / "s/data/journal").rmdir()

    writer = threading.Thread(target=churn)
    writer.start()
    try:
        seen = [world_files(tmp_path) for _ in range(300)]
    finally:
        over.set()
        writer.join()
    assert {files["data/stays"] for files in seen} == {b"s/data/stays"}


READ = """
import os, sys
from pathlib import Path
from shadow.studies.worlds.world_files import world_files
if os.getuid() == 0:
    os.setuid(65534)  # the superuser reads everything
try:
    world_files(Path("world"))
except PermissionError:
    sys.exit(7)
"""


@pytest.mark.parametrize(("path", "mode"), [("world/s/data/secret", 0), ("world/s/data", 0)])
def test_a_file_or_folder_that_cannot_be_read_is_an_error_and_never_left_out(tmp_path, path, mode):
    made(tmp_path, "world/s/data/secret")
    for folder in ("world", "world/s", "world/s/data"):
        (tmp_path / folder).chmod(0o755)
    (tmp_path / path).chmod(mode)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", READ], cwd=tmp_path, env=environ, check=False, capture_output=True)
    (tmp_path / path).chmod(0o755)
    assert ended.returncode == 7, ended.stderr


def test_no_folder_has_no_files(tmp_path):
    assert world_files(tmp_path / "none") == {}


def test_a_world_of_64_mebibytes_is_read_and_one_byte_more_is_named(tmp_path):
    made(tmp_path, "s/data/large")
    os.truncate(tmp_path / "s/data/large", 64 * 2**20)
    assert len(world_files(tmp_path)["data/large"]) == 64 * 2**20
    os.truncate(tmp_path / "s/data/large", 64 * 2**20 + 1)
    with pytest.raises(WorldTooLargeError, match="are larger than 64 MiB, and cannot be compared"):
        world_files(tmp_path)
