"""Between hosts and broker packets are delayed by 5 to 50 ms and one in a hundred is lost: no exchange is, and none comes twice.

It needs a network namespace; `.ci/run` decides whether the machine allows one, and otherwise sets LOSSY_LINK=none.
"""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.lossy_link import COMMAND

pytestmark = pytest.mark.journey
INSIDE = Path(__file__).with_name("over_lossy_link.py")


@pytest.mark.promise("fleet.accounted")
async def test_link_that_delays_and_loses_packets_costs_no_exchange_and_no_copy(tmp_path):
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", f"--basetemp={tmp_path / 'inside'}", str(INSIDE)),
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
