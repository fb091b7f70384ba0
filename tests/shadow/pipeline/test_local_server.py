"""A local server listens again where its socket was, and goes on looking when it cannot."""

import asyncio
import shutil

import pytest

from shadow.pipeline.local_server import LocalServer
from tests.passing_clock import PassingAsyncio
from tests.running import until


class Greeting(asyncio.Protocol):
    def connection_made(self, transport):
        transport.write(b"hello")
        transport.close()


async def greeted(path) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    data = await reader.read()
    writer.close()
    return data


async def test_server_listens_again_after_its_folder_was_deleted_or_barred(tmp_path, monkeypatch, logged):
    monkeypatch.setattr("shadow.pipeline.local_server.LOOK_SECONDS", 0.01)
    calls, folder = logged("shadow.pipeline.local_server"), tmp_path / "sockets"
    server = LocalServer(Greeting)
    await server.start(str(folder / "s"))
    staying = asyncio.create_task(server.stay())
    try:
        await asyncio.to_thread(shutil.rmtree, folder)
        await until((folder / "s").exists)
        assert await greeted(folder / "s") == b"hello"
        shutil.rmtree(folder)
        folder.write_text("no folder")
        await until(lambda: calls)
        assert calls[0].kwargs["event"] == "socket_not_restored"
        folder.unlink()
        await until((folder / "s").exists)
        assert await greeted(folder / "s") == b"hello"
        assert repr(server).endswith("listening=True>")
    finally:
        staying.cancel()
        server.close()


async def test_server_that_is_closed_accepts_no_connection_and_may_be_closed_again(tmp_path):
    server = LocalServer(Greeting)
    assert repr(server) == "<LocalServer path='' listening=False>"
    await server.start(str(tmp_path / "s"))
    assert repr(server).endswith("listening=True>")
    for _ in range(2):
        server.close()
        assert repr(server).endswith("listening=False>")
    with pytest.raises(OSError, match=r"refused|No such"):
        await asyncio.open_unix_connection(tmp_path / "s")


async def test_socket_is_looked_for_every_second(tmp_path, monkeypatch):
    monkeypatch.setattr("shadow.pipeline.local_server.asyncio", passing := PassingAsyncio())
    server = LocalServer(Greeting)
    await server.start(str(tmp_path / "s"))
    staying = asyncio.create_task(server.stay())
    await until(lambda: len(passing.pauses) > 1)
    staying.cancel()
    server.close()
    assert {*passing.pauses} == {1.0}
