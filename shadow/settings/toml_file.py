"""A TOML file that a user writes, read and validated: what is wrong with it is a sentence with its line."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from shadow.settings.config_errors import ConfigError, quoted

M = TypeVar("M", bound=BaseModel)


def read_text(path: Path, *, missing: str) -> str:
    """The text of a file; ConfigError when it cannot be read, `missing` being the advice where there is none."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file; {missing}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None


def parse_toml(text: str, name: str) -> dict[str, object]:
    """The tables of a text; ConfigError with the line, and what stands in it."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", f"{error}", re.DOTALL)
        what = found.group(1) if found else f"{error}"
        line = int(found.group(2)) if found and found.group(2) else text.count("\n") + 1
        written = text.split("\n")[line - 1].strip()
        raise ConfigError([f"{name}:{line}: not TOML: {what[:1].lower()}{what[1:]}, in {quoted(written)}"]) from None
    except RecursionError:
        raise ConfigError([f"{name}: not TOML: nested too deep"]) from None


def validated(model: type[M], tables: Mapping[str, object]) -> M:
    """The tables as a model; pydantic's ValidationError with everything that does not fit.

    Strict, and by way of JSON: there a list is a tuple, and `sample_rate = true` is not 1.0.
    """
    return model.model_validate_json(json.dumps(tables, default=str), strict=True)
