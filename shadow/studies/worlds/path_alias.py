"""Replaces the folder of one run by a fixed name in all that a model sees, and back in the arguments of its calls.

Without it prompts of two runs would differ in a random path, in tokens and in recorded calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_BEFORE = r"(?:(?<![\w.~/-])|(?<=file://))"
_AFTER = r"(?![\w-]|\.\w)"


class PathAlias:
    """Both ways between the names that are shown (`/data`) and the real folders of a run; `shown` maps one to the other."""

    def __init__(self, shown: Mapping[str, str]) -> None:
        self._real = {name.rstrip("/"): real.rstrip("/") for name, real in shown.items()}
        self._shown = {real: name for name, real in self._real.items()}

    def __repr__(self) -> str:
        return f"PathAlias({self._real})"

    def reveal(self, value: object) -> object:
        """A JSON value of the model with each shown path replaced by the real one; keys stay."""
        return _mapped(value, self._real)

    def conceal(self, value: object) -> object:
        """A JSON value of a server with each real path replaced by the shown one; keys stay."""
        return _mapped(value, self._shown)

    def conceal_text(self, text: str) -> str:
        """A text of a server with each real path replaced by the shown one."""
        return _replaced(text, self._shown)


def _mapped(value: object, paths: Mapping[str, str]) -> object:
    if not paths:
        return value
    if isinstance(value, str):
        return _replaced(value, paths)
    if isinstance(value, Mapping):
        return {key: _mapped(item, paths) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, paths) for item in value]
    return value


def _replaced(text: str, paths: Mapping[str, str]) -> str:
    if not paths:
        return text
    return _pattern(tuple(sorted(paths, key=len, reverse=True))).sub(lambda found: paths[found[0]], text)


@lru_cache(maxsize=64)
def _pattern(paths: tuple[str, ...]) -> re.Pattern[str]:
    """Whole paths only, and longer ones first: `/data2` is another path than `/data`."""
    return re.compile(f"{_BEFORE}(?:{'|'.join(map(re.escape, paths))}){_AFTER}")
