"""A study that ends by a signal while its first world starts, or that is killed, leaves no process of its tool servers."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.running import PATIENCE, until
from tests.shadow.studies.test_tied_process import running_in
from tests.studied import ROOT, start, write_config

pytestmark = [pytest.mark.journey, pytest.mark.promise("studies.servers")]

TASK = f"""
[task]
name = "ends"
prompt = "p"
[study]
providers = ["near"]
reference = "official"
model = "m"
runs = 2
[study.policy]
score = "complete"
[[servers]]
name = "talks"
command = ["{{python}}", "{ROOT}/tests/bad_server.py", "grows_a_child"]
[[servers]]
name = "listens"
command = ["{{python}}", "-c", "import time; time.sleep(600)"]
url = "http://127.0.0.1:{{port}}/mcp"
"""


def servers_of(folder: Path) -> list[str]:
    """Command lines of the servers of a study whose temporary folder this is."""
    return [line for path in folder.rglob("data") for line in running_in(path)]


async def ended(folder: Path, number: int) -> tuple[int, str]:
    """How a study ended by a signal, once it had one server that was started and one that was starting."""
    (folder / "tmp").mkdir(parents=True)
    (folder / "ends.toml").write_text(TASK)
    write_config(folder, dict.fromkeys(("official", "near"), "http://127.0.0.1:9/v1"), "official")
    study = await start(folder, "probe", "ends.toml", TMPDIR=str(folder / "tmp"))
    await until(lambda: len(servers_of(folder / "tmp")) >= 5, seconds=PATIENCE)
    study.send_signal(number)
    _, err = await study.communicate()
    await until(lambda: not servers_of(folder / "tmp"), seconds=PATIENCE)
    return study.returncode, err.decode()


async def test_no_server_is_left_by_a_study_that_a_signal_ends_while_its_first_world_starts(tmp_path):
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL)
    codes = await asyncio.gather(*(ended(tmp_path / number.name, number) for number in numbers))
    assert [code for code, _ in codes] == [130, 130, 130, -signal.SIGKILL]
    assert not any("Traceback" in err for _, err in codes)
