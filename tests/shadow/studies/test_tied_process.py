"""Processes that end with the study: a real one that is killed leaves no process of their groups."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from shadow.studies.tied_process import start_tied
from tests.studied import ROOT

GROWS = (
    "import subprocess as s, sys, time; print(s.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True)"
)
STAYS = f"{GROWS}; import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
STUDY = f"""
import asyncio, sys
from pathlib import Path
from shadow.studies.worlds.server_process import ServerProcess

async def main():
    for name in ("talks", "listens"):
        server = await ServerProcess.start(
            [sys.executable, "-c", {STAYS!r}], folder=Path.cwd(), environ={{}}, errors=Path(name), talks=name == "talks"
        )
        child = await server.line() if name == "talks" else b""
    while not Path("listens").read_bytes().strip():
        await asyncio.sleep(0.01)
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def running_in(folder: Path) -> list[str]:
    """Command lines of processes that run in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if Path(entry / "cwd").readlink() == folder:
                    found.append((entry / "cmdline").read_text())
            except OSError:
                continue
    return found


async def none_left(folder: Path) -> list[str]:
    """What still runs in a folder once what was killed has had the time to end."""
    for _ in range(9_000):  # a minute and a half
        if not running_in(folder):
            return []
        await asyncio.sleep(0.01)
    return running_in(folder)


async def tied(folder, code, environ=None, command=None):
    words = command or [sys.executable, "-c", code]
    return await start_tied(words, folder=folder, environ=environ or {}, stdout=PIPE, stderr=PIPE)


async def test_a_killed_study_leaves_no_process_of_its_servers_by_stdio_and_by_http(tmp_path):
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    study = await asyncio.create_subprocess_exec(sys.executable, "-c", STUDY, cwd=tmp_path, env=environ, stdout=PIPE)
    assert await study.stdout.readline() == b"started\n"
    assert len(running_in(tmp_path)) == 1 + 2 * 3
    study.kill()
    await study.communicate()
    assert await none_left(tmp_path) == []


async def test_a_released_process_leaves_nothing_of_its_group(tmp_path):
    process = await tied(tmp_path, STAYS)
    await process.process.stdout.readline()
    assert len(running_in(tmp_path)) == 3
    process.release()
    assert await none_left(tmp_path) == []


async def test_the_program_has_the_streams_and_the_variables_as_given_and_no_child(tmp_path):
    code = """
import json, os, signal, sys
try:
    children = os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    children = None
fds = sorted(int(name) for name in os.listdir('/proc/self/fd'))
print(json.dumps([dict(os.environ), children, len(fds), os.getpgid(0) == os.getpid(), sys.stdin.read()]))
"""
    for environ in ({"LC_ALL": "C.UTF-8", "KEY": "\u00e9"}, {"LC_ALL": "C.UTF-8", "LC_CTYPE": "C"}):
        process = await tied(tmp_path, code, environ)
        out, _ = await process.process.communicate(b"given")
        seen = json.loads(out)
        assert seen == [environ, None, 4, True, "given"]
        process.release()


@pytest.mark.parametrize(("name", "fault"), [("none", FileNotFoundError), ("plain", PermissionError), ("odd", OSError)])
async def test_a_program_that_cannot_be_started_is_the_systems_own_error(tmp_path, name, fault):
    (tmp_path / "plain").write_text("")
    (tmp_path / "odd").write_text("no program")
    (tmp_path / "odd").chmod(0o700)
    with pytest.raises(fault, match=name):
        await tied(tmp_path, "", command=[f"./{name}"])
    assert await none_left(tmp_path) == []


async def test_a_signal_reaches_the_whole_group_and_the_end_is_known_by_the_output(tmp_path):
    process = await tied(tmp_path, "import time; time.sleep(600)")
    process.signal(signal.SIGTERM)
    assert await process.process.stdout.read() == b""
    assert await process.process.wait() == -signal.SIGTERM
    process.release()
