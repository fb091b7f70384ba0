"""The worker keeps every exchange, shadows what is sampled and fit, counts why the rest was not, and survives its own faults."""

import json
import time

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from structlog.testing import capture_logs

from proxy.exchange import Exchange, Failure, FailureKind
from proxy.process.shared_counters import SharedCounters
from proxy.provider_config import Provider, ProxyConfig, Route
from shadow.demo.pretended_server import PretendedServer
from shadow.metrics.observe import Metrics
from shadow.pipeline import shadow_queue
from shadow.pipeline.audit_sinks import StoredOutcomes
from shadow.pipeline.budget_account import StoredBudget
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.fetcher_client import FetcherLostError, InProcessFetcher
from shadow.pipeline.reference_client import ReferenceClient
from shadow.pipeline.worker import Worker
from shadow.report.identity_lines import segment_lines
from shadow.sampling.budget import Budget
from shadow.settings.top_level_config import Config, ShadowConfig
from storage.rows import PairFilter
from tests.exchanges import asked, exchange, guard, said
from tests.running import PATIENCE, until

TAGS = ("checkout", "other", "none")


@pytest.fixture
async def reference():
    async with PretendedServer(seed=3) as provider:
        yield provider


class Working:
    """A worker with everything real but the wire in front of it."""

    def __init__(self, store, reference: PretendedServer, **shadow) -> None:
        providers = {name: Provider(base_url=reference.base_url, price_input=1e6) for name in ("candidate", "official")}
        providers["candidate"] = providers["candidate"].model_copy(update={"upstream_from": shadow.pop("upstream_from", "")})
        proxy = ProxyConfig(providers=providers, provider="candidate", reference="official", routes=shadow.pop("routes", ()))
        self.config = config = Config(proxy=proxy, shadow=ShadowConfig(**{"sample_rate": 1.0, "control_fraction": 0.0, **shadow}))
        limits = {name: getattr(config.shadow, name) for name in ("requests", "tokens", "money", "period")}
        self.registry = CollectorRegistry()
        self.store = store
        self.references = ReferenceClient(config, {}, InProcessFetcher(config.proxy.timeouts, config.proxy.limits))
        self.ledger = ExchangeLedger(SharedCounters(), {})
        self.worker = Worker(
            config=config,
            metrics=Metrics(self.registry, config),
            references=self.references,
            account=StoredBudget(Budget(**limits), store),
            policy=guard(),
            secret=bytes(32),
            outcomes=StoredOutcomes(self.ledger, store),
        )

    async def handle(self, *exchanges, failed: int = 0) -> None:
        before = self.store.failed
        for one in exchanges:
            self.worker.handle(one._replace(started=time.time()) if isinstance(one, Exchange) else one)
        await until(lambda: not self.worker.waiting)
        await self.worker.drain(patience=10)
        self.store.flush(PATIENCE)
        assert self.store.failed - before == failed

    def skipped(self, reason: str) -> float:
        return self.registry.get_sample_value("sameweights_shadow_dropped_total", {"reason": reason}) or 0.0

    def pairs(self):
        return [summary.pair for summary in self.store.pairs(PairFilter())]


@pytest.fixture
async def working(store, reference):
    made = []

    def build(**shadow) -> Working:
        made.append(Working(store, reference, **shadow))
        return made[-1]

    yield build
    for one in made:
        await one.references.close()


def live(number: int = 1, request: bytes = b"", **more):
    return exchange(said(), request=request or asked(f"Question {number}"), id=f"{number:032d}", **more)


async def test_a_sampled_exchange_becomes_a_pair_with_its_findings(working):
    audit = working()
    await audit.handle(live())
    [pair] = audit.pairs()
    assert pair.subject_id == pair.id == f"{1:032d}"
    assert pair.conversation
    assert audit.store.findings(pair_id=pair.id)
    assert audit.store.exchange(pair.reference_id).role == "shadow"


def routed(member: object, number: int) -> Exchange:
    body = json.dumps({**json.loads(said()), "provider": member}).encode()
    return exchange(body, request=asked(f"Question {number}"), id=f"{number:032d}")


