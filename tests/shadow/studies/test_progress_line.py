"""Progress on standard error: one line written over on a terminal, whole lines elsewhere, nothing when quiet."""

import asyncio

import pytest

from shadow.studies import progress_line
from shadow.studies.progress_line import ProgressLine, duration
from tests.running import PATIENCE


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(progress_line, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(progress_line, "ON_TERMINAL", 0.01)


async def shown(line: ProgressLine, seen: asyncio.Event) -> None:
    async with line, asyncio.timeout(PATIENCE):
        await seen.wait()
        await asyncio.sleep(0)


@pytest.mark.parametrize("terminal", [False, True])
async def test_lines_are_written_until_the_block_ends(quick, capsys, monkeypatch, terminal):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    times: list[float] = []
    seen = asyncio.Event()

    def text(seconds: float) -> str:
        times.append(seconds)
        if len(times) == 3:
            seen.set()
        return f"{len(times)} answers"

    await shown(ProgressLine(text), seen)
    written = capsys.readouterr().err
    assert times == sorted(times)
    assert ("1 answers\n2 answers\n" in written) is not terminal
    assert written.endswith("\r\x1b[K") is terminal


async def test_a_quiet_study_writes_nothing(quick, capsys):
    seen = asyncio.Event()
    seen.set()
    await shown(ProgressLine(lambda _: "never", quiet=True), seen)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119.4, "119 s"), (120, "2 min"), (7_199, "120 min"), (7_200, "2.0 h")]
)
def test_a_duration_is_shown_in_the_largest_unit_that_fits(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(("terminal", "seconds"), [(True, 0.5), (False, 10.0)])
async def test_a_terminal_is_written_twice_a_second_and_a_file_every_ten_seconds(capsys, monkeypatch, terminal, seconds):
    slept: list[float] = []
    written = asyncio.Event()

    async def sleep(wait: float) -> None:
        slept.append(wait)
        if len(slept) > 1:
            written.set()
            await asyncio.Event().wait()

    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    monkeypatch.setattr("shadow.studies.progress_line.asyncio.sleep", sleep)
    async with ProgressLine(lambda _: "x" * 300), asyncio.timeout(PATIENCE):
        await written.wait()
    assert slept == [seconds, seconds]
    line = "x" * (200 if terminal else 300)
    assert capsys.readouterr().err == (f"\r\x1b[K{line}\r\x1b[K" if terminal else f"{line}\n")
