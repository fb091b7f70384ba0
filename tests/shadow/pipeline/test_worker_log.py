"""What a worker logs of each exchange, step by step, and what it hands on; no store and no reference."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from proxy.exchange import Failure, FailureKind
from proxy.process.shared_counters import PAIRS
from proxy.provider_config import Provider, ProxyConfig
from shadow.pipeline import worker as worker_module
from shadow.pipeline.worker import Worker
from shadow.settings.top_level_config import Config, ShadowConfig
from tests.exchanges import asked, exchange, guard, said
from tests.passing_clock import PassingAsyncio
from tests.running import until
from tests.shadow.pipeline.test_exchange_dispatcher import RESPONSE


class Noted:
    """Counts and outcomes in one; `then` of each record is called at once."""

    def __init__(self) -> None:
        self.lost_for, self.offered, self.skips = [], [], []

    def exchange(self, *_, pair_id="") -> None:
        pass

    def findings(self, *_, pair_id) -> None:
        pass

    def identity(self, _, *, again=False) -> None:
        pass

    def shadow_skipped(self, reason) -> None:
        self.skips.append(reason)

    def lost(self, worker, reason, exchange_id="") -> None:
        self.lost_for.append((worker, reason, exchange_id))

    def offer(self, worker, record, then) -> None:
        self.offered.append((worker, record.source, record.exchange.id))
        then()


class Account:
    """A budget that is reached."""

    def exhausted(self, _tenant="") -> str:
        return "budget_money"


def working(base_url="http://near.example/v1", **shadow):
    providers = {"candidate": Provider(base_url=base_url), "official": Provider(base_url="http://far.example/v1")}
    proxy = ProxyConfig(providers=providers, provider="candidate", reference="official")
    noted = Noted()
    worker = Worker(
        config=Config(proxy=proxy, shadow=ShadowConfig(**{"sample_rate": 0.0, **shadow})),
        metrics=noted,
        outcomes=noted,
        references=None,
        account=Account(),
        policy=guard(),
        secret=bytes(32),
        sources=lambda plane: f"run/{plane}",
    )
    return worker, noted


BODY, ANSWER = asked(), said()
RESET = Failure(kind=FailureKind.RESET, detail="", after_head=False)


@pytest.mark.parametrize(
    ("made", "seen"),
    [
        (
            exchange(ANSWER, request=BODY),
            {"status": 200, "failure": "", "request_bytes": len(BODY), "response_bytes": len(ANSWER)},
        ),
        (
            exchange(request=BODY, answered=False, failure=RESET),
            {"status": None, "failure": "reset", "request_bytes": len(BODY), "response_bytes": 0},
        ),
    ],
)
def test_exchange_is_logged_as_it_came(made, seen):
    worker, _ = working()
    with capture_logs() as lines:
        worker.handle(made)
    received = {"event": "exchange_received", "log_level": "debug", "exchange": made.id, "provider": "candidate", **seen}
    assert lines[0] == received


def test_steps_of_an_exchange_are_logged_in_their_order_with_what_was_decided():
    worker, noted = working()
    with capture_logs() as lines:
        worker.handle(exchange(ANSWER, request=BODY, worker=4))
    steps = {line["event"]: line for line in lines}
    assert [*steps] == ["exchange_received", "exchange_parsed", "exchange_sampled", "answer_checked", "exchange_recorded"]
    assert (steps["exchange_parsed"]["api"], steps["exchange_parsed"]["unread"]) == ("chat", "")
    sampled = steps["exchange_sampled"]
    assert (sampled["shadow"], sampled["control"], sampled["reason"]) == (False, False, "not_sampled")
    assert (noted.offered, noted.skips) == ([(4, "run/4", "0" * 32)], ["not_sampled"])


def test_sampled_exchange_for_which_there_is_no_budget_is_not_shadowed_and_its_reason_counted():
    worker, noted = working(sample_rate=1.0)
    with capture_logs() as lines:
        worker.handle(exchange(ANSWER, request=BODY))
    [sampled] = [line for line in lines if line["event"] == "exchange_sampled"]
    assert (sampled["shadow"], sampled["control"], sampled["reason"]) == (False, False, "budget_money")
    assert (noted.skips, worker.shadowing, worker.waiting) == (["budget_money"], 0, 0)


def test_answer_that_cannot_be_read_is_logged_with_why():
    worker, _ = working()
    with capture_logs() as lines:
        worker.handle(exchange(b"no json", request=BODY))
    assert next(line["unread"] for line in lines if line["event"] == "exchange_parsed")


def test_exchange_that_ends_in_a_fault_of_ours_is_lost_logged_and_not_offered(monkeypatch, logged):
    calls = logged("shadow.pipeline.worker")
    worker, noted = working()
    monkeypatch.setattr("shadow.pipeline.worker.parse_exchange", lambda _: 1 // 0)
    worker.handle(exchange(ANSWER, request=BODY, worker=4))
    assert (noted.lost_for, noted.offered) == ([(4, "error", "0" * 32)], [])
    assert [(call.kwargs["event"], call.kwargs["exchange"]) for call in calls] == [("exchange_failed", "0" * 32)]


def test_shadow_that_cannot_be_started_is_a_pair_that_is_lost_and_logged(monkeypatch, logged):
    calls = logged("shadow.pipeline.worker")
    worker, noted = working()

    def broken(_):
        raise ArithmeticError("a fault of ours")

    monkeypatch.setattr(noted, "shadow_skipped", broken)
    worker.handle(exchange(ANSWER, request=BODY))
    assert (noted.lost_for, len(noted.offered)) == ([(PAIRS, "error", "")], 1)
    assert [(call.kwargs["event"], call.kwargs["exchange"]) for call in calls] == [("shadow_not_started", "0" * 32)]


@pytest.mark.parametrize(
    ("base_url", "statuses", "hints"),
    [
        ("http://near.example", [200, 404, 404], 1),
        ("http://near.example", [500, 200], 0),
        ("http://near.example/v1", [404], 0),
    ],
)
def test_first_404_of_a_provider_whose_address_is_doubtful_is_logged_with_a_hint(logged, base_url, statuses, hints):
    calls = logged("shadow.pipeline.worker")
    worker, _ = working(base_url)
    for status in statuses:
        worker.handle(exchange(ANSWER, status, request=BODY))
    worker.handle(exchange(ANSWER, 404, request=BODY, provider="unknown"))
    assert [(call.kwargs["event"], call.kwargs["provider"]) for call in calls] == [("provider_answered_404", "candidate")] * hints
    assert all(call.kwargs["hint"] for call in calls)


class Source:
    """A receiver of six exchanges, the last of which is followed by none."""

    def __init__(self) -> None:
        self.held = [exchange(ANSWER, request=BODY, id=f"{number:032d}") for number in range(6)]

    async def take(self):
        if not self.held:
            await asyncio.Event().wait()
        return self.held.pop(0)

    def take_now(self):
        return self.held.pop(0) if self.held else None


async def test_exchanges_of_a_moment_are_handled_in_one_turn_and_those_of_a_long_one_in_several(monkeypatch):
    worker, noted = working()
    moment, handled, passing = [0.0], [], PassingAsyncio()

    def clock():
        moment[0] += 0.0008
        return moment[0]

    async def sleep(seconds):
        handled.append((len(noted.offered), seconds))
        await asyncio.sleep(0)

    passing.sleep = sleep
    monkeypatch.setattr(worker_module, "asyncio", passing)
    monkeypatch.setattr(worker_module.time, "perf_counter", clock)
    running = asyncio.create_task(worker.run(Source()))
    await until(lambda: len(handled) > 1)
    running.cancel()
    assert handled == [(3, 0), (6, 0)], "two milliseconds are over after the third"
    assert [name for _, _, name in noted.offered] == [f"{number:032d}" for number in range(6)]


def test_source_of_an_exchange_has_no_name_unless_one_is_given():
    noted, config = Noted(), Config()
    worker = Worker(
        config=config, metrics=noted, outcomes=noted, references=None, account=Account(), policy=guard(), secret=bytes(32)
    )
    worker.handle(exchange(ANSWER, request=BODY, worker=4))
    assert [source for _, source, _ in noted.offered] == [""]


def test_request_that_names_an_earlier_response_is_of_its_conversation():
    worker, noted = working()
    conversations = []
    noted.offer = lambda _, record, then: conversations.append(record.exchange.conversation)
    for number, earlier in enumerate(({}, {"previous_response_id": "resp_0"}, {"previous_response_id": "resp_9"})):
        body = json.dumps({"model": "pretend-small", "input": f"Question {number}", **earlier}).encode()
        answer = json.dumps({"id": f"resp_{number}", **RESPONSE}).encode()
        worker.handle(exchange(answer, request=body, target="/v1/responses", id=f"{number:032d}"))
    first, second, other = conversations
    assert (first == second, first == other) == (True, False)
