"""Records which lines a process touches that a journey starts: as sitecustomize.py, which Python imports first.

A process that is killed, or ends with os._exit, leaves no record.
"""

import atexit
import json
import os
from contextlib import suppress
from pathlib import Path

FOLDER, TEST = os.environ.get("MUTANT_COVERAGE"), os.environ.get("PYTEST_CURRENT_TEST")
"""Where records go, and the test that started the process, as pytest names it in the environment."""


def record(folder: Path, test: str) -> None:
    """Record from here on, and write the lines at the end: one JSON object, added to the file in one write."""
    import coverage  # noqa: PLC0415 - only a process that is recorded pays for it

    tree = Path(__file__).parent
    recorder = coverage.Coverage(
        data_file=None, include=[f"{tree}/{floor}/*" for floor in ("proxy", "shadow", "storage")], config_file=False
    )
    recorder.set_option("run:disable_warnings", ["no-data-collected"])
    recorder.start()

    def end() -> None:
        recorder.stop()
        data = recorder.get_data()
        lines = {str(Path(path).relative_to(tree)): data.lines(path) for path in data.measured_files()}
        with suppress(OSError), (folder / "processes.jsonl").open("ab", buffering=0) as file:
            file.write(json.dumps({"test": test.rpartition(" (")[0], "lines": lines}).encode() + b"\n")

    atexit.register(end)


if FOLDER and TEST:
    record(Path(FOLDER), TEST)
