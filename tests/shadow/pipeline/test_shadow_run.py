"""A shadow run sends one shadow request, a control at random or on disagreement, and makes one record."""

import json
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from proxy.exchange import Role
from proxy.provider_config import Provider, ProxyConfig
from shadow.demo.planted_faults import FAITHFUL, PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from shadow.pipeline.fetcher_client import FetcherLostError, InProcessFetcher
from shadow.pipeline.reference_client import ReferenceClient
from shadow.pipeline.shadow_run import ShadowRun, ShadowRunner
from shadow.reading.parsed_exchange import ParsedExchange, parse_exchange
from shadow.records import calls, exchange_record
from shadow.settings.top_level_config import Config, ShadowConfig
from tests.exchanges import asked, exchange, guard, said


def kept(seen: ParsedExchange):
    return exchange_record(seen, outcomes=["valid"] * len(calls(seen.answer)), checks=[])


async def tried(
    live: ParsedExchange, *, control: bool = False, faults: PlantedFaults | None = None, **shadow
) -> tuple[ShadowRun, int]:
    """One shadow run of `live` against a pretended reference, and how often that was called."""
    async with PretendedServer(seed=5, faults=faults or PlantedFaults()) as reference:
        providers = {"official": Provider(base_url=reference.base_url)}
        config = Config(proxy=ProxyConfig(providers=providers), shadow=ShadowConfig(**shadow))
        mirror = ReferenceClient(config, {}, InProcessFetcher(config.proxy.timeouts, config.proxy.limits))
        try:
            runs = ShadowRunner(shadow=config.shadow, policy=guard(), references=mirror, record=kept, secret=bytes(32))
            return await runs.run(runs.answers(live, control=control)), len(reference.requests)
        finally:
            await mirror.close()


@pytest.fixture
def agreeing() -> ParsedExchange:
    return parse_exchange(exchange(said("A bridge is a way over."), request=asked("Tell me about bridges")))


@pytest.fixture
def refusing() -> ParsedExchange:
    answer = said(message={"content": None, "refusal": "I will not."})
    return parse_exchange(exchange(answer, request=asked("Tell me about bridges")))


async def test_answers_that_agree_cost_one_question(agreeing):
    shadowed, asked_times = await tried(agreeing)
    assert asked_times == 1
    assert shadowed.record.pair.control_reason == ""
    assert [comparison.kind for comparison in shadowed.comparisons] == ["cross"]


async def test_random_control_is_sent_whatever_the_answers(agreeing):
    shadowed, asked_times = await tried(agreeing, control=True)
    assert asked_times == 2
    assert shadowed.record.pair.control_reason == "random"
    assert [comparison.kind for comparison in shadowed.comparisons] == ["cross", "self"]
    assert [each.exchange.role for each in shadowed.exchanges] == [Role.SHADOW, Role.CONTROL]


async def test_disagreement_sends_a_control_marked_as_selected(refusing):
    shadowed, asked_times = await tried(refusing)
    assert asked_times == 2
    assert shadowed.record.pair.control_reason == "tiebreak"
    assert {p.signal: p.payoff for p in shadowed.record.payoffs}["refusal"] == 1


MIRROR: ReferenceClient = None  # type: ignore[assignment] # no provider is asked
ENDS = st.builds(
    lambda text, refusal, finish: said(message={"content": text, "refusal": refusal}, finish_reason=finish),
    st.sampled_from([None, "", "A bridge is a way over.", "I do not know."]),
    st.sampled_from([None, None, "I will not."]),
    st.sampled_from(["stop", "length"]),
)
LEGS = st.builds(
    lambda body, status: parse_exchange(exchange(body if status == 200 else b"{}", status, asked("Tell me about bridges"))),
    ENDS,
    st.sampled_from([200, 200, 200, 500, 429]),
)


@given(LEGS, LEGS, st.booleans(), st.booleans())
def test_need_of_a_control_is_the_same_when_the_answers_are_swapped(one, other, control, tiebreak):
    runs = ShadowRunner(shadow=ShadowConfig(tiebreak=tiebreak), policy=guard(), references=MIRROR, record=kept, secret=bytes(32))
    assert runs._second(one, other, control=control) == runs._second(other, one, control=control)


async def test_without_tie_breaks_a_disagreement_sends_no_control(refusing):
    shadowed, asked_times = await tried(refusing, tiebreak=False)
    assert asked_times == 1
    assert shadowed.record.pair.control_id == ""


async def test_a_reference_that_fails_is_a_pair_that_states_it(agreeing):
    shadowed, _ = await tried(agreeing, faults=PlantedFaults(error_rate=1.0))
    assert shadowed.record.pair.comparable
    assert {finding.state for finding in shadowed.record.findings if finding.signal == "text"} == {"not_comparable"}


async def test_every_shadow_answer_is_in_the_record(agreeing):
    shadowed, _ = await tried(agreeing, control=True)
    assert [record.exchange.id for record in shadowed.record.exchanges] == [each.exchange.id for each in shadowed.exchanges]
    pair = shadowed.record.pair
    assert (pair.reference_id, pair.control_id) == tuple(each.exchange.id for each in shadowed.exchanges)


