"""The world of one run: the tools that it offers, and their answers; what breaks it is a `WorldError`, no provider's error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from shadow.studies.worlds.offered_tools import OfferedTools

T = TypeVar("T")


class WorldError(Exception):
    """A server did not start, died, or broke the protocol. The message is one sentence for the user."""


class AnswerSource(StrEnum):
    """Where an answer to a tool call comes from; `refused` is one that reached no tool, by its own fault."""

    LIVE = "live"
    RECORDED = "recorded"
    NEAREST = "nearest"
    UNSEEN = "unseen"
    TIMEOUT = "timeout"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswer:
    """The answer to one tool call, as the model gets it. `seconds` is the tool's own time."""

    text: str
    is_error: bool
    source: AnswerSource
    seconds: float = 0.0
    alterations: tuple[str, ...] = ()


class World(Protocol):
    """Tools, and their answers. A world belongs to one run, and to the task that opened it."""

    @property
    def offered(self) -> OfferedTools:
        """The tools as they stand in each request."""

    async def call(self, name: str, arguments: Mapping[str, object]) -> ToolAnswer:
        """The answer to a call of an offered function; WorldError when the world has ended."""


Opening = Callable[[], AbstractAsyncContextManager[World]]
"""Opens one world; entered and left in one task, because the SDK's cancel scopes belong to a task."""


async def in_world(opening: Opening, use: Callable[[World], Awaitable[T]]) -> T:
    """The result of `use` in a world of its own; WorldError when the world breaks.

    A task of its own, because an HTTP server that dies cancels the task that holds its connection: that cancellation must reach
    neither the caller nor other runs, and one that comes from the caller must pass.
    """
    task = asyncio.create_task(_inside(opening, use))
    try:
        return await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if task.cancelled() and current is not None and not current.cancelling():
            raise WorldError("a tool server's connection was cancelled") from None
        raise


async def _inside(opening: Opening, use: Callable[[World], Awaitable[T]]) -> T:
    fault: Exception | None = None
    try:
        async with opening() as world:
            try:
                return await use(world)
            except Exception as error:  # noqa: BLE001 - raised again below, where no scope of the SDK wraps it into a group
                fault = error
    except BaseExceptionGroup as group:
        if fault is None:
            raise WorldError(f"a tool server's connection broke: {first_cause(group)}") from group
    if fault is None:
        raise WorldError("a tool server's connection broke")
    raise fault


def first_error(error: BaseException) -> BaseException:
    """The first error inside nested groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def first_cause(error: BaseException, shown: Callable[[str], str] = str) -> str:
    """The first error inside nested groups, as one line that is `shown` before it is cut."""
    first = first_error(error)
    return " ".join(shown(str(first)).split())[:200] or type(first).__name__
