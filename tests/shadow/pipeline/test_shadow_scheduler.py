"""ShadowScheduler: places are limited, what waits starts when one is free, and an error of one shadow ends that shadow alone."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from proxy.process.shared_counters import SharedCounters
from proxy.provider_config import Provider, ProxyConfig, Route
from shadow.metrics.observe import Metrics
from shadow.pipeline.audit_sinks import StoredOutcomes
from shadow.pipeline.budget_account import StoredBudget
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.fetcher_client import FetcherLostError
from shadow.pipeline.shadow_scheduler import ShadowScheduler
from shadow.reading.parsed_exchange import parse_exchange
from shadow.sampling.budget import Budget
from shadow.sampling.sampler import SamplingDecision
from shadow.settings.top_level_config import Config, ShadowConfig
from tests.exchanges import asked, exchange, said
from tests.running import PATIENCE, until

SAMPLED = SamplingDecision(shadow=True, control=False, why="")


class Blocked:
    """A runner whose shadows run until they are let go, and then fail: their records are no matter here."""

    def __init__(self):
        self.started = []
        self.free = asyncio.Event()

    def answers(self, live, *, control):
        return SimpleNamespace(live=live, control=control)

    async def run(self, answers, came):
        self.started.append(answers.live.exchange.id[-1])
        await self.free.wait()
        raise ArithmeticError("an error of ours")


def configured(names=(), **shadow):
    providers = {name: Provider(base_url=f"http://{name}.example/v1") for name in ("candidate", "official", *names)}
    route = Route(name="default", provider="candidate", reference="official", candidates=tuple(names))
    return Config(proxy=ProxyConfig(providers=providers, routes=(route,)), shadow=ShadowConfig(**shadow))


class Scheduling:
    def __init__(self, store, names=(), **shadow):
        config = configured(names, **shadow)
        self.registry = CollectorRegistry()
        self.counters = SharedCounters()
        self.runner = Blocked()
        self.scheduler = ShadowScheduler(
            config,
            runner=self.runner,
            metrics=Metrics(self.registry, config),
            account=StoredBudget(Budget(requests=config.shadow.requests, tokens=0, money=0.0, period="day"), store),
            outcomes=StoredOutcomes(ExchangeLedger(self.counters, {}), store),
            secret=bytes(32),
        )

    def add(self, number):
        self.scheduler.add(live(number), SAMPLED)

    def skipped(self, reason):
        return self.registry.get_sample_value("sameweights_shadow_dropped_total", {"reason": reason}) or 0.0


def live(number=1):
    return parse_exchange(exchange(said(), request=asked(), id=f"{number:032d}", started=time.time()))


@pytest.mark.slow
@pytest.mark.parametrize(("concurrency", "running", "waiting"), [(1, 1, 2), (2, 2, 1), (3, 3, 0)])
async def test_as_many_shadows_run_as_there_are_places_and_the_others_wait(store, concurrency, running, waiting):
    made = Scheduling(store, concurrency=concurrency)
    for number in range(3):
        made.add(number)
    assert (made.scheduler.running, made.scheduler.waiting) == (running, waiting)
    assert repr(made.scheduler) == f"<ShadowScheduler running={running} waiting={waiting} concurrency={concurrency}>"
    made.runner.free.set()
    await until(lambda: not made.scheduler.running)
    assert made.runner.started == ["0", "1", "2"]


@pytest.mark.slow
async def test_what_runs_and_waits_is_noted_whenever_it_changes(store):
    made = Scheduling(store, concurrency=1)
    noted = []
    made.scheduler._under_way = noted.append
    for number in range(3):
        made.add(number)
    assert noted[-1] == 3
    made.runner.free.set()
    await until(lambda: not made.scheduler.running)
    await asyncio.sleep(0)
    assert (noted[-1], sorted(set(noted))) == (0, [0, 1, 2, 3])


@pytest.mark.slow
async def test_a_shadow_that_fails_is_counted_and_frees_its_place(store):
    made = Scheduling(store, concurrency=1)
    made.runner.free.set()
    for number in range(2):
        made.add(number)
    await until(lambda: not made.scheduler.running and not made.scheduler.waiting)
    assert made.counters.row(64)["error"] == 2


@pytest.mark.slow
async def test_a_full_queue_and_a_spent_budget_are_reasons(store):
    made = Scheduling(store, concurrency=1, queue=0, requests=1)
    assert made.scheduler.why_full(live()) == ""
    made.add(1)
    assert made.scheduler.why_full(live()) == "concurrency"
    made.runner.free.set()
    await until(lambda: not made.scheduler.running)
    assert made.scheduler.why_full(live()) == "budget_requests"


async def test_a_stop_ends_and_counts_what_runs_and_what_waits(store):
    made = Scheduling(store, concurrency=1)
    for number in range(3):
        made.add(number)
    await asyncio.sleep(0)
    await made.scheduler.drain(patience=0.01)
    assert (made.scheduler.running, made.scheduler.waiting, made.skipped("stopped")) == (0, 0, 3)


class Arms:
    """A runner whose live pair and candidates end when each is let go."""

    def __init__(self, *names: str):
        self.free = {name: asyncio.Event() for name in ("live", *names)}
        self.ended = []

    def answers(self, live, *, control):
        return SimpleNamespace(live=live, control=control)

    async def run(self, answers, came):
        await self._end("live")

    async def run_candidate(self, answers, name, came):
        await self._end(name)

    async def _end(self, name):
        await self.free[name].wait()
        self.ended.append(name)
        raise FetcherLostError


def arms(store, *names, **shadow):
    made = Scheduling(store, names=names, **shadow)
    made.scheduler._runner = made.runner = Arms(*names)
    return made


async def test_candidate_that_hangs_keeps_neither_a_place_nor_the_others_waiting(store):
    made = arms(store, "north", "south", concurrency=1, wait=0.02)
    made.runner.free["live"].set()
    made.runner.free["north"].set()
    for number in range(3):  # one by one, because on a slow machine north would wait for its own place too long
        made.add(number)
        await until(lambda count=number + 1: made.runner.ended.count("live") == made.runner.ended.count("north") == count)
        await until(lambda count=number: made.skipped("candidate_busy") == count)
    assert (made.scheduler.running, made.scheduler.waiting) == (1, 0)
    assert made.scheduler.why_full(live()) == ""
    made.runner.free["south"].set()
    await until(lambda: not made.scheduler.running)
    assert made.runner.ended.count("south") == 1


@pytest.mark.parametrize(("requests", "full"), [(5, "budget_requests"), (6, "")])
async def test_copy_for_which_a_candidate_has_no_place_is_one_request_less_of_the_budget(store, requests, full):
    made = arms(store, "north", "south", concurrency=1, wait=0.02, requests=requests)
    made.runner.free["live"].set()
    made.runner.free["north"].set()
    for number in range(2):
        made.add(number)
        await until(lambda count=number + 1: made.runner.ended.count("live") == made.runner.ended.count("north") == count)
    await until(lambda: made.skipped("candidate_busy") == 1)
    assert made.scheduler.why_full(live()) == full
    made.runner.free["south"].set()
    await until(lambda: not made.scheduler.running)


async def test_copies_for_candidates_are_admitted_with_their_request(store):
    made = arms(store, "north", "south", concurrency=8, requests=4)
    for number in range(3):
        made.add(number)
    assert made.scheduler.running == 2, "three requests each, of which four may be begun"
    assert made.skipped("budget_requests") == 1
    for event in made.runner.free.values():
        event.set()
    await until(lambda: not made.scheduler.running)
    await asyncio.sleep(0)
    assert sum(made.scheduler._candidates._taken.values()) == 0


async def test_a_stop_ends_a_candidate_that_hangs_and_counts_its_request_once(store):
    made = arms(store, "north", concurrency=1)
    made.runner.free["live"].set()
    made.add(1)
    await until(lambda: made.runner.ended)
    await made.scheduler.drain(patience=0.01)
    assert (made.scheduler.running, made.skipped("stopped")) == (0, 1)
    assert sum(made.scheduler._candidates._taken.values()) == 0


class Paying:
    """An account that notes what is paid; `reserve` raises as often as `faults` says."""

    def __init__(self, faults=0):
        self.faults, self.paid, self.returned = faults, [], 0

    def exhausted(self, tenant=""):
        return ""

    def admit(self, requests=1, tenant=""):
        return ""

    def give_back(self, requests, tenant=""):
        self.returned += requests

    async def reserve(self, tenant=""):
        if self.faults:
            self.faults -= 1
            raise ArithmeticError("an error of ours")
        return ""

    async def pay(self, costs, tenant=""):
        self.paid.append(len(costs))
        await asyncio.sleep(0)


class Answered:
    """A runner whose pairs have so many answers when they hang, or end in an error."""

    def __init__(self, live, candidate=0, error=None):
        self.count, self.error = {"live": live, "north": candidate}, error
        self.begun = []

    def answers(self, live, *, control):
        return SimpleNamespace(live=live, control=control)

    async def run(self, answers, came):
        await self.run_candidate(answers, "live", came)

    async def run_candidate(self, answers, name, came):
        for _ in range(self.count[name]):
            came(answers.live)
        self.begun.append(name)
        if self.error is None:
            await asyncio.Event().wait()
        raise self.error


def paying(store, runner, *names, faults=0):
    made = Scheduling(store, names=names, concurrency=1)
    made.scheduler._runner = made.runner = runner
    made.scheduler._account = Paying(faults)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("error", [FetcherLostError(), ArithmeticError("an error of ours")])
async def test_answers_that_came_before_an_error_are_paid(store, error):
    made = paying(store, Answered(2, 1, error), "north")
    made.add(1)
    await until(lambda: not made.scheduler.running)
    assert sorted(made.scheduler._account.paid) == [1, 2]


@pytest.mark.parametrize(("left", "requests"), [(2.0, 0), (2.1, 1), (5.0, 1), (5.1, 2)])
async def test_tournament_pays_for_candidate_and_reference_and_its_candidates_get_nothing_beyond_its_money(
    store, monkeypatch, left, requests
):
    """Two answers of the reference, which come first, and one of the candidate to each request, each at a price of 1."""
    made = paying(store, Answered(2, 1, FetcherLostError()), "north")
    monkeypatch.setattr(made.scheduler, "_cost", lambda _: (1, 1.0))
    made.scheduler.renew(CandidateCopies(begun=frozenset({"default"}), left=frozenset({("default", left)}), reading=1))
    for number in range(5):
        made.add(number)
        await until(lambda: not made.scheduler.running)
    assert (made.runner.begun.count("live"), made.runner.begun.count("north")) == (5, requests)
    assert made.skipped("tournament_money") == 5 - requests


async def test_candidate_that_a_reload_adds_gets_copies_from_the_next_shadow_on(store):
    made = paying(store, Answered(0, 0, FetcherLostError()))
    made.add(1)
    await until(lambda: not made.scheduler.running)
    made.scheduler.reload(configured(("north",), concurrency=1))
    made.add(2)
    await until(lambda: not made.scheduler.running)
    assert sorted(made.runner.begun) == ["live", "live", "north"]


async def test_request_that_is_lost_with_its_fetcher_stays_reserved(store):
    made = paying(store, Answered(0, 0, FetcherLostError()), "north")
    made.add(1)
    await until(lambda: not made.scheduler.running)
    assert made.scheduler._account.paid == []


async def test_answers_that_came_before_a_stop_are_paid(store):
    made = paying(store, Answered(1, 2), "north")
    made.add(1)
    await until(lambda: len(made.runner.begun) == 2)
    await made.scheduler.drain(patience=0.01)
    assert sorted(made.scheduler._account.paid) == [1, 2]


@pytest.mark.slow
async def test_reservation_that_ends_in_an_error_is_counted_and_frees_every_place(store):
    made = paying(store, Answered(0, 0, FetcherLostError()), "north", faults=2)
    for number in range(3):
        made.add(number)
    await until(lambda: not made.scheduler.running and not made.scheduler.waiting)
    assert made.counters.row(64)["error"] == 2
    assert made.scheduler._account.returned == 4, "each with the copy of its candidate"
    assert sorted(made.runner.begun) == ["live", "north"]
    assert sum(made.scheduler._candidates._taken.values()) == made.scheduler._taken == 0


async def test_reservation_of_a_candidate_that_ends_in_an_error_ends_that_pair_alone(store):
    made = paying(store, Answered(1, 1, FetcherLostError()), "north")
    account = made.scheduler._account
    failing = account.reserve

    async def reserve(_tenant):
        """The first is the live pair's."""
        account.reserve, account.faults = failing, 1
        return ""

    account.reserve = reserve
    made.add(1)
    await until(lambda: not made.scheduler.running)
    assert (made.runner.begun, account.paid, account.returned) == (["live"], [1], 1)
    assert made.counters.row(64)["error"] == 1
    assert sum(made.scheduler._candidates._taken.values()) == 0


async def test_shadow_that_is_ended_before_it_starts_frees_every_place(store):
    made = paying(store, Answered(1, 1), "north")
    made.add(1)
    [task] = made.scheduler._running
    task.cancel()
    await until(lambda: not made.scheduler.running)
    assert made.runner.begun == []
    assert sum(made.scheduler._candidates._taken.values()) == made.scheduler._taken == 0


async def test_store_that_hangs_does_not_delay_a_stop(store, monkeypatch):
    monkeypatch.setattr("shadow.pipeline.shadow_scheduler.PAY_SECONDS", 0.01)
    made = paying(store, Answered(1))
    never = asyncio.Event()

    async def pay(*_):
        await never.wait()

    made.scheduler._account.pay = pay
    made.add(1)
    await until(lambda: made.runner.begun)
    async with asyncio.timeout(PATIENCE):
        await made.scheduler.drain(patience=0.01)
    assert made.scheduler.running == 1
    never.set()
    await until(lambda: not made.scheduler.running)
