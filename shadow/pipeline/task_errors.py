"""log_error(): the done callback of every task that runs beside others: its error is logged at once."""

from __future__ import annotations

import asyncio

import structlog

log = structlog.get_logger("sameweights.audit")


def log_error(task: asyncio.Task[None]) -> None:
    """Log the error that ended a task, with its traceback; a fault of ours, since such a task handles what it expects."""
    if not task.cancelled() and (why := task.exception()):
        log.error("audit_task_failed", exc_info=why)
