"""Queues of providers: so many requests at once to each, and a fault of ours raised where the answer is awaited."""

import asyncio
from functools import partial

import pytest

from proxy.exchange import Role
from shadow.demo.pretended_server import PretendedServer
from shadow.studies.replay.provider_queues import ProviderQueues, ReplayCounts
from shadow.studies.replay.replay_plan import PlannedRequest
from shadow.studies.study_budget import Cost
from tests.shadow.studies.replay_bench import ReplayBench, rows


class Held:
    """An archive that knows every answer, and returns it when it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.open = self.most = 0

    def has(self, _key: str) -> bool:
        return True

    async def answer(self, key: str, _request):
        self.open += 1
        self.most = max(self.most, self.open)
        await self.go.wait()
        self.open -= 1
        if key == "bad":
            raise RuntimeError("our own fault")
        return key


def requests(*keys: str) -> list[PlannedRequest]:
    row = rows(1)[0]
    planned = partial(
        PlannedRequest, target="a", role=Role.PRIMARY, repeat=0, row=row, block=0, length=1, ceiling=Cost(), limited=True
    )
    return [planned(key=key) for key in keys]


@pytest.mark.parametrize("at_once", [1, 3])
async def test_so_many_are_under_way_at_once_and_answers_come_in_their_order(at_once):
    archive = Held()
    queues = ProviderQueues(("a",), asker=None, archive=archive, at_once=at_once, counts=ReplayCounts())
    waiting = [queues.put(request) for request in requests(*"123456")]
    for _ in range(20):
        await asyncio.sleep(0)
    assert archive.open == at_once
    archive.go.set()
    assert await asyncio.gather(*waiting) == list("123456")
    assert archive.most == at_once
    await queues.close()


async def test_a_fault_of_ours_is_raised_and_the_queue_goes_on():
    archive = Held()
    archive.go.set()
    queues = ProviderQueues(("a",), asker=None, archive=archive, at_once=1, counts=ReplayCounts())
    bad, good = (queues.put(request) for request in requests("bad", "good"))
    with pytest.raises(RuntimeError, match="our own fault"):
        await bad
    assert await good == "good"
    await queues.close()


async def test_requests_in_flight_to_a_provider_are_never_more_than_allowed(tmp_path):
    open_at_once = []

    class Watching(PretendedServer):
        async def _whole(self, *arguments):
            open_at_once.append(self.open_streams)
            return await super()._whole(*arguments)

    async with Watching(seed=1) as official, Watching(seed=2) as near:
        bench = ReplayBench(tmp_path, {"official": official.base_url, "near": near.base_url}, at_once=3)
        await bench.run(rows(12, stream=False))
    assert 1 < max(open_at_once) <= 3
