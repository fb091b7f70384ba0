"""LocalServer: listens on a unix socket of this user, and listens again whenever the socket or its folder is deleted."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from shadow.pipeline.private_folder import private_folder

log = structlog.get_logger("sameweights.audit")

LOOK_SECONDS = 1.0
"""Seconds between two looks whether the socket is still there."""


class LocalServer:
    """One unix socket; `made` makes the protocol of each connection."""

    def __init__(self, made: Callable[[], asyncio.Protocol]) -> None:
        self._made = made
        self._path = ""
        self._server: asyncio.Server | None = None

    def __repr__(self) -> str:
        return f"<LocalServer path={self._path!r} listening={self._server is not None}>"

    async def start(self, path: str) -> None:
        """Listen on the unix socket `path`; OSError when that cannot be."""
        self._path = path
        await asyncio.to_thread(_room_for, Path(path))
        self._server = await asyncio.get_running_loop().create_unix_server(self._made, path)

    async def stay(self) -> None:
        """Listen again whenever the socket or its folder is gone, since cleaners delete old temporary files; until cancelled."""
        own = await asyncio.to_thread(_identity, self._path)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if own is not None and await asyncio.to_thread(_identity, self._path) == own:
                continue
            self.close()
            try:
                await self.start(self._path)
            except OSError as error:
                log.warning("socket_not_restored", path=self._path, error=str(error))
            else:
                own = await asyncio.to_thread(_identity, self._path)

    def close(self) -> None:
        """Refuse new connections; those that are open stay."""
        if self._server is not None:
            self._server.close()
            self._server = None


def _room_for(socket: Path) -> None:
    private_folder(socket.parent)
    socket.unlink(missing_ok=True)  # left by an audit that died


def _identity(path: str) -> tuple[int, int] | None:
    with suppress(OSError):
        state = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - a string from the parent
        return state.st_dev, state.st_ino
    return None
