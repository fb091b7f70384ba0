"""The seven questions about a faulty provider, answered by commands on the records of real processes, and a checked dossier."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from tests.journeys.two_providers import EACH_IS_SAMPLED, TWO_PROVIDERS, WEATHER, judged, post_chats
from tests.running import chat

pytestmark = [pytest.mark.journey, pytest.mark.promise("dossier.recomputed")]
SCRIPT = Path(__file__).parents[1] / "recomputed_dossier.py"


async def ran(*words, folder, width: int = 80) -> tuple[int, str]:
    environ = {**os.environ, "COLUMNS": f"{width}", "PYTHONPATH": str(SCRIPT.parents[1])}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=folder, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_each_question_is_answered_and_the_dossier_holds(serve, tmp_path):
    async with (
        PretendedServer(seed=1, faults=PlantedFaults(drop_tool_calls=0.9)) as candidate,
        PretendedServer(seed=2) as official,
        serve((TWO_PROVIDERS + EACH_IS_SAMPLED).format(candidate=candidate.base_url, official=official.base_url)) as served,
    ):
        texts = (f"What is the weather in town number {number}?" for number in range(80))
        await post_chats(served, [chat(text=text, tools=[WEATHER], tool_choice="auto", temperature=0.6) for text in texts])
        await judged(served, 80)

        async def command(*words, width: int = 80) -> tuple[int, str]:
            return await ran("-P", "-m", "shadow.cli", *words, "--db", str(served.database), folder=tmp_path, width=width)

        code, report = await command("report", "--fail-on-drift")
        _, narrow = await command("report", width=60)
        _, status = await command("status")
        _, pairs = await command("pairs", "-n", "3")
        _, shown = await command("show", "latest")
        _, curl = await command("show", "latest", "--curl")
        _, whole = await command("report", "candidate")
        _, written = await command("export", "--dossier", "candidate")
    who = re.search(r"✗ candidate +differs(, faulty answers)?( since [^,]+)?, 80 pairs", report)
    assert (code, bool(who)) == (3, True), report
    assert re.search(r"\d+ points \[\d+ to \d+\]", " ".join(report.split()))
    assert "Not measured: " in report
    assert max(map(len, narrow.splitlines())) <= 60
    assert status.startswith("✗ candidate: differs")
    assert "calls a tool or not" in " ".join(pairs.split())
    assert "Evidence: " in shown
    assert "get_weather" in shown
    assert curl.startswith("curl -sS -X POST ")
    assert "\nsignals  " in whole
    assert "80 pairs, 80 requests" in written
    stated = json.loads((tmp_path / "dossier-candidate" / "verdict.json").read_text(encoding="utf-8"))["cards"]
    _, again = await ran("-P", "-m", "shadow.cli", "report", "--from", "dossier-candidate", "--json", folder=tmp_path)
    assert json.loads(again)["cards"] == stated
    assert await ran("-I", str(SCRIPT), "dossier-candidate", folder=tmp_path) == (0, "as stated\n")
