"""ProbeWorlds: a fresh world for each run of a task, and its files before and after; starts are bounded, runs are not.

A task whose servers are all shared has one world for all runs, kept open by a task of its own, because the SDK's cancel scopes
belong to the task that opened them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from shadow.studies.fleet.fleet_inside import fleet_inside
from shadow.studies.probe.task import TaskFile
from shadow.studies.worlds.recorded_world import recorded_world
from shadow.studies.worlds.recording import Recording
from shadow.studies.worlds.secret_mask import secret_mask
from shadow.studies.worlds.server_spec import Isolation
from shadow.studies.worlds.world import World, WorldError, in_world
from shadow.studies.worlds.world_files import WorldTooLargeError, world_files

INSIDE = {"fleet": fleet_inside}
"""The servers that may run inside the study's process."""


class ProbeWorlds:
    """Opens the worlds of one study below `folder`."""

    def __init__(self, file: TaskFile, folder: Path, environ: Mapping[str, str], recording: Recording | None) -> None:
        self._file = file
        self._folder = folder
        self._environ = environ
        self._recording = recording
        self.mask = secret_mask(file.servers, environ)
        self._starts = asyncio.Semaphore(os.cpu_count() or 1)
        self._shared: World | None = None
        self._release = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<ProbeWorlds {self._file.task.name} shared={self._is_shared} recorded={self._recording is not None}>"

    @property
    def _is_shared(self) -> bool:
        servers = self._file.servers
        return bool(servers) and all(server.isolation is Isolation.SHARED for server in servers)

    @asynccontextmanager
    async def opened(self, run: str) -> AsyncIterator[World]:
        """The world of one run; WorldError when it does not start."""
        if self._shared is not None:
            yield self._shared
            return
        async with AsyncExitStack() as stack:
            async with self._starts:
                world = await stack.enter_async_context(self._world(run))
            yield world

    def _world(self, run: str) -> AbstractAsyncContextManager[World]:
        world = self._file.world
        if self._recording is not None:
            return recorded_world(self._recording, world.match, world.unseen)
        from shadow.studies.worlds.live_world import WorldPlace, live_world  # noqa: PLC0415 - the SDK takes seconds to import

        place = WorldPlace(folder=self.folder(run), here=self._file.here, run=run, environ=self._environ, inside=INSIDE)
        return live_world(self._file.servers, place)

    def folder(self, run: str) -> Path:
        """The folder of one run."""
        return self._folder / run

    async def files(self, run: str) -> dict[str, bytes]:
        """The files of a run's world, masked; WorldError where it has none of its own, or they cannot be compared."""
        if self._recording is not None or self._shared is not None:
            raise WorldError("a world that is recorded, or that all runs share, has no files that a run could have left")
        try:
            return await asyncio.to_thread(self._masked_files, run)
        except WorldTooLargeError as error:
            raise WorldError(str(error)) from error
        except OSError as error:
            raise WorldError(f"a file of the world cannot be read: {error.strerror or error}") from error

    def _masked_files(self, run: str) -> dict[str, bytes]:
        """Masked before a check looks at them, because its reason shows parts of what differs."""
        return {path: self.mask.content(content) for path, content in world_files(self.folder(run)).items()}

    async def remove(self, run: str) -> None:
        """Delete the folder of a run that has ended."""
        await asyncio.to_thread(shutil.rmtree, self.folder(run), ignore_errors=True)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Keep the shared world open while the block runs, where there is one; WorldError when it does not start."""
        if not self._is_shared:
            yield
            return
        ready: asyncio.Future[World] = asyncio.get_running_loop().create_future()
        self._keeper = asyncio.create_task(self._keep(ready))
        self._shared = await ready
        try:
            yield
        finally:
            self._release.set()
            with suppress(WorldError):
                await self._keeper

    async def _keep(self, ready: asyncio.Future[World]) -> None:
        async def hold(world: World) -> None:
            ready.set_result(world)
            await self._release.wait()

        try:
            await in_world(lambda: self._world("shared"), hold)
        except Exception as error:
            if ready.done() and not isinstance(error, WorldError):
                raise
            if not ready.done():
                ready.set_exception(error)
