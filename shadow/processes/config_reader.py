"""read_again(): has a process of its own read the configuration again, and end with the memory that this takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict

from proxy.process.child_process import start_module
from shadow.processes.serve_plan import Reread, ServeArguments, ServePlan

MODULE = "shadow.processes.configured_plan"


async def read_again(arguments: ServeArguments, running: Mapping[str, object], role: str) -> Reread:
    """The configuration of `arguments` as it is now, while `running` is used; errors too where no process could do the work."""
    try:
        text, code = await _answer(json.dumps({"arguments": asdict(arguments), "running": running, "role": role}))
    except OSError as why:
        return Reread(errors=[f"no process could be started to read the configuration: {why.strerror or why}"])
    if code:
        return Reread(errors=[f"the process that reads the configuration ended with {code}"])
    found = json.loads(text)
    plan = found.pop("plan")
    return Reread(**found, plan=ServePlan(**plan) if plan else None)


async def _answer(line: str) -> tuple[bytes, int]:
    """What the process wrote, and its exit code; it is killed where this is cancelled."""
    process = await start_module(MODULE)
    try:
        text, _ = await process.communicate(line.encode() + b"\n")
        return text, await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
