"""write_text() and make_folder(): one file or folder that the user named; what cannot be written is a sentence."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from shadow.settings.config_errors import ConfigError


def write_text(path: Path, text: str) -> None:
    """As `write_bytes`, in UTF-8."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write the whole file, replacing an existing one; ConfigError where it cannot be."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be written: {error.strerror}"]) from None


def check_writable(*paths: Path | None) -> None:
    """ConfigError with every path that names a folder, or a file in none: found before what is written is computed."""
    if wrong := [f"{path}: cannot be written: {why}" for path in paths if path and (why := _unwritable(path))]:
        raise ConfigError(wrong)


def _unwritable(path: Path) -> str:
    try:
        is_folder, has_folder = path.is_dir(), path.parent.is_dir()
    except OSError as error:
        return os.strerror(error.errno or errno.EACCES)
    return os.strerror(errno.EISDIR) if is_folder else "" if has_folder else os.strerror(errno.ENOENT)


def make_folder(path: Path) -> None:
    """Create a folder and those above it, where it is not there; ConfigError where it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be created: {error.strerror}"]) from None
