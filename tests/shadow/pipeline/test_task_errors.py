"""The error of a task is logged when it ends, and only an error."""

import asyncio

from shadow.pipeline.task_errors import log_error


async def test_error_of_a_task_is_logged_and_neither_its_end_nor_its_cancellation(logged):
    said = logged("shadow.pipeline.task_errors")
    why = OSError("no such thing")

    async def broken() -> None:
        raise why

    tasks = [asyncio.create_task(work) for work in (broken(), asyncio.sleep(0), asyncio.sleep(60))]
    for task in tasks:
        task.add_done_callback(log_error)
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)
    assert [each.kwargs for each in said] == [{"exc_info": why, "event": "audit_task_failed"}]
