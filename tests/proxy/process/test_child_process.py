"""proxy.process.child_process: a module started as a process has its input, its descriptors and a session of its own."""

import asyncio
import os
from pathlib import Path

from proxy.process.child_process import start_module


def test_module_gets_its_arguments_and_its_input():
    async def run():
        process = await start_module("json.tool", "--compact")
        return await process.communicate(b'{"a": 1}')

    assert asyncio.run(run()) == (b'{"a":1}\n', None)


def test_module_of_ours_is_not_taken_from_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "proxy").mkdir()
    (tmp_path / "proxy" / "__init__.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)

    async def run():
        process = await start_module("proxy.server")
        await process.communicate(b"")
        return process.returncode

    assert asyncio.run(run()) == 0


def opened(pid, descriptor):
    return Path(f"/proc/{pid}/fd/{descriptor}").readlink()


def test_process_has_the_descriptors_that_it_was_given_and_a_session_of_its_own():
    read, write = os.pipe()

    async def run():
        process = await start_module("json.tool", fds=[write])
        session = os.getsid(process.pid)
        theirs, ours = opened(process.pid, write), opened(os.getpid(), write)
        await process.communicate(b"1")
        return session == process.pid, theirs == ours

    try:
        assert asyncio.run(run()) == (True, True)
    finally:
        os.close(read)
        os.close(write)