@pytest.mark.parametrize(
    ("member", "stored"),
    [("DeepX ", "deepx"), ("x" * 10_000, "x" * 64), ({"name": "x"}, "unnamed"), (None, "unnamed"), ("\x1b[2J", "[2j")],
)
async def test_server_behind_a_router_is_stored_with_the_exchange_and_its_pair(working, member, stored):
    audit = working(upstream_from="provider")
    await audit.handle(routed(member, 1))
    [pair] = audit.pairs()
    assert (pair.upstream, audit.store.exchange(pair.id).upstream) == (stored, stored)
    assert audit.store.exchange(pair.reference_id).upstream == ""


async def test_server_behind_a_router_does_not_change_the_fingerprint_of_a_request(working):
    audit = working(upstream_from="provider")
    await audit.handle(routed("one", 1), routed("two", 1)._replace(id=f"{2:032d}"))
    first, second = audit.pairs()
    assert first.upstream != second.upstream
    assert first.request_fingerprint == second.request_fingerprint


async def test_tag_of_a_request_is_a_segment_of_its_pair_where_it_is_configured(working):
    audit = working(tags=("checkout",))
    await audit.handle(live(1, tag="checkout"), live(2, tag="invented"), live(3))
    found = {tag: [each.pair.id for each in audit.store.pairs(PairFilter(segment=f"tag={tag}"))] for tag in TAGS}
    assert found == {"checkout": [f"{1:032d}"], "other": [f"{2:032d}"], "none": [f"{3:032d}"]}
    [lines] = [[line for line in segment_lines(audit.store, 0.0, 9e9) if line.segment == "tag" and line.signal == "text"]]
    assert {line.value: line.pairs for line in lines} == dict.fromkeys(TAGS, 1)


async def test_provider_that_is_no_router_has_no_server_behind_it(working):
    audit = working()
    await audit.handle(routed("DeepX", 1))
    assert [pair.upstream for pair in audit.pairs()] == [""]


async def test_random_control_calls_the_reference_twice_and_has_its_reason(working, reference):
    audit = working(control_fraction=1.0)
    await audit.handle(live())
    [pair] = audit.pairs()
    assert pair.control_reason == "random"
    assert audit.store.exchange(pair.control_id).role == "control"
    assert len(reference.requests) == 2