async def test_a_greedy_pair_stands_beside_the_live_ones_and_never_among_them():
    live = exchange(said("A bridge."), request=asked("Tell me about bridges"), provider="official")
    shadowed, asked_times = await tried(parse_exchange(live), greedy=1.0)
    assert asked_times == 3 + (len(shadowed.exchanges) == 4)
    assert [each.exchange.role for each in shadowed.exchanges[-2:]] == [Role.GREEDY, Role.GREEDY]
    assert shadowed.comparisons[-1].kind == "greedy"
    kinds = {finding.comparison for finding in shadowed.record.findings}
    assert {"cross", "greedy"} <= kinds
    assert shadowed.record.pair.reference_id == shadowed.exchanges[0].exchange.id


async def test_without_the_key_no_greedy_request_is_sent(agreeing):
    shadowed, asked_times = await tried(agreeing)
    assert asked_times == 1
    assert "greedy" not in {finding.comparison for finding in shadowed.record.findings}


async def test_the_shape_of_the_request_is_kept_with_the_pair(agreeing):
    shadowed, _ = await tried(agreeing)
    kept = json.loads(shadowed.record.pair.shape)
    assert kept["segments"]["tools"] == "no"
    assert kept["messages"] == 1


async def test_record_has_the_type_of_the_request_and_what_was_left_out(agreeing):
    shadowed, _ = await tried(agreeing)
    assert (shadowed.record.kind, shadowed.record.excluded) == ("no tools, first turn, sampled", ())
    seeded = parse_exchange(exchange(said("A bridge."), request=asked("Tell me about bridges", seed=7, temperature=0)))
    shadowed, _ = await tried(seeded)
    assert shadowed.record.excluded == ("seed", "greedy_text")
    assert "answer_kind" not in {payoff.signal for payoff in shadowed.record.payoffs}


async def test_a_provider_that_is_its_own_reference_keeps_its_payoffs_for_the_report_and_states_why_the_judge_has_none(agreeing):
    async with PretendedServer(seed=5) as reference:
        providers = {name: Provider(base_url=reference.base_url) for name in ("official", agreeing.exchange.labels.provider)}
        config = Config(proxy=ProxyConfig(providers=providers), shadow=ShadowConfig())
        mirror = ReferenceClient(config, {}, InProcessFetcher(config.proxy.timeouts, config.proxy.limits))
        try:
            runs = ShadowRunner(shadow=config.shadow, policy=guard(), references=mirror, record=kept, secret=bytes(32))
            shadowed = await runs.run(runs.answers(agreeing, control=False))
        finally:
            await mirror.close()
    assert "answer_kind" in {payoff.signal for payoff in shadowed.record.payoffs}
    assert shadowed.record.excluded[0] == "same_server"


class Arms:
    """A live answer, a reference and candidates as pretended servers; each call of the reference is counted by its body."""

    def __init__(self, **shadow) -> None:
        self.shadow = ShadowConfig(**{"control_fraction": 0.0, **shadow})

    async def __aenter__(self):
        self._stack = AsyncExitStack()
        self.servers = {
            name: await self._stack.enter_async_context(PretendedServer(seed=seed, faults=faults))
            for name, seed, faults in (
                ("official", 5, FAITHFUL),
                ("twin", 5, FAITHFUL),
                ("odd", 6, FAITHFUL),
                ("down", 7, PlantedFaults(error_rate=1.0)),
            )
        }
        models = {"pretend-small": "pretend-small"}
        providers = {name: Provider(base_url=server.base_url, models=models) for name, server in self.servers.items()}
        providers["odd"] = providers["odd"].model_copy(update={"drop": ("temperature",)})
        config = Config(proxy=ProxyConfig(providers=providers), shadow=self.shadow)
        mirror = ReferenceClient(config, {}, InProcessFetcher(config.proxy.timeouts, config.proxy.limits))
        self._stack.push_async_callback(mirror.close)
        self.runs = ShadowRunner(
            shadow=config.shadow,
            policy=guard(),
            references=mirror,
            record=kept,
            secret=bytes(32),
            upstream=lambda parsed: f"behind {parsed.exchange.labels.provider}",
        )
        return self

    async def __aexit__(self, *error):
        await self._stack.aclose()

    def calls(self, name: str = "official") -> int:
        return len(self.servers[name].requests)


TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]


def live_answer() -> ParsedExchange:
    """One that agrees with no pretended server: it refuses."""
    body = said(message={"content": None, "refusal": "I will not."})
    request = asked("Weather in Rome?", tools=TOOLS, temperature=0.9, user="someone")
    return parse_exchange(exchange(body, request=request, id="7" * 32, tag="blue", conversation="talk"))


