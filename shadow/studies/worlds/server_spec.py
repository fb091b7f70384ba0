"""The MCP servers of a task, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

CALL_SECONDS = 20.0
"""Seconds that a tool call may take, unless the task sets another time."""
START_SECONDS = 30.0
"""Seconds that a server may take to start and to list its tools."""


class Isolation(StrEnum):
    """Who shares a server: each run has its own process and folder, all runs share one that is trusted and only reads, or the
    example server runs inside the study's own process.
    """

    RUN = "run"
    SHARED = "shared"
    IN_PROCESS = "in_process"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSpec:
    """One server: a `command`, or a `url`, or both for a command that serves HTTP on `{port}`.

    `env` are variables with placeholders, `pass_env` names of variables handed on, whose values are masked in all answers.
    """

    name: str
    command: tuple[str, ...] = ()
    url: str = ""
    token_env: str = ""
    copy: Path | None = None
    alias: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    pass_env: tuple[str, ...] = ()
    isolation: Isolation = Isolation.RUN
    trusted: bool = False
    hide: tuple[str, ...] = ()
    inject: Mapping[str, object] = field(default_factory=dict)
    timeout: float = CALL_SECONDS
    start_timeout: float = START_SECONDS
