"""The check by a command of the user's: it reads the answer as JSON on its standard input and exits with 0 where it is right.

Any other exit is a failed check with the last line of its output as the reason; a command that cannot be started or that takes
too long is a check that could not be made.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path

from shadow.findings.finding_builders import short
from shadow.studies.own_checks.answer_facts import AnswerFacts, CheckResult, broken, passed_or_not
from shadow.studies.own_checks.check_spec import CheckSpec
from shadow.studies.tied_process import start_tied

KEPT = 64 * 1024
"""Bytes of a command's output that are read; what comes beyond is thrown away."""
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")
"""Variables that a command gets; the keys of providers are none of them."""


async def run_command(spec: CheckSpec, facts: AnswerFacts) -> CheckResult:
    """The result of one command; its whole process group is ended with it."""
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    try:
        tied = await start_tied(spec.argv, folder=Path.cwd(), environ=environment, stdout=PIPE, stderr=STDOUT)
    except OSError as fault:
        return broken(spec, f"{spec.argv[0]} cannot be started: {fault.strerror or fault}")
    process = tied.process
    try:
        async with asyncio.timeout(spec.timeout):
            said = await _talk(process, _input(facts))
            code = await process.wait()
    except TimeoutError:
        return broken(spec, f"{spec.argv[0]} took longer than {spec.timeout:g} s")
    finally:
        tied.signal(signal.SIGKILL)
        await process.wait()
        tied.release()
    if code == 0:
        return passed_or_not(spec, "")
    return passed_or_not(spec, short(_last_line(said) or f"{spec.argv[0]} exited with {code}", 200))


def _input(facts: AnswerFacts) -> bytes:
    calls = [{"name": call.name, "arguments": call.arguments} for call in facts.calls]
    return json.dumps({"text": facts.text, "calls": calls}).encode()


async def _talk(process: Process, given: bytes) -> bytes:
    """Write the answer and read the beginning and the end of what comes, side by side, so that neither waits for the other."""
    assert process.stdin is not None
    assert process.stdout is not None
    writing = asyncio.ensure_future(_write(process.stdin, given))
    try:
        kept = b""
        while piece := await process.stdout.read(KEPT):
            kept = (kept + piece)[-KEPT:]
        return kept
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _write(stdin: asyncio.StreamWriter, given: bytes) -> None:
    try:
        stdin.write(given)
        await stdin.drain()
        stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        return  # a command need not read its input


def _last_line(said: bytes) -> str:
    found = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return found[-1] if found else ""
