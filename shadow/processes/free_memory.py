"""`return_free_memory`: gives pages that malloc holds free back to the system; those between live blocks would stay resident.

A call took up to 34 ms on a loaded machine, in which no other thread of the process can allocate: it is for processes that
forward no stream.
"""

from __future__ import annotations

import asyncio
import ctypes

SECONDS = 60.0
"""Between two calls."""


def return_free_memory() -> None:
    """Return what is free now; nothing where the C library cannot, as musl or that of macOS."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


async def keep_returning() -> None:
    """Return what is free every `SECONDS`, in a thread, until cancelled."""
    while True:
        await asyncio.sleep(SECONDS)
        await asyncio.to_thread(return_free_memory)
