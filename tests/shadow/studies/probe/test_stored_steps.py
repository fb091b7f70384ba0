"""Steps of runs, sent once and found again by what they ask."""

import secrets
from contextlib import closing

import pytest

from proxy.exchange import Role
from shadow.demo.fleet.pretended_hosts import PretendedHosts
from shadow.pipeline.fetcher_client import InProcessFetcher
from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.privacy.redact import Redactor
from shadow.studies.asking import Asker
from shadow.studies.chat_request import ChatRequest
from shadow.studies.probe.agent_loop import StudyEndsError
from shadow.studies.probe.agent_run import AgentRun
from shadow.studies.probe.probe_study import ProbeStudy
from shadow.studies.probe.stored_steps import StoredSteps
from shadow.studies.study_budget import BudgetLimits, StudyBudget
from shadow.studies.study_database import open_study_store
from tests.exchanges import asked
from tests.shadow.studies.probe.probe_orders import order_of

REQUEST = ChatRequest(body=asked("Say hello", model="nano-9b", messages=[{"role": "user", "content": "a"}]))


@pytest.fixture
async def made(tmp_path):
    """(hosts, a way to make steps): each over the same database, as a study that was started again."""
    async with PretendedHosts() as hosts:
        order = order_of(hosts, tmp_path)
        policy = PrivacyPolicy(redactor=Redactor(()), key=secrets.token_bytes(32), bodies="full")
        with closing(open_study_store(order.database, order.config.storage)) as store:
            askers = []

            def steps(*, reuse=True, limits=BudgetLimits()):  # noqa: B008 - a value
                fetcher = InProcessFetcher(order.config.proxy.timeouts, order.config.proxy.limits)
                askers.append(
                    Asker(
                        config=order.config,
                        environ={},
                        fetcher=fetcher,
                        budget=StudyBudget(limits),
                        route="study:battery",
                        reference="openrouter",
                    )
                )
                archive = ProbeStudy(order, {})._archive(store, policy)
                return StoredSteps(askers[-1], archive, order.config.proxy.providers, reuse=reuse)

            yield hosts, steps
            for asker in askers:
                await asker.close()


def run_of(block):
    return AgentRun(provider="nim", task="battery", block=block, began=0.0)


async def test_an_equal_step_of_the_same_block_is_found_after_a_restart_and_one_of_another_block_is_sent(made):
    hosts, steps = made
    first = await steps().ask(run_of(0), REQUEST, Role.PRIMARY)
    again = steps()
    found = await again.ask(run_of(0), REQUEST, Role.PRIMARY)
    assert (found.exchange.id, hosts.requests) == (first.exchange.id, 1)
    assert found.answer.completion.first.text == first.answer.completion.first.text
    await again.ask(run_of(1), REQUEST, Role.PRIMARY)
    assert (again.found, again.sent, hosts.requests) == (1, 1, 2)


async def test_where_no_whole_bodies_are_stored_a_step_is_sent_again(made):
    hosts, steps = made
    await steps(reuse=False).ask(run_of(0), REQUEST, Role.PRIMARY)
    await steps(reuse=False).ask(run_of(0), REQUEST, Role.PRIMARY)
    assert hosts.requests == 2


async def test_after_a_stop_stored_steps_are_still_found_and_nothing_is_sent(made):
    hosts, steps = made
    await steps().ask(run_of(0), REQUEST, Role.PRIMARY)
    stopped = steps()
    stopped.stop("interrupted")
    await stopped.ask(run_of(0), REQUEST, Role.PRIMARY)
    with pytest.raises(StudyEndsError, match="interrupted"):
        await stopped.ask(run_of(1), REQUEST, Role.PRIMARY)
    assert hosts.requests == 1


async def test_a_budget_that_is_spent_stops_all_runs(made):
    hosts, steps = made
    own = steps(limits=BudgetLimits(requests=1))
    await own.ask(run_of(0), REQUEST, Role.PRIMARY)
    with pytest.raises(StudyEndsError, match="limit of requests"):
        await own.ask(run_of(1), REQUEST, Role.PRIMARY)
    assert own.limit == "the budget's limit of requests would be passed"
    assert hosts.requests == 1
