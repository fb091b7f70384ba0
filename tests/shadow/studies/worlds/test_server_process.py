"""A server's process: its last words, its bounded lines, and a group that ends with it."""

import sys
from pathlib import Path

import pytest

from shadow.studies.worlds.server_process import ServerProcess
from tests.running import until


async def started(tmp_path, code, **settings):
    command = [sys.executable, "-c", code]
    return await ServerProcess.start(command, folder=tmp_path, environ={}, errors=tmp_path / "stderr", **settings)


def runs(pid):
    """Whether a process runs: one that was killed, and waits to be reaped, has no working folder."""
    return Path("/proc", pid, "cwd").is_symlink()


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (b"", ""),
        (b"first\nsecond\n\n", "second"),
        (b"Traceback:\n  x\nKeyError: 'a'\n", "KeyError: 'a'"),
        (b"TypeError: b\n    at run (a.js:1)\n}\n\nNode.js v20.1.0\n", "TypeError: b"),
        (b"\x1b[31mred\x1b[0m\x00\n", "red"),
        (b"\xff\xfe\n", "\ufffd\ufffd"),
        (b"x" * 9000, "x" * 200),
        (b"x" * 65_536, "x" * 200),
        (b"x" * 65_537, ""),
        (b"secret" + b"x" * 65_535 + b"\nlast", "last"),
    ],
)
async def test_last_line_of_standard_error_is_not_empty(tmp_path, written, line):
    process = await started(tmp_path, "")
    await process.end()
    (tmp_path / "stderr").write_bytes(written)
    assert process.last_error() == line


async def test_lines_are_read_without_their_ends_and_blank_ones_are_skipped(tmp_path):
    process = await started(tmp_path, "print('a\\r\\n\\n  \\nb')")
    assert [await process.line() for _ in range(3)] == [b"a", b"b", b""]
    await process.end()


@pytest.mark.parametrize(("beyond", "fault"), [(0, ""), (1, "it sent a line of more than 8 MiB")])
async def test_a_line_of_8_mib_is_read_and_a_longer_one_ends_the_server(tmp_path, beyond, fault):
    process = await started(tmp_path, f"import time; print('x' * ({8 * 2**20} + {beyond}), flush=True); time.sleep(600)")
    line = await process.line()
    assert len(line) == (0 if beyond else 8 * 2**20)
    assert process.fault == fault
    if fault:
        await until(lambda: process.has_ended)
    await process.reap()
    assert process.has_ended


@pytest.mark.slow
async def test_a_child_that_survives_its_server_is_killed_with_the_group(tmp_path):
    code = "import subprocess as s, sys; print(s.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True)"
    process = await started(tmp_path, code)
    child = (await process.line()).decode()
    assert runs(child)
    await process.end()
    assert process.has_ended
    await until(lambda: not runs(child))


async def test_a_server_whose_streams_are_not_the_protocols_prints_into_its_file(tmp_path):
    process = await started(tmp_path, "print('listening')", talks=False)
    await process.end()
    assert process.last_error() == "listening"


async def test_a_server_that_ends_with_its_input_is_given_the_time_for_its_last_words(tmp_path):
    process = await started(tmp_path, "import sys; print('ready', flush=True); sys.stdin.read(); print('bye', file=sys.stderr)")
    assert await process.line() == b"ready"
    await process.end()
    assert process.last_error() == "bye"


@pytest.mark.slow
async def test_a_server_that_goes_on_without_its_input_is_told_to_end(tmp_path):
    code = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit('told'))\n"
    code += "print('ready', flush=True)\ntime.sleep(600)"
    process = await started(tmp_path, code)
    assert await process.line() == b"ready"
    await process.end()
    assert process.last_error() == "told"
