"""The commands of the example."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_files_are_written_and_named(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "shadow.demo.fleet", "files", tmp_path], capture_output=True, text=True, check=True
    )
    assert [line.rsplit("/", 1)[-1] for line in ran.stdout.splitlines()] == [
        "sameweights.toml",
        "battery-30b.toml",
        "battery-120b.toml",
        "battery-9b.toml",
        "instructions.jsonl",
    ]
