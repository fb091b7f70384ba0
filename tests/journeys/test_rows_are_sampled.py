"""With `storage.keep_rate` below 1 every request is counted, and pairs, failed checks and the drawn share have rows."""

import asyncio
import json
import os
import sys
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.journeys.test_whole_path_of_a_request import CONFIG, audited, post
from tests.running import chat, until

pytestmark = pytest.mark.journey


async def report(served, *arguments: str) -> str:
    command = (sys.executable, "-P", "-m", "shadow.cli", *arguments, "--db", f"sqlite:///{served.database}")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, "COLUMNS": "400", "PYTHONPATH": str(Path.cwd())}
    )
    printed, _ = await process.communicate()
    return printed.decode()


@pytest.mark.promise("audit.sampled_rows")
async def test_requests_without_rows_are_counted_and_the_report_states_the_share(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url) + "[storage]\nkeep_rate = 0.0\n"
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            for number in range(6):
                shadow = "off" if number < 4 else "on"
                async with post(session, served.data, chat(text=f"Hello {number}"), **{"x-sameweights-shadow": shadow}) as got:
                    assert got.status == 200
                    await got.read()
            await audited(served, 2)

            def counted() -> bool:
                with_reader = served.reader
                try:
                    return sum(line.requests for line in with_reader.traffic(0, 0) if line.role == "primary") == 6
                finally:
                    with_reader.close()

            assert await until(counted)
            await served.shows(6, "sameweights_requests_total", role="primary", code="2xx")
            found = json.loads(await report(served, "report", "--json"))
            assert (found["rows"]["without_pair"], found["rows"]["kept"]) == (4, 0)
            assert sum(line["requests"] for line in found["traffic"] if line["role"] == "primary") == 6
            sentence = "of 4 requests without a pair 0 (0 %) have a row"
            for printed in (
                await report(served, "report"),
                await report(served, "report", "--full"),
                await report(served, "status"),
            ):
                assert sentence in " ".join(printed.split())
            async with session.get(served.admin) as page:
                assert sentence in " ".join((await page.text()).split())
