"""written_command(): the command of a study, by which it goes on or is made again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

ONCE = frozenset({"--fresh", "--plan"})
"""Flags that are about one run: with `--fresh` nothing would go on, with `--plan` nothing would be sent."""


def written_command(words: Sequence[str]) -> str:
    """The words after the program's name as a line for a shell, without the flags of `ONCE`. They name variables of keys, and
    hold no key.
    """
    return shlex.join(["sameweights", *(word for word in words if word not in ONCE)])
