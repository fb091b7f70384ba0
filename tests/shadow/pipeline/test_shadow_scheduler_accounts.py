"""What one shadow costs, counts and logs: sinks and an account that note what they are given, and no store."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from proxy.exchange import Role
from proxy.process.shared_counters import PAIRS
from proxy.provider_config import Provider, ProxyConfig, Route
from shadow.findings.finding import Comparison, Finding, FindingState, Signal
from shadow.findings.pair import PairKind
from shadow.pipeline.fetcher_client import FetcherLostError
from shadow.pipeline.shadow_run import ShadowRun
from shadow.pipeline.shadow_scheduler import ShadowScheduler
from shadow.reading.parsed_exchange import parse_exchange
from shadow.sampling.sampler import SamplingDecision
from shadow.settings.top_level_config import Config, ShadowConfig
from tests.conformance import pair_record
from tests.exchanges import asked, exchange, said
from tests.passing_clock import PassingAsyncio
from tests.running import until

SAMPLED = SamplingDecision(shadow=True, control=True, why="")
FINDINGS = tuple(
    Finding(signal=signal, state=state, score=0.5, reason="why")
    for signal, state in (
        (Signal.TEXT, FindingState.DIFFER),
        (Signal.STOP, FindingState.MATCH),
        (Signal.LENGTH, FindingState.DIFFER),
    )
)


class Noted:
    """Counts, outcomes and account in one: `calls` holds what each was called with. `refuse` holds what a call returns."""

    def __init__(self, **refuse) -> None:
        self.calls, self.refuse = [], refuse

    def of(self, name):
        return [arguments for called, *arguments in self.calls if called == name]

    def shadow_skipped(self, reason):
        self.calls.append(("skipped", reason))

    def findings(self, *labels, pair_id):
        self.calls.append(("findings", *labels, pair_id))

    def lost(self, worker, reason):
        self.calls.append(("lost", worker, reason))

    def offer(self, worker, record):
        self.calls.append(("offer", worker, record))

    def exhausted(self, tenant=""):
        return self.refuse.get("exhausted", "")

    def admit(self, requests=1, tenant=""):
        self.calls.append(("admit", requests, tenant))
        return self.refuse.get("admit", "")

    def give_back(self, requests, tenant=""):
        self.calls.append(("give_back", requests, tenant))

    async def reserve(self, tenant=""):
        self.calls.append(("reserve", tenant))
        if isinstance(why := self.refuse.get("reserve", ""), Exception):
            raise why
        return why

    async def pay(self, costs, tenant=""):
        self.calls.append(("pay", costs, tenant))
        if self.refuse.get("pay"):
            raise ArithmeticError("an error of ours")


class Runner:
    """Has each pair answered as `answers_of` lists it, by role; where there is an error the pair ends with it."""

    def __init__(self, *answers_of, error=None) -> None:
        self.answers_of, self.error = answers_of, error
        self.free = asyncio.Event()
        self.free.set()
        self.controls = []

    def answers(self, live, *, control):
        self.controls.append(control)
        return SimpleNamespace(live=live)

    async def run_candidate(self, answers, name, came):
        return await self.run(answers, came)

    async def run(self, answers, came):
        await self.free.wait()
        for answer in self.answers_of:
            came(answer)
        if self.error:
            raise self.error
        name = answers.live.exchange.id
        comparison = Comparison(kind=PairKind.CROSS, comparable="", findings=FINDINGS)
        record = pair_record(name, provider="near", reference="far", control_reason="random")
        return ShadowRun(exchanges=self.answers_of, comparisons=(comparison,), record=record)


def scheduling(runner, *names, noted=None, **shadow):
    providers = {
        name: Provider(base_url=f"http://{name}.example/v1", price_input=1e6, price_output=0) for name in ("near", "far", *names)
    }
    route = Route(name="default", provider="near", reference="far", candidates=names)
    config = Config(proxy=ProxyConfig(providers=providers, routes=(route,)), shadow=ShadowConfig(**shadow))
    noted = noted or Noted()
    noted.under_way = []
    made = ShadowScheduler(
        config, runner=runner, metrics=noted, account=noted, outcomes=noted, secret=bytes(32), under_way=noted.under_way.append
    )
    return made, noted


def live(number=1, **more):
    more = {"started": time.time(), "provider": "near", "reference": "far", "tenant": "alpha", **more}
    return parse_exchange(exchange(said(), request=asked(), id=f"{number:032d}", **more))


def answer(provider, role=Role.SHADOW, status=200):
    return parse_exchange(exchange(said(), status, request=asked(), provider=provider, role=role))


async def ended(scheduler):
    await until(lambda: not scheduler.running and not scheduler.waiting)
    await asyncio.sleep(0)


async def test_pair_is_stored_counted_paid_by_its_tenant_and_logged():
    scheduler, noted = scheduling(runner := Runner(answer("far"), answer("far", Role.CONTROL)))
    with capture_logs() as lines:
        scheduler.add(live(), SAMPLED)
        await ended(scheduler)
    [(worker, record)] = noted.of("offer")
    assert (worker, record.pair.id, runner.controls) == (PAIRS, f"{1:032d}", [True])
    assert noted.of("findings") == [["near", "qwen", "cross", "random", FINDINGS, f"{1:032d}"]]
    assert noted.of("admit") == [[1, "alpha"]]
    assert noted.of("reserve") == [["alpha"]]
    assert noted.of("pay") == [[[(12, 9.0), (12, 9.0)], "alpha"]]
    assert scheduler.reached == {"far"}
    assert noted.under_way[-1] == 0
    shown = [(line["event"], line["exchange"]) for line in lines]
    assert shown == [(event, f"{1:032d}") for event in ("shadow_started", "pair_compared", "pair_recorded")]
    assert (lines[1]["comparable"], lines[1]["differing"], lines[2]["control"]) == (True, ["length", "text"], "random")


async def test_pair_for_which_nothing_was_sent_is_paid_as_a_request_that_cost_nothing():
    scheduler, noted = scheduling(Runner())
    scheduler.add(live(), SAMPLED)
    await ended(scheduler)
    assert noted.of("pay") == [[[], "alpha"]]


async def test_refusals_of_a_reference_and_of_a_candidate_are_logged_under_what_they_are(logged):
    calls = logged("shadow.pipeline.shadow_scheduler")
    refused = (answer("far", status=401), answer("north", Role.CANDIDATE, 429), answer("other", status=500))
    scheduler, _ = scheduling(Runner(*refused))
    scheduler.add(live(), SAMPLED)
    await ended(scheduler)
    assert [call.kwargs["event"] for call in calls] == ["reference_refused"] * 2
    reference, candidate = (call.kwargs["detail"] for call in calls)
    assert reference.startswith("the reference far refused 1 of 1 shadow requests: 401; its key is missing or wrong")
    assert candidate.startswith("the candidate north refused 1 of 1 shadow requests: 429; it limits the rate")
    assert scheduler.reached == {"far", "north"}


async def test_request_that_is_not_reserved_is_counted_and_its_copies_are_given_back():
    scheduler, noted = scheduling(Runner(), "north", "south", noted=Noted(reserve="budget_money"))
    scheduler.add(live(), SAMPLED)
    await ended(scheduler)
    assert noted.of("admit") == [[3, "alpha"]]
    assert noted.of("skipped") == [["budget_money"]]
    assert noted.of("give_back") == [[2, "alpha"]]
    assert noted.of("pay") == noted.of("offer") == []


async def test_reservation_that_ends_in_an_error_is_lost_and_logged_and_given_back_with_its_copies(logged):
    calls = logged("shadow.pipeline.shadow_scheduler")
    scheduler, noted = scheduling(Runner(), "north", noted=Noted(reserve=ArithmeticError("an error of ours")))
    scheduler.add(live(), SAMPLED)
    await ended(scheduler)
    assert noted.of("lost") == [[PAIRS, "error"]]
    assert noted.of("give_back") == [[2, "alpha"]]
    assert [(call.kwargs["event"], call.kwargs["exchange"]) for call in calls] == [("shadow_failed", f"{1:032d}")]


async def test_request_that_the_budget_does_not_admit_is_counted_and_the_next_one_has_its_place():
    scheduler, noted = scheduling(Runner(), "north", noted=Noted(admit="budget_requests"), concurrency=1)
    for number in range(3):
        scheduler.add(live(number), SAMPLED)
    assert (noted.of("skipped"), scheduler.running, scheduler.waiting) == ([["budget_requests"]] * 3, 0, 0)
    noted.refuse = {}
    scheduler.add(live(), SAMPLED)
    await ended(scheduler)
    assert len(noted.of("offer")) == 2, "of the request and of its candidate, whose places are free"


@pytest.mark.parametrize(
    ("error", "lost", "skipped", "event"),
    [(ArithmeticError("ours"), [[PAIRS, "error"]], [], ["shadow_failed"]), (FetcherLostError(), [], [["fetcher_lost"]], [])],
)
async def test_pair_that_ends_in_an_error_is_paid_as_far_as_it_came(logged, error, lost, skipped, event):
    calls = logged("shadow.pipeline.shadow_scheduler")
    scheduler, noted = scheduling(Runner(answer("far"), error=error))
    scheduler.add(live(), SAMPLED)
    await ended(scheduler)
    assert (noted.of("lost"), noted.of("skipped")) == (lost, skipped)
    assert noted.of("pay") == [[[(12, 9.0)], "alpha"]]
    assert [call.kwargs["event"] for call in calls] == event


async def test_payment_that_ends_in_an_error_is_logged_and_frees_the_place(logged):
    calls = logged("shadow.pipeline.shadow_scheduler")
    scheduler, _ = scheduling(Runner(answer("far")), noted=Noted(pay=True), concurrency=1)
    for number in range(2):
        scheduler.add(live(number), SAMPLED)
    await ended(scheduler)
    shown = [(call.kwargs["event"], call.kwargs["exchange"]) for call in calls]
    assert shown == [("shadow_not_paid", f"{number:032d}") for number in range(2)]


async def test_request_that_has_waited_too_long_is_skipped_although_no_place_is_free():
    scheduler, noted = scheduling(runner := Runner(), concurrency=1, wait=60.0)
    runner.free.clear()
    scheduler.add(live(1), SAMPLED)
    scheduler.add(live(2, started=time.time() - 1_000.0), SAMPLED)
    assert (scheduler.running, scheduler.waiting, noted.of("skipped")) == (1, 0, [["late"]])
    scheduler.add(live(3), SAMPLED)
    assert (scheduler.running, scheduler.waiting, noted.under_way[-1]) == (1, 1, 2)
    runner.free.set()
    await ended(scheduler)
    assert (noted.under_way[-1], len(noted.of("offer"))) == (0, 2)


async def test_copy_for_which_a_candidate_has_no_place_in_time_is_counted_and_given_back_to_its_tenant():
    scheduler, noted = scheduling(runner := Runner(), "north", concurrency=1, wait=0.01)
    runner.free.clear()
    scheduler._candidates._free["north"] = asyncio.Semaphore(0)
    scheduler.add(live(), SAMPLED)
    await until(lambda: noted.of("skipped"))
    assert (noted.of("skipped"), noted.of("give_back")) == ([["candidate_busy"]], [[1, "alpha"]])
    runner.free.set()
    await ended(scheduler)


@pytest.mark.parametrize(
    ("busy", "queue", "exhausted", "why"),
    [
        (1, 0, "", ""),
        (2, 0, "", "concurrency"),
        (2, 1, "", ""),
        (3, 1, "", "concurrency"),
        (2, 1, "budget_tokens", "budget_tokens"),
        (3, 1, "budget_tokens", "concurrency"),
    ],
)
async def test_one_more_is_taken_where_a_place_or_the_queue_is_free_and_the_budget_is_not_reached(busy, queue, exhausted, why):
    scheduler, noted = scheduling(runner := Runner(), concurrency=2, queue=queue)
    runner.free.clear()
    for number in range(busy):
        scheduler.add(live(number), SAMPLED)
    noted.refuse["exhausted"] = exhausted
    assert scheduler.why_full(live(9)) == why
    runner.free.set()
    await ended(scheduler)


async def test_stop_counts_and_ends_what_waits_and_what_is_late():
    scheduler, noted = scheduling(runner := Runner(), concurrency=1)
    runner.free.clear()
    for number in range(3):
        scheduler.add(live(number), SAMPLED)
    await asyncio.sleep(0)
    await scheduler.drain(patience=0.0)
    assert noted.of("skipped") == [["stopped"]] * 3
    assert (scheduler.running, scheduler.waiting, noted.under_way) == (0, 0, [1, 2, 3, 1, 0])


async def test_shadows_that_are_ended_have_half_a_second_to_pay(monkeypatch):
    limits = []

    async def wait(tasks, timeout):  # noqa: ASYNC109 - as that of asyncio
        limits.append(timeout)
        return await asyncio.wait(tasks, timeout=0.0)

    passing = PassingAsyncio()
    passing.wait = wait
    scheduler, _ = scheduling(runner := Runner())
    runner.free.clear()
    scheduler.add(live(), SAMPLED)
    monkeypatch.setattr("shadow.pipeline.shadow_scheduler.asyncio", passing)
    await scheduler.drain(patience=5.0)
    assert limits == [5.0, 0.5]
    await ended(scheduler)


async def test_request_that_the_budget_does_not_admit_takes_no_bytes_from_the_next(monkeypatch):
    monkeypatch.setattr("shadow.pipeline.shadow_queue.MOST_BYTES", 1)
    scheduler, noted = scheduling(Runner(), noted=Noted(admit="budget_requests"))
    scheduler.add(live(1), SAMPLED)
    noted.refuse = {}
    scheduler.add(live(2), SAMPLED)
    assert (scheduler.running, scheduler.waiting) == (1, 0)
    await ended(scheduler)


async def test_copy_that_is_not_reserved_is_counted_and_gives_nothing_else_back():
    scheduler, noted = scheduling(Runner(), "north")
    answers = iter(["", "budget_money"])

    async def reserve(_tenant):
        return next(answers)

    noted.reserve = reserve
    scheduler.add(live(), SAMPLED)
    await ended(scheduler)
    assert (noted.of("skipped"), sum(requests for requests, _ in noted.of("give_back"))) == ([["budget_money"]], 0)
