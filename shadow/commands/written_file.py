"""write_text() and make_folder(): one file or folder that the user named; what cannot be written is a sentence."""

from __future__ import annotations

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


def make_folder(path: Path) -> None:
    """Create a folder and those above it, where it is not there; ConfigError where it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be created: {error.strerror}"]) from None
