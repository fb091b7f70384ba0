"""A file in memory has no place on a disk, and the next program of the process does not inherit it."""

import os
from pathlib import Path

import pytest

from proxy.process.memory_file import memory_file


def test_what_is_written_is_read_back_from_memory_and_not_inherited():
    descriptor = memory_file()
    try:
        assert os.write(descriptor, b"task") == 4
        assert os.pread(descriptor, 10, 0) == b"task"
        assert str(Path(f"/proc/self/fd/{descriptor}").readlink()).startswith("/memfd:")
        assert not os.get_inheritable(descriptor)
    finally:
        os.close(descriptor)


def test_a_system_whose_memory_has_no_files_has_one_without_a_name(monkeypatch):
    monkeypatch.delattr(os, "memfd_create")
    descriptor = memory_file()
    try:
        os.write(descriptor, b"task")
        assert (os.pread(descriptor, 10, 0), os.fstat(descriptor).st_nlink) == (b"task", 0)
    finally:
        os.close(descriptor)


def test_a_file_that_cannot_be_made_is_an_error_of_the_system(monkeypatch):
    def full(name):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "memfd_create", full)
    with pytest.raises(OSError, match="Too many open files"):
        memory_file()
