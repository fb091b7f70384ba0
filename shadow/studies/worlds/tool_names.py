"""Maps the tools of several servers to function names that every provider accepts: one to one, and whatever their order is.

OpenAI-compatible APIs accept `[A-Za-z0-9_-]{1,64}`; MCP allows dots and 128 characters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256

LONGEST = 64
"""Characters of a function name that every provider accepts."""

_FOREIGN = re.compile(r"[^A-Za-z0-9_-]")
_DIGITS = (8, 16, 32)
"""Hexadecimal digits of the hash: more of them for names that still coincide."""

ToolKey = tuple[str, str]
"""A server's name, and the name that it gives its tool."""


def function_names(tools: Iterable[ToolKey]) -> dict[ToolKey, str]:
    """The function name of each tool: its own, with its server's where two coincide, with a hash where that is not enough.

    All names that coincide are changed together, so that the result does not depend on the order of the tools.
    """
    stages = dict.fromkeys(tools, 0)
    while unfit := _unfit({key: _candidate(key, stage) for key, stage in stages.items()}):
        for key in unfit:
            stages[key] += 1
    return {key: _candidate(key, stage) for key, stage in stages.items()}


def _unfit(names: Mapping[ToolKey, str]) -> list[ToolKey]:
    """Tools whose name is empty, too long, or also another tool's."""
    times = Counter(names.values())
    return [key for key, name in names.items() if times[name] > 1 or not 1 <= len(name) <= LONGEST]


def _candidate(key: ToolKey, stage: int) -> str:
    server, tool = key
    if stage == 0:
        return _FOREIGN.sub("_", tool)
    with_server = _FOREIGN.sub("_", f"{server}__{tool}")
    if stage == 1:
        return with_server
    digits = _DIGITS[stage - 2]
    digest = sha256(f"{server}\0{tool}".encode(errors="surrogatepass")).hexdigest()[:digits]
    return f"{with_server[: LONGEST - 1 - digits]}_{digest}"
