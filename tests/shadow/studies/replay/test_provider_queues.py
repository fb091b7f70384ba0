"""Queues of providers: so many requests at once to each, and a fault of ours raised where the answer is awaited."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from proxy.exchange import Role
from shadow.demo.pretended_server import PretendedServer
from shadow.pipeline.fetcher_client import FetcherLostError
from shadow.reading.parsed_response import parse_response
from shadow.studies.asking import Asked, BudgetSpentError, Setback, StudyStoppedError
from shadow.studies.replay.provider_queues import ProviderQueues, ReplayCounts
from shadow.studies.replay.replay_plan import PlannedRequest
from shadow.studies.study_budget import Cost
from tests.exchanges import exchange
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


@pytest.mark.slow
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


class Nothing:
    """An archive that holds no answer."""

    def has(self, _key: str) -> bool:
        return False

    async def answered(self, *_: object) -> None:
        """Kept nowhere."""


class Answering:
    """Sends nothing, and answers as it is told once it is let go."""

    def __init__(self, outcome: Asked | Exception) -> None:
        self.outcome = outcome
        self.go = asyncio.Event()
        self.sent = 0

    async def ask(self, *_: object, **__: object) -> Asked:
        self.sent += 1
        await self.go.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def stop(self) -> None:
        """Nothing is left to be stopped."""


def asked_once(*, gave_up: bool) -> Asked:
    answer = parse_response(exchange(b"{}", 503))
    return Asked(exchange=answer.exchange, answer=answer, setbacks=(), gave_up=gave_up, change=Cost())


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def sending(outcome: Asked | Exception, at_once: int = 2) -> tuple[ProviderQueues, Answering, ReplayCounts]:
    asker, counts = Answering(outcome), ReplayCounts()
    return ProviderQueues(("a",), asker=asker, archive=Nothing(), at_once=at_once, counts=counts), asker, counts


async def test_requests_are_counted_while_they_are_in_flight_and_when_they_are_answered():
    queues, asker, counts = sending(asked_once(gave_up=False))
    waiting = [queues.put(request) for request in requests("1", "2", "3")]
    await settled()
    assert counts == ReplayCounts(asked=0, found=0, in_flight=2, blocks=0)
    asker.go.set()
    await asyncio.gather(*waiting)
    assert (counts.asked, counts.found, counts.in_flight, counts.blocks, dict(counts.errors)) == (3, 0, 0, 0, {})
    await queues.close()


async def test_stored_answers_are_counted_as_found():
    archive, counts = Held(), ReplayCounts()
    archive.go.set()
    queues = ProviderQueues(("a",), asker=None, archive=archive, at_once=1, counts=counts)
    await asyncio.gather(*(queues.put(request) for request in requests("1", "2")))
    assert (counts.asked, counts.found) == (0, 2)
    await queues.close()


@pytest.mark.parametrize(
    ("error", "errors", "limit", "stopped"),
    [
        (FetcherLostError("gone"), {"fetcher": 1}, "", False),
        (BudgetSpentError("tokens"), {}, "tokens", True),
        (StudyStoppedError(), {}, "", False),
    ],
)
async def test_a_request_that_gets_no_answer_for_a_reason_of_ours_is_none(error, errors, limit, stopped):
    queues, asker, counts = sending(error, at_once=1)
    asker.go.set()
    assert await queues.put(requests("1")[0]) is None
    assert (dict(counts.errors), counts.in_flight, counts.asked, queues.limit) == (errors, 0, 0, limit)
    assert await queues.put(requests("2")[0]) is None
    assert asker.sent == (1 if stopped else 2)
    await queues.close()


async def test_a_provider_that_gave_up_on_three_answers_in_a_row_gets_no_more_requests():
    queues, asker, _ = sending(asked_once(gave_up=True), at_once=1)
    asker.go.set()
    answers = [await queues.put(request) for request in requests("1", "2", "3", "4", "5")]
    assert (asker.sent, answers[3:]) == (3, [None, None])
    assert queues.down == {"a": "status 503"}
    await queues.close()


async def test_answers_that_are_given_up_on_count_in_a_row_alone():
    queues, asker, _ = sending(asked_once(gave_up=True), at_once=1)
    asker.go.set()
    for place, request in enumerate(requests(*"12345")):
        asker.outcome = asked_once(gave_up=place != 2)
        await queues.put(request)
    assert (asker.sent, queues.down) == (5, {})
    await queues.close()


def two_providers(outcome: Asked) -> tuple[ProviderQueues, Answering, ReplayCounts]:
    asker, counts = Answering(outcome), ReplayCounts()
    asker.go.set()
    return ProviderQueues(("a", "b"), asker=asker, archive=Nothing(), at_once=1, counts=counts), asker, counts


@pytest.mark.parametrize(("block", "sent"), [(2, 1), (3, 0)])
async def test_a_provider_is_sent_three_blocks_before_another_has_its_first(block, sent):
    queues, asker, _ = two_providers(asked_once(gave_up=False))
    queues.put(replace(requests("1")[0], block=block))
    await settled()
    assert asker.sent == sent
    await queues.close()


async def test_a_provider_does_not_wait_for_one_that_gets_no_request_of_the_block():
    queues, asker, _ = two_providers(asked_once(gave_up=False))
    waiting = queues.put(replace(requests("1")[0], block=3))
    await settled()
    queues.skip("b", 0)
    await waiting
    assert asker.sent == 1
    await queues.close()


async def test_what_waits_for_its_turn_is_not_sent_after_the_stop():
    queues, asker, _ = two_providers(asked_once(gave_up=False))
    waiting = queues.put(replace(requests("1")[0], block=3))
    await settled()
    queues.stop()
    assert await waiting is None
    assert asker.sent == 0
    await queues.close()


class SettingBack(Answering):
    """Answers after one try that gave none."""

    async def ask(self, *_: object, remember, **__: object) -> Asked:
        await remember(Setback(at=1.0, reason="rate_limit", waited=2.0, change=Cost()))
        return self.outcome


class Remembering(Nothing):
    """An archive that remembers the tries without an answer."""

    def __init__(self) -> None:
        self.setbacks: list[tuple[str, float]] = []

    async def set_back(self, key: str, setback: Setback) -> None:
        self.setbacks.append((key, setback.waited))


async def test_each_try_without_an_answer_is_counted_by_its_class_and_stored_under_its_key():
    archive, counts = Remembering(), ReplayCounts()
    asker = SettingBack(asked_once(gave_up=False))
    queues = ProviderQueues(("a",), asker=asker, archive=archive, at_once=1, counts=counts)
    for request in requests("1", "2"):
        await queues.put(request)
    assert dict(counts.errors) == {"rate_limit": 2}
    assert archive.setbacks == [("1", 2.0), ("2", 2.0)]
    await queues.close()


class Partly(Nothing):
    """An archive that holds the answers of some keys, and that a request is sent."""

    def has(self, key: str) -> bool:
        return key == "stored"

    async def answer(self, key: str, _request):
        return key

    async def sending(self, *_: object) -> None:
        """Kept nowhere."""


async def test_a_provider_does_not_wait_for_one_whose_answer_is_stored():
    asker = Answering(asked_once(gave_up=False))
    asker.go.set()
    queues = ProviderQueues(("a", "b"), asker=asker, archive=Partly(), at_once=1, counts=ReplayCounts())
    waiting = queues.put(replace(requests("1")[0], block=3))
    await settled()
    assert asker.sent == 0
    assert await queues.put(replace(requests("stored")[0], target="b", block=0)) == "stored"
    await waiting
    assert asker.sent == 1
    await queues.close()


class SendingFirst(Answering):
    """Says that it sends, and answers when it is let go."""

    async def ask(self, *_: object, sending, **__: object) -> Asked:
        await sending("x1", Cost())
        return await super().ask()


async def test_a_provider_waits_for_the_sending_of_another_and_not_for_its_answer():
    asker = SendingFirst(asked_once(gave_up=False))
    queues = ProviderQueues(("a", "b"), asker=asker, archive=Partly(), at_once=1, counts=ReplayCounts())
    waiting = [queues.put(replace(requests("1")[0], block=3))]
    await settled()
    assert asker.sent == 0
    waiting.append(queues.put(replace(requests("2")[0], target="b", block=0)))
    await settled()
    assert asker.sent == 2
    asker.go.set()
    await asyncio.gather(*waiting)
    await queues.close()
