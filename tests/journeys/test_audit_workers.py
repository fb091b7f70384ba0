"""With several audit workers everything is stored, counted and judged as with one, whichever of them is killed or hangs."""

import asyncio
import itertools
import json
import os
import signal
import time
from collections import Counter
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from storage.rows import PairFilter
from tests.running import Served, until

pytestmark = pytest.mark.journey

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "main"
reference = "official"
[proxy.providers.main]
base_url = "{main}"
[proxy.providers.official]
base_url = "{official}"
[shadow]
sample_rate = {rate}
wait = 3600
seed = "the same sample"
audit_workers = {workers}
{more}
[admin]
listen = "127.0.0.1:0"
"""
LOADING = 90.0
CITIES = ("Oslo", "Quito", "Rome", "Lima", "Cairo", "Perth")


def turns(city: str, count: int = 3) -> list[bytes]:
    """The request bodies of one conversation, each with the turns before it."""
    messages, bodies = [{"role": "user", "content": f"Tell me about {city}."}], []
    for turn in range(count):
        bodies.append(json.dumps({"model": "m", "messages": messages}).encode())
        messages = [*messages, {"role": "assistant", "content": "Well."}, {"role": "user", "content": f"And {turn}?"}]
    return bodies


async def talk(served: Served, session: aiohttp.ClientSession, bodies: list[bytes]) -> None:
    for body in bodies:
        async with session.post(f"{served.data}/v1/chat/completions", data=body) as got:
            await got.read()
            assert got.status == 200


async def ready(served: Served, session: aiohttp.ClientSession) -> None:
    """Wait until every worker has loaded its code, which stands back where the machine is busy."""

    async def whole() -> bool:
        async with session.get(f"{served.admin}/readyz") as got:
            return got.status == 200

    await until(whole, LOADING)


async def settled(served: Served, sent: int) -> None:
    """Wait until as many exchanges as were sent have ended, and each is stored or counted as lost."""

    async def whole() -> bool:
        ended = await served.metric("sameweights_exchanges_ended_total")
        stored = await served.metric("sameweights_store_records_total", table="exchanges")
        lost = await served.metric("sameweights_handover_dropped_total")
        lost += await served.metric("sameweights_recorder_errors_total", table="exchanges")
        return sent == ended == stored + lost

    await until(whole)


async def figures(serve, workers: int) -> dict[str, object]:
    begun = time.time()
    async with PretendedServer(seed=1) as main, PretendedServer(seed=2) as official:
        text = CONFIG.format(main=main.base_url, official=official.base_url, workers=workers, rate=1.0, more="")
        async with serve(text) as served, aiohttp.ClientSession() as session:
            await ready(served, session)
            await asyncio.gather(*(talk(served, session, turns(city)) for city in CITIES))
            await settled(served, 18)
            await until(lambda: pairs_of(served, begun) == 18)
            await served.shows(18, "sameweights_requests_total", role="primary", provider="main")
            await served.shows(18, "sameweights_requests_total", role="shadow", provider="official")
            assert await served.stop() == 0
            with closing(served.reader) as reader:
                found = reader.pairs(PairFilter(since=begun, limit=100))
                counts = {
                    (each.comparison, each.signal): each.count
                    for each in reader.signal_counts(begun, 0)
                    if each.comparison == "check" and each.state == "match" and each.group.provider == "main"
                }
            talks = Counter(each.pair.conversation for each in found)
            return {"talks": dict(talks), "checks": counts}


def pairs_of(served: Served, since: float = 0.0) -> int:
    with closing(served.reader) as reader:
        return len(reader.pairs(PairFilter(since=since, limit=100)))


@pytest.mark.promise("audit.accounted")
async def test_several_workers_store_and_count_what_one_does(serve):
    one, two = await figures(serve, 1), await figures(serve, 2)
    assert [*two["talks"].values()] == [3] * 6, "the turns of a conversation stay one conversation"
    assert one == two, "counts, checks and the names of conversations"


@pytest.mark.promise("audit.accounted")
async def test_killed_worker_costs_what_it_had_which_is_counted_and_comes_back(serve):
    async with PretendedServer(seed=1) as main:
        text = CONFIG.format(main=main.base_url, official=main.base_url, workers=2, rate=0.0, more="")
        async with serve(text) as served, aiohttp.ClientSession() as session:
            await ready(served, session)
            for _ in range(2):
                killed = workers(served)
                sending = asyncio.gather(*(talk(served, session, turns(f"{city} {killed}")) for city in CITIES))
                gone = min(killed)
                os.kill(gone, signal.SIGKILL)
                await sending
                await until(lambda gone=gone: len(workers(served)) == 2 and gone not in workers(served))
                await ready(served, session)
            await talk(served, session, turns("Paris"))
            await settled(served, 39)
            assert any("audit worker" in line for line in served.errors)
            assert await served.stop() == 0
            with closing(served.reader) as reader:
                stored = sum(each.requests for each in reader.traffic(0, 0))
            assert stored <= 39


@pytest.mark.promise("budget.kept")
async def test_budget_is_one_for_all_workers(serve):
    async with PretendedServer(seed=1) as main, PretendedServer(seed=2) as official:
        limit = "requests = 5\ncontrol_fraction = 0.0\ntiebreak = false"
        text = CONFIG.format(main=main.base_url, official=official.base_url, workers=2, rate=1.0, more=limit)
        async with serve(text) as served, aiohttp.ClientSession() as session:
            await ready(served, session)
            await asyncio.gather(*(talk(served, session, turns(city)) for city in CITIES))
            await settled(served, 18)
            await until(lambda: pairs_of(served) == 5)
            await served.shows(13, "sameweights_shadow_dropped_total", reason="budget_requests")
            assert await served.stop() == 0
        assert pairs_of(served) == 5


@pytest.mark.promise("audit.stopped", "audit.accounted")
async def test_worker_that_hangs_is_shown_holds_no_other_up_and_loses_nothing_when_it_goes_on(serve):
    async with PretendedServer(seed=1) as main:
        text = CONFIG.format(main=main.base_url, official=main.base_url, workers=2, rate=0.0, more="")
        async with serve(text) as served, aiohttp.ClientSession() as session:
            await ready(served, session)
            hanging = min(workers(served))
            os.kill(hanging, signal.SIGSTOP)
            for round_ in range(8):
                await asyncio.gather(*(talk(served, session, turns(f"{city} {round_}")) for city in CITIES))

            async def shown() -> bool:
                async with session.get(f"{served.admin}/readyz") as got:
                    return got.status == 503 and "has sent nothing for 5 seconds; its exchanges wait" in await got.text()

            async def others_stored() -> bool:
                return await served.metric("sameweights_store_records_total", table="exchanges") >= 30

            await until(others_stored)
            await until(shown)
            await until(lambda: any("process_stalled" in line and "audit worker" in line for line in served.errors))
            await served.shows(144, "sameweights_exchanges_ended_total")
            assert await served.metric("sameweights_store_records_total", table="exchanges") < 144
            assert await served.metric("sameweights_handover_dropped_total") == 0, "what waits is not lost"
            os.kill(hanging, signal.SIGCONT)
            await settled(served, 144)
            await ready(served, session)
            await served.shows(144, "sameweights_store_records_total", table="exchanges")
            assert hanging in workers(served)
            assert await served.stop() == 0


ADDED = """[proxy.providers.fresh]
base_url = "{fresh}"
[[proxy.routes]]
name = "new"
model = "m"
provider = "fresh"
reference = "main"
[shadow]
"""


@pytest.mark.promise("reload.everywhere")
async def test_every_worker_uses_what_a_reload_brought_and_so_does_one_that_is_started_later(serve, tmp_path):
    async with PretendedServer(seed=1) as main, PretendedServer(seed=2) as official, PretendedServer(seed=3) as fresh:
        text = CONFIG.format(main=main.base_url, official=official.base_url, workers=2, rate=1.0, more="")
        async with serve(text) as served, aiohttp.ClientSession() as session:
            await ready(served, session)
            path = tmp_path / "sameweights.toml"
            path.write_text(path.read_text().replace("[shadow]\n", ADDED.format(fresh=fresh.base_url)))
            served.process.send_signal(signal.SIGHUP)
            await until(lambda: any("config_reloaded" in line for line in served.errors))
            for life in range(2):
                if life:
                    killed = workers(served)
                    for pid in killed:
                        os.kill(pid, signal.SIGKILL)
                    await until(lambda killed=killed: len(workers(served) - killed) == 2)
                    await ready(served, session)
                begun, numbers = time.time(), itertools.count()

                async def paired(begun=begun, numbers=numbers, life=life) -> bool:
                    # the first of them may come before the reload has reached each process
                    await talk(served, session, turns(f"{life} {next(numbers)}", 1))
                    return lanes_of(served, begun) == {0, 1}

                await until(paired)
            assert await served.stop() == 0


def lanes_of(served: Served, since: float) -> set[int]:
    """The workers that have compared the provider and the reference of the new route."""
    with closing(served.reader) as reader:
        pairs = [each.pair for each in reader.pairs(PairFilter(since=since, limit=1_000))]
    found = [each.conversation for each in pairs if (each.route, each.provider, each.reference) == ("new", "fresh", "main")]
    return {int.from_bytes(blake2b(name.encode(), digest_size=4).digest()) % 2 for name in found}


def workers(served: Served) -> set[int]:
    """The pids of the audit workers."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
            parent = int(path.with_name("stat").read_text(encoding="latin-1").rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if b"shadow.processes.audit_worker" in words and parent == served.process.pid:
            found.add(int(path.parent.name))
    return found
