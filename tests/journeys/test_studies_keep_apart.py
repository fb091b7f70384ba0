"""A study beside a running `serve`, and a plan: neither moves a live number, and a plan opens no socket."""

import asyncio
import json
import re
import sys
from contextlib import closing

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.running import until
from tests.shadow.studies.replay_bench import rows
from tests.studied import QUICK, ROOT, run, write_config

pytestmark = [pytest.mark.journey, pytest.mark.promise("studies.apart")]

LIVE = """
[proxy]
provider = "near"
reference = "official"
[proxy.providers.near]
base_url = "{near}"
[proxy.providers.official]
base_url = "{official}"
[shadow]
sample_rate = 1.0
wait = 3600
"""
NO_SOCKETS = """
import sys
def look(event, arguments):
    if event.startswith("socket."):
        raise SystemExit(f"opened a socket: {event} {arguments}")
sys.addaudithook(look)
from shadow.cli import main
main(sys.argv[1:])
"""
OF_TIME = re.compile(r"^(#|process_|python_|sameweights_\w*(seconds|bytes|timestamp|heartbeat|age|lag)\w*[ {])", re.MULTILINE)
"""Lines of metrics that move by themselves."""


def counted(metrics: str) -> set[str]:
    return {line for line in metrics.splitlines() if line and not OF_TIME.match(line)}


@pytest.fixture
async def servers():
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=2, pace=QUICK) as near:
        yield {"official": official, "near": near}


def rows_in(folder, count: int):
    (folder / "rows.jsonl").write_bytes(b"".join(row.request.body + b"\n" for row in rows(count)))


async def test_a_study_beside_serve_moves_no_live_number_alarm_or_metric(tmp_path, serve, servers):
    toml = LIVE.format(**{name: server.base_url for name, server in servers.items()})
    rows_in(tmp_path, 20)
    async with serve(toml) as served:
        await until(lambda: served.metric("sameweights_judge_lease"))
        before = counted(await served.metrics())
        ended = await run(tmp_path, "replay", "rows.jsonl", "--provider", "near", "--config", "sameweights.toml")
        assert ended.code == 0, ended
        assert len(servers["near"].requests) == 20
        moved = counted(await served.metrics()) ^ before
        assert {line for line in moved if float(line.rpartition(" ")[2]) != 0} == set(), "a series that begins at 0 has not moved"
        with closing(served.reader) as live:
            assert live.traffic(0, 0) == []
            assert live.payoffs(0, 0) == []
            assert live.judgements.alarms(0, 0) == []
            assert live.studies.studies() == []


async def test_recorded_requests_are_replayed_from_the_database_that_serve_writes(tmp_path, serve, servers):
    toml = LIVE.format(**{name: server.base_url for name, server in servers.items()}).replace("1.0", "0.0")
    async with serve(toml) as served, aiohttp.ClientSession() as client:
        for row in rows(6):
            async with client.post(f"{served.data}/v1/chat/completions", data=row.request.body) as answer:
                await answer.read()
        await until(lambda: _recorded(served) == 6)
        ended = await run(tmp_path, "replay", "--from-store", "all", "--provider", "near", "--config", "sameweights.toml")
    assert "rows       6 (recorded 6)" in ended.err
    assert (len(servers["near"].requests), len(servers["official"].requests)) == (12, 12)


def _recorded(served) -> int:
    with closing(served.reader) as live:
        return sum(row.requests for row in live.traffic(0, 0))


async def test_a_plan_opens_no_socket_and_its_ceiling_is_not_passed(tmp_path, servers):
    write_config(tmp_path, {name: server.base_url for name, server in servers.items()}, "official")
    rows_in(tmp_path, 25)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", NO_SOCKETS, "replay", "rows.jsonl", "--plan"),
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    plan = out.decode()
    assert not (tmp_path / "study-rows.db").exists()
    assert sum(len(server.requests) for server in servers.values()) == 0
    requests, tokens, money = (
        float(re.search(pattern, plan)[1].replace(",", ""))
        for pattern in (r"requests +([\d,]+), and", r"tokens +at most ([\d,]+) ", r"money +at most ([\d.,]+) by")
    )
    ended = await run(tmp_path, "replay", "rows.jsonl", "--format", "json")
    assert ended.code == 0
    facts = json.loads(ended.out)["study"]
    assert sum(len(server.requests) for server in servers.values()) == requests == facts["requests"]
    used = facts["prompt_tokens"] + facts["completion_tokens"]
    assert 0 < used <= tokens
    assert 0 < facts["cost"] <= money
