"""write_text(): writes one file that the user named; what cannot be written is a sentence."""

from __future__ import annotations

from pathlib import Path

from shadow.settings.config_errors import ConfigError


def write_text(path: Path, text: str) -> None:
    """Write the whole file, replacing an existing one; ConfigError where it cannot be."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write the whole file, replacing an existing one; ConfigError where it cannot be."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be written: {error.strerror}"]) from None
