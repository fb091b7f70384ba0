"""`PageThreads`: runs what pages read and render in threads of their own, so that pages never hold a thread of the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")
THREADS = 2
"""Pages that are read at once; more wait for one of these."""


class PageThreads:
    """The threads; `close` them."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="sameweights-page")

    def __repr__(self) -> str:
        return f"<PageThreads most={THREADS}>"

    async def run(self, job: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Result:
        """The job's result."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: job(*given, **named))

    def close(self) -> None:
        """End the threads after the jobs in progress; what waits is cancelled."""
        self._pool.shutdown(wait=False, cancel_futures=True)
