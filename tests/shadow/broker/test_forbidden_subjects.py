"""A report of the server ends the requests that it is about, at once and with its sentence, and no other."""

import asyncio

import pytest

from shadow.broker.broker_errors import BrokerError
from shadow.broker.forbidden_subjects import ForbiddenSubjects
from tests.running import PATIENCE


def violation(text):
    return Exception(f"nats: permissions violation for {text}")


@pytest.fixture
def forbidden():
    return ForbiddenSubjects("_INBOX.test")


async def waiting(forbidden, subject, answered):
    async with forbidden.watched(subject, PATIENCE):
        await answered.wait()
    return "answered"


@pytest.mark.parametrize(
    ("error", "first", "second"),
    [
        (violation('publish to "$js.api.info"'), BrokerError, str),
        (violation('publish to "$js.api.information"'), str, str),
        (violation('subscription to "_inbox.test.abc.*"'), BrokerError, BrokerError),
        (violation('publish with reply of "_inbox.test.abc.1"'), BrokerError, BrokerError),
        (violation('subscription to "_inbox.tester.abc.*"'), str, str),
        (Exception("nats: slow consumer"), str, str),
    ],
)
async def test_report_ends_the_requests_of_its_subject_or_all_where_it_is_about_their_answers(forbidden, error, first, second):
    answered = asyncio.Event()
    tasks = [asyncio.create_task(waiting(forbidden, subject, answered)) for subject in ("$JS.API.INFO", "sameweights.0")]
    await asyncio.sleep(0)
    forbidden.report(error)
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(asyncio.get_running_loop().call_soon, answered.set)
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in found] == [first, second]


async def test_second_report_while_requests_end_by_the_first_leaves_the_first_reason(forbidden):
    tasks = [asyncio.create_task(waiting(forbidden, "sameweights.0", asyncio.Event())) for _ in range(3)]
    await asyncio.sleep(0)
    forbidden.report(violation('publish to "sameweights.0"'))
    await asyncio.sleep(0)
    forbidden.report(violation('subscription to "_inbox.test.abc.*"'))
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(each).partition(":")[0] for each in found] == ['the broker does not allow publish to "sameweights.0"'] * 3


async def test_report_of_a_request_whose_time_is_over_gives_its_reason(forbidden):
    async def late():
        async with forbidden.watched("a", 0.0):
            await asyncio.Event().wait()

    task = asyncio.create_task(late())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    forbidden.report(violation('publish to "a"'))
    with pytest.raises(BrokerError, match='does not allow publish to "a"'):
        await task


async def test_forbidden_answers_refuse_later_requests_until_the_connection_is_another(forbidden):
    forbidden.report(violation('subscription to "_inbox.test.abc.*"'))
    with pytest.raises(BrokerError, match=r'does not allow subscription to "_inbox\.test\.abc\.\*": give the user'):
        async with forbidden.watched("a", PATIENCE):
            pass
    forbidden.reconnected()
    async with forbidden.watched("a", PATIENCE):
        pass
    assert repr(forbidden) == "<ForbiddenSubjects 0 requests wait >"


async def test_request_without_an_answer_or_a_report_is_late(forbidden):
    with pytest.raises(TimeoutError):
        async with forbidden.watched("a", 0.0):
            await asyncio.Event().wait()
