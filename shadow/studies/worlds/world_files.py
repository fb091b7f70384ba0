"""The files of a run's world, before and after: what a run left is a part of what it did."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MOST_BYTES = 64 * 2**20
"""Bytes of all files of one world that are read."""
_OURS = frozenset({"tmp", "stderr"})
"""What stands beside the data of a server, and is no state of it."""


class WorldTooLargeError(Exception):
    """A world whose files are larger than the bound."""


def world_files(folder: Path) -> dict[str, bytes]:
    """The files below the folders of a world's servers, by their paths from there (`fleet/data/a.txt`); "" for a link.

    With one server its name is left out (`data/a.txt`). A file that a server deletes meanwhile is left out; WorldTooLargeError
    beyond the bound, OSError for what cannot be read.
    """
    servers = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    found: dict[str, bytes] = {}
    left = MOST_BYTES
    for server in servers:
        root = folder if len(servers) > 1 else server
        for path in _files(server):
            content = _content(path, left)
            if content is not None:
                left -= len(content)
                found[path.relative_to(root).as_posix()] = content
    return found


def _files(server: Path) -> list[Path]:
    """Files and links below a server's folder, without following a link."""
    found: list[Path] = []
    for top, folders, files in os.walk(server, onerror=_unless_gone):
        at_top = Path(top) == server
        folders[:] = sorted(name for name in folders if not (at_top and name in _OURS))
        links = [name for name in folders if Path(top, name).is_symlink()]
        found += [Path(top, name) for name in sorted([*files, *links]) if not (at_top and name in _OURS)]
    return found


def _unless_gone(error: OSError) -> None:
    """Raise the error of a folder that is there, and cannot be read."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _content(path: Path, most: int) -> bytes | None:
    """The content, None where the file has gone; WorldTooLargeError for more than `most` bytes."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return b""
        with path.open("rb") as file:
            content = file.read(most + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if len(content) > most:
        raise WorldTooLargeError(f"the files of a world are larger than {MOST_BYTES // 2**20} MiB, and cannot be compared")
    return content