async def test_pair_of_a_candidate_is_an_ordinary_pair_whose_subject_is_its_answer():
    async with Arms() as arms:
        answers = arms.runs.answers(live_answer(), control=True)
        live = await arms.runs.run(answers)
        run = await arms.runs.run_candidate(answers, "twin")
    pair, others = run.record.pair, live.record.pair
    assert (pair.provider, pair.reference, pair.route, pair.model) == ("twin", "official", "default", "pretend-small")
    assert pair.id == pair.subject_id == run.record.exchanges[0].exchange.id != others.id
    assert (pair.conversation, pair.request_fingerprint) == (others.conversation, others.request_fingerprint)
    row = run.record.exchanges[0].exchange
    assert (row.role, row.provider, row.reference, row.tag) == ("candidate", "twin", "official", "blue")
    assert (pair.upstream, row.upstream, others.upstream) == ("behind twin", "behind twin", "")
    assert run.record.kind == live.record.kind


async def test_reference_is_called_once_and_once_more_for_the_live_pair_and_all_candidates():
    async with Arms() as arms:
        answers = arms.runs.answers(live_answer(), control=True)
        live = await arms.runs.run(answers)
        candidates = [await arms.runs.run_candidate(answers, name) for name in ("twin", "odd", "down")]
        assert arms.calls() == 2
        assert [arms.calls(name) for name in ("twin", "odd", "down")] == [1, 1, 1]
    pairs = [run.record.pair for run in (live, *candidates)]
    assert len({(pair.reference_id, pair.control_id) for pair in pairs}) == 1
    assert {pair.control_reason for pair in pairs} == {"random"}
    assert [len(run.exchanges) for run in (live, *candidates)] == [2, 1, 1, 1]


async def test_difference_of_one_candidate_requests_the_second_answer_for_that_candidate_alone():
    agreeing = parse_exchange(exchange(said("A bridge is a way over."), request=asked("Tell me about bridges")))
    async with Arms() as arms:
        arms.servers["odd"].faults = PlantedFaults(drop_tool_calls=1.0)
        answers = arms.runs.answers(agreeing, control=False)
        live = await arms.runs.run(answers)
        answers.answer = refusing_second(answers.answer)
        twin = await arms.runs.run_candidate(answers, "twin")
    assert (live.record.pair.control_id, twin.record.pair.control_id) == ("", "")


def refusing_second(answer):
    """r as it is; r' is not to be needed."""

    async def answered(role):
        assert role is Role.SHADOW
        return await answer(role)

    return answered


async def test_candidate_that_fails_is_a_pair_that_states_it_and_costs_no_second_answer():
    agreeing = parse_exchange(exchange(said("A bridge is a way over."), request=asked("Tell me about bridges")))
    async with Arms() as arms:
        answers = arms.runs.answers(agreeing, control=False)
        run = await arms.runs.run_candidate(answers, "down")
        assert arms.calls() == 1
    assert run.record.excluded[0] in {"provider_failed", "denied"}
    assert run.record.pair.control_id == ""


async def test_candidate_at_the_reference_s_own_address_keeps_its_payoffs_and_states_why_the_judge_has_none():
    async with Arms() as arms:
        providers = arms.runs._references._providers
        origins = arms.runs._references._origins
        providers["twin"], origins["twin"] = providers["official"], origins["official"]
        run = await arms.runs.run_candidate(arms.runs.answers(live_answer(), control=True), "twin")
    assert run.record.excluded[0] == "same_server"
    assert run.record.payoffs


async def test_changes_of_both_copies_stand_with_the_pair_each_once():
    async with Arms() as arms:
        run = await arms.runs.run_candidate(arms.runs.answers(live_answer(), control=False), "odd")
        [got] = arms.servers["odd"].requests
    assert "temperature" not in got.json
    assert json.loads(run.record.pair.alterations) == [
        "user removed: it names a person to a provider that they did not choose",
        "to the provider: temperature removed: left out for this provider",
    ]
    assert run.record.pair.model == "pretend-small"


async def test_each_answer_is_passed_on_as_it_comes_also_where_the_next_one_never_does():
    async with Arms() as arms:
        answers = arms.runs.answers(live_answer(), control=True)
        answer, came, rest = answers.answer, [], []

        async def lost(role):
            if role is Role.CONTROL:
                raise FetcherLostError
            return await answer(role)

        answers.answer = lost
        with pytest.raises(FetcherLostError):
            await arms.runs.run_candidate(answers, "twin", came.append)
        answers.answer = answer
        run = await arms.runs.run(answers, rest.append)
    assert [each.exchange.role for each in came] == [Role.CANDIDATE, Role.SHADOW]
    assert [each.exchange.role for each in rest] == [Role.CONTROL]
    assert tuple(rest) == run.exchanges


async def test_each_answer_is_logged_once_with_its_role_its_status_and_how_it_failed():
    agreeing = parse_exchange(exchange(said("A bridge is a way over."), request=asked("Tell me about bridges"), id="7" * 32))
    async with Arms() as arms:
        with capture_logs() as lines:
            answers = arms.runs.answers(agreeing, control=True)
            await arms.runs.run(answers)
            await arms.runs.run_candidate(answers, "twin")
    shown = [tuple(line[name] for name in ("event", "exchange", "role", "status", "failure")) for line in lines]
    assert shown == [("shadow_answered", "7" * 32, role, 200, "") for role in ("shadow", "control", "candidate")]
