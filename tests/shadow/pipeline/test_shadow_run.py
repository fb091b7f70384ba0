"""A shadow run sends one shadow request, a control at random or on disagreement, and makes one record."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange import Role
from proxy.provider_config import Provider, ProxyConfig
from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from shadow.pipeline.fetcher_client import InProcessFetcher
from shadow.pipeline.reference_client import ReferenceClient
from shadow.pipeline.shadow_run import ShadowRun, ShadowRunner
from shadow.reading.parsed_exchange import ParsedExchange, parse_exchange
from shadow.records import exchange_record
from shadow.settings.top_level_config import Config, ShadowConfig
from tests.exchanges import asked, exchange, guard, said


def kept(seen: ParsedExchange):
    return exchange_record(seen, outcomes=[], checks=[])


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
            return await runs.run(live, control=control), len(reference.requests)
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
            shadowed = await runs.run(agreeing, control=False)
        finally:
            await mirror.close()
    assert "answer_kind" in {payoff.signal for payoff in shadowed.record.payoffs}
    assert shadowed.record.excluded[0] == "same_server"
