"""Asking: real requests to real sockets, at most four tries each recorded, a named time that holds one provider, a budget."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from proxy.exchange import Role
from proxy.provider_config import Provider, ProxyConfig
from shadow.demo.pretended_server import PretendedServer
from shadow.pipeline.fetcher_client import InProcessFetcher
from shadow.reading.parsed_response import parse_response
from shadow.settings.top_level_config import Config
from shadow.studies.asking import Asker, BudgetSpentError, StudyStoppedError
from shadow.studies.chat_request import ChatRequest
from shadow.studies.study_budget import BudgetLimits, Cost, StudyBudget
from tests.exchanges import asked
from tests.passing_clock import PassingClock

NO_LIMITS = BudgetLimits()
WHOLE = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Quito"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2},
}


@asynccontextmanager
async def scripted(*steps: tuple[int, dict[str, str]]):
    """A server that answers with these statuses and header fields in turn, the last for ever."""
    left, times = list(steps), []

    async def answer(request: web.Request) -> web.Response:
        times.append(asyncio.get_running_loop().time())
        await request.read()
        status, headers = left.pop(0) if len(left) > 1 else left[0]
        body = WHOLE if status == 200 else {"error": {"message": f"status {status}"}}
        return web.Response(status=status, headers=headers, body=json.dumps(body), content_type="application/json")

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1", times
    finally:
        await runner.cleanup()


def asker(
    limits: BudgetLimits = NO_LIMITS, fitted: dict[str, object] | None = None, **addresses: str
) -> tuple[Asker, PassingClock]:
    priced = {"price_input": 1e6, "price_output": 1e6, **(fitted or {})}
    providers = {name: Provider(base_url=url, **priced) for name, url in addresses.items()}
    config = Config(proxy=ProxyConfig(providers=providers))
    clock = PassingClock()
    made = Asker(
        config=config,
        environ={},
        fetcher=InProcessFetcher(config.proxy.timeouts, config.proxy.limits),
        budget=StudyBudget(limits),
        route="study:t",
        reference="b",
        now=clock.now,
        wait=clock.wait,
    )
    return made, clock


REQUEST = ChatRequest(body=asked("Say hello", max_tokens=20), cluster="c1")


async def test_an_answer_comes_with_the_labels_of_its_study():
    sent = []

    async def sending(identity, ceiling):
        sent.append((identity, ceiling.tokens, len(server.requests)))

    async with PretendedServer() as server:
        made, _ = asker(a=server.base_url)
        answered = await made.ask(REQUEST, "a", Role.PRIMARY, sending=sending)
        await made.close()
    labels = answered.exchange.labels
    ceiling = len(REQUEST.body) + 1_000 + 20
    assert sent == [(answered.exchange.id, ceiling, 0)], "its id and its ceiling are known before it is sent"
    assert answered.change.tokens == answered.answer.completion.usage.total_tokens - ceiling
    assert (labels.route, labels.provider, labels.reference, labels.conversation) == ("study:t", "a", "b", "c1")
    assert (answered.answer.status, answered.tries, answered.gave_up) == (200, 1, False)


async def test_failed_tries_are_remembered_before_the_next_is_sent():
    remembered, sent = [], []

    async def remember(setback):
        remembered.append(setback)

    async def sending(identity, _):
        sent.append((identity, len(remembered)))

    async with scripted((500, {}), (429, {"Retry-After": "3"}), (200, {})) as (url, times):
        made, clock = asker(a=url)
        answered = await made.ask(REQUEST, "a", Role.PRIMARY, sending=sending, remember=remember)
        await made.close()
    assert len(times) == answered.tries == 3
    assert sent == [(answered.exchange.id, before) for before in (0, 1, 2)], "each try is named before it is sent"
    assert [(each.reason, each.waited) for each in remembered] == [("server", 1.0), ("rate_limit", 3.0)]
    assert answered.setbacks == tuple(remembered)
    assert clock.waits == [1, 3]


async def test_the_fourth_failure_is_the_last():
    async with scripted((503, {})) as (url, times):
        made, clock = asker(a=url)
        answered = await made.ask(REQUEST, "a", Role.PRIMARY)
        await made.close()
    assert len(times) == answered.tries == 4
    assert answered.gave_up
    assert clock.waits == [1, 2, 4]


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_a_refusal_is_never_sent_again(status):
    async with scripted((status, {}), (200, {})) as (url, times):
        made, _ = asker(a=url)
        answered = await made.ask(REQUEST, "a", Role.PRIMARY)
        await made.close()
    assert (len(times), answered.answer.status, answered.gave_up) == (1, status, status == 401)


@pytest.mark.parametrize(("seconds", "sent"), [("300", 2), ("301", 1)])
async def test_a_provider_that_names_more_than_five_minutes_is_given_up(seconds, sent):
    async with scripted((429, {"Retry-After": seconds}), (200, {})) as (url, times):
        made, _ = asker(a=url)
        answered = await made.ask(REQUEST, "a", Role.PRIMARY)
        await made.close()
    assert len(times) == sent
    assert answered.gave_up is (sent == 1)


async def test_a_provider_that_is_down_gives_up_after_four_tries():
    async with scripted((200, {})) as (url, _):
        pass
    made, _ = asker(a=url)
    answered = await made.ask(REQUEST, "a", Role.PRIMARY)
    await made.close()
    assert (answered.tries, answered.gave_up) == (4, True)
    assert answered.exchange.failure is not None


async def test_a_named_time_holds_one_provider_and_no_other():
    async with scripted((429, {"Retry-After": "60"}), (200, {})) as (slow, _), scripted((200, {})) as (fast, times):
        made, clock = asker(a=slow, b=fast)
        waiting, go = asyncio.Event(), asyncio.Event()

        async def wait(seconds):
            waiting.set()
            await go.wait()
            await clock.wait(seconds)

        made._wait = wait
        held = asyncio.create_task(made.ask(REQUEST, "a", Role.PRIMARY))
        await waiting.wait()
        assert made.held_seconds("a") == 60
        assert (await made.ask(REQUEST, "b", Role.SHADOW)).answer.status == 200
        assert len(times) == 1
        go.set()
        assert (await held).answer.status == 200
        await made.close()


async def test_a_stopped_study_waits_for_no_named_time_and_sends_nothing_more():
    waiting, remembered = asyncio.Event(), []

    async def wait(_):
        waiting.set()
        await asyncio.Event().wait()

    async def remember(setback):
        remembered.append(setback.reason)

    async with scripted((429, {"Retry-After": "300"}), (200, {})) as (url, times):
        made, _ = asker(a=url)
        made._wait = wait
        held = asyncio.create_task(made.ask(REQUEST, "a", Role.PRIMARY, remember=remember))
        await waiting.wait()
        made.stop()
        with pytest.raises(StudyStoppedError):
            await held
        with pytest.raises(StudyStoppedError):
            await made.ask(REQUEST, "a", Role.PRIMARY)
        await made.close()
    assert (len(times), remembered) == (1, ["rate_limit"])


async def test_a_try_that_fails_after_the_stop_is_remembered_and_is_the_last():
    remembered = []

    async def sending(*_):
        made.stop()

    async def remember(setback):
        remembered.append(setback.reason)

    async with scripted((503, {}), (200, {})) as (url, times):
        made, clock = asker(a=url)
        with pytest.raises(StudyStoppedError):
            await made.ask(REQUEST, "a", Role.PRIMARY, sending=sending, remember=remember)
        await made.close()
    assert (len(times), remembered, clock.waits) == (1, ["server"], [])


async def test_an_answer_that_comes_after_the_stop_is_kept():
    async def sending(*_):
        made.stop()

    async with scripted((200, {})) as (url, _):
        made, _ = asker(a=url)
        answered = await made.ask(REQUEST, "a", Role.PRIMARY, sending=sending)
        await made.close()
    assert answered.answer.status == 200


async def test_a_request_that_waits_for_room_in_the_budget_is_not_sent_after_the_stop():
    first = asyncio.Event()

    async def sending(*_):
        first.set()
        await asyncio.Event().wait()

    async with scripted((200, {})) as (url, times):
        made, _ = asker(BudgetLimits(requests=1), a=url)
        held = asyncio.create_task(made.ask(REQUEST, "a", Role.PRIMARY, sending=sending))
        await first.wait()
        waiting = asyncio.create_task(made.ask(REQUEST, "a", Role.PRIMARY))
        await asyncio.sleep(0)
        made.stop()
        with pytest.raises(StudyStoppedError):
            await waiting
        held.cancel()
        await asyncio.gather(held, return_exceptions=True)
        await made.close()
    assert times == []


async def test_a_request_that_could_pass_the_limit_is_not_sent_and_its_cost_is_what_was_answered():
    ceiling = len(REQUEST.body) + 1_000 + 20
    async with scripted((200, {})) as (url, times):
        made, _ = asker(BudgetLimits(tokens=ceiling + 8), a=url)
        await made.ask(REQUEST, "a", Role.PRIMARY)
        assert made._budget.spent == Cost(requests=1, tokens=9, money=9.0)
        with pytest.raises(BudgetSpentError, match="tokens"):
            await made.ask(REQUEST, "a", Role.PRIMARY)
        await made.close()
    assert len(times) == 1


@pytest.mark.parametrize(
    ("fitted", "tokens"),
    [({"extra_body": {"max_tokens": 5_000}}, 5_000), ({"extra_body": {"n": 3}}, 60), ({"drop": ["max_tokens"]}, 0)],
)
async def test_the_ceiling_is_that_of_the_body_as_the_provider_gets_it(fitted, tokens):
    held = []

    async def sending(_, ceiling):
        held.append(ceiling.tokens)

    async with scripted((200, {})) as (url, _):
        made, _ = asker(fitted=fitted, a=url)
        length = len(made.prepare(REQUEST, "a").body)
        await made.ask(REQUEST, "a", Role.PRIMARY, sending=sending)
        await made.close()
    assert held == [length + 1_000 + tokens]


async def test_each_try_is_read_once(monkeypatch):
    read = []

    def counted(exchange):
        read.append(exchange.id)
        return parse_response(exchange)

    monkeypatch.setattr("shadow.studies.asking.parse_response", counted)
    async with scripted((500, {}), (200, {})) as (url, _):
        made, _ = asker(a=url)
        answered = await made.ask(REQUEST, "a", Role.PRIMARY)
        await made.close()
    assert len(read) == answered.tries == 2
    assert answered.answer == parse_response(answered.exchange)


async def test_after_the_last_minute_no_request_waits_for_one_in_flight():
    first = asyncio.Event()

    async def sending(*_):
        first.set()
        await asyncio.Event().wait()

    async with scripted((200, {})) as (url, times):
        made, clock = asker(BudgetLimits(minutes=1), a=url)
        held = asyncio.create_task(made.ask(REQUEST, "a", Role.PRIMARY, sending=sending))
        await first.wait()
        await clock.wait(60)
        with pytest.raises(BudgetSpentError, match="minutes"):
            await made.ask(REQUEST, "a", Role.PRIMARY)
        held.cancel()
        await asyncio.gather(held, return_exceptions=True)
        await made.close()
    assert (times, made._budget.spent) == ([], Cost())