async def test_disagreement_sends_a_tie_break(working):
    audit = working()
    call = {"id": "c", "type": "function", "function": {"name": "nothing_like_it", "arguments": "{}"}}
    tools = [{"type": "function", "function": {"name": "nothing_like_it", "parameters": {"type": "object"}}}]
    answer = said(message={"content": None, "tool_calls": [call]}, finish_reason="tool_calls")
    await audit.handle(exchange(answer, request=asked("Tell me a story about bridges", tools=tools)))
    [pair] = audit.pairs()
    assert pair.control_reason == "tiebreak"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reason", "one"),
    [
        ("no_reference", live(reference="")),
        ("opted_out", live(opted_out=True)),
        ("client_gone", live(failure=Failure(kind=FailureKind.CLIENT_GONE, detail="", after_head=True))),
        ("stale", live(failure=Failure(kind=FailureKind.STALE, detail="", after_head=False))),
        ("stateful", live(request=asked(store=True))),
        ("side_effecting", live(request=asked(tools=[{"type": "web_search"}]))),
        ("not_json", live(request=b"{nonsense")),
        *(("provider_refused", exchange(b"{}", request=asked(), status=status)) for status in (401, 402, 403, 407)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_unfit_request_is_kept_but_not_shadowed_and_the_reason_counted(working, reference, reason, one):
    audit = working()
    await audit.handle(one)
    assert audit.skipped(reason) == 1
    assert reference.requests == []
    assert audit.store.exchange(one.id)


async def test_no_shadow_is_sent_where_shadowing_is_disabled(working, reference):
    audit = working(enabled=False)
    await audit.handle(live())
    assert reference.requests == []
    assert audit.skipped("off") == 1


async def test_a_route_has_its_own_rate(working, reference):
    audit = working(routes=(Route(name="quiet", provider="candidate", reference="official", sample_rate=0.0),))
    await audit.handle(live(route="quiet"))
    assert reference.requests == []


@pytest.mark.slow
async def test_a_burst_waits_for_its_turn_and_nothing_of_it_is_skipped(working, reference):
    audit = working(concurrency=2)
    for number in range(1, 41):
        audit.worker.handle(live(number, started=time.time()))
    assert (audit.worker.shadowing, audit.worker.waiting) == (2, 38)
    await until(lambda: not audit.worker.shadowing)
    assert audit.store.flush(PATIENCE)
    assert len(audit.pairs()) == 40
    assert audit.skipped("concurrency") == audit.skipped("late") == 0


@pytest.mark.slow
@pytest.mark.parametrize(("queue", "skipped"), [(3, 0), (2, 1), (0, 3)])
async def test_what_exceeds_places_and_queue_is_skipped_and_counted(working, queue, skipped):
    audit = working(concurrency=2, queue=queue)
    for number in range(1, 6):
        audit.worker.handle(live(number, started=time.time()))
    assert audit.skipped("concurrency") == skipped
    await until(lambda: not audit.worker.shadowing)
    assert audit.store.flush(PATIENCE)
    assert len(audit.pairs()) == 5 - skipped


async def test_requests_beyond_the_byte_limit_wait_and_are_all_sent(working, monkeypatch):
    monkeypatch.setattr(shadow_queue, "MOST_BYTES", 5_000)
    audit = working(concurrency=8)
    for number in range(1, 4):
        request = asked("x" * 4_000)
        audit.worker.handle(exchange(said(), request=request, id=f"{number:032d}", started=time.time()))
        if number == 1:
            assert (audit.worker.shadowing, audit.worker.waiting) == (1, 0)
    assert (audit.worker.shadowing, audit.worker.waiting, audit.skipped("concurrency")) == (1, 1, 1)
    await until(lambda: not audit.worker.shadowing)
    assert audit.store.flush(PATIENCE)
    assert len(audit.pairs()) == 2
    assert audit.worker._shadows._waiting._in_flight_bytes == 0


async def test_what_ended_too_long_ago_is_skipped_and_counted(working, reference):
    audit = working(wait=30)
    audit.worker.handle(live(1, started=time.time() - 31))
    audit.worker.handle(live(2, started=time.time() - 20))
    await until(lambda: not audit.worker.shadowing)
    assert audit.store.flush(PATIENCE)
    assert audit.skipped("late") == 1
    assert [pair.id for pair in audit.pairs()] == [f"{2:032d}"]


async def test_what_waits_at_a_stop_is_skipped_and_counted(working):
    audit = working(concurrency=1)
    for number in range(1, 4):
        audit.worker.handle(live(number, started=time.time()))
    await audit.worker.drain(patience=10)
    assert audit.skipped("stopped") == 2
    assert audit.store.flush(PATIENCE)
    assert len(audit.pairs()) == 1


async def test_a_question_that_was_lost_with_its_process_is_skipped_and_no_fault_of_ours(working):
    class Lost(InProcessFetcher):
        async def fetch(self, fetch_job):
            raise FetcherLostError("it ended")

    audit = working()
    audit.references._fetcher = Lost(audit.worker._config.proxy.timeouts, audit.worker._config.proxy.limits)
    await audit.handle(live())
    assert audit.skipped("fetcher_lost") == 1
    assert audit.ledger._rows[64]["error"] == 0
    assert audit.store.exchange(live().id)


async def test_a_spent_budget_stops_whole_requests(working, reference):
    audit = working(requests=1)
    await audit.handle(live(1))
    await audit.handle(live(2))
    assert audit.skipped("budget_requests") == 1
    assert len(audit.pairs()) == 1


async def test_money_is_counted_by_the_references_prices(working):
    audit = working(money=1.0)
    await audit.handle(live(1))
    await audit.handle(live(2))
    assert audit.skipped("budget_money") == 1


async def test_the_same_exchange_handled_twice_is_one_pair(working):
    audit = working()
    await audit.handle(live())
    await audit.handle(live())
    assert len(audit.pairs()) == 1


async def test_a_fault_of_our_own_is_counted_and_the_next_exchange_goes_on(working):
    audit = working()
    # the exchange and its pair, neither of which can be stored without a provider
    await audit.handle(live(1, provider=None), live(2), failed=2)
    assert audit.store.exchange(f"{2:032d}")


@pytest.mark.parametrize("rate", [1.0, 0.0])
async def test_the_times_of_a_request_lead_to_its_pair_if_there_will_be_one(working, rate):
    audit = working(sample_rate=rate)
    await audit.handle(live(1))
    led = [line for line in openmetrics(audit.registry).decode().splitlines() if f'pair_id="{1:032d}"' in line]
    assert any(line.startswith("sameweights_request_duration_seconds_bucket") for line in led) == (rate == 1.0)
    assert bool(audit.pairs()) == (rate == 1.0)


async def test_a_stop_does_not_wait_for_a_silent_reference(working, reference):
    reference.faults = type(reference.faults)(silent=1.0)
    audit = working()
    audit.worker.handle(live(started=time.time()))
    await until(lambda: reference.open_streams == 1)
    await audit.worker.drain(patience=0.01)
    assert audit.skipped("stopped") == 1
    assert audit.worker.shadowing == 0


async def test_a_change_of_the_serving_identity_is_stored_exported_and_counted(working):
    audit = working(sample_rate=0.0)
    for number in range(25):
        body = json.loads(said())
        body["system_fingerprint"] = "fp_b" if number >= 20 else "fp_a"
        one = exchange(json.dumps(body).encode(), request=asked(), id=f"{number:032d}", started=float(number))
        audit.worker.handle(one)
    await audit.handle()
    changed, first = audit.store.identity_queries.identities(0.0, 0.0, 10)
    assert (first.previous, changed.previous, changed.started) == ("", first.identity, 20.0)
    assert json.loads(changed.changes) == ["fingerprint: fp_b is new (before: fp_a)"]
    labels = {"provider": "candidate", "model": one.labels.model}
    shown = audit.registry.get_sample_value("sameweights_serving_identity_info", {**labels, "identity": changed.identity})
    assert shown == 1
    assert audit.registry.get_sample_value("sameweights_serving_identity_changes_total", labels) == 1


async def test_a_greedy_audit_costs_a_question_to_each_side_and_stays_apart(working, reference):
    audit = working(greedy=1.0)
    await audit.handle(live())
    [pair] = audit.pairs()
    assert len(reference.requests) >= 3
    kinds = {finding.comparison for finding in audit.store.findings(pair_id=pair.id)}
    assert {"cross", "greedy"} <= kinds
    roles = [count.role for count in audit.store.traffic(0.0, 0.0)]
    assert roles.count("greedy") == 2


ANSWERS = {
    "well": lambda number: exchange(said(f"Answer {number}"), request=asked(f"Question {number}"), id=f"{number:032d}"),
    "failed": lambda number: exchange(b"{}", 500, request=asked(f"Question {number}"), id=f"{number:032d}"),
    "unreadable": lambda number: exchange(b"\xff", request=asked(f"Question {number}"), id=f"{number:032d}"),
    "cached": lambda number: exchange(
        said("Again"), request=asked(f"Question {number}"), id=f"{number:032d}", headers=(("Age", "9"), ("X-Cache", "HIT"))
    ),
    "none": lambda number: exchange(
        request=asked(f"Question {number}"),
        id=f"{number:032d}",
        answered=False,
        failure=Failure(kind=FailureKind.RESET, detail="", after_head=False),
    ),
}


@pytest.mark.slow
async def test_which_requests_are_sampled_does_not_depend_on_what_the_provider_answers(working):
    chosen = {}
    for name, answered in ANSWERS.items():
        audit = working(sample_rate=0.4, concurrency=100)
        begun = []
        audit.worker._shadows._shadow = lambda sampled, *_, begun=begun: _noted(begun, sampled)
        await audit.handle(*(answered(number) for number in range(60)))
        chosen[name] = begun
    assert 10 < len(chosen["well"]) < 40
    assert all(begun == chosen["well"] for begun in chosen.values())


async def _noted(begun, sampled) -> None:
    begun.append((sampled.parsed.exchange.id, sampled.decision.control))


@pytest.mark.slow
async def test_the_turns_of_a_conversation_are_sampled_together_and_stored_under_one_key(working):
    audit = working(sample_rate=0.5, concurrency=1_000)
    for talk in range(20):
        messages = [{"role": "user", "content": f"Talk {talk}"}]
        for turn in range(3):
            body = json.dumps({"model": "pretend-small", "messages": messages}).encode()
            await audit.handle(exchange(said(), request=body, id=f"{talk:016d}{turn:016d}"))
            messages = [*messages, {"role": "assistant", "content": "Hello there"}, {"role": "user", "content": f"More {turn}"}]
    turns = {}
    for pair in (summary.pair for summary in audit.store.pairs(PairFilter(limit=200))):
        turns.setdefault(pair.conversation, []).append(pair.id[:16])
    assert 3 <= len(turns) <= 17
    assert all(len(ids) == 3 and len(set(ids)) == 1 for ids in turns.values())


async def test_a_reference_that_refuses_is_logged_once_a_minute_with_its_status(working, reference, logged):
    reference.key = "another-key"
    written = logged("shadow.pipeline.shadow_scheduler")
    audit = working()
    await audit.handle(live(1), live(2), live(3))
    sentences = [call.kwargs["detail"] for call in written]
    assert len(sentences) == 1
    assert "the reference official refused 1 of 1 shadow requests: 401" in sentences[0]


async def test_the_first_404_of_a_provider_logs_once_what_is_doubtful_about_its_address(working, reference):
    audit = working()
    providers = {**audit.config.proxy.providers, "candidate": Provider(base_url="http://127.0.0.1:9")}
    audit.worker.reload(audit.config.model_copy(update={"proxy": audit.config.proxy.model_copy(update={"providers": providers})}))
    with capture_logs() as logs:
        await audit.handle(*(exchange(b"{}", 404, asked(), id=f"{number:032d}", reference="") for number in (1, 2)))
    [hint] = [line["hint"] for line in logs if line["event"] == "provider_answered_404"]
    assert "most servers expect 'http://127.0.0.1:9/v1'" in hint


async def test_a_limit_of_tokens_holds_though_no_usage_comes(working, reference):
    audit = working(tokens=1)
    await audit.handle(live(1, asked("A question", stream=True), stream=True))
    [pair] = audit.pairs()
    assert audit.store.exchange(pair.reference_id).completion_tokens is None
    await audit.handle(live(2, asked("Another", stream=True), stream=True))
    assert audit.skipped("budget_tokens") == 1


async def test_a_request_with_a_byte_order_mark_is_compared_and_the_copy_has_none(working, reference):
    audit = working()
    await audit.handle(live(1, b"\xef\xbb\xbf" + asked("A question")))
    [pair] = audit.pairs()
    assert reference.requests[0].json["model"]
    assert json.loads(pair.alterations)[0] == "sent without its byte order mark"


async def test_a_shadow_that_cannot_begin_is_logged_and_counted_and_its_exchange_is_stored(working, monkeypatch, logged):
    def broken(*_):
        raise ArithmeticError("no sum")

    monkeypatch.setattr(Budget, "admit", broken)
    audit, written = working(), logged("shadow.pipeline.worker")
    await audit.handle(live())
    assert [call.kwargs["event"] for call in written] == ["shadow_not_started"]
    assert audit.ledger._rows[64]["error"] == 1
    assert audit.store.exchange(live().id)


async def test_rate_and_bodies_of_a_tenant_are_those_of_the_last_reload(working):
    audit = working()
    labels = live().labels._replace(tenant="alpha")
    for number, tenant in enumerate((None, {"bodies": "full"}, {"bodies": "none"}, {"sample_rate": 0.0}), 1):
        tenants = [{"name": "alpha", "key_env": "A", **tenant}] if tenant is not None else []
        audit.worker.reload(Config.model_validate({**audit.config.model_dump(), "tenants": tenants}))
        await audit.handle(live(number, labels=labels))
    bodies = [audit.store.exchange(f"{number:032d}").request_body for number in range(1, 5)]
    assert [body is not None for body in bodies] == [False, True, False, True], "of a tenant that is not known none is kept"
    assert len(audit.pairs()) == 2
    assert (audit.skipped("tenant_unknown"), audit.skipped("not_sampled")) == (1, 1)
